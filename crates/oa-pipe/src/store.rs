//! A vector store as far as the tools look at it.

use oa_core::Id;
use oa_core::field::{Fields, Look};

use crate::file::{expiry, is_past};

/// A vector store as far as the tools look at it; the object itself travels as it came.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// `vs_…`; absent where the object has none that can be sent.
    pub id: Option<Id>,
    /// The pipe made it; false: the pipe only added files to it; absent: the pipe has nothing to do with it.
    pub made: Option<bool>,
    /// How many records share it, where the pipe made one for several.
    pub shared: Option<u64>,
    /// Unix seconds after which the API forgets it; absent where it never does.
    pub expires_at: Option<i64>,
    /// `in_progress`, `completed`, `expired`.
    pub status: Option<String>,
    /// How many files it has.
    pub file_counts: Option<FileCounts>,
}

impl Store {
    /// Whether the pipe made it and its time has not come: the server should know it.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.made == Some(true) && !is_past(self.expires_at)
    }

    /// What to call it: its id, or `-` where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.as_ref().map_or("-", Id::as_str)
    }
}

impl Look<'_> for Store {
    const KEYS: &'static [&'static str] = &[
        "id",
        "made",
        "shared",
        "expires_at",
        "status",
        "file_counts",
    ];

    fn look(fields: &Fields) -> Store {
        Store {
            id: fields.id(),
            made: fields.get("made"),
            shared: fields.get("shared"),
            expires_at: expiry(fields),
            status: fields.text("status"),
            file_counts: fields.object("file_counts"),
        }
    }
}

/// Files of a vector store by their state.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileCounts {
    /// Not indexed yet.
    pub in_progress: u64,
    /// Can be searched.
    pub completed: u64,
    /// Cannot be searched; `last_error` of each says why.
    pub failed: u64,
    /// Given up before they were indexed.
    pub cancelled: u64,
    /// All of them.
    pub total: u64,
}

impl Look<'_> for FileCounts {
    const KEYS: &'static [&'static str] =
        &["in_progress", "completed", "failed", "cancelled", "total"];

    fn look(fields: &Fields) -> FileCounts {
        let count = |key| fields.get(key).unwrap_or_default();
        FileCounts {
            in_progress: count("in_progress"),
            completed: count("completed"),
            failed: count("failed"),
            cancelled: count("cancelled"),
            total: count("total"),
        }
    }
}
