//! Records in: those that were named as arguments, then those of standard input, until one is broken.

use std::collections::VecDeque;

use oa_core::error::Error;
use oa_core::lenient;

use crate::lift::{Incoming, Lifted, lift, looks_like_id};
use crate::machine::has_memory;
use crate::object::Object;
use crate::plan::Source;
use crate::record::{KEPT, Record};
use crate::scan::{Framed, Malformed, Values};
use crate::stdin::Stdin;
use crate::window::UNREADABLE;

/// Bytes from which on memory is asked for before it is needed.
const LARGE: usize = 1 << 20;
/// How often a record is in memory at most: as it came, as it is kept, as it goes out.
const COPIES: usize = 3;

/// What the next piece of the input is.
pub(super) enum Next {
    Record(u64, Box<Incoming>),
    /// Standard input broke off; nothing more is read of it.
    Broken(Malformed),
    /// Standard input ended without a record.
    Nothing,
    End,
}

/// The input of one run.
#[derive(Default)]
pub(super) struct Reader {
    stdin: Option<Box<Values<Stdin>>>,
    ready: VecDeque<Incoming>,
    /// What the last value comes to, and what is wrong with all of it.
    lifted: Lifted,
    problem: Option<Error>,
    /// What names something on the server in the value inside which standard input ended.
    cut: Object,
    /// Records that were handed out.
    count: u64,
    /// A record came on standard input.
    came: bool,
}

impl Reader {
    pub(super) fn new(source: Source, open: impl FnOnce() -> Stdin) -> Reader {
        let reads = source.reads();
        let given = match source {
            Source::Stdin => Vec::new(),
            Source::Given(given) | Source::GivenAndStdin(given) => given,
        };
        Reader {
            stdin: reads.then(|| Box::new(Values::new(open()))),
            ready: given.into(),
            ..Reader::default()
        }
    }

    /// The next piece; blocks while upstream works.
    pub(super) fn next(&mut self) -> Next {
        loop {
            if let Some(incoming) = self.at_hand() {
                let seq = self.count;
                self.count += 1;
                return Next::Record(seq, Box::new(incoming));
            }
            let Some(values) = &mut self.stdin else {
                return Next::End;
            };
            let lifted = match values.next_value() {
                Ok(Some(framed)) => take_in(&framed).map_err(|error| malformed(&framed, &error)),
                Ok(None) => {
                    self.stdin = None;
                    return if self.came { Next::End } else { Next::Nothing };
                }
                Err(malformed) => {
                    self.cut = values.cut().map(part).unwrap_or_default();
                    Err(malformed)
                }
            };
            match lifted {
                Ok(taken) => (self.lifted, self.problem) = taken,
                Err(malformed) => {
                    self.stdin = None;
                    return Next::Broken(malformed);
                }
            }
        }
    }

    /// Records that were named and not handed out yet.
    pub(super) fn left(&self) -> usize {
        self.ready.len()
    }

    /// Whether standard input goes on.
    pub(super) fn reads(&self) -> bool {
        self.stdin.is_some()
    }

    /// The next record of what was read.
    fn at_hand(&mut self) -> Option<Incoming> {
        if let Some(mut incoming) = self.lifted.next() {
            self.came = true;
            incoming.problem = self.problem.clone().or(incoming.problem);
            return Some(incoming);
        }
        self.ready.pop_front()
    }

    /// Puts the record that tells of a broken input where the rest of it would have come.
    pub(super) fn put_last(&mut self, problem: Error) {
        self.ready.push_back(Incoming {
            record: Record::new(std::mem::take(&mut self.cut)),
            bare: None,
            problem: Some(problem),
        });
    }
}

/// Where in the input a value is no JSON.
fn malformed(framed: &Framed, error: &serde_json::Error) -> Malformed {
    Malformed {
        line: framed.line + error.line().saturating_sub(1),
        column: match error.line() {
            0 | 1 => framed.column + error.column().saturating_sub(1),
            _ => error.column(),
        },
        what: plain(error),
        text: framed.text.chars().take(200).collect(),
    }
}

/// What is left of a record that was cut off, because who wrote it was killed: its files are known and its store.
fn part(bytes: &[u8]) -> Object {
    if !has_memory(COPIES * bytes.len()) {
        return Object::default();
    }
    let (found, _) = lenient::object(bytes.to_vec());
    let found = found
        .map(|found| Object::of(&found.object))
        .unwrap_or_default();
    let mut kept = Object::default();
    for key in KEPT {
        if let Some(value) = found.get(key) {
            kept.set(key, value.to_owned());
        }
    }
    kept
}

/// What a value comes to. One for which there is no memory is no less a record: what is large in it is left out, so
/// that what it names on the server is still known.
fn take_in(framed: &Framed) -> serde_json::Result<(Lifted, Option<Error>)> {
    let bytes = framed.text.len();
    if bytes < LARGE || has_memory(COPIES * bytes) {
        return Ok((lift(&framed.text, framed.element)?, None));
    }
    let left = Object::parse_small(&framed.text, LARGE)?;
    let told = format!(
        "there is no memory for a record of {bytes} bytes; what is large in it was left out"
    );
    let lifted = lift(&left.to_line(), framed.element)?;
    Ok((lifted, Some(Error::scarce(told))))
}

/// The failure that a broken input is; `plain` says what to type where plain text came.
pub(super) fn broken(malformed: &Malformed, tool: &str, plain: &str) -> Error {
    let place = format!("line {}, column {}", malformed.line, malformed.column);
    let what = match malformed.what.strip_prefix(UNREADABLE) {
        Some(_) => malformed.what.clone(),
        None => format!("malformed JSON: {}", malformed.what),
    };
    let error = Error::input(format!("stdin: {place}: {what}"));
    let word = malformed.text.split_whitespace().next().unwrap_or_default();
    if looks_like_id(word) && plain.is_empty() {
        error.hint(format!("these are plain ids, not JSON: `… | xargs {tool}`"))
    } else if plain.is_empty() || word.starts_with(['{', '[', '"', '\'']) {
        error
    } else {
        error.hint(format!("is this plain text? {plain}"))
    }
}

/// serde's message without its own "at line 1 column 2". Its "ident" is the rest of a `null`.
fn plain(error: &serde_json::Error) -> String {
    let text = error
        .to_string()
        .replace("expected ident", "expected value");
    match text.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => text,
    }
}
