//! An event that ends requests and waits; set by whoever listens to signals.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::machine::lock;

type Hook = Box<dyn Fn() + Send>;

/// No time is longer than a century, which can be added to any moment.
pub const LONGEST: Duration = Duration::from_secs(100 * 365 * 86400);

/// How often somebody whom nobody wakes looks whether a signal came.
const GLANCE: Duration = Duration::from_millis(100);

/// The first signal that came, and who is to know of it.
#[derive(Default)]
pub struct Cancel {
    /// Set in the signal handler itself: work that ends before anybody was woken still knows of it.
    flags: Vec<(i32, Arc<AtomicBool>)>,
    first: OnceLock<i32>,
    /// Nobody wakes those who wait.
    alone: AtomicBool,
    lock: Mutex<()>,
    arrived: Condvar,
    hooks: Mutex<Vec<Hook>>,
}

impl Cancel {
    /// An event that these flags set, one for each signal.
    #[must_use]
    pub fn new(flags: Vec<(i32, Arc<AtomicBool>)>) -> Cancel {
        Cancel {
            flags,
            ..Cancel::default()
        }
    }

    /// The signal that came first, if one has.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        if let Some(first) = self.first.get() {
            return Some(*first);
        }
        let came = |flag: &AtomicBool| flag.load(Ordering::SeqCst);
        let (signal, _) = self.flags.iter().find(|(_, flag)| came(flag))?;
        Some(*self.first.get_or_init(|| *signal))
    }

    /// Wakes everybody who waits, and calls the hooks; one of the flags is set.
    pub fn wake(&self) {
        drop(lock(&self.lock));
        self.arrived.notify_all();
        for hook in lock(&self.hooks).iter() {
            hook();
        }
    }

    /// From now on those who wait look by themselves, because nobody wakes them.
    pub fn leave_alone(&self) {
        self.alone.store(true, Ordering::SeqCst);
    }

    /// Calls `hook` when a signal comes; at once if one has come already.
    pub fn on_signal(&self, hook: impl Fn() + Send + 'static) {
        let mut hooks = lock(&self.hooks);
        if self.signal().is_some() {
            hook();
        }
        hooks.push(Box::new(hook));
    }

    /// How long somebody may sleep who is to be up after that time, and sooner where nobody would wake him; `None`:
    /// until he is woken.
    #[must_use]
    pub(crate) fn glance(&self, time: Option<Duration>) -> Option<Duration> {
        let alone = self.alone.load(Ordering::SeqCst);
        let time = time.map(|time| time.min(LONGEST));
        let glance = alone.then_some(GLANCE);
        time.into_iter().chain(glance).min()
    }

    /// Waits that long, or until a signal comes; tells whether one has.
    #[must_use]
    pub fn wait(&self, time: Duration) -> bool {
        let end = Instant::now() + time.min(LONGEST);
        let mut guard = lock(&self.lock);
        while self.signal().is_none() {
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                break;
            };
            let left = self.glance(Some(left)).unwrap_or(left);
            let waited = self.arrived.wait_timeout(guard, left);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        self.signal().is_some()
    }
}
