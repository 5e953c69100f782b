//! A Batch as far as the tools look at it.

use oa_core::field::{Fields, Look};
use oa_core::id::Id;

/// Statuses of a Batch whose requests are run no more.
const OVER: [&str; 5] = ["completed", "failed", "expired", "cancelled", "cancelling"];

/// A Batch as far as the tools look at it; the object itself travels as it came.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// `batch_…`; absent where the object has none that can be sent.
    pub id: Option<Id>,
    /// `validating`, `in_progress`, `finalizing`, `completed`, `failed`, `expired`, `cancelling`, `cancelled`.
    pub status: Option<String>,
    /// The record's line of it was read.
    pub collected: bool,
}

impl Look<'_> for Batch {
    const KEYS: &'static [&'static str] = &["id", "status", "collected"];

    fn look(fields: &Fields) -> Batch {
        Batch {
            id: fields.id(),
            status: fields.text("status"),
            collected: fields.get("collected").unwrap_or_default(),
        }
    }
}

impl Batch {
    /// Whether it has ended, or is about to.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let status = self.status.as_deref();
        status.is_some_and(|status| OVER.contains(&status))
    }
}
