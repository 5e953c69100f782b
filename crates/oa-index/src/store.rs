//! The store of a record: made, or taken as it is.

use std::collections::BTreeSet;

use oa_core::client::{Call, Expect};
use oa_core::id::encode;
use oa_core::object::{Object, raw};
use oa_core::record::{Record, Store};
use oa_core::shell::word;
use oa_core::{Error, Id, Result};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::Indexer;
use crate::content::Group;

const STORE: Expect = Expect::Object("vector_store");
/// Files of one page of a list; the most that the API gives.
const PAGE: usize = 100;

/// Puts the API's object into the record, with the mark of whose it is.
pub(crate) fn put(record: &mut Record, store: &RawValue, made: bool) {
    let mut object = Object::parse(store.get()).unwrap_or_default();
    object.put("made", &made);
    record.object_mut().set("vector_store", object.to_raw());
}

/// A file in a store.
#[derive(Default, Deserialize)]
pub(crate) struct Member {
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) status: String,
    pub(crate) last_error: Option<Trouble>,
}

/// Why a file could not be indexed.
#[derive(Default, Deserialize)]
pub(crate) struct Trouble {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Member>,
    #[serde(default)]
    has_more: bool,
}

fn known_id(store: &Store) -> Result<Id> {
    let id = store.id.clone();
    id.ok_or_else(|| Error::input("the vector store has no id"))
}

impl Indexer<'_> {
    /// The record's own store, the one of `--into`, or a new one; the record has it from now on.
    pub(crate) fn store(&self, record: &mut Record) -> Result<(Id, Store)> {
        let own = record.store();
        if let (Some(own), Some(into)) = (&own, &self.args.into)
            && own.id.as_ref() != Some(into)
        {
            return Err(
                Error::input(format!("the record has a store already ({})", own.name()))
                    .hint("leave out --into, or take `vector_store` out of the record"),
            );
        }
        let known = own.as_ref().and_then(|store| store.id.as_ref());
        let known = known.or(self.args.into.as_ref());
        let (object, made) = match known {
            Some(id) => {
                let made = own.as_ref().and_then(|store| store.made);
                (self.look(id)?, made.unwrap_or(false))
            }
            None => (self.make()?, true),
        };
        put(record, &object, made);
        let store = record.store().unwrap_or_default();
        Ok((known_id(&store)?, store))
    }

    /// Makes a store.
    pub(crate) fn make(&self) -> Result<Box<RawValue>> {
        let name = self.args.name.as_deref().unwrap_or("oa-index");
        let mut body = Object::default();
        body.put("name", &name);
        if let Some(days) = self.args.days() {
            body.put(
                "expires_after",
                &json!({"anchor": "last_active_at", "days": days}),
            );
        }
        let look = format!(
            "look for a store of this name: `oa-list stores | jq {}`",
            word(&format!("select(.name=={})", raw(&name)))
        );
        let call = Call::create("/vector_stores", &body, STORE)
            .graceful()
            .look(look);
        let object = self.client.call(&call)?.object;
        let store: Store = serde_json::from_str(object.get()).unwrap_or_default();
        let id = known_id(&store)?;
        self.run.pipe.interrupt.hold(std::slice::from_ref(&id));
        let log = &self.run.pipe.log;
        log.event("store", &format!("vector_store_id={id} name={name}"));
        Ok(object)
    }

    fn look(&self, id: &Id) -> Result<Box<RawValue>> {
        let call = Call::get(id.under("/vector_stores"), STORE);
        let answer = self.client.call(&call).map_err(|error| match error.status {
            Some(404) => error.hint(
                "does the key belong to another project, or has the store expired? oa-list stores",
            ),
            _ => error,
        });
        answer.map(|answer| answer.object)
    }

    /// Brings the records' store up to date; what it cannot learn it leaves as it was.
    pub(crate) fn renew(&self, records: &mut [Record], id: &Id) {
        if self.run.pipe.interrupt.signal().is_some() {
            return;
        }
        let Ok(store) = self.look(id) else {
            return;
        };
        for record in records {
            let made = record.store().and_then(|store| store.made);
            put(record, &store, made.unwrap_or(false));
        }
    }

    /// The files of a group that the store has not indexed yet; a store that was just made has none.
    pub(crate) fn missing(&self, id: &Id, store: &Store, mut group: Group) -> Result<Group> {
        let counts = store.file_counts.unwrap_or_default();
        if counts.total == 0 {
            return Ok(group);
        }
        let path = id.under("/vector_stores") + "/files";
        let there: BTreeSet<String> = self
            .members(&path, "completed")?
            .into_iter()
            .map(|member| member.id)
            .collect();
        group.files.retain(|id| !there.contains(id.as_str()));
        Ok(group)
    }

    /// All files of a list that have this status.
    pub(crate) fn members(&self, path: &str, status: &str) -> Result<Vec<Member>> {
        let mut found: Vec<Member> = Vec::new();
        loop {
            let after = found
                .last()
                .map(|last| format!("&after={}", encode(&last.id)));
            let after = after.unwrap_or_default();
            let address = format!("{path}?limit={PAGE}&filter={status}{after}");
            let answer = self.client.call(&Call::get(address, Expect::List))?;
            let page: Page = serde_json::from_str(answer.object.get()).map_err(|error| {
                Error::new(
                    oa_core::Kind::Network,
                    format!("the list of files: {error}"),
                )
            })?;
            let before = found.len();
            found.extend(page.data);
            if !page.has_more || found.len() == before {
                return Ok(found);
            }
        }
    }
}
