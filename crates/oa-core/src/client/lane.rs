//! Connections: one agent each, so that a signal can end one request and spare another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ureq::Agent;

use super::Call;
use crate::body::Sent;
use crate::cancel::Cancel;
use crate::machine::{aside, lock};
use crate::net::wire::Wire;

/// How long a request that was sent whole is waited for after a first signal, so that its id is known.
const GRACE: Duration = Duration::from_secs(2);

/// One connection's worth of ureq.
pub(super) struct Lane {
    pub(super) agent: Agent,
    pub(super) wire: Arc<Wire>,
    graceful: AtomicBool,
    sent: Mutex<Option<Arc<Sent>>>,
}

impl Lane {
    /// Ends the request in hand: at once, or after a moment where an id would be lost.
    fn hurry(self: &Arc<Lane>) {
        let whole = lock(&self.sent).as_ref().is_none_or(|sent| sent.is_whole());
        if self.graceful.load(Ordering::SeqCst) && whole {
            let lane = Arc::clone(self);
            let ended = aside(move || {
                std::thread::sleep(GRACE);
                lane.end();
            });
            if ended.is_err() {
                self.end();
            }
        } else {
            self.end();
        }
    }

    fn end(&self) {
        self.wire.stop();
        self.agent.clone().shutdown();
    }
}

#[derive(Default)]
struct Pool {
    idle: Vec<Arc<Lane>>,
    busy: Vec<Arc<Lane>>,
}

/// All connections of a client.
pub(super) struct Lanes {
    pool: Arc<Mutex<Pool>>,
    cancel: Arc<Cancel>,
}

impl Lanes {
    /// No connection yet; a signal ends the requests of those to come.
    pub(super) fn new(cancel: &Arc<Cancel>) -> Lanes {
        let pool = Arc::<Mutex<Pool>>::default();
        let reached = Arc::clone(&pool);
        cancel.on_signal(move || lock(&reached).busy.iter().for_each(Lane::hurry));
        Lanes {
            pool,
            cancel: Arc::clone(cancel),
        }
    }

    /// A free connection, or a new one; `None` after a signal, clean-up apart.
    pub(super) fn take(
        &self,
        call: &Call,
        sent: Option<Arc<Sent>>,
        agent: impl Fn() -> (Agent, Arc<Wire>),
    ) -> Option<Arc<Lane>> {
        let mut pool = lock(&self.pool);
        if self.cancel.signal().is_some() && !call.cleans_up {
            return None;
        }
        let lane = pool.idle.pop().unwrap_or_else(|| {
            let (agent, wire) = agent();
            Arc::new(Lane {
                agent,
                wire,
                graceful: AtomicBool::new(false),
                sent: Mutex::new(None),
            })
        });
        let graceful = call.graceful || call.cleans_up;
        lane.graceful.store(graceful, Ordering::SeqCst);
        *lock(&lane.sent) = sent;
        pool.busy.push(Arc::clone(&lane));
        Some(lane)
    }

    /// A connection whose answer was read whole.
    pub(super) fn release(&self, lane: &Arc<Lane>) {
        let mut pool = lock(&self.pool);
        pool.busy.retain(|busy| !Arc::ptr_eq(busy, lane));
        // After a signal a connection may have been shut down; it is not used again.
        if self.cancel.signal().is_none() {
            pool.idle.push(Arc::clone(lane));
        }
    }

    /// A connection that is not used again.
    pub(super) fn forget(&self, lane: &Arc<Lane>) {
        lock(&self.pool)
            .busy
            .retain(|busy| !Arc::ptr_eq(busy, lane));
    }
}
