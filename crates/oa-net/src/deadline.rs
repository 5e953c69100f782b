//! How long something may take, and work that is left alone when its time is over.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use ureq::Error;
use ureq::unversioned::transport::{ConnectionDetails, NextTimeout, ShutdownHandle};

use super::thread::aside;

/// How long something may take. As in ureq, no time at all is a second.
pub(super) fn limit(timeout: NextTimeout) -> Duration {
    timeout.not_zero().map_or(Duration::MAX, |limit| *limit)
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
    let came = news.recv_timeout(limit(details.timeout));
    came.unwrap_or(Err(Error::Timeout(details.timeout.reason)))
}
