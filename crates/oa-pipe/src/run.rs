//! The options that all tools share, and `run`: the whole of a `main`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use oa_core::client::Client;
use oa_core::error::{Error, Result};

use crate::arguments::Arguments;
use crate::command::command;
use crate::connection::Connection;
use crate::excuse::excuse;
use crate::glance::Glance;
use crate::log::{Level, Log};
use crate::machine;
use crate::parse::{Parsed, parse};
use crate::pipe::Pipe;
use crate::plan::{Plan, Source};
use crate::signal::{Interrupt, die};
use crate::stdin::stdin_is_terminal;
use crate::target::{is_stdout, stdout_is_closed};
use crate::verdict::exit_status;

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
        Client::new(self.connection.settings(&self.pipe)?)
    }
}

/// The whole of a `main`: arguments, the pipe, the work, the verdict, the end.
///
/// A tool that cannot start still reads its input to the end and passes it on, so that what others made
/// is not forgotten; then it ends with its own status.
pub fn run<A: Arguments>(work: impl FnOnce(&A, &Run) -> Result<()>) -> ExitCode {
    machine::settle_in();
    let words: Vec<_> = std::env::args_os().collect();
    let command = command::<A>();
    let glance = Glance::of(&command, &words);
    let parsed = match parse::<A>(command, &words) {
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
                excuse(&run.pipe, &error);
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
        accepted: A::ACCEPTED,
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
            excuse(&pipe, error);
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
