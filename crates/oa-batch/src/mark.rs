//! What a record says of the Batch that its request is part of.

use oa_core::Id;
use oa_core::field::{Look as _, each};
use oa_pipe::batch::Batch;
use oa_pipe::object::{Object, raw_array};
use oa_pipe::record::Record;
use serde_json::value::RawValue;

use crate::part::custom_id;

/// What all records of a Batch say of it.
#[derive(Clone)]
pub(crate) struct Mark {
    pub(crate) id: Id,
    /// SHA-256 of the part's requests.
    pub(crate) part: String,
    pub(crate) input: Option<Id>,
    /// Requests in it.
    pub(crate) shared: usize,
    /// Its lines were read, so that nothing more comes of it.
    pub(crate) collected: bool,
    /// How it ended.
    pub(crate) status: String,
    /// The files of its answers and of its errors.
    pub(crate) outputs: [Option<Id>; 2],
}

impl Mark {
    /// A Batch that was made, or came with its records.
    pub(crate) fn new(id: Id, part: String, input: Option<Id>, shared: usize) -> Mark {
        Mark {
            id,
            part,
            input,
            shared,
            collected: false,
            status: String::new(),
            outputs: [None, None],
        }
    }

    /// Puts it into the record of this place. What the record says of it already stays; an earlier Batch, whose files
    /// are still there, becomes one of the `previous`.
    pub(crate) fn put(&self, record: &mut Record, place: u32) {
        let own = record.object().get("batch");
        let same = |raw: &&RawValue| Batch::read(raw).id.as_ref() == Some(&self.id);
        let mut batch = match own.filter(same) {
            Some(own) => Object::of(own),
            None => self.begin(place, own),
        };
        if self.collected {
            batch.put("collected", &true);
            let keys = ["output_file_id", "error_file_id"];
            for (key, id) in keys.iter().zip(&self.outputs) {
                if let Some(id) = id {
                    batch.put(key, &id.as_str());
                }
            }
        }
        record.object_mut().set("batch", batch.to_raw());
    }

    fn begin(&self, place: u32, earlier: Option<&RawValue>) -> Object {
        let mut batch = Object::default();
        batch.put("id", &self.id.as_str());
        batch.put("custom_id", &custom_id(place));
        batch.put("part", &self.part);
        if let Some(input) = &self.input {
            batch.put("input_file_id", &input.as_str());
        }
        batch.put("shared", &self.shared);
        batch.put("made", &true);
        if let Some(earlier) = earlier {
            let mut own = Object::of(earlier);
            let before = own.get("previous").map(ToOwned::to_owned);
            own.remove("previous");
            let mut all = vec![own.to_raw()];
            if let Some(before) = before {
                each(&before, |raw| all.push(raw.to_owned()));
            }
            batch.set("previous", raw_array(all.iter().map(AsRef::as_ref)));
        }
        batch
    }
}
