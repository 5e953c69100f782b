//! How far a batch of files is.

use oa_core::field::{Fields, Look as Read};
use oa_pipe::store::FileCounts;

/// A batch as far as it is looked at. Its id is the one that it was made with, whatever a look calls it.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) status: Option<String>,
    pub(crate) counts: Option<FileCounts>,
}

impl Read<'_> for Batch {
    const KEYS: &'static [&'static str] = &["status", "file_counts"];

    fn look(fields: &Fields) -> Batch {
        Batch {
            status: fields.text("status"),
            counts: fields.object("file_counts"),
        }
    }
}

impl Batch {
    /// The counts decide: a batch can be `completed` before its last file is. All of them are 0 where its
    /// files were deleted meanwhile, or the server does not count: then its status is all there is.
    pub(crate) fn is_over(&self) -> bool {
        let waiting = self.counts.unwrap_or_default().in_progress;
        match self.status.as_deref() {
            Some("failed" | "cancelled" | "expired") => true,
            Some("completed") => waiting == 0,
            _ => waiting == 0 && self.done() > 0,
        }
    }

    pub(crate) fn done(&self) -> u64 {
        let counts = self.counts.unwrap_or_default();
        counts.completed + counts.failed + counts.cancelled
    }

    /// Whether it says anything of how far it is.
    pub(crate) fn tells(&self) -> bool {
        self.status.is_some() || self.counts.is_some()
    }
}
