//! Deletions, and what was not there although it should have been.

use std::fmt::Display;
use std::sync::Mutex;

use oa_core::client::Client;
use oa_core::error::Result;
use oa_core::id::Id;
use oa_core::machine::lock;
use oa_core::request::Request;
use serde_json::value::RawValue;

use crate::pipe::Pipe;

/// The deletions of a run.
pub struct Removals<'a> {
    client: &'a Client,
    pipe: &'a Pipe,
    found: Mutex<Found>,
}

/// What the server knew of that which was to be deleted.
#[derive(Default)]
struct Found {
    /// Something: it was deleted, or could not be.
    any: bool,
    /// The first thing that was gone although it should live, and how many more.
    missing: Option<(Id, usize)>,
}

impl<'a> Removals<'a> {
    /// No deletion yet.
    #[must_use]
    pub fn new(client: &'a Client, pipe: &'a Pipe) -> Removals<'a> {
        Removals {
            client,
            pipe,
            found: Mutex::default(),
        }
    }

    /// Deletes what is at a path, `what` in the log; `lives` says that the server should know it. What is gone
    /// already is as good as deleted; then there is no answer.
    ///
    /// # Errors
    /// Why it is not deleted; a signal is no reason.
    pub fn delete(
        &self,
        path: String,
        id: &Id,
        what: &dyn Display,
        lives: bool,
    ) -> Result<Option<Box<RawValue>>> {
        let answer = self.client.call(&Request::delete(path).clean_up());
        // Where an earlier attempt may have deleted it, its absence says nothing.
        let absent = |error: &oa_core::Error| error.is_gone() && !error.repeated;
        let absent = answer.as_ref().err().is_some_and(absent);
        let mut found = lock(&self.found);
        found.any |= !absent;
        if absent && lives {
            match &mut found.missing {
                Some((_, more)) => *more += 1,
                missing => *missing = Some((id.clone(), 0)),
            }
        }
        drop(found);
        match answer {
            Ok(answer) => {
                self.pipe.log.event("delete", &what.to_string());
                Ok(Some(answer.object))
            }
            Err(error) if error.is_gone() => {
                self.pipe
                    .log
                    .event("delete", &format!("{what} status=gone"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Notes that the server knew something of this run, though that was not to be deleted.
    pub fn met(&self) {
        lock(&self.found).any = true;
    }

    /// Says what stays on the server, and why: it is `not deleted`, `not detached`.
    pub fn fail(&self, id: &Id, what: &str, error: &oa_core::Error) {
        self.pipe.log.error(&format!("{id}: {what}: {error}"));
        self.pipe.trouble();
    }

    /// Says, with `-q`, too, that all was gone although the pipe made it and its time had not come: then it may
    /// well be elsewhere.
    pub fn warn(&self) {
        let found = lock(&self.found);
        let Some((first, more)) = found.missing.as_ref().filter(|_| !found.any) else {
            return;
        };
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!(
            "warning: {first}{more}: not found, although made by this pipe and not expired; \
             nothing was deleted: the server, the key's project or the path may be another"
        );
        self.pipe.log.error(&message);
    }
}
