//! The options that all tools share, and `run`: the whole of a `main`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Parser};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::interrupt::{Interrupt, die};
use crate::log::{Level, Log};
use crate::pipe::{Pipe, Plan, Source, stdin_is_terminal};

mod connection;
mod patience;
mod search;

pub use connection::Connection;
pub(crate) use connection::{Target, headers, is_loopback};
pub use patience::Patience;
pub use search::Search;

/// Options of every tool.
#[derive(clap::Args, Clone, Debug)]
#[expect(clippy::doc_markdown, reason = "the doc comments are the help text")]
pub struct Options {
    /// Print errors only on stderr [env: OA_QUIET=1]
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
    /// Print a line per HTTP exchange (-vv: headers, too)
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output")]
    pub verbose: u8,
    /// Write FILE instead of stdout, whole or not at all; records that
    /// failed are kept beside it as FILE.failed
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Accept that no record comes on stdin
    #[arg(short = 'r', long, help_heading = "Input")]
    pub no_run_if_empty: bool,
    /// The server and the way to it.
    #[command(flatten)]
    pub connection: Connection,
}

/// Options of tools that do several jobs.
#[derive(clap::Args, Clone, Debug)]
pub struct Order {
    /// Write records in the order of the input
    #[arg(short, long, help_heading = "Jobs", overrides_with = "unordered")]
    pub keep_order: bool,
    /// Write records as their jobs end
    #[arg(long, help_heading = "Jobs", overrides_with = "keep_order")]
    pub unordered: bool,
    /// Start nothing new after the first failure; the rest is `skipped`
    #[arg(long, help_heading = "Jobs")]
    pub fail_fast: bool,
}

/// A duration as users write it: `500ms`, `30s`, `10m`, `24h`, `7d`.
///
/// # Errors
/// The text, with the units that are known.
pub fn duration(text: &str) -> std::result::Result<Duration, String> {
    const UNITS: [(&str, f64); 5] = [
        ("ms", 0.001),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
        ("d", 86400.0),
    ];
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|row| row.1);
    let seconds = number.parse::<f64>().ok().zip(factor);
    seconds
        .and_then(|(number, factor)| Duration::try_from_secs_f64(number * factor).ok())
        .ok_or_else(|| "write a number with its unit: 500ms, 30s, 10m, 24h, 7d".to_owned())
}

/// What a tool's arguments tell the pipe.
pub trait Arguments: Parser {
    /// The tool's name.
    const TOOL: &'static str;
    /// What to type where stdin was left to a terminal.
    const EXAMPLE: &'static str;

    /// The shared options.
    fn options(&self) -> &Options;

    /// Where the records come from.
    ///
    /// # Errors
    /// `usage` for arguments that no record can be made of.
    fn source(&self) -> Result<Source>;

    /// The tool's own part of the plan.
    fn plan(&self) -> Plan {
        Plan::default()
    }
}

/// One run of a tool: the pipe and the way to the server.
pub struct Run {
    /// The pipe loop.
    pub pipe: Pipe,
    connection: Connection,
}

impl Run {
    /// The client; made when it is first needed, because not every run needs a key.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn client(&self) -> Result<Client> {
        let log = Arc::clone(&self.pipe.log);
        Client::new(&self.connection, log, Arc::clone(&self.pipe.interrupt))
    }
}

/// The whole of a `main`: arguments, the pipe, the work, the verdict, the end.
///
/// A tool that cannot start still reads its input to the end and passes it on, so that what others made
/// is not forgotten; then it ends with its own status.
pub fn run<A: Arguments>(work: impl FnOnce(&A, &Run) -> Result<()>) -> ExitCode {
    let (args, wrong) = match parse::<A>() {
        Parsed::Good(args) => (args, None),
        Parsed::Wrong(args, error) => (args, Some(error)),
        Parsed::Over(code) => return code,
    };
    let options = args.options();
    let log = Arc::new(Log::new(A::TOOL, level(options)));
    let interrupt = Interrupt::listen(Arc::clone(&log));
    let opened = open(&args, &log, &interrupt, wrong.is_none());
    let (pipe, wrong) = match opened {
        Ok(pipe) => (pipe, wrong),
        Err((None, error)) => {
            log.error(&error.to_string());
            return ExitCode::from(error.exit_status());
        }
        Err((Some(pipe), error)) => (*pipe, wrong.or(Some(error))),
    };
    let run = Run {
        pipe,
        connection: options.connection.clone(),
    };
    let done = match wrong {
        Some(error) => Err(error),
        None => work(&args, &run),
    };
    if let Err(error) = done {
        run.pipe.refuse(&error);
    }
    let status = run.pipe.finish();
    if let Some(signal) = interrupt.signal() {
        die(signal);
    }
    ExitCode::from(status)
}

type Opened = std::result::Result<Pipe, (Option<Box<Pipe>>, Error)>;

/// The pipe of this run; or the error, and with it the pipe to pass records on if there may be any.
fn open<A: Arguments>(args: &A, log: &Arc<Log>, interrupt: &Arc<Interrupt>, good: bool) -> Opened {
    let options = args.options();
    let pipe = |source, plan| Pipe::open(Arc::clone(log), Arc::clone(interrupt), source, plan);
    let plan = Plan {
        output: options.output.clone(),
        no_run_if_empty: options.no_run_if_empty || !good,
        ..args.plan()
    };
    let source = args.source();
    let reads = matches!(source, Ok(Source::Stdin));
    if reads && stdin_is_terminal() {
        let message = "reads records from stdin, which is a terminal here";
        return Err((None, Error::usage(message).hint(A::EXAMPLE)));
    }
    let passes = |error: Error| {
        let passing_on = Plan {
            no_run_if_empty: true,
            ..Plan::default()
        };
        let passing = if reads {
            pipe(Source::Stdin, passing_on).ok()
        } else {
            None
        };
        (passing.map(Box::new), error)
    };
    match source {
        Ok(source) => pipe(source, plan).map_err(passes),
        Err(error) => Err(passes(error)),
    }
}

enum Parsed<A> {
    Good(A),
    /// What could be read of the arguments, and what is wrong with them.
    Wrong(A, Error),
    /// Help or version was printed, or nothing could be read.
    Over(ExitCode),
}

fn parse<A: Arguments>() -> Parsed<A> {
    let error = match A::try_parse() {
        Ok(args) => return Parsed::Good(args),
        Err(error) => error,
    };
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        // Help into a closed pipe is no failure.
        let _ = error.print();
        return Parsed::Over(ExitCode::SUCCESS);
    }
    let told = error.to_string();
    let message = told.trim_start_matches("error: ").split("\n\n").next();
    let words: Vec<&str> = message.unwrap_or_default().split_whitespace().collect();
    let mut wrong = Error::usage(words.join(" "));
    let tip = told
        .lines()
        .find_map(|line| line.trim().strip_prefix("tip: "));
    wrong.hint = Some(tip.map_or_else(|| format!("see `{} --help`", A::TOOL), str::to_owned));
    let partly = A::command().ignore_errors(true).try_get_matches();
    if let Ok(args) = partly.and_then(|mut matches| A::from_arg_matches_mut(&mut matches)) {
        Parsed::Wrong(args, wrong)
    } else {
        Log::new(A::TOOL, Level::Normal).error(&wrong.to_string());
        Parsed::Over(ExitCode::from(wrong.exit_status()))
    }
}

fn level(options: &Options) -> Level {
    let quiet = std::env::var("OA_QUIET").is_ok_and(|value| !matches!(value.as_str(), "" | "0"));
    match options.verbose {
        _ if options.quiet => Level::Quiet,
        0 if quiet => Level::Quiet,
        0 => Level::Normal,
        1 => Level::Exchanges,
        _ => Level::Headers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_with_their_unit() {
        let cases = [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("1.5m", Some(90_000)),
            ("24h", Some(86_400_000)),
            ("7d", Some(604_800_000)),
            ("0", Some(0)),
            ("30", None),
            ("-1s", None),
            ("1y", None),
            ("", None),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text).ok().map(|d| d.as_millis()), millis, "{text}");
        }
    }
}
