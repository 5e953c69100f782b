//! The store of a record: made, or taken as it is.

use std::time::Instant;

use oa_core::field::Fields;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::log::field;
use oa_pipe::object::{Object, raw};
use oa_pipe::record::Record;
use oa_pipe::shell::word;
use oa_pipe::store::Store;
use oa_pipe::wait::Wait;
use serde_json::json;
use serde_json::value::RawValue;

use crate::content::Group;
use crate::indexer::Indexer;
use crate::member::Member;

const STORE: Expect = Expect::Object("vector_store");

/// Puts the API's object into the record. The marks that its store has already stay; else it was made for so many
/// records, or was not.
pub(crate) fn put(record: &mut Record, store: &RawValue, made: bool, records: usize) {
    let old = record.store().unwrap_or_default();
    let mut object = Object::parse(store.get()).unwrap_or_default();
    object.put("made", &old.made.unwrap_or(made));
    let shared = old.shared.or((records > 1).then_some(records as u64));
    if let Some(shared) = shared {
        object.put("shared", &shared);
    }
    record.object_mut().set("vector_store", object.to_raw());
}

impl Indexer<'_> {
    /// The record's own store, the one of `--into`, or a new one; the record has it from now on.
    pub(crate) fn store(&self, record: &mut Record, wait: &Wait) -> Result<(Id, Store)> {
        let own = record.store();
        if let (Some(own), Some(into)) = (&own, &self.args.into)
            && own.id.as_ref() != Some(into)
        {
            return Err(
                Error::input(format!("the record has a store already ({})", own.name()))
                    .hint("leave out --into, or take `vector_store` out of the record"),
            );
        }
        let known = own.as_ref().and_then(|store| store.id.clone());
        let Some(id) = known.or_else(|| self.args.into.clone()) else {
            let (id, object) = self.make(wait)?;
            put(record, &object, true, 1);
            return Ok((id, Store::default()));
        };
        let object = self.look(&id, wait.time()?)?;
        put(record, &object, false, 1);
        Ok((id, record.store().unwrap_or_default()))
    }

    /// Makes a store.
    pub(crate) fn make(&self, wait: &Wait) -> Result<(Id, Box<RawValue>)> {
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
        let call = Request::create("/vector_stores", &body, STORE)
            .creates()
            .until(wait.time()?)
            .look(look);
        let object = self.client.call(&call)?.object;
        let id = Fields::of(&object, &["id"]).id();
        let id = id.ok_or_else(|| Error::new(Kind::Network, "the vector store has no id"))?;
        self.run.pipe.interrupt.hold(std::slice::from_ref(&id));
        let log = &self.run.pipe.log;
        let id_field = field("vector_store_id", id.as_str());
        log.event("store", &format!("{id_field} {}", field("name", name)));
        Ok((id, object))
    }

    fn look(&self, id: &Id, until: Option<Instant>) -> Result<Box<RawValue>> {
        let call = Request::get(id.under("/vector_stores"), STORE).until(until);
        let answer = self.client.call(&call).map_err(|error| match error.status {
            Some(404) => error.hint(
                "does the key belong to another project, or has the store expired? oa-list stores",
            ),
            _ => error,
        });
        answer.map(|answer| answer.object)
    }

    /// Brings the records' store up to date; what it cannot learn it leaves as it was.
    pub(crate) fn renew(&self, records: &mut [Record], id: &Id, wait: &Wait) {
        if self.run.pipe.interrupt.signal().is_some() {
            return;
        }
        if let Ok(store) = self.look(id, wait.spare_time()) {
            for record in records {
                put(record, &store, false, 1);
            }
        }
    }

    /// The files of a group that the store has not indexed yet; a store that was just made has none.
    pub(crate) fn missing(
        &self,
        id: &Id,
        store: &Store,
        mut group: Group,
        begun: Instant,
    ) -> Result<Group> {
        let empty = store.file_counts.is_some_and(|counts| counts.total == 0);
        if empty || store.id.is_none() {
            return Ok(group);
        }
        let path = id.under("/vector_stores") + "/files";
        let mut wait = self.wait(Some(id), false, begun);
        let there = self.members(&mut wait, &path, "completed")?;
        let indexed = |id: &Id| there.get(id).is_some_and(Member::is_indexed);
        group.files.retain(|id| !indexed(id));
        Ok(group)
    }
}
