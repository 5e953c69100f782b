//! What ends a blocked read of standard input when standard output was closed.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends a blocked read of standard input when standard output was closed.
pub(super) struct Wake {
    closed: AtomicBool,
    ends_reading: bool,
    pub(super) pipe: Option<(OwnedFd, OwnedFd)>,
}

impl Wake {
    pub(super) fn new(reads_to_end: bool) -> Wake {
        Wake {
            closed: AtomicBool::new(false),
            ends_reading: !reads_to_end,
            pipe: rustix::pipe::pipe().ok(),
        }
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        if let (true, Some((_, writer))) = (self.ends_reading, &self.pipe) {
            // Should the byte not fit, an earlier one is there already.
            let _ = rustix::io::write(writer, b"x");
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn ends(&self) -> bool {
        self.ends_reading && self.is_closed()
    }
}
