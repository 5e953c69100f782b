//! The Batch that a record is part of.

use super::Record;
use crate::answer::Response;
use oa_core::error::Error;
use oa_core::field::{Fields, Look};
use oa_core::id::Id;

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

impl Record {
    /// The Batch that the record waits for: its line was not read, and there is no answer.
    #[must_use]
    pub fn awaited(&self) -> Option<Batch> {
        let batch = self.object.get("batch").map(Batch::read);
        batch.filter(|batch| !batch.collected && self.response().is_none())
    }

    /// What is wrong with a record that waits for its Batch, where a tool cannot wait for that: there is nothing
    /// to look at but, at most, a response that runs.
    #[must_use]
    pub fn waits_for_batch(&self) -> Option<Error> {
        let batch = self.object.get("batch").map(Batch::read)?;
        let response = self.response().map(Response::read);
        if batch.collected || response.is_some_and(|response| response.is_final()) {
            return None;
        }
        let id = batch.id.as_ref().map_or("-", Id::as_str);
        let message = format!("the record waits for its Batch {id}");
        let mut error = Error::input(message).hint("oa-batch");
        error.retryable = true;
        Some(error)
    }
}
