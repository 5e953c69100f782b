//! A delay queue: things that wait for their next look, each for its time, and a few who look.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use oa_core::machine::lock;

use crate::signal::Interrupt;

/// Things that wait, and those who wait for them. A signal makes everything due.
pub struct DelayQueue<T> {
    shared: Arc<Shared<T>>,
    interrupt: Arc<Interrupt>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    /// Waiting things by the time of their next look; the number keeps two of one time apart.
    waiting: BTreeMap<(Instant, u64), T>,
    count: u64,
    /// Things in the queue or in somebody's hands.
    present: usize,
    closed: bool,
}

impl<T: Send + 'static> DelayQueue<T> {
    /// An empty queue.
    #[must_use]
    pub fn new(interrupt: &Arc<Interrupt>) -> DelayQueue<T> {
        let state = State {
            waiting: BTreeMap::new(),
            count: 0,
            present: 0,
            closed: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let woken = Arc::clone(&shared);
        interrupt.on_signal(move || {
            // Under the lock, so that nobody misses it on the way to sleep.
            let _state = lock(&woken.state);
            woken.changed.notify_all();
        });
        DelayQueue {
            shared,
            interrupt: Arc::clone(interrupt),
        }
    }

    /// A new thing, to be looked at then.
    pub fn enter(&self, at: Instant, thing: T) {
        lock(&self.shared.state).present += 1;
        self.put(at, thing);
    }

    /// A thing that comes back to be looked at later.
    pub fn put(&self, at: Instant, thing: T) {
        let mut state = lock(&self.shared.state);
        state.count += 1;
        let key = (at, state.count);
        state.waiting.insert(key, thing);
        self.shared.changed.notify_one();
    }

    /// A thing that was taken does not come back.
    pub fn leave(&self) {
        lock(&self.shared.state).present -= 1;
        self.shared.changed.notify_all();
    }

    /// No new things come.
    pub fn close(&self) {
        lock(&self.shared.state).closed = true;
        self.shared.changed.notify_all();
    }

    /// Things that wait are looked at no more.
    pub fn clear(&self) {
        let mut state = lock(&self.shared.state);
        state.present -= state.waiting.len();
        state.waiting.clear();
        self.shared.changed.notify_all();
    }

    /// The next thing whose time has come; `None` when there is nothing left to do.
    #[must_use]
    pub fn due(&self) -> Option<T> {
        let Shared { state, changed } = &*self.shared;
        let mut state = lock(state);
        loop {
            if state.closed && state.present == 0 {
                return None;
            }
            let stopped = self.interrupt.signal().is_some();
            let first = state.waiting.first_key_value().map(|(key, _)| *key);
            let now = Instant::now();
            if let Some(key) = first.filter(|key| stopped || key.0 <= now) {
                return state.waiting.remove(&key);
            }
            let Some((at, _)) = first else {
                state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let waited = changed.wait_timeout(state, at - now);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
