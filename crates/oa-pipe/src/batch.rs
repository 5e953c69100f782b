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
    /// The name of the record's request in it; records of the same name share the request.
    pub custom_id: Option<String>,
    /// The file of its requests.
    pub input_file_id: Option<Id>,
    /// The file of its answers; absent where there is none, which some servers write `""`.
    pub output_file_id: Option<Id>,
    /// The file of what was not answered, likewise.
    pub error_file_id: Option<Id>,
    /// How many requests are in it, each with a `custom_id` of its own.
    pub shared: Option<u64>,
    /// The pipe made it, and the file of its requests.
    pub made: bool,
    /// The record's line of it was read.
    pub collected: bool,
}

impl Look<'_> for Batch {
    const KEYS: &'static [&'static str] = &[
        "id",
        "status",
        "custom_id",
        "input_file_id",
        "output_file_id",
        "error_file_id",
        "shared",
        "made",
        "collected",
    ];

    fn look(fields: &Fields) -> Batch {
        let file = |key| Id::parse(&fields.text(key)?).ok();
        Batch {
            id: fields.id(),
            status: fields.text("status"),
            custom_id: fields.text("custom_id"),
            input_file_id: file("input_file_id"),
            output_file_id: file("output_file_id"),
            error_file_id: file("error_file_id"),
            shared: fields.get("shared"),
            made: fields.get("made").unwrap_or_default(),
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
