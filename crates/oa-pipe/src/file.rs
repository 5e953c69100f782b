//! A File object as far as the tools look at it, and how long a thing on the server lives.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oa_core::field::{Fields, Look};
use oa_core::{Error, Id};

/// A File object as far as the tools look at it; the object itself travels as it came.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// `file-…`; absent where the object has none that can be sent.
    pub id: Option<Id>,
    /// The name that the API stored.
    pub filename: Option<String>,
    /// Size in bytes.
    pub bytes: Option<u64>,
    /// The purpose it was uploaded for.
    pub purpose: Option<String>,
    /// Unix seconds after which the API forgets it; absent where it never does.
    pub expires_at: Option<i64>,
    /// Where it came from; also the mark of what the pipe made.
    pub path: Option<String>,
    /// What is wrong with its id, where that cannot be sent.
    pub problem: Option<Error>,
}

impl Look<'_> for File {
    const KEYS: &'static [&'static str] =
        &["id", "filename", "bytes", "purpose", "expires_at", "path"];

    fn look(fields: &Fields) -> File {
        let (id, problem) = match fields.given_id() {
            Some(Ok(id)) => (Some(id), None),
            Some(Err(problem)) => (None, Some(problem)),
            None => (None, None),
        };
        File {
            id,
            problem,
            filename: fields.text("filename"),
            bytes: fields.get("bytes"),
            purpose: fields.text("purpose"),
            expires_at: expiry(fields),
            path: fields.text("path"),
        }
    }
}

impl File {
    /// Whether the pipe made it and its time has not come: the server should know it.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.path.is_some() && !self.is_expired()
    }

    /// Whether the API has forgotten it by now.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        is_past(self.expires_at)
    }

    /// Whether the API will have forgotten it when so much time has passed.
    #[must_use]
    pub fn expires_within(&self, time: Duration) -> bool {
        let time = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        is_past(self.expires_at.map(|end| end.saturating_sub(time)))
    }

    /// Its id for a message, or `-` where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.as_ref().map_or("-", Id::as_str)
    }

    /// What to call it in a message: its path, its name, or its id.
    #[must_use]
    pub fn label(&self) -> &str {
        let names = [self.path.as_deref(), self.filename.as_deref()];
        names.into_iter().flatten().next().unwrap_or(self.name())
    }
}

/// The end of a thing's life. Servers write 0 for none.
pub(crate) fn expiry(fields: &Fields) -> Option<i64> {
    fields.get("expires_at").filter(|end| *end > 0)
}

/// Whether that moment is over.
pub(crate) fn is_past(end: Option<i64>) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    end.is_some_and(|end| end <= now)
}
