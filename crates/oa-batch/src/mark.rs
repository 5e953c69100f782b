//! What a record says of the Batch that its request is part of.

use oa_core::Id;
use oa_pipe::object::Object;
use oa_pipe::record::Record;

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
            outputs: [None, None],
        }
    }

    /// Puts it into the record of this place; what the record says already stays.
    pub(crate) fn put(&self, record: &mut Record, place: u32) {
        let own = record.object().get("batch").map(Object::of);
        let mut batch = own.unwrap_or_else(|| {
            let mut batch = Object::default();
            batch.put("id", &self.id.as_str());
            batch.put("custom_id", &custom_id(place));
            batch.put("part", &self.part);
            if let Some(input) = &self.input {
                batch.put("input_file_id", &input.as_str());
            }
            batch.put("shared", &self.shared);
            batch.put("made", &true);
            batch
        });
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
}
