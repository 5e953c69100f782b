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
    pub(crate) kind: Kind,
    /// The store that a member is in.
    store: String,
}

/// Kinds of things in the order of their deletion, so that nothing goes while something else needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// It may read stores and files.
    Response,
    /// A file's place in a store; the file itself stays.
    Member,
    /// A vector store.
    Store,
    /// A file.
    File,
}

/// All kinds, first to last.
pub(crate) const KINDS: [Kind; 4] = [Kind::Response, Kind::Member, Kind::Store, Kind::File];

impl Thing {
    fn new(kind: Kind, id: &str) -> Thing {
        Thing {
            id: id.to_owned(),
            bytes: 0,
            answered: false,
            kind,
            store: String::new(),
        }
    }

    pub(crate) fn file(file: &File) -> Thing {
        Thing {
            bytes: file.bytes.unwrap_or(0),
            ..Thing::new(Kind::File, &file.id)
        }
    }

    pub(crate) fn response(id: &str) -> Thing {
        Thing::new(Kind::Response, id)
    }

    pub(crate) fn store(id: &str) -> Thing {
        Thing::new(Kind::Store, id)
    }

    /// A file's place in a store.
    pub(crate) fn member(store: &str, file: &str) -> Thing {
        Thing {
            store: store.to_owned(),
            ..Thing::new(Kind::Member, file)
        }
    }

    pub(crate) fn answered(mut self) -> Thing {
        self.answered = true;
        self
    }

    /// Path of the thing below the base URL.
    pub(crate) fn address(&self) -> String {
        let id = segment(&self.id);
        match self.kind {
            Kind::File => format!("/files/{id}"),
            Kind::Response => format!("/responses/{id}"),
            Kind::Store => format!("/vector_stores/{id}"),
            Kind::Member => format!("/vector_stores/{}/files/{id}", segment(&self.store)),
        }
    }

    /// What keeps two things apart.
    fn key(&self) -> String {
        format!("{}/{}", self.store, self.id)
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.id;
        match self.kind {
            Kind::File => write!(f, "file_id={id}"),
            Kind::Response => write!(f, "response_id={id}"),
            Kind::Store => write!(f, "vector_store_id={id}"),
            Kind::Member => write!(f, "file_id={id} vector_store_id={}", self.store),
        }
    }
}

/// Everything that is to be deleted, in the order it was found.
#[derive(Default)]
pub(crate) struct Bin {
    things: Vec<Thing>,
    seen: BTreeSet<String>,
    /// Ids of `things`.
    waiting: BTreeSet<String>,
    left: BTreeSet<String>,
}

impl Bin {
    /// Adds a thing unless it was there before; says whether it is new.
    pub(crate) fn add(&mut self, thing: Thing) -> bool {
        let new = self.seen.insert(thing.key());
        if new {
            self.waiting.insert(thing.id.clone());
            self.things.push(thing);
        }
        new
    }

    /// Whether this id was ever added.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.seen.contains(&Thing::new(Kind::File, id).key())
    }

    /// Notes an id that is left alone; says whether that is news.
    pub(crate) fn leave(&mut self, id: &str) -> bool {
        self.left.insert(id.to_owned())
    }

    /// Those of these ids that wait for their deletion.
    pub(crate) fn waiting(&self, mut ids: Vec<String>) -> Vec<String> {
        ids.retain(|id| self.waiting.contains(id));
        ids
    }

    /// Everything that waits, to be deleted now.
    pub(crate) fn take(&mut self) -> Vec<Thing> {
        self.waiting.clear();
        std::mem::take(&mut self.things)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_what_was_added_and_not_yet_taken() {
        let ids = || ["file-a", "file-b"].map(str::to_owned).to_vec();
        let mut bin = Bin::default();
        assert!(bin.add(Thing::new(Kind::File, "file-a")));
        assert!(!bin.add(Thing::new(Kind::File, "file-a")));
        assert_eq!(bin.waiting(ids()), ["file-a"]);
        assert_eq!(bin.take().len(), 1);
        assert_eq!(bin.waiting(ids()), [""; 0]);
        assert!(!bin.add(Thing::new(Kind::File, "file-a")));
        assert_eq!(bin.waiting(ids()), [""; 0]);
    }
}
