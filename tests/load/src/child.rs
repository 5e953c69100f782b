//! Child processes, and the kernel's figure for their memory.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use nix::sys::resource::{UsageWho, getrusage};

/// Writes a line for people.
pub(crate) fn say(text: &str) {
    // Nobody listens: nothing to be done.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Runs a command as the only child of this process and adds its peak memory, in KiB, to a file.
pub(crate) fn measure(file: &str, command: &[&str]) -> anyhow::Result<ExitCode> {
    let Some((program, arguments)) = command.split_first() else {
        bail!("measure what?");
    };
    let end = Command::new(program)
        .args(arguments)
        .status()
        .with_context(|| (*program).to_owned())?;
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss();
    let mut notes = std::fs::File::options()
        .append(true)
        .create(true)
        .open(file)?;
    writeln!(notes, "{program} {peak}")?;
    let status = end.code().or(end.signal().map(|signal| 128 + signal));
    Ok(ExitCode::from(
        u8::try_from(status.unwrap_or(1)).unwrap_or(1),
    ))
}
