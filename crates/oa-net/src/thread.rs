//! Threads of their own for what nothing can end, and locks that outlive them.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;

/// Has work done on a thread of its own.
///
/// # Errors
/// The work, where no thread is to be had.
pub fn aside<W: Fn() + Send + Sync + 'static>(work: W) -> Result<(), impl Fn()> {
    let work = Arc::new(work);
    let theirs = Arc::clone(&work);
    let made: io::Result<_> = Builder::new().spawn(move || theirs());
    made.map(drop).map_err(|_| move || work())
}

/// A lock that outlives a panic elsewhere: the data are simple counters and lists.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
