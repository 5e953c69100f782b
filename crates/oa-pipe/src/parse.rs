//! What clap makes of a command line, and what is wrong with it, in our words.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use oa_core::error::Error;

use crate::advice;
use crate::arguments::Arguments;
use crate::escape::shown;
use crate::shell;

/// What came of a command line.
pub(super) enum Parsed<A> {
    Good(A),
    Wrong(Error),
    /// Help or version was printed.
    Over(ExitCode),
}

/// Reads a command line.
pub(super) fn parse<A: Arguments>(mut command: Command, words: &[OsString]) -> Parsed<A> {
    let read = command.try_get_matches_from_mut(words);
    let read = read.and_then(|mut matches| match empty_option(&command, &matches) {
        Some(name) => Ok(Err(empty(&name))),
        None => A::from_arg_matches_mut(&mut matches).map(Ok),
    });
    match read {
        Ok(Ok(args)) => Parsed::Good(args),
        Ok(Err(error)) => Parsed::Wrong(error),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            // Help into a closed pipe is no failure.
            let _ = error.print();
            Parsed::Over(ExitCode::SUCCESS)
        }
        Err(error) => Parsed::Wrong(wrong::<A>(&error, &command, words)),
    }
}

fn empty(name: &str) -> Error {
    Error::usage(format!("{name}: an empty word; is a variable unset?"))
}

/// An option whose value was given and is empty; free text may be.
fn empty_option(command: &Command, matches: &ArgMatches) -> Option<String> {
    let options = command
        .get_opts()
        .filter(|arg| !arg.is_allow_hyphen_values_set());
    let mut said = options.filter(|arg| {
        let source = matches.value_source(arg.get_id().as_str());
        source == Some(ValueSource::CommandLine)
    });
    let arg = said.find(|arg| {
        let mut values = matches.get_raw(arg.get_id().as_str()).into_iter().flatten();
        values.any(std::ffi::OsStr::is_empty)
    })?;
    arg.get_long().map(|name| format!("--{name}"))
}

fn wrong<A: Arguments>(error: &clap::Error, command: &Command, words: &[OsString]) -> Error {
    if error.kind() == ErrorKind::InvalidUtf8 {
        return not_unicode(command, words);
    }
    let told = error.to_string();
    let message = told.trim_start_matches("error: ").split("\n\n").next();
    let message: Vec<&str> = message.unwrap_or_default().split_whitespace().collect();
    let message = reworded(&message.join(" "));
    let mut tips = told
        .lines()
        .filter_map(|line| line.trim().strip_prefix("tip: "));
    // That a wrong option could be an operand is true, and helps nobody.
    let tip = tips.find(|tip| !tip.starts_with("to pass "));
    let tip = tip.map_or_else(|| format!("see `{} --help`", A::TOOL), str::to_owned);
    let known = unknown(error, words).and_then(|(word, next)| {
        let records = advice::records(A::TOOL, &word);
        let own = records.or_else(|| A::advice(&word, &next));
        own.or_else(|| advice::of(A::TOOL, &word, &next))
    });
    let known = hyphened(command, words).or(known);
    let argument = message.starts_with(MISSING).then(|| A::EXAMPLE.to_owned());
    Error::usage(message).hint(known.or(argument).unwrap_or(tip))
}

/// How a message begins that an argument is missing, which is no option.
const MISSING: &str = "missing: <";
/// Words of clap and of Rust, and what they mean.
const WORDS: [(&str, &str); 4] = [
    (
        "the following required arguments were not provided: ",
        "missing: ",
    ),
    (
        "invalid digit found in string",
        "a whole number is expected",
    ),
    (
        "number too large to fit in target type",
        "the number is too large",
    ),
    ("..=", " to "),
];

fn reworded(message: &str) -> String {
    let reword = |message: String, (words, ours): &(&str, &str)| message.replace(words, ours);
    WORDS.iter().fold(message.to_owned(), reword)
}

/// What to write where a file's name begins as options do.
fn hyphened(command: &Command, words: &[OsString]) -> Option<String> {
    let takes = |arg: &&Arg, option: &str| {
        let short = arg.get_short().map(|letter| format!("-{letter}"));
        let long = arg.get_long().map(|name| format!("--{name}"));
        arg.get_action().takes_values() && [short, long].iter().flatten().any(|name| name == option)
    };
    words.windows(2).find_map(|pair| {
        let (option, word) = (pair[0].to_str()?, pair[1].to_str()?);
        let arg = command.get_opts().find(|arg| takes(arg, option))?;
        let file = word.starts_with('-') && (word.contains('.') || Path::new(word).exists());
        let meant = shell::word(&format!("./{word}"));
        let wrong = file && !arg.is_allow_hyphen_values_set();
        wrong.then(|| format!("a name that begins with a hyphen: {option} {meant}"))
    })
}

/// The word that means nothing to the tool, and the one after it, or its value.
fn unknown(error: &clap::Error, words: &[OsString]) -> Option<(String, String)> {
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(word))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    else {
        return None;
    };
    let mut all = words.iter().map(|word| word.to_string_lossy());
    let value = |text: &str| {
        text.strip_prefix(word)?
            .strip_prefix('=')
            .map(str::to_owned)
    };
    let found = all.find_map(|text| match value(&text) {
        None if text == word.as_str() => Some(None),
        None => None,
        value => Some(value),
    });
    let next = || all.next().unwrap_or_default().into_owned();
    Some((word.clone(), found.flatten().unwrap_or_else(next)))
}

/// Names what is no Unicode: a word, or a variable that stands for an option.
fn not_unicode(command: &Command, words: &[OsString]) -> Error {
    if let Some(word) = words.iter().find(|word| word.to_str().is_none()) {
        return Error::usage(format!("{}: not UTF-8", shown(word)));
    }
    let names = command.get_arguments().filter_map(|arg| arg.get_env());
    let mut names =
        names.filter(|name| std::env::var_os(name).is_some_and(|value| value.to_str().is_none()));
    let name = names
        .next()
        .map_or("an argument".into(), |name| name.to_string_lossy());
    Error::usage(format!("{name}: not UTF-8"))
}
