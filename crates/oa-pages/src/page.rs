//! The man page of a tool.

use anyhow::Result;
use clap::Command;
use clap::builder::{PossibleValue, Resettable};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use oa_pipe::verdict::EXITS;

use crate::table::{
    DATE, ENDS, FAILED, FILE, FRIENDS, KEYS, LATE, LISTED, OWN_VARIABLES, Row, TOOLS, Tool,
    VARIABLES,
};

/// The text of the page, as man(1) takes it.
pub(crate) fn page(tool: &Tool) -> Result<String> {
    let command = shown((tool.command)());
    let command = if tool.reads.is_empty() {
        // What it says of records.
        command.mut_arg("output", |arg| arg.long_help(Resettable::Reset))
    } else {
        command
    };
    let man = Man::new(command.clone()).title(tool.name.to_uppercase());
    let man = man.date(DATE).manual("oa");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    // A name of a variable that is broken is none.
    page.extend(b".nh\n.ad l\n");
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    examples(&command).to_writer(&mut page)?;
    page.extend(options(&man)?.into_bytes());
    record(tool, &command).to_writer(&mut page)?;
    list("ENVIRONMENT", variables(tool, &command)).to_writer(&mut page)?;
    let failed = (!tool.reads.is_empty()).then_some(FAILED);
    list("FILES", [FILE].into_iter().chain(failed)).to_writer(&mut page)?;
    exits(tool, &command).to_writer(&mut page)?;
    see_also(tool).to_writer(&mut page)?;
    Ok(tidy(&String::from_utf8(page)?))
}

/// The options, their headings in the same order on every page.
fn options(man: &Man) -> Result<String> {
    let mut text = Vec::new();
    man.render_options_section(&mut text)?;
    let text = String::from_utf8(text)?.replace(APOSTROPHE, "");
    let mut groups: Vec<&str> = text.split(".SH ").skip(1).collect();
    let place = |group: &&str| HEADINGS.iter().position(|name| group.starts_with(name));
    groups.sort_by_key(place);
    let groups = groups.iter().map(|group| format!(".SH {group}"));
    Ok(groups.collect())
}

/// The headings of options, in their order.
const HEADINGS: [&str; 6] = ["OPTIONS", "INPUT", "SEARCH", "JOBS", "OUTPUT", "CONNECTION"];

/// The command without what is meant for a screen: all options, and what values they take as a sentence; and without
/// its purpose, which stands at the name.
fn shown(mut command: Command) -> Command {
    let about = command.get_long_about().map(ToString::to_string);
    if let Some((_, about)) = about.unwrap_or_default().split_once("\n\n") {
        command = command.long_about(about.to_owned());
    }
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    command.override_usage(usage).mut_args(|arg| {
        let values = arg.get_possible_values();
        let values: Vec<String> = values.iter().map(value).collect();
        let arg = arg.hide_short_help(false);
        if values.is_empty() || arg.is_hide_possible_values_set() {
            return arg;
        }
        let help = arg.get_long_help().or(arg.get_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let help = format!("{help}\n\nOne of {}.", values.join(", "));
        arg.hide_possible_values(true).long_help(help)
    })
}

fn value(value: &PossibleValue) -> String {
    let help = value.get_help().map(|help| format!(" ({help})"));
    format!("{}{}", value.get_name(), help.unwrap_or_default())
}

/// Lines of shell as they are typed: those that stand first in what the help ends with.
fn examples(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    let end = command.get_after_long_help().map(ToString::to_string);
    let end = end.unwrap_or_default();
    let lines = end
        .lines()
        .skip(1)
        .map_while(|line| line.strip_prefix("  "));
    for line in lines.flat_map(broken) {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff
}

/// Columns that a page of 80 leaves for a line that is not filled.
const COLUMNS: usize = 72;

/// A line of shell as one that fits, or as two that mean the same.
fn broken(line: &str) -> Vec<String> {
    let long = line.chars().count() > COLUMNS;
    match line.rsplit_once(" | ").filter(|_| long) {
        Some((pipe, last)) => vec![format!("{pipe} |"), format!("    {last}")],
        None => vec![line.to_owned()],
    }
}

/// Names, and what each of them means.
fn list(heading: &str, rows: impl IntoIterator<Item = Row>) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    add(&mut roff, rows);
    roff
}

fn add(roff: &mut Roff, rows: impl IntoIterator<Item = Row>) {
    for (name, meaning) in rows {
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(meaning)]);
    }
}

/// The keys of a record that the tool has to do with.
fn record(tool: &Tool, command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["RECORD"]);
    if tool.reads.is_empty() {
        let text = "No record is read. What is written are objects of the API, one a line; every tool takes them as records.";
        roff.text([roman(text)]);
        return roff;
    }
    let none = command
        .get_arguments()
        .any(|arg| arg.get_id() == "null_input");
    let source = match command.get_positionals().next() {
        Some(_) => ", or is made of the arguments",
        None if none => ", or is an empty one (-n)",
        None => "",
    };
    let text = format!(
        "A record is a JSON object. It comes on a line of stdin{source}, and is written to stdout. Keys that are not named here pass through as they came."
    );
    roff.text([roman(text)]);
    let of = |names: &'static [&str]| {
        let rows = KEYS.into_iter();
        rows.filter(|(name, _)| names.contains(name))
    };
    roff.control("SS", ["Keys that are read"]);
    add(&mut roff, of(tool.reads));
    roff.control("SS", ["Keys that are written"]);
    add(&mut roff, of(tool.writes).chain(of(&["error"])));
    roff
}

/// How the tool can end.
fn exits(tool: &Tool, command: &Command) -> Roff {
    let timed = command
        .get_arguments()
        .any(|arg| arg.get_id() == "deadline");
    let rows = EXITS.into_iter();
    let rows = rows.filter(|row| ENDS.contains(&row.0) || tool.ends.contains(&row.0));
    let records = !tool.reads.is_empty();
    let rows = rows.map(|row| match LISTED.iter().find(|own| own.0 == row.0) {
        Some(own) if !records => *own,
        _ if row.0 == LATE.0 && !timed => LATE,
        _ => row,
    });
    let mut roff = list("EXIT STATUS", rows);
    if records {
        let text = "Records that failed in an earlier tool of the pipe count, too, each with the status that it had there.";
        roff.control("PP", []);
        roff.text([roman(text)]);
    }
    roff
}

/// The variables that this tool reads.
fn variables(tool: &Tool, command: &Command) -> impl Iterator<Item = Row> {
    let options = |name: &str| {
        let mut named = command.get_arguments().filter_map(|arg| arg.get_env());
        named.any(|variable| variable == name)
    };
    let own: Vec<Row> = OWN_VARIABLES
        .into_iter()
        .filter(|row| options(row.0))
        .collect();
    let kept = (!tool.keeps.is_empty()).then_some(("TMPDIR", tool.keeps));
    own.into_iter().chain(VARIABLES).chain(kept)
}

fn see_also(tool: &Tool) -> Roff {
    let others = TOOLS.iter().filter(|other| other.name != tool.name);
    let names = others.map(|other| other.name).chain(FRIENDS);
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let mut names: Vec<&str> = names.collect();
    let last = names.pop();
    for name in names {
        roff.text([bold(name), roman("(1),")]);
    }
    roff.text(last.map_or(vec![], |name| vec![bold(name), roman("(1)")]));
    roff
}

/// What each section repeats of how an apostrophe is written.
const APOSTROPHE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// The page as every formatter takes it: groups of options below their common heading, words of code in bold, no
/// empty line, and in ASCII.
fn tidy(page: &str) -> String {
    let mut tidied = APOSTROPHE.to_owned();
    for line in page.replace(APOSTROPHE, "").lines() {
        let line = match line.strip_prefix(".SH ") {
            Some(heading) if !SECTIONS.contains(&heading.trim_matches('"')) => {
                format!(".SS {}{}", &heading[..1], heading[1..].to_lowercase())
            }
            _ if line.is_empty() => ".sp".to_owned(),
            _ => coded(line.trim_end()),
        };
        for sign in line.chars() {
            match sign {
                '…' => tidied.push_str("..."),
                sign if sign.is_ascii() => tidied.push(sign),
                sign => tidied.extend(["\\[u", &format!("{:04X}", u32::from(sign)), "]"]),
            }
        }
        tidied.push('\n');
    }
    tidied
}

/// The headings that stay; any other one is of a group of options.
const SECTIONS: [&str; 10] = [
    "NAME",
    "SYNOPSIS",
    "DESCRIPTION",
    "EXAMPLES",
    "OPTIONS",
    "RECORD",
    "ENVIRONMENT",
    "FILES",
    "EXIT STATUS",
    "SEE ALSO",
];

/// What stands between two backticks in bold.
fn coded(line: &str) -> String {
    let pieces: Vec<&str> = line.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return line.to_owned();
    }
    let marks = ["\\fB", "\\fR"].into_iter().cycle();
    let mut coded = String::new();
    for (piece, mark) in pieces.iter().zip(marks) {
        coded.extend([piece, mark]);
    }
    let end = coded.len() - "\\fB".len();
    coded.truncate(end);
    coded
}
