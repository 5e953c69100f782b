//! One thing that came in, and what it is the id or the object of.

use oa_core::Error;
use serde_json::value::RawValue;

use crate::object::Object;
use crate::record::Record;

/// API objects that become a record by themselves, and the key that holds them.
pub(crate) const OBJECTS: [(&str, &str); 5] = [
    ("file", "files"),
    ("response", "response"),
    ("vector_store", "vector_store"),
    ("vector_store.file", "files"),
    ("batch", "batch"),
];

/// One thing that came in: a record, or a shape that became one.
#[derive(Debug, Default)]
pub struct Incoming {
    /// The record.
    pub record: Record,
    /// It came as a bare id or API object and not as a record: the id.
    pub bare: Option<String>,
    /// Why it cannot be worked on.
    pub problem: Option<Error>,
}

impl Incoming {
    pub(crate) fn of(record: Record, bare: Option<String>) -> Incoming {
        Incoming {
            problem: record.type_error(),
            record,
            bare,
        }
    }

    pub(crate) fn refused(text: &str) -> Incoming {
        let quoted: String = text.chars().take(60).collect();
        let message = format!("neither a record nor an id nor an API object: {quoted}");
        Incoming {
            problem: Some(Error::input(message)),
            ..Incoming::default()
        }
    }

    /// The thing, where nothing but its id tells what it is.
    pub(crate) fn untyped(&self) -> Option<Object> {
        let own = self.record.object();
        let mut object = match &self.bare {
            Some(_) => self.record.thing().map_or_else(|| own.clone(), Object::of),
            None if self.problem.is_some() || self.record.has_keys() => return None,
            None => own.clone(),
        };
        if let (Some(id), None) = (&self.bare, object.get("id")) {
            object.put("id", id);
        }
        let untyped = object.get("object").is_none() && object.text("id").is_some();
        untyped.then_some(object)
    }
}

impl Record {
    /// The API object of a record that was one or the id of one.
    #[must_use]
    pub fn thing(&self) -> Option<&RawValue> {
        let files = self.raw_files().into_iter().next();
        let others = OBJECTS[1..].iter().map(|(_, key)| *key);
        let mut others = others.filter(|key| *key != "files");
        files.or_else(|| others.find_map(|key| self.object().get(key)))
    }
}
