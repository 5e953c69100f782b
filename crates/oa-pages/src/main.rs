//! Makes the man pages and the completions of the tools, from what the tools themselves are told on a command line.

mod page;
mod table;

use std::fs::{File, create_dir_all};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::builder::{PossibleValue, PossibleValuesParser, Str, ValueHint};
use clap::{Arg, Command, Parser};
use clap_complete::{Shell, generate};

use table::{TOOLS, Tool, VALUES};

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
    let name = tool.name;
    let page = page::page(tool)?;
    create(folder, "share/man/man1", &format!("{name}.1"))?.write_all(page.as_bytes())?;
    for (shell, place, before, after) in SHELLS {
        let script = script(shell, &mut completed(tool), name)?;
        let mut file = create(folder, place, &format!("{before}{name}{after}"))?;
        file.write_all(script.as_bytes())?;
    }
    Ok(())
}

fn create(folder: &Path, place: &str, name: &str) -> Result<File> {
    let place = folder.join(place);
    create_dir_all(&place).with_context(|| place.display().to_string())?;
    let path = place.join(name);
    File::create(&path).with_context(|| path.display().to_string())
}

/// What a shell reads, with what is left out by `clap_complete`.
fn script(shell: Shell, command: &mut Command, name: &str) -> Result<String> {
    let mut script = Vec::new();
    generate(shell, command, name, &mut script);
    let script = String::from_utf8(script)?;
    Ok(match shell {
        // Options may stand behind arguments, too.
        Shell::Zsh => script.replace("'*::", "'*:"),
        Shell::Fish => script + &values(command),
        Shell::Bash => operands(&script, command),
        _ => script,
    })
}

/// Where no option was begun bash offers what the first argument can be: its values, or files. A tool that takes none,
/// or ids, which no shell knows, is offered its options.
fn operands(script: &str, command: &Command) -> String {
    let Some(arg) = command.get_positionals().next() else {
        return script.to_owned();
    };
    let names = names(arg);
    if names.is_empty() && arg.get_value_hint() != ValueHint::FilePath {
        return script.to_owned();
    }
    let script = script.replace(" || ${COMP_CWORD} -eq 1 ]]", " ]]");
    let last = "esac\n            COMPREPLY=( $(compgen -W \"";
    script.replace(&format!("{last}${{opts}}"), &format!("{last}{names}"))
}

/// The values that an argument can have.
fn names(arg: &Arg) -> String {
    let values = arg.get_possible_values();
    let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    names.join(" ")
}

/// What fish is not told: the values that an argument can have.
fn values(command: &Command) -> String {
    let lines = command
        .get_positionals()
        .map(|arg| (names(arg), command.get_name()));
    let lines = lines.filter(|(names, _)| !names.is_empty());
    let lines = lines.map(|(names, tool)| {
        format!("complete -c {tool} -n __fish_is_first_arg -f -a '{names}'\n")
    });
    lines.collect()
}

/// The command line as a shell completes it: what its help names, and of each value what it is.
fn completed(tool: &Tool) -> Command {
    let whole = (tool.command)();
    let args = whole.get_arguments().filter(|arg| !arg.is_hide_set());
    let args: Vec<Arg> = args.cloned().map(hinted).collect();
    let version = env!("CARGO_PKG_VERSION");
    Command::new(tool.name).version(version).args(args)
}

/// An option with what its value is: one of some words, a file, or what no shell can know.
fn hinted(arg: Arg) -> Arg {
    let row = VALUES.iter().find(|row| arg.get_id() == row.0);
    if let Some((_, values)) = row {
        return arg.value_parser(PossibleValuesParser::new(*values));
    }
    let names = arg.get_value_names().unwrap_or_default();
    let hint = match names.first().map(Str::as_str) {
        Some("FILE" | "PATH" | "FILE|URL|ID") => ValueHint::FilePath,
        // Where an operand is nothing zsh knows, it offers no option behind one.
        _ if arg.is_positional() || !arg.get_action().takes_values() => return arg,
        _ => ValueHint::Other,
    };
    arg.value_hint(hint)
}
