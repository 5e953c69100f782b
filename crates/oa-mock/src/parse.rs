//! What clap makes of the command line, and what is wrong with it: one line, with what to type.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::{Args, NAME};
use crate::shell::quoted;
use crate::{daemon, log};

/// Options that people try where --listen is meant.
const ADDRESS: [&str; 5] = ["--port", "-p", "--bind", "--addr", "--address"];

/// Words of clap and of Rust, and what they mean.
const WORDS: [(&str, &str); 5] = [
    ("error: ", ""),
    ("'[CMD]...'", "a command"),
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

/// Reads the command line; where there is nothing to do, because help was asked for or something is wrong, it gives
/// the exit status.
pub(crate) fn parse() -> Result<Args, ExitCode> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let error = match Args::try_parse_from(&words) {
        Ok(args) => return Ok(args),
        Err(error) => error,
    };
    if !error.use_stderr() {
        // Help into a closed pipe is no failure.
        let _ = error.print();
        return Err(ExitCode::SUCCESS);
    }
    if daemon::is_asked_for() {
        daemon::nowhere();
    }
    log::line(&wrong(&error, &words));
    Err(ExitCode::from(2))
}

fn wrong(error: &clap::Error, words: &[OsString]) -> String {
    if let Some(advice) = unknown(error).and_then(|word| advice(&word, words)) {
        return advice;
    }
    let mut odd = words.iter().filter(|word| word.to_str().is_none());
    if error.kind() == ErrorKind::InvalidUtf8
        && let Some(word) = odd.next()
    {
        return format!("{}: not UTF-8", word.to_string_lossy());
    }
    let told = error.to_string();
    let message = told.split("\n\n").next().unwrap_or_default();
    let message: Vec<&str> = message.split_whitespace().collect();
    let reword = |message: String, (words, ours): &(&str, &str)| message.replace(words, ours);
    let message = WORDS.iter().fold(message.join(" "), reword);
    let mut lines = told.lines();
    let tip = lines.find_map(|line| line.trim().strip_prefix("tip: "));
    // That a wrong option could be a command is true, and helps nobody.
    let tip = tip.filter(|tip| !tip.starts_with("to pass "));
    let tip = tip.map_or_else(|| format!("see `{NAME} --help`"), str::to_owned);
    format!("{message}; {tip}")
}

/// The word that means nothing here.
fn unknown(error: &clap::Error) -> Option<String> {
    match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(word))) => Some(word.clone()),
        _ => None,
    }
}

/// What to type in place of this word.
fn advice(word: &str, words: &[OsString]) -> Option<String> {
    let words: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    if !word.starts_with('-') {
        return Some(command(word, &words));
    }
    ADDRESS.contains(&word).then(|| {
        let value = value(word, &words);
        let value = value.filter(|value| value.parse::<u16>().is_ok());
        let port = value.unwrap_or("4010");
        format!("there is no {word}; write --listen 127.0.0.1:{port}")
    })
}

/// What was given to an option that there is not.
fn value<'a>(option: &str, words: &'a [String]) -> Option<&'a str> {
    let mut rest = words.iter();
    let found = rest.find_map(|word| match word.strip_prefix(option)? {
        "" => Some(None),
        end => end.strip_prefix('=').map(Some),
    });
    found?.or_else(|| rest.next().map(String::as_str))
}

/// The same with the command where it belongs. What stands before it is not repeated: it may hold a key.
fn command(word: &str, words: &[String]) -> String {
    let ends = |at: &usize| words[*at] == word && Args::try_parse_from(&words[..*at]).is_ok();
    let at = (1..words.len()).find(ends).unwrap_or(1);
    let options = if at > 1 { " …" } else { "" };
    let command: Vec<String> = words[at..].iter().map(|word| quoted(word)).collect();
    format!(
        "'{word}': a command goes behind `--`: {NAME}{options} -- {}",
        command.join(" ")
    )
}
