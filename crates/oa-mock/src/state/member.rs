//! A file in a vector store: what became of it, and what can be found in it.

use crate::faults::keys::Keys;
use crate::id::now;
use crate::json::Json;
use crate::state::document::{Chunking, Document};
use crate::state::file::File;

/// What becomes of a file once it has been looked at often enough.
#[derive(Clone, Debug, PartialEq)]
enum Fate {
    Completed,
    /// The code and message of `last_error`.
    Failed(String, String),
    Cancelled,
    Never,
}

/// A file in a vector store.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The id of the file.
    pub(crate) id: String,
    pub(crate) name: String,
    /// The batch that it came with.
    pub(crate) batch: Option<String>,
    /// Empty as long as nobody set any.
    pub(crate) attributes: Json,
    created_at: u64,
    chunking: Chunking,
    document: Document,
    fate: Fate,
    settled: bool,
    looks: u64,
}

impl Member {
    /// A file that is added as a request wants it; a rule may say how that ends.
    pub(crate) fn new(file: &File, wanted: &Wanted, end: &Keys) -> Member {
        let read = Document::read(file, wanted.chunking);
        let natural = read.as_ref().err().map(|trouble| {
            let (code, message) = *trouble;
            Fate::Failed(code.to_owned(), message.to_owned())
        });
        let fate = ruled(end, file).or(natural);
        Member {
            id: file.id.clone(),
            name: file.name.clone(),
            batch: None,
            attributes: wanted.attributes.clone(),
            created_at: now(),
            chunking: wanted.chunking,
            document: read.unwrap_or_default(),
            fate: fate.unwrap_or(Fate::Completed),
            settled: false,
            looks: 0,
        }
    }

    /// The vector store file object.
    pub(crate) fn json(&self, store: &str) -> Json {
        let chunking = Json::object([
            ("max_chunk_size_tokens", self.chunking.size.into()),
            ("chunk_overlap_tokens", self.chunking.overlap.into()),
        ]);
        let chunking = Json::object([("type", "static".into()), ("static", chunking)]);
        Json::object([
            ("id", (&self.id).into()),
            ("object", "vector_store.file".into()),
            ("usage_bytes", self.usage().into()),
            ("created_at", self.created_at.into()),
            ("vector_store_id", store.into()),
            ("status", self.status().into()),
            ("last_error", self.last_error()),
            ("chunking_strategy", chunking),
            ("attributes", self.attributes.clone()),
        ])
        .marked()
    }

    /// The status in the API's words.
    pub(crate) fn status(&self) -> &'static str {
        match &self.fate {
            _ if !self.settled => "in_progress",
            Fate::Completed => "completed",
            Fate::Failed(..) => "failed",
            Fate::Cancelled => "cancelled",
            Fate::Never => "in_progress",
        }
    }

    /// Bytes that it takes in the store.
    pub(crate) fn usage(&self) -> usize {
        self.document().map_or(0, |document| document.text.len())
    }

    /// What can be found in it, once it is indexed.
    pub(crate) fn document(&self) -> Option<&Document> {
        (self.status() == "completed").then_some(&self.document)
    }

    /// Somebody looks; the last look that is needed settles it. 0: it never is.
    pub(crate) fn look(&mut self, needed: u64) {
        self.looks += 1;
        if needed > 0 && self.looks >= needed {
            self.settled = true;
        }
    }

    /// Ends it where it stands.
    pub(crate) fn cancel(&mut self) {
        if self.status() == "in_progress" {
            self.fate = Fate::Cancelled;
            self.settled = true;
        }
    }

    fn last_error(&self) -> Json {
        match &self.fate {
            Fate::Failed(code, message) if self.settled => {
                Json::object([("code", code.into()), ("message", message.into())])
            }
            _ => Json::Null,
        }
    }
}

/// The fate that a rule has for a file, if it is meant.
fn ruled(keys: &Keys, file: &File) -> Option<Fate> {
    if !means(keys, &file.name) {
        return None;
    }
    let value = |key: &str, standard: &str| keys.get(key).unwrap_or(standard).to_owned();
    match keys.get("status")? {
        "failed" => Some(Fate::Failed(
            value("code", "server_error"),
            value("message", "The file could not be indexed."),
        )),
        "cancelled" => Some(Fate::Cancelled),
        "in_progress" => Some(Fate::Never),
        _ => None,
    }
}

/// Whether a rule is about a file of this name: without `file=` it is about all.
fn means(keys: &Keys, name: &str) -> bool {
    keys.get("file").is_none() || keys.all("file").any(|file| file == name)
}

/// How a file is to be added.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) attributes: Json,
    pub(crate) chunking: Chunking,
}
