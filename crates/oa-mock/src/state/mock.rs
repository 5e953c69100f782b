//! The state of the server: what it was told, what it stores, what goes wrong, what it was asked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::faults::fault::Rules;
use crate::http::guard::Guard;
use crate::objects::file::File;
use crate::objects::id::{Ids, now};
use crate::objects::response::Stored;
use crate::objects::store::VectorStore;
use crate::schema::check::Check;
use crate::state::ledger::Ledger;

/// What the server was told when it started.
pub(crate) struct Settings {
    pub(crate) guard: Guard,
    /// Every answer waits that long.
    pub(crate) delay: Duration,
    /// A background response is final at this GET, a file in a vector store indexed; 0: never.
    pub(crate) looks: u64,
    pub(crate) older_guide: bool,
    /// Whether requests are logged on stderr.
    pub(crate) log: bool,
}

/// The whole server.
pub(crate) struct Mock {
    pub(crate) settings: Settings,
    pub(crate) ids: Ids,
    store: Mutex<Store>,
    rules: Mutex<Rules>,
    ledger: Mutex<Ledger>,
}

/// Files, responses and vector stores in the order in which they were made.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) files: Vec<File>,
    pub(crate) responses: Vec<Stored>,
    pub(crate) vector_stores: Vec<VectorStore>,
}

impl Mock {
    /// A server that stores nothing yet.
    pub(crate) fn new(settings: Settings, rules: Rules) -> Mock {
        Mock {
            settings,
            ids: Ids::new(),
            store: Mutex::default(),
            rules: Mutex::new(rules),
            ledger: Mutex::default(),
        }
    }

    /// The store, without the files whose time has come.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        let mut store = lock(&self.store);
        let now = now();
        store.remove_files(|file| file.expired(now));
        store
            .vector_stores
            .iter_mut()
            .for_each(|store| store.age(now));
        store
    }

    /// The rules in force.
    pub(crate) fn rules(&self) -> MutexGuard<'_, Rules> {
        lock(&self.rules)
    }

    /// What the server was asked.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    /// The checks that the settings ask for.
    pub(crate) fn check(&self) -> Check {
        Check {
            older_guide: self.settings.older_guide,
        }
    }
}

impl Store {
    /// The file with this id.
    pub(crate) fn file(&self, id: &str) -> Option<&File> {
        self.files.iter().find(|file| file.id == id)
    }

    /// Removes files, also from the vector stores.
    pub(crate) fn remove_files(&mut self, goes: impl Fn(&File) -> bool) {
        let gone: Vec<File> = self.files.extract_if(.., |file| goes(file)).collect();
        for file in gone {
            for store in &mut self.vector_stores {
                store.members.retain(|member| member.id != file.id);
            }
        }
    }

    /// The vector store with this id.
    pub(crate) fn vector_store(&mut self, id: &str) -> Option<&mut VectorStore> {
        self.vector_stores.iter_mut().find(|store| store.id == id)
    }

    /// The response with this id, if it can be asked for.
    pub(crate) fn response(&mut self, id: &str) -> Option<&mut Stored> {
        self.responses.iter_mut().find(|response| response.id == id)
    }
}

/// A panic elsewhere leaves nothing half done here: every change is one statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
