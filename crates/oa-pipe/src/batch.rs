//! A Batch as far as the tools look at it.

use oa_core::field::{Fields, Look, each};
use oa_core::id::Id;
use serde_json::value::RawValue;

/// What the pipe writes into the metadata of a Batch: the checksum of its requests.
pub const PART: &str = "oa_part";
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
    /// Requests that were run, well or not, and all of them; absent while nobody has counted.
    pub done: Option<(u64, u64)>,
    /// Requests that were answered, as its server counts.
    pub answered: u64,
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
        "request_counts",
        "metadata",
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
            done: fields.raw("request_counts").and_then(done),
            answered: fields.raw("request_counts").map_or(0, answered),
            made: fields.get("made").unwrap_or_else(|| is_marked(fields)),
            collected: fields.get("collected").unwrap_or_default(),
        }
    }
}

/// Whether the API's object says that the pipe made it.
fn is_marked(fields: &Fields) -> bool {
    let metadata = fields.raw("metadata");
    metadata.is_some_and(|raw| Fields::of(raw, &[PART]).raw(PART).is_some())
}

fn answered(counts: &RawValue) -> u64 {
    let counts = Fields::of(counts, &["completed"]);
    counts.get("completed").unwrap_or_default()
}

fn done(counts: &RawValue) -> Option<(u64, u64)> {
    let counts = Fields::of(counts, &["total", "completed", "failed"]);
    let count = |key| counts.get::<u64>(key).unwrap_or_default();
    let all = Some(count("total")).filter(|all| *all > 0);
    Some((count("completed").saturating_add(count("failed")), all?))
}

impl Batch {
    /// The Batch of a record, and in its `previous` those that the request was part of before; newest first.
    #[must_use]
    pub fn all(raw: &RawValue) -> Vec<Batch> {
        let mut all = vec![Batch::read(raw)];
        if let Some(earlier) = Fields::of(raw, &["previous"]).raw("previous") {
            each(earlier, |raw| all.push(Batch::read(raw)));
        }
        all
    }

    /// Whether it was found good, so that it runs or has run.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        let status = self.status.as_deref();
        status.is_some_and(|status| !matches!(status, "validating" | "failed"))
    }

    /// Whether nothing becomes of it any more.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.is_over() && self.status.as_deref() != Some("cancelling")
    }

    /// Whether it has ended, or is about to.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let status = self.status.as_deref();
        status.is_some_and(|status| OVER.contains(&status))
    }
}
