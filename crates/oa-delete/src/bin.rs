//! What is to be deleted, each thing once.

use std::collections::BTreeSet;
use std::fmt;

use oa_core::Id;
use oa_core::record::File;

/// One thing on the server.
pub(crate) struct Thing {
    pub(crate) id: Id,
    pub(crate) bytes: u64,
    /// The API's answer is written, because the user named this id.
    pub(crate) answered: bool,
    pub(crate) kind: Kind,
    /// The store that a member is in.
    store: Option<Id>,
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
    fn new(kind: Kind, id: &Id) -> Thing {
        Thing {
            id: id.clone(),
            bytes: 0,
            answered: false,
            kind,
            store: None,
        }
    }

    pub(crate) fn file(id: &Id, file: &File) -> Thing {
        Thing {
            bytes: file.bytes.unwrap_or(0),
            ..Thing::new(Kind::File, id)
        }
    }

    pub(crate) fn response(id: &Id) -> Thing {
        Thing::new(Kind::Response, id)
    }

    pub(crate) fn store(id: &Id) -> Thing {
        Thing::new(Kind::Store, id)
    }

    /// A file's place in a store.
    pub(crate) fn member(store: &Id, file: &Id) -> Thing {
        Thing {
            store: Some(store.clone()),
            ..Thing::new(Kind::Member, file)
        }
    }

    pub(crate) fn answered(mut self) -> Thing {
        self.answered = true;
        self
    }

    /// Path of the thing below the base URL.
    pub(crate) fn address(&self) -> String {
        match (self.kind, &self.store) {
            (Kind::Response, _) => self.id.under("/responses"),
            (Kind::Store, _) => self.id.under("/vector_stores"),
            (Kind::Member, Some(store)) => {
                let store = store.under("/vector_stores");
                self.id.under(&format!("{store}/files"))
            }
            (Kind::File | Kind::Member, _) => self.id.under("/files"),
        }
    }

    /// What keeps two things apart.
    fn key(&self) -> String {
        let store = self.store.as_ref().map_or("", Id::as_str);
        format!("{store}/{}", self.id)
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.id;
        match self.kind {
            Kind::File => write!(f, "file_id={id}"),
            Kind::Response => write!(f, "response_id={id}"),
            Kind::Store => write!(f, "vector_store_id={id}"),
            Kind::Member => {
                let store = self.store.as_ref().map_or("", Id::as_str);
                write!(f, "file_id={id} vector_store_id={store}")
            }
        }
    }
}

/// Everything that is to be deleted, in the order it was found.
#[derive(Default)]
pub(crate) struct Bin {
    things: Vec<Thing>,
    seen: BTreeSet<String>,
    /// Ids of `things`.
    waiting: BTreeSet<Id>,
    left: BTreeSet<Id>,
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
    pub(crate) fn knows(&self, id: &Id) -> bool {
        self.seen.contains(&Thing::new(Kind::File, id).key())
    }

    /// Notes an id that is left alone; says whether that is news.
    pub(crate) fn leave(&mut self, id: &Id) -> bool {
        self.left.insert(id.clone())
    }

    /// Those of these ids that wait for their deletion.
    pub(crate) fn waiting(&self, mut ids: Vec<Id>) -> Vec<Id> {
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
        let ids = ["file-a", "file-b"].into_iter().flat_map(Id::parse);
        let ids: Vec<Id> = ids.collect();
        let first = || Thing::new(Kind::File, &ids[0]);
        let mut bin = Bin::default();
        assert!(bin.add(first()));
        assert!(!bin.add(first()));
        assert_eq!(bin.waiting(ids.clone()), ids[..1]);
        assert_eq!(bin.take().len(), 1);
        assert_eq!(bin.waiting(ids.clone()), []);
        assert!(!bin.add(first()));
        assert_eq!(bin.waiting(ids.clone()), []);
    }
}
