//! Records that fail: marked, counted, and told of.

use std::sync::atomic::Ordering;

use oa_core::error::{Error, Kind};

use crate::lift::looks_like_id;
use crate::pipe::Pipe;
use crate::record::Record;

impl Pipe {
    /// Marks a record that was worked on as failed, and counts it.
    pub fn fail(&self, record: &mut Record, error: &Error) {
        record.share().failed = true;
        self.pass_on(record, error);
    }

    /// Marks the record as failed unless it failed before, says so on stderr, and stops the rest under
    /// `--fail-fast`.
    pub fn pass_on(&self, record: &mut Record, error: &Error) {
        let error = self.log.secrets().redact_error(error.clone());
        let unbegun = error.kind == Kind::Skipped;
        if !unbegun && (error.kind != Kind::Interrupted || error.hint.is_some()) {
            self.complain(record, &error);
        }
        self.mark(record, &error);
    }

    /// Marks a record as failed for a reason that is no news: it was told, once, for many.
    pub fn fail_too(&self, record: &mut Record, error: &Error) {
        record.share().failed = true;
        let error = self.log.secrets().redact_error(error.clone());
        self.mark(record, &error);
    }

    fn mark(&self, record: &mut Record, error: &Error) {
        if self.plan.fail_fast && error.kind != Kind::Skipped {
            self.failing_fast.store(true, Ordering::SeqCst);
        }
        if record.error().is_none() {
            record.fail(self.log.tool(), error);
        }
    }

    /// Says what happened to a record.
    pub(crate) fn complain(&self, record: &Record, error: &Error) {
        let text = error.to_string();
        match record.label() {
            Some(label) if !label.is_empty() && !names(&text, &label, record) => {
                self.log.error(&format!("{label}: {text}"));
            }
            _ => self.log.error(&text),
        }
    }
}

/// Whether a message says by itself which record it is about: with its id, or beginning with its label or a path. A
/// file may be called `a`, so that a path elsewhere in it tells nothing.
fn names(text: &str, label: &str, record: &Record) -> bool {
    let mut words = text.split([' ', ':', ';', ',', '(', ')', '`']);
    let begins = |name: &str| {
        text.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(": "))
    };
    (looks_like_id(label) && words.any(|word| word == label))
        || begins(label)
        || record.paths().iter().any(|path| begins(path))
}
