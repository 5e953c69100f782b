//! SIGHUP, SIGINT and SIGTERM as an event that work can ask for and wait for.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, unregister};

use crate::error::{Error, Result, plain};
use crate::id::Id;
use crate::log::Log;

type Hook = Box<dyn Fn() + Send>;
type Holder = Box<dyn Fn() -> Vec<Id> + Send>;

/// No time is longer than a century, which can be added to any moment.
pub const LONGEST: Duration = Duration::from_secs(100 * 365 * 86400);

/// Signals within this time are one: GNU `timeout` sends two at once, systemd SIGTERM and SIGHUP.
const ONE: Duration = Duration::from_millis(500);

/// How often somebody whom nobody wakes looks whether a signal came.
const GLANCE: Duration = Duration::from_millis(100);

/// The first signal that came, and what this process would leave behind if it ended now.
#[derive(Default)]
pub struct Interrupt {
    /// Noted in the handler itself: work that ends before the thread has run still knows of it.
    came: Vec<(i32, Arc<AtomicBool>)>,
    first: OnceLock<i32>,
    /// There was no thread to listen on.
    alone: AtomicBool,
    lock: Mutex<()>,
    arrived: Condvar,
    hooks: Mutex<Vec<Hook>>,
    last: Mutex<Vec<Hook>>,
    held: Mutex<BTreeSet<Id>>,
    /// Who tells of more of them.
    holders: Mutex<Vec<Holder>>,
}

impl Interrupt {
    /// Listens for the signals from now on, but for those that were ignored when the process started.
    /// A second signal names on stderr what is left and ends the process at once.
    #[must_use]
    pub fn listen(log: Arc<Log>) -> Arc<Interrupt> {
        let ignored = ignored_at_start();
        let wanted = [SIGINT, SIGTERM, SIGHUP]
            .into_iter()
            .filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let came: Vec<(i32, Arc<AtomicBool>)> =
            wanted.map(|signal| (signal, Arc::default())).collect();
        let noted =
            |(signal, flag): &(i32, Arc<AtomicBool>)| flag::register(*signal, Arc::clone(flag));
        let noted: Vec<_> = came.iter().filter_map(|one| noted(one).ok()).collect();
        // What a file-size limit forbids is to be an error of that write, and not the end.
        let _ = flag::register(SIGXFSZ, Arc::default());
        let signals = Signals::new(came.iter().map(|(signal, _)| *signal));
        let interrupt = Arc::new(Interrupt {
            came,
            ..Interrupt::default()
        });
        let heard = Arc::clone(&interrupt);
        let listening = signals.and_then(|signals| {
            let listen = move || heard.hear_all(signals, &log);
            thread::Builder::new().spawn(listen)
        });
        if listening.is_err() {
            for id in noted {
                unregister(id);
            }
            interrupt.do_without_thread();
        }
        interrupt
    }

    fn hear_all(&self, mut signals: Signals, log: &Log) {
        let mut first = None;
        for signal in signals.forever() {
            match first {
                None => {
                    first = Some(Instant::now());
                    self.stop();
                }
                Some(first) if first.elapsed() < ONE => {}
                Some(_) => self.end(signal, log),
            }
        }
    }

    /// Nobody wakes those who wait: they look by themselves whether a signal came, and a second one ends the process.
    fn do_without_thread(&self) {
        self.alone.store(true, Ordering::SeqCst);
        for (signal, came) in &self.came {
            let _ = flag::register_conditional_default(*signal, Arc::clone(came));
            let _ = flag::register(*signal, Arc::clone(came));
        }
    }

    /// Wakes everybody who waits, so that the work stops.
    fn stop(&self) {
        drop(lock(&self.lock));
        self.arrived.notify_all();
        for hook in lock(&self.hooks).iter() {
            hook();
        }
    }

    fn end(&self, signal: i32, log: &Log) {
        let left = self.held_ids();
        if !left.is_empty() {
            log.error(&format!(
                "stopped by a second signal; left on the server: {}",
                left.join(" ")
            ));
        }
        lock(&self.last).iter().for_each(|hook| hook());
        die(signal);
    }

    /// Calls `hook` before a second signal ends the process.
    pub fn on_end(&self, hook: impl Fn() + Send + 'static) {
        lock(&self.last).push(Box::new(hook));
    }

    /// What comes of `work`, which waits for others as long as they like, unless a signal comes first: then it is
    /// left to itself.
    ///
    /// # Errors
    /// `interrupted`; or the system has no thread for it.
    pub fn unless_stopped<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = mpsc::channel();
        let stop = sender.clone();
        self.on_signal(move || drop(stop.send(None)));
        let thread = thread::Builder::new().spawn(move || drop(sender.send(Some(work()))));
        thread.map_err(|error| Error::scarce(format!("no thread: {}", plain(&error))))?;
        let done = receiver.recv().ok().flatten();
        let signal = || self.signal().unwrap_or(SIGTERM);
        done.ok_or_else(|| Error::interrupted(signal()))
    }

    /// The signal that came first, if one has.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        if let Some(first) = self.first.get() {
            return Some(*first);
        }
        let came = |flag: &AtomicBool| flag.load(Ordering::SeqCst);
        let (signal, _) = self.came.iter().find(|(_, flag)| came(flag))?;
        Some(*self.first.get_or_init(|| *signal))
    }

    /// Calls `hook` when a signal comes; at once if one has come already.
    pub fn on_signal(&self, hook: impl Fn() + Send + 'static) {
        let mut hooks = lock(&self.hooks);
        if self.signal().is_some() {
            hook();
        }
        hooks.push(Box::new(hook));
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
            let alone = self.alone.load(Ordering::SeqCst);
            let left = if alone { left.min(GLANCE) } else { left };
            let waited = self.arrived.wait_timeout(guard, left);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        self.signal().is_some()
    }

    /// Notes that this process is the only one who knows these ids.
    pub fn hold(&self, ids: &[Id]) {
        lock(&self.held).extend(ids.iter().cloned());
    }

    /// Notes who else knows of ids that only this process knows.
    pub fn hold_more(&self, holder: impl Fn() -> Vec<Id> + Send + 'static) {
        lock(&self.holders).push(Box::new(holder));
    }

    /// Notes that these ids were handed on or are gone.
    pub fn release(&self, ids: &[Id]) {
        let mut held = lock(&self.held);
        for id in ids {
            held.remove(id);
        }
    }

    fn held_ids(&self) -> Vec<String> {
        let mut held = lock(&self.held).clone();
        let more = lock(&self.holders);
        held.extend(more.iter().flat_map(|holder| holder()));
        held.iter().map(Id::to_string).collect()
    }
}

/// Restores the default action of a signal and dies of it, so that loops and make stop, too.
pub fn die(signal: i32) {
    // The default action of all three ends the process; should that fail, the caller still returns a status.
    let _ = emulate_default_handler(signal);
}

/// Mask of the signals that the parent told us to ignore (`nohup`, `&` in sh); bit n-1 for signal n.
fn ignored_at_start() -> u64 {
    // No safe call asks for a disposition; Linux tells it here, elsewhere nothing counts as ignored.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// A lock that outlives a panic elsewhere: the data are simple counters and lists.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
