//! The record: one JSON object that travels down the pipe.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use serde_json::value::RawValue;

use crate::failure;
use crate::object::{Object, raw_array};
use oa_core::error::Error;
use oa_core::field::{Fields, Look, each};
use oa_core::id::Id;

mod batch;
mod lift;

pub use batch::Batch;
pub use lift::{Incoming, Lifted, lift, looks_like_id, of_id};

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

/// The end of a thing's life. Servers write 0 for none.
fn expiry(fields: &Fields) -> Option<i64> {
    fields.get("expires_at").filter(|end| *end > 0)
}

fn is_past(end: Option<i64>) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    end.is_some_and(|end| end <= now)
}

impl File {
    /// Whether the pipe made it and its time has not come: the server should know it.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.path.is_some() && !is_past(self.expires_at)
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

/// A vector store as far as the tools look at it; the object itself travels as it came.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// `vs_…`; absent where the object has none that can be sent.
    pub id: Option<Id>,
    /// The pipe made it; false: the pipe only added files to it; absent: the pipe has nothing to do with it.
    pub made: Option<bool>,
    /// How many records share it, where the pipe made one for several.
    pub shared: Option<u64>,
    /// Unix seconds after which the API forgets it; absent where it never does.
    pub expires_at: Option<i64>,
    /// `in_progress`, `completed`, `expired`.
    pub status: Option<String>,
    /// How many files it has.
    pub file_counts: Option<FileCounts>,
}

impl Store {
    /// Whether the pipe made it and its time has not come: the server should know it.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.made == Some(true) && !is_past(self.expires_at)
    }

    /// What to call it: its id, or `-` where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.as_ref().map_or("-", Id::as_str)
    }
}

impl Look<'_> for Store {
    const KEYS: &'static [&'static str] = &[
        "id",
        "made",
        "shared",
        "expires_at",
        "status",
        "file_counts",
    ];

    fn look(fields: &Fields) -> Store {
        Store {
            id: fields.id(),
            made: fields.get("made"),
            shared: fields.get("shared"),
            expires_at: expiry(fields),
            status: fields.text("status"),
            file_counts: fields.object("file_counts"),
        }
    }
}

/// Files of a vector store by their state.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileCounts {
    /// Not indexed yet.
    pub in_progress: u64,
    /// Can be searched.
    pub completed: u64,
    /// Cannot be searched; `last_error` of each says why.
    pub failed: u64,
    /// Given up before they were indexed.
    pub cancelled: u64,
    /// All of them.
    pub total: u64,
}

impl Look<'_> for FileCounts {
    const KEYS: &'static [&'static str] =
        &["in_progress", "completed", "failed", "cancelled", "total"];

    fn look(fields: &Fields) -> FileCounts {
        let count = |key| fields.get(key).unwrap_or_default();
        FileCounts {
            in_progress: count("in_progress"),
            completed: count("completed"),
            failed: count("failed"),
            cancelled: count("cancelled"),
            total: count("total"),
        }
    }
}

/// One record: an object that is kept whole, with accessors for the keys of the pipe.
#[derive(Clone, Default, Debug)]
pub struct Record {
    object: Object,
    /// What `files` says, once somebody asked.
    files: OnceLock<Vec<File>>,
}

impl Record {
    /// A record of this object.
    #[must_use]
    pub fn new(object: Object) -> Record {
        Record {
            object,
            files: OnceLock::new(),
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

    /// Puts a request into it.
    pub fn set_request(&mut self, request: Box<RawValue>) {
        self.object.set("request", request);
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

    /// Replaces `files`.
    pub fn set_files<'a>(&mut self, files: impl IntoIterator<Item = &'a RawValue>) {
        let files = raw_array(files);
        self.object_mut().set("files", files);
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

    /// Marks the record as failed.
    pub fn fail(&mut self, tool: &str, error: &Error) {
        self.object.set("error", failure::to_json(error, tool));
    }

    /// Ids of what the record says is on the server and somebody must take care of: files and a vector store
    /// that the pipe made, a response that is not final, a Batch that was not collected.
    #[must_use]
    pub fn ids(&self) -> Vec<Id> {
        let made = self.files().iter().filter(|file| file.path.is_some());
        let mut ids: Vec<Id> = made.filter_map(|file| file.id.clone()).collect();
        let store = self.store().filter(|store| store.made == Some(true));
        ids.extend(store.and_then(|store| store.id));
        let response = self.response().map(crate::answer::Response::read);
        ids.extend(response.filter(|r| !r.is_final()).and_then(|r| r.id));
        ids.extend(self.awaited().and_then(|batch| batch.id));
        ids
    }

    /// What to call the record in a message: its first path or file, else its response, else nothing.
    #[must_use]
    pub fn label(&self) -> Option<String> {
        let path = self.paths().into_iter().next();
        path.or_else(|| self.files().first().map(|file| file.label().to_owned()))
            .or_else(|| {
                let response = self.response().map(crate::answer::Response::read);
                let id = response.and_then(|response| response.id);
                let id = id.or_else(|| self.store().and_then(|store| store.id));
                id.map(|id| id.to_string())
            })
    }

    /// Whether any key of the pipe is there.
    fn has_keys(&self) -> bool {
        KEYS.iter().any(|(key, _)| self.object.get(key).is_some())
    }

    /// The first key of the pipe that has a wrong type.
    fn type_error(&self) -> Option<Error> {
        let wrong = KEYS.iter().find_map(|(key, kind)| {
            let raw = self.object.get(key)?;
            (!kind.fits(raw)).then_some((key, kind))
        });
        let wrong =
            wrong.map(|(key, kind)| Error::input(format!("`{key}` must be {}", kind.words())));
        wrong.or_else(|| self.id_error())
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
