//! The record: one JSON object that travels down the pipe.

use std::sync::OnceLock;

use oa_core::error::Error;
use oa_core::field::{Fields, Look as _, each};
use oa_core::id::Id;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::batch::Batch;
use crate::failure;
use crate::file::File;
use crate::object::Object;
use crate::response::Response;
use crate::store::Store;
use crate::tally::Share;
use crate::tokens::Usage;

/// Keys of what is on the server.
pub(crate) const KEPT: [&str; 4] = ["files", "vector_store", "response", "batch"];

/// Keys of a record that the tools know, each with the JSON type that it must have.
const KEYS: [(&str, Type); 15] = [
    ("paths", Type::Paths),
    ("prompt", Type::Text),
    ("request", Type::Object),
    ("attributes", Type::Object),
    ("files", Type::Objects),
    ("vector_store", Type::Object),
    ("batch", Type::Object),
    ("window", Type::Text),
    ("response", Type::Object),
    ("output_text", Type::Text),
    ("citations", Type::Array),
    ("previous", Type::Array),
    ("results", Type::Array),
    ("input_tokens", Type::Integer),
    ("error", Type::Any),
];

#[derive(Clone, Copy)]
enum Type {
    Paths,
    Text,
    Object,
    Objects,
    Array,
    Integer,
    Any,
}

impl Type {
    fn words(self) -> &'static str {
        match self {
            Type::Paths => "a string or an array of strings",
            Type::Text => "a string of valid Unicode",
            Type::Object => "an object",
            Type::Objects => "an array of objects",
            Type::Array => "an array",
            Type::Integer => "an integer",
            Type::Any => "a value",
        }
    }

    fn fits(self, raw: &RawValue) -> bool {
        let text = raw.get();
        match self {
            Type::Any => true,
            // Only an escape can write what is no Unicode; a text may be too large to be decoded for that.
            Type::Text if !text.contains("\\u") => text.starts_with('"'),
            Type::Text => serde_json::from_str::<String>(text).is_ok(),
            Type::Object => text.starts_with('{'),
            Type::Array => text.starts_with('['),
            Type::Integer => text.parse::<u64>().is_ok(),
            Type::Paths => paths_of(raw).is_some(),
            Type::Objects => {
                let mut fits = text.starts_with('[');
                each(raw, |item| fits &= item.get().starts_with('{'));
                fits
            }
        }
    }
}

/// One record: an object that is kept whole, with accessors for the keys of the pipe.
#[derive(Clone, Default, Debug)]
pub struct Record {
    object: Object,
    /// What `files` says, once somebody asked.
    files: OnceLock<Vec<File>>,
    /// What it adds to the total of this run; it does not travel.
    share: Share,
}

impl Record {
    /// A record of this object.
    #[must_use]
    pub fn new(object: Object) -> Record {
        Record {
            object,
            ..Record::default()
        }
    }

    /// The object itself, to look at.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// Keeps no more than the object itself.
    pub(crate) fn shrink(&mut self) {
        self.files.take();
    }

    /// The object itself, to add to.
    pub fn object_mut(&mut self) -> &mut Object {
        self.shrink();
        &mut self.object
    }

    /// Where the record's files come from; empty when it names none.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.object
            .get("paths")
            .and_then(paths_of)
            .unwrap_or_default()
    }

    /// The record's own question.
    #[must_use]
    pub fn prompt(&self) -> Option<String> {
        self.object.text("prompt")
    }

    /// The record's own request body, if it has one.
    #[must_use]
    pub fn request(&self) -> Option<Object> {
        let raw = self.object.get("request")?;
        Object::parse(raw.get()).ok()
    }

    /// The File objects as they came.
    #[must_use]
    pub fn raw_files(&self) -> Vec<&RawValue> {
        let raw = self.object.get("files");
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default()
    }

    /// The files as far as the tools look at them.
    #[must_use]
    pub fn files(&self) -> &[File] {
        self.files.get_or_init(|| {
            let mut files = Vec::new();
            if let Some(raw) = self.object.get("files") {
                each(raw, |file| files.push(File::read(file)));
            }
            files
        })
    }

    /// The Response object as it came.
    #[must_use]
    pub fn response(&self) -> Option<&RawValue> {
        self.object.get("response")
    }

    /// The vector store as far as the tools look at it.
    #[must_use]
    pub fn store(&self) -> Option<Store> {
        let raw = self.object.get("vector_store")?;
        raw.get().starts_with('{').then(|| Store::read(raw))
    }

    /// The answer's text.
    #[must_use]
    pub fn output_text(&self) -> Option<String> {
        self.object.text("output_text")
    }

    /// Why the record failed, if it did.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        let raw = self.object.get("error")?;
        let value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
        Some(failure::from_json(&value))
    }

    /// Why it failed, where no tool of ours has told of it: then each that passes it on does.
    pub(crate) fn foreign_error(&self) -> Option<Error> {
        let raw = self.object.get("error")?;
        let value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        let tool = value["tool"].as_str().unwrap_or_default();
        (!tool.starts_with("oa-")).then(|| failure::from_json(&value))
    }

    /// What this run adds to its total by this record.
    pub(crate) fn share(&mut self) -> &mut Share {
        &mut self.share
    }

    /// Puts the number of its question's tokens into the record.
    pub fn count(&mut self, tokens: u64) {
        self.object.put("input_tokens", &tokens);
        self.share.answered = Some(true);
        self.share.usage = Usage {
            input_tokens: Some(tokens),
            ..Usage::default()
        };
    }

    /// Marks the record as failed.
    pub fn fail(&mut self, tool: &str, error: &Error) {
        self.object.set("error", failure::to_json(error, tool));
    }

    /// The Batch that the record waits for: its line was not read, and there is no answer.
    #[must_use]
    pub fn awaited(&self) -> Option<Batch> {
        let batch = self.object.get("batch").map(Batch::read);
        batch.filter(|batch| !batch.collected && self.response().is_none())
    }

    /// Ids of what the record says is on the server and somebody must take care of: files and a vector store
    /// that the pipe made, a response that is not final, a Batch that was not collected.
    #[must_use]
    pub fn ids(&self) -> Vec<Id> {
        let made = self.files().iter().filter(|file| file.path.is_some());
        let mut ids: Vec<Id> = made.filter_map(|file| file.id.clone()).collect();
        let store = self.store().filter(|store| store.made == Some(true));
        ids.extend(store.and_then(|store| store.id));
        let response = self.response().map(Response::read);
        ids.extend(response.filter(|r| !r.is_final()).and_then(|r| r.id));
        ids.extend(self.awaited().and_then(|batch| batch.id));
        ids
    }

    /// Where what it is about came from, the first of several.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        let of_file = || self.files().iter().find_map(|file| file.path.clone());
        self.paths().into_iter().next().or_else(of_file)
    }

    /// What to call the record in a message: its first path or file, else its response, else nothing.
    #[must_use]
    pub fn label(&self) -> Option<String> {
        let path = self.paths().into_iter().next();
        path.or_else(|| self.files().first().map(|file| file.label().to_owned()))
            .or_else(|| {
                let response = self.response().map(Response::read);
                let id = response.and_then(|response| response.id);
                let id = id.or_else(|| self.store().and_then(|store| store.id));
                id.map(|id| id.to_string())
            })
    }

    /// Whether any key of the pipe is there.
    pub(crate) fn has_keys(&self) -> bool {
        KEYS.iter().any(|(key, _)| self.object.get(key).is_some())
    }

    /// The first key of the pipe that has a wrong type.
    pub(crate) fn type_error(&self) -> Option<Error> {
        let wrong = KEYS.iter().find_map(|(key, kind)| {
            let raw = self.object.get(key)?;
            (!kind.fits(raw)).then_some((key, kind))
        });
        match wrong {
            Some((key, kind)) => Some(Error::input(format!("`{key}` must be {}", kind.words()))),
            None => self.id_error(),
        }
    }

    /// The first thing of the record whose id would lead elsewhere.
    fn id_error(&self) -> Option<Error> {
        let objects = ["response", "vector_store", "batch"];
        let objects = objects.into_iter().filter_map(|key| self.object.get(key));
        let mut given = objects.filter_map(|raw| Fields::of(raw, &["id"]).given_id());
        let problem = given.find_map(Result::err);
        problem.or_else(|| self.files().iter().find_map(|file| file.problem.clone()))
    }
}

fn paths_of(raw: &RawValue) -> Option<Vec<String>> {
    let text = raw.get();
    if text.starts_with('"') {
        return serde_json::from_str(text).ok().map(|path| vec![path]);
    }
    serde_json::from_str(text).ok()
}
