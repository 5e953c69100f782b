//! What a run is given: where records come from, how they are written, and one that is under way.

use std::path::PathBuf;
use std::time::Instant;

use crate::id::Id;
use crate::record::{Incoming, Record, of_id};

/// Where a tool's records come from.
pub enum Source {
    /// Standard input, always to its end.
    Stdin,
    /// The arguments; standard input is not read.
    Given(Vec<Incoming>),
}

impl Source {
    /// The ids that were named, or standard input where none was, or where `-` was.
    #[must_use]
    pub fn of_ids(ids: &[String]) -> Source {
        if ids.is_empty() || ids.iter().any(|id| id == "-") {
            return Source::Stdin;
        }
        Source::Given(ids.iter().map(|id| of_id(id)).collect())
    }
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
    /// The rest of the input is read even when nobody reads the output.
    pub reads_to_end: bool,
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
