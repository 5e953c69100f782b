//! Threads of their own for what nothing can end, and locks that outlive them.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;

use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, ShutdownHandle};

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

/// Says to whoever waits for work that nothing comes of it any more.
struct Ended<T>(Sender<Result<T, Error>>);

impl<T: Send> ShutdownHandle for Ended<T> {
    fn shutdown(&self) {
        let ended = Error::Io(ErrorKind::NotConnected.into());
        let _ = self.0.send(Err(ended));
    }
}

/// What comes of work that is needed for a connection; it is left alone when its time is over, or the agent shut down.
pub(super) fn in_time<T: Send + 'static>(
    details: &ConnectionDetails,
    work: impl Fn() -> Result<T, Error> + Send + Sync + 'static,
) -> Result<T, Error> {
    let (sender, news) = channel();
    let ended: Arc<dyn ShutdownHandle> = Arc::new(Ended(sender.clone()));
    (details.register_shutdown)(Arc::downgrade(&ended))?;
    let begun = aside(move || drop(sender.send(work())));
    begun.unwrap_or_else(|work| work());
    let came = news.recv_timeout(*details.timeout.after);
    came.unwrap_or(Err(Error::Timeout(details.timeout.reason)))
}
