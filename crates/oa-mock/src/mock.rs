//! The whole server: what it was told, what it keeps, what goes wrong, what it was asked.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::faults::rule::Rules;
use crate::http::guard::Guard;
use crate::http::ledger::Ledger;
use crate::id::{Ids, now};
use crate::limit::limiter::Limiter;
use crate::objects::table::Table;
use crate::state::store::Store;

/// What the server was told when it started.
pub(crate) struct Settings {
    pub(crate) guard: Guard,
    /// Every answer waits that long.
    pub(crate) delay: Duration,
    /// A background response is final at this GET, a file in a vector store indexed; 0: never.
    pub(crate) looks: u64,
    /// Tokens that a model's queue of Batches holds.
    pub(crate) queue: Option<u64>,
    /// Whether parameters and models that nobody knows may pass.
    pub(crate) lenient: bool,
    /// Whether nothing is said on stderr.
    pub(crate) quiet: bool,
    /// Whether requests are logged on stderr.
    pub(crate) log: bool,
}

/// The whole server.
pub(crate) struct Mock {
    pub(crate) settings: Settings,
    pub(crate) table: Table,
    pub(crate) ids: Ids,
    store: Mutex<Store>,
    rules: Mutex<Rules>,
    ledger: Mutex<Ledger>,
    limiter: Mutex<Limiter>,
    /// Somebody said that it is enough.
    pub(crate) stops: AtomicBool,
    /// And has been answered.
    pub(crate) stopped: Notify,
}

impl Mock {
    /// A server that stores nothing yet.
    pub(crate) fn new(settings: Settings, table: Table, rules: Rules, limiter: Limiter) -> Mock {
        Mock {
            settings,
            table,
            ids: Ids::new(),
            store: Mutex::default(),
            rules: Mutex::new(rules),
            ledger: Mutex::default(),
            limiter: Mutex::new(limiter),
            stops: AtomicBool::new(false),
            stopped: Notify::new(),
        }
    }

    /// The store, without the files whose time has come.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        let mut store = lock(&self.store);
        store.age(now());
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

    /// What is still there, a line for each: files, vector stores, Batches that run.
    pub(crate) fn left(&self) -> Vec<String> {
        let store = self.store();
        let batches = store.batches.iter().filter(|batch| !batch.is_over());
        let batches = batches.map(|batch| format!("{} {}", batch.id, batch.status()));
        let stores = store.vector_stores.iter();
        let stores = stores.map(|store| format!("{} {}", store.id, store.name));
        let files = store.files.iter();
        let files = files.map(|file| format!("{} {} {} bytes", file.id, file.name, file.bytes));
        let left = batches.chain(stores).chain(files);
        let mut lines: Vec<String> = left
            .map(|what| format!("left on the server: {what}"))
            .collect();
        if lines.is_empty() {
            let count = self.ledger().count();
            let requests = if count == 1 { "request" } else { "requests" };
            lines.push(format!("nothing left on the server ({count} {requests})"));
        }
        lines
    }

    /// The limits in force.
    pub(crate) fn limiter(&self) -> MutexGuard<'_, Limiter> {
        lock(&self.limiter)
    }
}

/// A panic elsewhere leaves nothing half done here: every change is one statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
