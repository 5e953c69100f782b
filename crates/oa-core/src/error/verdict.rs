//! How a run ended: everything that was written and everything that went wrong beside it, as one number.

use super::{Error, Kind};

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
            let status = error.exit_status();
            if !self.statuses.contains(&status) {
                self.statuses.push(status);
            }
        }
    }

    /// The tool itself could not do its work: this status wins over those of records.
    pub fn own(&mut self, error: &Error) {
        self.own = Some(error.exit_status());
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
            ([], false) if self.skipped => Kind::Skipped.row().1,
            ([], false) => 0,
            ([status], false) => *status,
            _ => 1,
        };
        match (self.own, self.stream) {
            (Some(status), _) => status,
            (None, true) => Kind::Input.row().1,
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
