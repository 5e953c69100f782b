//! The options that all tools share, and `run`: the whole of a `main`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgAction, Parser};

use crate::interrupt::{Interrupt, die};
use crate::log::{Level, Log};
use crate::machine;
use crate::pipe::{Pipe, Plan, Source, is_stdout, stdin_is_terminal, stdout_is_closed};
use crate::verdict::exit_status;
use oa_core::cancel::LONGEST;
use oa_core::client::Client;
use oa_core::error::{Error, Result};

mod advice;
mod connection;
mod glance;
mod parse;
mod patience;
mod search;

pub use connection::Connection;
pub use glance::Glance;
pub use patience::Patience;
pub use search::Search;

use parse::{Parsed, parse};

/// Options of every tool.
#[derive(clap::Args, Clone, Debug)]
#[expect(clippy::doc_markdown, reason = "the doc comments are the help text")]
pub struct Options {
    /// Print errors only on stderr [env: OA_QUIET=1]
    #[arg(short, long, help_heading = "Output", overrides_with = "verbose")]
    pub quiet: bool,
    /// Print a line per HTTP exchange (-vv: headers, too)
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output", overrides_with = "quiet")]
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

/// A duration as users write it: `500ms`, `30s`, `10m`, `24h`, `7d`; what is longer than a century is one.
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
        .map(|(number, factor)| number * factor)
        .filter(|seconds| *seconds >= 0.0)
        .map(|seconds| Duration::try_from_secs_f64(seconds).map_or(LONGEST, |t| t.min(LONGEST)))
        .ok_or_else(|| "write a number with its unit: 500ms, 30s, 10m, 24h, 7d".to_owned())
}

/// What a tool's arguments tell the pipe.
pub trait Arguments: Parser {
    /// The tool's name.
    const TOOL: &'static str;
    /// What to type where stdin was left to a terminal.
    const EXAMPLE: &'static str;
    /// What to type where plain text came instead of records; nothing where nobody would send it.
    const PLAIN: &'static str = "";
    /// It is the tool that cleans up behind the others.
    const CLEANS: bool = false;

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

    /// What no single option shows.
    ///
    /// # Errors
    /// `usage` for options that do not go together.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Whether records are read from stdin, as far as a command line tells that is wrong.
    #[must_use]
    fn reads(glance: &Glance) -> bool {
        glance.operands().is_empty() || glance.operands().iter().any(|word| word == "-")
    }

    /// What to do where this word was typed that means nothing here, and that one after it.
    #[must_use]
    fn advice(_word: &str, _next: &str) -> Option<String> {
        None
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
        let pipe = &self.pipe;
        Client::new(self.connection.settings(&pipe.log, &pipe.interrupt)?)
    }
}

/// The whole of a `main`: arguments, the pipe, the work, the verdict, the end.
///
/// A tool that cannot start still reads its input to the end and passes it on, so that what others made
/// is not forgotten; then it ends with its own status.
pub fn run<A: Arguments>(work: impl FnOnce(&A, &Run) -> Result<()>) -> ExitCode {
    machine::settle_in();
    let words: Vec<_> = std::env::args_os().collect();
    let glance = Glance::of(&A::command(), &words);
    let parsed = match parse::<A>(&words) {
        Parsed::Good(args) => Ok(args),
        Parsed::Wrong(error) => Err(error),
        Parsed::Over(code) => return code,
    };
    let level = match &parsed {
        Ok(args) => level(args.options().quiet, args.options().verbose),
        Err(_) => level(glance.has("quiet"), 0),
    };
    let log = Arc::new(Log::new(A::TOOL, level));
    let interrupt = Interrupt::listen(Arc::clone(&log));
    let opened = parsed.and_then(|args| {
        let pipe = open(&args, &log, &interrupt)?;
        Ok((args, pipe))
    });
    let status = match opened {
        Ok((args, pipe)) => {
            let connection = args.options().connection.clone();
            let run = Run { pipe, connection };
            if let Err(error) = work(&args, &run) {
                run.pipe.refuse(&error);
            }
            run.pipe.finish()
        }
        Err(error) => pass_on::<A>(&glance, &log, &interrupt, &error),
    };
    if let Some(signal) = interrupt.signal() {
        die(signal);
    }
    ExitCode::from(status)
}

/// The pipe of this run.
fn open<A: Arguments>(args: &A, log: &Arc<Log>, interrupt: &Arc<Interrupt>) -> Result<Pipe> {
    let options = args.options();
    let source = args.source()?;
    args.check()?;
    if writes_to_stdout(options.output.as_deref()) && stdout_is_closed() {
        return Err(
            Error::usage("stdout is closed, and what belongs there would be lost")
                .hint("where nobody wants it, say so: >/dev/null"),
        );
    }
    let reads = source.reads();
    let plan = Plan {
        output: options.output.clone(),
        no_run_if_empty: options.no_run_if_empty,
        reads_to_end: A::CLEANS,
        plain: A::PLAIN,
        ..args.plan()
    };
    let pipe = Pipe::open(Arc::clone(log), Arc::clone(interrupt), source, plan)?;
    if reads && stdin_is_terminal() {
        options.connection.target()?;
        let message = "reads records from stdin, which is a terminal here";
        return Err(Error::usage(message).hint(A::EXAMPLE));
    }
    Ok(pipe)
}

fn writes_to_stdout(output: Option<&Path>) -> bool {
    output.is_none_or(is_stdout)
}

/// Passes the input on for a tool that cannot start, as far as its command line tells where from and where
/// to; says what exit status it ends with.
fn pass_on<A: Arguments>(
    glance: &Glance,
    log: &Arc<Log>,
    interrupt: &Arc<Interrupt>,
    error: &Error,
) -> u8 {
    let pipe = |output: Option<PathBuf>| {
        let lost = writes_to_stdout(output.as_deref()) && stdout_is_closed();
        let plan = Plan {
            text: glance.has("text") || lost,
            no_run_if_empty: true,
            reads_to_end: A::CLEANS,
            output,
            ..Plan::default()
        };
        Pipe::open(Arc::clone(log), Arc::clone(interrupt), Source::Stdin, plan)
    };
    if A::reads(glance) && !stdin_is_terminal() {
        let output = glance.value("output").map(PathBuf::from);
        if let Ok(pipe) = pipe(output).or_else(|_| pipe(None)) {
            pipe.refuse(error);
            return pipe.finish();
        }
    }
    log.error(&error.to_string());
    exit_status(error)
}

fn level(quiet: bool, verbose: u8) -> Level {
    let silent = std::env::var("OA_QUIET").is_ok_and(|value| !matches!(value.as_str(), "" | "0"));
    match verbose {
        _ if quiet => Level::Quiet,
        0 if silent => Level::Quiet,
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
            ("110000000000000d", Some(LONGEST.as_millis())),
            ("1e400s", None),
            ("30", None),
            ("-1s", None),
            ("1y", None),
            ("nans", None),
            ("-0s", Some(0)),
            ("", None),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text).ok().map(|d| d.as_millis()), millis, "{text}");
        }
    }
}
