//! A tool's command line as clap knows it: read by the tool, shown as its help, described on its page.

use clap::{Arg, Command};

use crate::arguments::Arguments;
use crate::glance::Glance;
use crate::verdict::EXITS;

/// Columns of the help, so that an example stands on one line wherever it is read.
const WIDTH: usize = 80;
/// The heading of options that `-h` only speaks of.
const CONNECTION: &str = "Connection";
const MORE: &str = "Connection, rarer options, examples, exit statuses: see --help";

/// What a tool can be told. Of an option that is given twice the last one counts.
#[must_use]
pub fn command<A: Arguments>() -> Command {
    // Where no stdin is read, whether records come on it is no question; scripts may give the option all the same.
    let reads = A::reads(&Glance::default());
    let shown = |arg: Arg| {
        let rare = arg.get_help_heading() == Some(CONNECTION) || arg.is_hide_short_help_set();
        let idle = !reads && arg.get_id() == "no_run_if_empty";
        arg.hide_short_help(rare).hide(idle)
    };
    A::command()
        .args_override_self(true)
        .term_width(WIDTH)
        .mut_args(shown)
        .after_help(MORE)
        .after_long_help(format!(
            "Examples:\n{}\n\nExit status:\n{}",
            examples::<A>(),
            exits()
        ))
}

fn examples<A: Arguments>() -> String {
    let lines = A::EXAMPLES.iter().map(|line| format!("  {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn exits() -> String {
    let lines = EXITS.map(|(status, meaning)| format!("  {status:<14} {meaning}"));
    lines.join("\n")
}
