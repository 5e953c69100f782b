//! Makes the man pages and the completions of the tools, from what the tools themselves are told on a command line.

mod page;
mod table;

use std::fs::{File, create_dir_all};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::builder::{Str, ValueHint};
use clap::{Arg, Command, Parser};
use clap_complete::{Shell, generate};

use table::{TOOLS, Tool};

/// Write the man pages and completions of the tools into a folder, as they lie below /usr
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The folder; share/man and others are made in it
    folder: PathBuf,
}

/// The shells, where each looks for completions, and what the file of `oa-list` is called there.
const SHELLS: [(Shell, &str, &str, &str); 3] = [
    (Shell::Bash, "share/bash-completion/completions", "", ""),
    (Shell::Zsh, "share/zsh/site-functions", "_", ""),
    (Shell::Fish, "share/fish/vendor_completions.d", "", ".fish"),
];

fn main() -> ExitCode {
    match TOOLS
        .iter()
        .try_for_each(|tool| write(tool, &Args::parse().folder))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "oa-pages: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes all that is about one tool.
fn write(tool: &Tool, folder: &Path) -> Result<()> {
    let name = tool.name();
    let page = page::page(tool)?;
    create(folder, "share/man/man1", &format!("{name}.1"))?.write_all(page.as_bytes())?;
    for (shell, place, before, after) in SHELLS {
        let mut script = create(folder, place, &format!("{before}{name}{after}"))?;
        generate(shell, &mut completed(tool), &name, &mut script);
    }
    Ok(())
}

fn create(folder: &Path, place: &str, name: &str) -> Result<File> {
    let place = folder.join(place);
    create_dir_all(&place).with_context(|| place.display().to_string())?;
    let path = place.join(name);
    File::create(&path).with_context(|| path.display().to_string())
}

/// The command line with what its values are, which a shell may know how to complete.
fn completed(tool: &Tool) -> Command {
    (tool.command)().mut_args(|arg: Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        match names.first().map(Str::as_str) {
            Some("FILE" | "PATH" | "FILE|URL|ID") => arg.value_hint(ValueHint::FilePath),
            _ => arg,
        }
    })
}
