//! How a run ended: everything that was written and everything that went wrong beside it, as one number.

use oa_core::{Error, Kind};

/// Exit status of every kind; the one table of them.
const STATUSES: [(Kind, u8); 13] = [
    (Kind::Usage, 2),
    (Kind::Input, 3),
    (Kind::Auth, 4),
    (Kind::RateLimit, 5),
    (Kind::Quota, 5),
    (Kind::Network, 6),
    (Kind::Refused, 7),
    (Kind::Failed, 8),
    (Kind::Incomplete, 9),
    (Kind::UnknownOutcome, 10),
    (Kind::Skipped, 11),
    (Kind::Deadline, 124),
    (Kind::Interrupted, 130),
];

/// Every exit status and what it says, the same for all tools; a kind of error by its name.
pub const EXITS: [(&str, &str); 15] = [
    ("0", "every record ended well"),
    (
        "1",
        "records failed for different reasons, or something was left",
    ),
    ("2", "usage: a wrong option, or nothing to do"),
    ("3", "input: found wrong before anything was sent"),
    ("4", "auth: no key, or not this one"),
    (
        "5",
        "rate_limit, quota: too many requests, or no money left",
    ),
    ("6", "network: no connection, no answer, or not the API's"),
    ("7", "refused: the API said no"),
    (
        "8",
        "failed: the response failed, was cancelled, or is a refusal",
    ),
    ("9", "incomplete: the response ended early"),
    (
        "10",
        "unknown_outcome: may have been paid for, is not repeated",
    ),
    ("11", "skipped: --fail-fast stopped before this record"),
    ("124", "deadline: --deadline ran out"),
    (
        "129, 130, 143",
        "interrupted: died of SIGHUP, SIGINT, SIGTERM",
    ),
    ("141", "stdout was closed"),
];

fn status_of(kind: Kind) -> u8 {
    let row = STATUSES.iter().find(|row| row.0 == kind);
    row.map_or(7, |row| row.1)
}

/// The exit status of a failure alone; for `interrupted` 128 plus the signal.
#[must_use]
pub fn exit_status(error: &Error) -> u8 {
    let number = status_of(error.kind);
    match (error.kind, error.signal) {
        (Kind::Interrupted, Some(signal)) => u8::try_from(128 + signal % 128).unwrap_or(number),
        _ => number,
    }
}

/// How a run ended, put together from everything that was written and everything that went wrong beside it.
#[derive(Default, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something that happened or did not"
)]
pub struct Verdict {
    own: Option<u8>,
    stream: bool,
    trouble: bool,
    closed: bool,
    skipped: bool,
    statuses: Vec<u8>,
}

impl Verdict {
    /// Counts the failure of one record.
    pub fn record(&mut self, error: &Error) {
        if error.kind == Kind::Skipped {
            self.skipped = true;
        } else {
            let status = exit_status(error);
            if !self.statuses.contains(&status) {
                self.statuses.push(status);
            }
        }
    }

    /// The tool itself could not do its work: this status wins over those of records.
    pub fn own(&mut self, error: &Error) {
        self.own = Some(exit_status(error));
    }

    /// The stream of records itself was malformed or empty.
    pub fn stream(&mut self) {
        self.stream = true;
    }

    /// Something was left behind: a deletion failed, an id was named on stderr only, output was not written.
    pub fn trouble(&mut self) {
        self.trouble = true;
    }

    /// Standard output was closed.
    pub fn closed(&mut self) {
        self.closed = true;
    }

    /// Whether every record ended well, whatever happened beside them.
    #[must_use]
    pub fn records_ended_well(&self) -> bool {
        self.own.is_none() && !self.stream && !self.skipped && self.statuses.is_empty()
    }

    /// The exit status (a signal apart, of which the process dies).
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        let agreed = match (self.statuses.as_slice(), self.trouble) {
            ([], false) if self.skipped => status_of(Kind::Skipped),
            ([], false) => 0,
            ([status], false) => *status,
            _ => 1,
        };
        match (self.own, self.stream) {
            (Some(status), _) => status,
            (None, true) => status_of(Kind::Input),
            (None, false) if self.closed && agreed == 0 => 141,
            (None, false) => agreed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(kinds: &[Kind]) -> Verdict {
        let mut verdict = Verdict::default();
        for kind in kinds {
            verdict.record(&Error::new(*kind, ""));
        }
        verdict
    }

    #[test]
    fn statuses_that_agree_are_the_exit_status_and_others_are_1() {
        let cases: [(&[Kind], u8); 6] = [
            (&[], 0),
            (&[Kind::Auth, Kind::Auth], 4),
            (&[Kind::RateLimit, Kind::Quota], 5),
            (&[Kind::Auth, Kind::Failed], 1),
            (&[Kind::Skipped, Kind::Failed], 8),
            (&[Kind::Skipped], 11),
        ];
        for (kinds, status) in cases {
            assert_eq!(verdict(kinds).exit_status(), status, "{kinds:?}");
        }
    }

    #[test]
    fn own_failure_then_the_stream_win_over_records() {
        let mut run = verdict(&[Kind::Failed]);
        run.stream();
        assert_eq!(run.exit_status(), 3);
        run.own(&Error::usage(""));
        assert_eq!(run.exit_status(), 2);
    }
}
