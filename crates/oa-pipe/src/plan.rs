//! What a run is given: where records come from, how they are written, and one that is under way.

use std::path::{Path, PathBuf};
use std::time::Instant;

use oa_core::error::{Error, Result};
use oa_core::id::Id;

use crate::advice;
use crate::lift::{Incoming, looks_like_id};
use crate::record::Record;

/// Where a tool's records come from.
pub enum Source {
    /// Standard input, always to its end.
    Stdin,
    /// The arguments; standard input is not read.
    Given(Vec<Incoming>),
    /// The arguments, then standard input.
    GivenAndStdin(Vec<Incoming>),
}

impl Source {
    /// The records that `named` makes of the ids; standard input where there is none, and after them where `-`
    /// is among them.
    ///
    /// # Errors
    /// `usage` for a word that is a file of records, or empty.
    pub fn of_ids(tool: &str, ids: &[String], named: impl Fn(&str) -> Incoming) -> Result<Source> {
        if let Some(problem) = ids.iter().find_map(|id| no_id(tool, id)) {
            return Err(problem);
        }
        Ok(Source::of_words(ids, named))
    }

    /// The same of words that are ids whatever they look like.
    pub fn of_words(ids: &[String], named: impl Fn(&str) -> Incoming) -> Source {
        let named = ids.iter().filter(|id| *id != "-").map(|id| named(id));
        let named: Vec<Incoming> = named.collect();
        match (named.is_empty(), named.len() == ids.len()) {
            (true, _) => Source::Stdin,
            (false, true) => Source::Given(named),
            (false, false) => Source::GivenAndStdin(named),
        }
    }

    /// Whether standard input is read.
    #[must_use]
    pub fn reads(&self) -> bool {
        !matches!(self, Source::Given(_))
    }
}

/// What is wrong with a word that stands where an id should.
fn no_id(tool: &str, word: &str) -> Option<Error> {
    if word.is_empty() {
        return Some(Error::usage("an empty id; is a variable unset?"));
    }
    let named = advice::records(tool, word);
    if word == "-" || looks_like_id(word) || !(named.is_some() || Path::new(word).is_file()) {
        return None;
    }
    let problem = Error::usage(format!("{word}: a file where an id was expected"));
    let hint = || advice::redirected(tool, word);
    Some(problem.hint(named.unwrap_or_else(hint)))
}

/// What the shared options say about a run.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct Plan {
    /// Where the output goes; standard output if absent.
    pub output: Option<PathBuf>,
    /// Text instead of records.
    pub text: bool,
    /// What the text of a record is; its `output_text` if absent.
    pub words: Option<fn(&Record) -> Option<String>>,
    /// Records are written as they end, not in the order of the input.
    pub unordered: bool,
    /// No input is success.
    pub no_run_if_empty: bool,
    /// Nothing new is started after the first failure.
    pub fail_fast: bool,
    /// Nothing is ever waited for but the input: lines are held back as long as more of it lies ready.
    pub batched: bool,
    /// It is the tool that cleans up: the rest of the input is read even when nobody reads the output.
    pub reads_to_end: bool,
    /// How what failed goes on, where more is to be done than to take its error out for this tool: a program of jq,
    /// and the tools behind it.
    pub resumed: Option<(&'static str, &'static str)>,
    /// What to type where plain text came instead of records.
    pub plain: &'static str,
    /// What to type where no record is to come.
    pub accepted: &'static str,
}

impl Plan {
    /// The text of a record, if it has one.
    pub(super) fn text_of(&self, record: &Record) -> Option<String> {
        match self.words {
            Some(words) => words(record),
            None => record.output_text(),
        }
    }
}

/// One record that came in and is not written yet.
#[derive(Debug)]
pub struct Job {
    /// Its place in the input, from 0.
    pub seq: u64,
    /// The record, and how it came.
    pub incoming: Incoming,
    /// When it was read: deadlines count from here.
    pub read_at: Instant,
    /// What the server says that it does not know, whatever the record says.
    pub gone: Vec<Id>,
    pub(super) held: Vec<Id>,
}

impl Job {
    /// The job of this place, whose record was kept elsewhere meanwhile ([`crate::pipe::Pipe::park`]).
    #[must_use]
    pub fn again(seq: u64) -> Job {
        Job {
            seq,
            incoming: Incoming::default(),
            read_at: Instant::now(),
            gone: Vec::new(),
            held: Vec::new(),
        }
    }
}
