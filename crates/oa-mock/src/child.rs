//! Runs a command against the server and tells what it left there.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::log;
use crate::mock::Mock;

/// What a command leaves running may still clean up; but not for ever.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(10);

/// Runs a command to its end; gives its status, as a shell would.
pub(crate) async fn run(command: &[OsString], url: &str, key: &str) -> io::Result<ExitCode> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(ExitCode::SUCCESS);
    };
    // Before the command starts: from now on these signals end only the command.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let environment = [("OPENAI_BASE_URL", url), ("OPENAI_API_KEY", key)];
    let mut child = match Command::new(program)
        .args(arguments)
        .envs(environment)
        .spawn()
    {
        Ok(child) => child,
        Err(error) => return Ok(not_started(program, &error)),
    };
    loop {
        tokio::select! {
            status = child.wait() => return status.map(code),
            // The terminal sends it to the whole group, so the command has it already.
            _ = interrupt.recv() => {}
            _ = terminate.recv() => forward(&child, Signal::TERM),
            _ = hangup.recv() => forward(&child, Signal::HUP),
        }
    }
}

/// Waits for the connections that are still open, at most ten seconds or until a signal, and says what is left; each
/// connection holds the server, which without any is held `idle` times.
pub(crate) async fn settle(mock: &Arc<Mock>, idle: usize) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let silence = async {
        // One that was made a moment ago may not be held yet.
        let mut still = 0;
        while still < 2 {
            sleep(LOOK).await;
            let open = Arc::strong_count(mock) > idle;
            still = if open { 0 } else { still + 1 };
        }
    };
    let over = tokio::select! {
        over = timeout(PATIENCE, silence) => over.is_ok(),
        _ = interrupt.recv() => false,
        _ = terminate.recv() => false,
    };
    if mock.settings.quiet {
        return Ok(());
    }
    if !over {
        log::line("connections are still open");
    }
    for line in mock.left() {
        log::line(&line);
    }
    Ok(())
}

fn forward(child: &Child, signal: Signal) {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = id.and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// 127 and 126 are what a shell says of commands that are not there or cannot be run.
fn not_started(program: &OsString, error: &io::Error) -> ExitCode {
    let (status, why) = match error.kind() {
        io::ErrorKind::NotFound if is_name(program) => (127, "command not found".to_owned()),
        io::ErrorKind::NotFound => (127, log::plain(error)),
        _ => (126, log::plain(error)),
    };
    log::line(&format!("{}: {why}", program.to_string_lossy()));
    ExitCode::from(status)
}

/// Whether a program is looked for in PATH.
fn is_name(program: &OsString) -> bool {
    !program.to_string_lossy().contains('/')
}

fn code(status: ExitStatus) -> ExitCode {
    let by_signal = status.signal().map(|signal| 128 + signal);
    let code = status.code().or(by_signal).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
