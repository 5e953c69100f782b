//! What is to be deleted, each thing once.

use std::collections::BTreeSet;
use std::fmt;

use oa_core::client::segment;
use oa_core::record::File;

/// One thing on the server.
pub(crate) struct Thing {
    pub(crate) id: String,
    pub(crate) bytes: u64,
    /// The API's answer is written, because the user named this id.
    pub(crate) answered: bool,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    File,
    Response,
}

impl Thing {
    pub(crate) fn file(file: &File) -> Thing {
        Thing {
            id: file.id.clone(),
            bytes: file.bytes.unwrap_or(0),
            answered: false,
            kind: Kind::File,
        }
    }

    pub(crate) fn response(id: &str) -> Thing {
        Thing {
            id: id.to_owned(),
            bytes: 0,
            answered: false,
            kind: Kind::Response,
        }
    }

    pub(crate) fn answered(mut self) -> Thing {
        self.answered = true;
        self
    }

    pub(crate) fn is_file(&self) -> bool {
        self.kind == Kind::File
    }

    pub(crate) fn is_response(&self) -> bool {
        self.kind == Kind::Response
    }

    /// Path of the thing below the base URL.
    pub(crate) fn address(&self) -> String {
        let folder = match self.kind {
            Kind::File => "files",
            Kind::Response => "responses",
        };
        format!("/{folder}/{}", segment(&self.id))
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::File => "file_id",
            Kind::Response => "response_id",
        };
        write!(f, "{name}={}", self.id)
    }
}

/// Everything that is to be deleted, in the order it was found.
#[derive(Default)]
pub(crate) struct Bin {
    things: Vec<Thing>,
    seen: BTreeSet<String>,
    left: BTreeSet<String>,
}

impl Bin {
    /// Adds a thing unless it was there before; says whether it is new.
    pub(crate) fn add(&mut self, thing: Thing) -> bool {
        let new = self.seen.insert(thing.id.clone());
        if new {
            self.things.push(thing);
        }
        new
    }

    /// Whether this id was ever added.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.seen.contains(id)
    }

    /// Notes an id that is left alone; says whether that is news.
    pub(crate) fn leave(&mut self, id: &str) -> bool {
        self.left.insert(id.to_owned())
    }

    /// Ids that wait for their deletion.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.things.iter().map(|thing| thing.id.clone()).collect()
    }

    /// Everything that waits, to be deleted now.
    pub(crate) fn take(&mut self) -> Vec<Thing> {
        std::mem::take(&mut self.things)
    }
}
