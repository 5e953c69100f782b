//! Connections: one agent each, so that a signal can end one request and spare another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oa_net::Connection;
use oa_net::thread::{aside, lock};
use ureq::Agent;

use crate::body::Sent;
use crate::cancel::Cancel;
use crate::request::Request;

/// How long a request that was sent whole is waited for after a first signal, so that its id is known.
const GRACE: Duration = Duration::from_secs(2);

/// One connection's worth of ureq.
pub(crate) struct Pooled {
    pub(crate) agent: Agent,
    pub(crate) connection: Arc<Connection>,
    creates: AtomicBool,
    sent: Mutex<Option<Arc<Sent>>>,
}

impl Pooled {
    /// Ends the request in hand: at once, or after a moment where an id would be lost.
    fn end_soon(self: &Arc<Pooled>) {
        let whole = lock(&self.sent).as_ref().is_none_or(|sent| sent.is_whole());
        let pooled = Arc::clone(self);
        let later = move || {
            std::thread::sleep(GRACE);
            pooled.end();
        };
        let waits = self.creates.load(Ordering::SeqCst) && whole;
        if !waits || aside(later).is_err() {
            self.end();
        }
    }

    fn end(&self) {
        self.agent.clone().shutdown();
    }
}

#[derive(Default)]
struct Members {
    idle: Vec<Arc<Pooled>>,
    busy: Vec<Arc<Pooled>>,
}

/// All connections of a client.
pub(crate) struct Pool {
    pool: Arc<Mutex<Members>>,
    cancel: Arc<Cancel>,
}

impl Pool {
    /// No connection yet; a signal ends the requests of those to come.
    pub(crate) fn new(cancel: &Arc<Cancel>) -> Pool {
        let pool = Arc::<Mutex<Members>>::default();
        let reached = Arc::clone(&pool);
        cancel.on_signal(move || lock(&reached).busy.iter().for_each(Pooled::end_soon));
        Pool {
            pool,
            cancel: Arc::clone(cancel),
        }
    }

    /// A free connection, or a new one; `None` after a signal, clean-up apart.
    pub(crate) fn take(
        &self,
        request: &Request,
        sent: Option<Arc<Sent>>,
        agent: impl Fn() -> (Agent, Arc<Connection>),
    ) -> Option<Arc<Pooled>> {
        let mut pool = lock(&self.pool);
        if self.cancel.signal().is_some() && !request.cleans_up {
            return None;
        }
        let pooled = pool.idle.pop().unwrap_or_else(|| {
            let (agent, connection) = agent();
            Arc::new(Pooled {
                agent,
                connection,
                creates: AtomicBool::new(false),
                sent: Mutex::new(None),
            })
        });
        let creates = request.creates || request.cleans_up;
        pooled.creates.store(creates, Ordering::SeqCst);
        *lock(&pooled.sent) = sent;
        pool.busy.push(Arc::clone(&pooled));
        Some(pooled)
    }

    /// A connection whose answer was read whole.
    pub(crate) fn release(&self, pooled: &Arc<Pooled>) {
        let mut pool = lock(&self.pool);
        pool.busy.retain(|busy| !Arc::ptr_eq(busy, pooled));
        // After a signal a connection may have been shut down; it is not used again.
        if self.cancel.signal().is_none() {
            pool.idle.push(Arc::clone(pooled));
        }
    }

    /// A connection that is not used again.
    pub(crate) fn forget(&self, pooled: &Arc<Pooled>) {
        lock(&self.pool)
            .busy
            .retain(|busy| !Arc::ptr_eq(busy, pooled));
    }
}
