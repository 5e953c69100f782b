//! A desk of things to look at again, each at its time, for a few who look.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use oa_core::interrupt::Interrupt;

struct State<T> {
    /// Waiting things by the time of their next look; the number keeps two of one time apart.
    waiting: BTreeMap<(Instant, u64), T>,
    count: u64,
    /// Things on the desk or in somebody's hands.
    present: usize,
    closed: bool,
}

/// Things that wait for their next look.
pub(crate) struct Desk<T> {
    state: Mutex<State<T>>,
    changed: Arc<Bell>,
    interrupt: Arc<Interrupt>,
}

#[derive(Default)]
struct Bell {
    lock: Mutex<()>,
    rung: Condvar,
}

impl<T> Desk<T> {
    /// An empty desk; a signal makes everything due.
    pub(crate) fn new(interrupt: &Arc<Interrupt>) -> Desk<T> {
        let changed = Arc::<Bell>::default();
        let bell = Arc::clone(&changed);
        interrupt.on_signal(move || bell.ring());
        Desk {
            state: Mutex::new(State {
                waiting: BTreeMap::new(),
                count: 0,
                present: 0,
                closed: false,
            }),
            changed,
            interrupt: Arc::clone(interrupt),
        }
    }

    /// A new thing, to be looked at now.
    pub(crate) fn enter(&self, thing: T) {
        self.lock().present += 1;
        self.put(Instant::now(), thing);
    }

    /// A thing that comes back to be looked at later.
    pub(crate) fn put(&self, at: Instant, thing: T) {
        let mut state = self.lock();
        state.count += 1;
        let key = (at, state.count);
        state.waiting.insert(key, thing);
        drop(state);
        self.changed.ring();
    }

    /// A thing that was taken does not come back.
    pub(crate) fn leave(&self) {
        self.lock().present -= 1;
        self.changed.ring();
    }

    /// No new things come.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.ring();
    }

    /// The next thing whose time has come; `None` when there is nothing left to do.
    pub(crate) fn due(&self) -> Option<T> {
        let mut bell = self.changed.lock();
        loop {
            let mut state = self.lock();
            if state.closed && state.present == 0 {
                return None;
            }
            let now = Instant::now();
            let stopped = self.interrupt.signal().is_some();
            let first = state.waiting.first_key_value().map(|(key, _)| *key);
            let ready = first.filter(|key| stopped || key.0 <= now);
            if let Some(key) = ready {
                return state.waiting.remove(&key);
            }
            drop(state);
            let wake = first.map(|key| key.0.saturating_duration_since(now));
            bell = self.changed.wait(bell, wake);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everyone who waits looks anew. The lock is taken, so that nobody misses the ring on the way to sleep.
    fn ring(&self) {
        let guard = self.lock();
        self.rung.notify_all();
        drop(guard);
    }

    fn wait<'a>(
        &self,
        guard: MutexGuard<'a, ()>,
        time: Option<std::time::Duration>,
    ) -> MutexGuard<'a, ()> {
        match time {
            Some(time) => {
                let waited = self.rung.wait_timeout(guard, time);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self
                .rung
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner),
        }
    }
}
