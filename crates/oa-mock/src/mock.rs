//! The whole server: what it was told, what it keeps, what goes wrong, what it was asked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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

    /// The limits in force.
    pub(crate) fn limiter(&self) -> MutexGuard<'_, Limiter> {
        lock(&self.limiter)
    }
}

/// A panic elsewhere leaves nothing half done here: every change is one statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
