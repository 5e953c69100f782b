//! Whether a request went over a connection that was used before, and whether anything came of it.

use std::sync::atomic::{AtomicBool, Ordering};

/// The use of one connection after the other.
#[derive(Default)]
pub(super) struct Use {
    /// No request went over the connection yet.
    unused: AtomicBool,
    /// The present request went over a connection that was used before, and nothing came of it yet.
    unheard: AtomicBool,
}

impl Use {
    pub(super) fn begin_connection(&self) {
        self.unused.store(true, Ordering::SeqCst);
    }

    /// A request begins; nothing of it is sent yet.
    pub(super) fn begin_request(&self) {
        self.unheard.store(false, Ordering::SeqCst);
    }

    /// The first bytes of a request go out.
    pub(super) fn begin_sending(&self) {
        let used = !self.unused.swap(false, Ordering::SeqCst);
        self.unheard.store(used, Ordering::SeqCst);
    }

    /// Something of the answer came.
    pub(super) fn hear(&self) {
        self.unheard.store(false, Ordering::SeqCst);
    }

    /// Whether the request went over a used connection, and not a byte came of it.
    pub(super) fn is_unheard(&self) -> bool {
        self.unheard.load(Ordering::SeqCst)
    }
}
