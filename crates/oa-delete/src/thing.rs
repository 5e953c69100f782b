//! A thing on the server that is to go.

use std::fmt;

use clap::ValueEnum;
use oa_core::Id;
use oa_pipe::file::File;
use oa_pipe::log::field;
use oa_pipe::store::Store;

/// One thing on the server.
pub(crate) struct Thing {
    pub(crate) id: Id,
    pub(crate) bytes: u64,
    /// The API's answer is written, because the user named this id.
    pub(crate) answered: bool,
    /// The pipe made it and its time has not come.
    pub(crate) lives: bool,
    pub(crate) kind: Kind,
    /// The store that a member is in.
    pub(crate) store: Option<Id>,
}

/// Kinds of things in the order of their deletion, so that nothing goes while something else needs it: a response
/// and a Batch may read stores and files, a store its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A stored response
    Response,
    /// A Batch, which is cancelled, since the API deletes none
    Batch,
    /// A file's place in a store; the file itself stays.
    #[value(skip)]
    Member,
    /// A vector store; its files stay
    #[value(name = "vector_store")]
    Store,
    /// An uploaded file
    File,
}

/// All kinds, first to last.
pub(crate) const KINDS: [Kind; 5] = [
    Kind::Response,
    Kind::Batch,
    Kind::Member,
    Kind::Store,
    Kind::File,
];

impl Kind {
    /// The key of a record that holds such a thing.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Kind::Response => "response",
            Kind::Batch => "batch",
            Kind::Store => "vector_store",
            Kind::File | Kind::Member => "files",
        }
    }
}

impl Thing {
    pub(crate) fn new(kind: Kind, id: &Id) -> Thing {
        Thing {
            id: id.clone(),
            bytes: 0,
            answered: false,
            lives: false,
            kind,
            store: None,
        }
    }

    pub(crate) fn file(id: &Id, file: &File) -> Thing {
        Thing {
            bytes: file.bytes.unwrap_or(0),
            lives: file.lives(),
            ..Thing::new(Kind::File, id)
        }
    }

    pub(crate) fn store(id: &Id, store: &Store) -> Thing {
        Thing {
            lives: store.lives(),
            ..Thing::new(Kind::Store, id)
        }
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
            (Kind::Batch, _) => self.id.under("/batches"),
            (Kind::Store, _) => self.id.under("/vector_stores"),
            (Kind::Member, Some(store)) => {
                let store = store.under("/vector_stores");
                self.id.under(&format!("{store}/files"))
            }
            (Kind::File | Kind::Member, _) => self.id.under("/files"),
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::File | Kind::Member => "file_id",
            Kind::Response => "response_id",
            Kind::Batch => "batch_id",
            Kind::Store => "vector_store_id",
        };
        f.write_str(&field(name, self.id.as_str()))?;
        match &self.store {
            Some(store) if self.kind == Kind::Member => {
                write!(f, " {}", field("vector_store_id", store.as_str()))
            }
            _ => Ok(()),
        }
    }
}
