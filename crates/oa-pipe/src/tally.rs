//! What a run comes to: how many records, how they ended, how many tokens.

use std::sync::Mutex;
use std::time::Instant;

use oa_core::machine::lock;

use crate::tokens::{Usage, counts};

/// What one record adds to the total; nothing where the run did not work on it.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Share {
    /// An answer came, or a count; whether it is complete.
    pub(crate) answered: Option<bool>,
    /// The run worked on the record, and it failed.
    pub(crate) failed: bool,
    /// Tokens of the answer, whatever it is worth: they are on the bill.
    pub(crate) usage: Usage,
}

/// The total of a run.
pub(crate) struct Tally {
    begun: Instant,
    sum: Mutex<Sum>,
}

#[derive(Default)]
struct Sum {
    records: u64,
    answered: u64,
    completed: u64,
    failed: u64,
    usage: Usage,
}

impl Tally {
    /// An empty one, whose time begins.
    pub(crate) fn new() -> Tally {
        Tally {
            begun: Instant::now(),
            sum: Mutex::default(),
        }
    }

    /// Adds what a record comes to whose work is over.
    pub(crate) fn add(&self, share: Share) {
        let mut sum = lock(&self.sum);
        sum.records += u64::from(share.failed || share.answered.is_some());
        sum.answered += u64::from(share.answered.is_some());
        sum.completed += u64::from(share.answered == Some(true) && !share.failed);
        sum.failed += u64::from(share.failed);
        sum.usage = sum.usage.plus(share.usage);
    }

    /// The details of the line `[total] …`; none where nothing was answered, or a single record's own line says
    /// it all, unless somebody wants it `always`.
    pub(crate) fn line(&self, always: bool) -> Option<String> {
        let sum = lock(&self.sum);
        if sum.answered == 0 || (sum.records < 2 && !always) {
            return None;
        }
        let Usage {
            input_tokens,
            cached_tokens,
            output_tokens,
        } = sum.usage;
        let told = counts(&[
            ("completed", Some(sum.completed)),
            ("failed", Some(sum.failed)),
            ("input_tokens", input_tokens),
            ("cached_tokens", cached_tokens),
            ("output_tokens", output_tokens),
        ]);
        let seconds = self.begun.elapsed().as_secs();
        Some(format!("records={}{told} elapsed={seconds}s", sum.records))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(answered: Option<bool>, failed: bool, input: u64) -> Share {
        let usage = Usage {
            input_tokens: Some(input).filter(|tokens| *tokens > 0),
            ..Usage::default()
        };
        Share {
            answered,
            failed,
            usage,
        }
    }

    #[test]
    fn what_failed_is_on_the_bill_and_what_was_not_worked_on_is_not_counted() {
        let tally = Tally::new();
        tally.add(Share::default());
        tally.add(share(None, true, 0));
        assert_eq!(tally.line(true), None);
        tally.add(share(Some(true), false, 10));
        tally.add(share(Some(true), true, 5));
        tally.add(share(Some(false), false, 1));
        assert_eq!(
            tally.line(false).as_deref(),
            Some("records=4 completed=1 failed=2 input_tokens=16 elapsed=0s")
        );
    }

    #[test]
    fn one_record_needs_no_total() {
        let tally = Tally::new();
        tally.add(share(Some(true), false, 0));
        assert_eq!(tally.line(false), None);
        let line = "records=1 completed=1 failed=0 elapsed=0s";
        assert_eq!(tally.line(true).as_deref(), Some(line));
    }
}
