//! The Batches that the server lists: which of them have requests that were submitted before.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use oa_core::client::Client;
use oa_core::field::{Fields, Look as _};
use oa_core::id::query;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Id, Result};
use oa_pipe::batch::{Batch, PART};
use oa_pipe::pages::pages;
use serde_json::value::RawValue;

/// Batches that began earlier are not looked at: they have ended, and a day is over.
const BACK: Duration = Duration::from_secs(2 * 86400);
/// Of its metadata: the checksum of the part that its requests were cut from.
pub(crate) const PARENT: &str = "oa_parent";

/// A Batch as far as it is looked for.
pub(crate) struct Found {
    pub(crate) id: Id,
    pub(crate) batch: Batch,
    /// The Batch itself, where it is one of ours and failed.
    failed: Option<Box<RawValue>>,
    part: Option<String>,
    parent: Option<String>,
    created: u64,
}

impl Found {
    fn read(raw: &RawValue) -> Option<Found> {
        let batch = Batch::read(raw);
        let fields = Fields::of(raw, &["metadata", "created_at"]);
        let metadata = fields.raw("metadata");
        let metadata = metadata.map(|raw| Fields::of(raw, &[PART, PARENT]));
        let said = |key: &str| metadata.as_ref().and_then(|metadata| metadata.text(key));
        let part = said(PART);
        let failed = part.is_some() && batch.status.as_deref() == Some("failed");
        Some(Found {
            id: batch.id.clone()?,
            batch,
            failed: failed.then(|| raw.to_owned()),
            part,
            parent: said(PARENT),
            created: fields.get("created_at").unwrap_or(u64::MAX),
        })
    }

    /// Its status in the server's word.
    pub(crate) fn status(&self) -> &str {
        self.batch.status.as_deref().unwrap_or("unknown")
    }

    /// Whether the answers of a Batch that is completed can still be had. Without any, nothing was bought.
    fn has_answers(&self, client: &Client) -> Result<bool> {
        let Some(id) = &self.batch.output_file_id else {
            return Ok(self.batch.answered > 0);
        };
        let look = Request::get(id.under("/files"), Expect::Known("file"));
        match client.call(&look) {
            Err(error) if error.is_gone() => Ok(false),
            answer => answer.map(|_| true),
        }
    }
}

/// The Batches of the last two days.
#[derive(Default)]
pub(crate) struct Listing {
    found: Vec<Found>,
    /// The server lists none.
    pub(crate) missing: bool,
}

impl Listing {
    /// Reads it; where `last`, a signal does not end that.
    ///
    /// # Errors
    /// The server does not answer, or not with a list.
    pub(crate) fn read(client: &Client, until: Option<Instant>, last: bool) -> Result<Listing> {
        let (since, ends) = (Cell::new(0), Cell::new(None));
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let fetch = |after: Option<&str>| {
            // Newest first, as the API has it; a list in another order is read whole.
            let page: Option<(u64, u64)> = ends.take();
            if page.is_some_and(|(first, last)| last < since.get() && last <= first) {
                return Ok(None);
            }
            let address = query("/batches", &[("limit", Some("100")), ("after", after)]);
            let request = Request::get(address, Expect::List).until(until);
            let reply = client.call(&if last { request.clean_up() } else { request })?;
            since.set(two_days_before(reply.date));
            Ok(Some(reply))
        };
        let take = |raw: &RawValue, _: Option<&str>| {
            let Some(batch) = Found::read(raw) else {
                return false;
            };
            let first = ends.get().map_or(batch.created, |(first, _)| first);
            ends.set(Some((first, batch.created)));
            let new = seen.insert(batch.id.clone());
            found.extend(Some(batch).filter(|_| new));
            new
        };
        let missing = match pages(true, fetch, take) {
            Err(error) if matches!(error.status, Some(404 | 405 | 501)) => true,
            ended => ended.map(|_| false)?,
        };
        Ok(Listing { found, missing })
    }

    /// Takes out Batches of which nobody wants to know.
    pub(crate) fn forget(&mut self, spent: &BTreeSet<Id>) {
        self.found.retain(|found| !spent.contains(&found.id));
    }

    fn of_part(&self, part: &str) -> impl Iterator<Item = &Found> {
        let all = self.found.iter();
        all.filter(move |found| found.part.as_deref() == Some(part))
    }

    /// The Batch that has, or will have, the answers to the requests of a part.
    ///
    /// # Errors
    /// The server does not tell whether the answers are still there.
    pub(crate) fn live(&self, client: &Client, part: &str) -> Result<Option<&Found>> {
        for found in self.of_part(part) {
            let has = match found.status() {
                "completed" => found.has_answers(client)?,
                _ => !found.batch.is_over(),
            };
            if has {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The same of the part and of all that were cut from it.
    ///
    /// # Errors
    /// As [`Listing::live`].
    pub(crate) fn live_below(&self, client: &Client, part: &str) -> Result<Option<&Found>> {
        // Whose parent is whose, strangers say: nobody is asked twice.
        let (mut parts, mut seen) = (vec![part], BTreeSet::from([part]));
        while let Some(part) = parts.pop() {
            if let Some(found) = self.live(client, part)? {
                return Ok(Some(found));
            }
            let children = self.found.iter();
            let children = children.filter(|found| found.parent.as_deref() == Some(part));
            let children = children.filter_map(|found| found.part.as_deref());
            parts.extend(children.filter(|child| seen.insert(child)));
        }
        Ok(None)
    }

    /// How a part failed from which others were cut then.
    pub(crate) fn cut(&self, part: &str) -> Option<&RawValue> {
        let mut all = self.found.iter();
        all.find(|found| found.parent.as_deref() == Some(part))?;
        let mut own = self.of_part(part);
        own.find_map(|found| found.failed.as_deref())
    }

    /// The Batch of this file of requests, unless it is one of these.
    pub(crate) fn of_input(&self, input: &Id, known: &[Id]) -> Option<&Found> {
        let mut all = self.found.iter();
        all.find(|found| {
            found.batch.input_file_id.as_ref() == Some(input) && !known.contains(&found.id)
        })
    }
}

fn two_days_before(date: Option<SystemTime>) -> u64 {
    let now = date.unwrap_or_else(SystemTime::now);
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(BACK).as_secs()
}
