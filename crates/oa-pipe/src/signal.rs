//! SIGHUP, SIGINT and SIGTERM as an event that work can ask for and wait for; SIGTSTP, where something is drawn.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use oa_core::cancel::Cancel;
use oa_core::error::plain;
use oa_core::machine::lock;
use oa_core::{Error, Id, Result};
use rustix::process::{getpgrp, getsid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, unregister};

use crate::log::Log;

type Hook = Box<dyn Fn() + Send>;
type Holder = Box<dyn Fn() -> Vec<Id> + Send>;

/// Signals within this time are one: GNU `timeout` sends two at once, systemd SIGTERM and SIGHUP.
const ONE: Duration = Duration::from_millis(500);

/// The first signal that came, and what this process would leave behind if it ended now.
pub struct Interrupt {
    cancel: Arc<Cancel>,
    last: Mutex<Vec<Hook>>,
    held: Mutex<BTreeSet<Id>>,
    /// Who tells of more of them.
    holders: Mutex<Vec<Holder>>,
}

impl Deref for Interrupt {
    type Target = Cancel;

    fn deref(&self) -> &Cancel {
        &self.cancel
    }
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
        let stop = (log.draws() && ignored & (1 << (SIGTSTP - 1)) == 0).then_some(SIGTSTP);
        let signals = Signals::new(came.iter().map(|(signal, _)| *signal).chain(stop));
        let interrupt = Arc::new(Interrupt {
            cancel: Arc::new(Cancel::new(came.clone())),
            last: Mutex::default(),
            held: Mutex::default(),
            holders: Mutex::default(),
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
            if let Some(signal) = stop {
                let always = Arc::new(AtomicBool::new(true));
                let _ = flag::register_conditional_default(signal, always);
            }
            interrupt.do_without_thread(&came);
        }
        interrupt
    }

    fn hear_all(&self, mut signals: Signals, log: &Log) {
        let mut first = None;
        for signal in signals.forever() {
            match first {
                _ if signal == SIGTSTP => stop(log),
                None => {
                    first = Some(Instant::now());
                    self.cancel.wake();
                }
                Some(first) if first.elapsed() < ONE => {}
                Some(_) => self.end(signal, log),
            }
        }
    }

    /// The event by which requests end.
    #[must_use]
    pub fn cancel(&self) -> Arc<Cancel> {
        Arc::clone(&self.cancel)
    }

    /// Nobody wakes those who wait: they look by themselves whether a signal came, and a second one ends the process.
    fn do_without_thread(&self, came: &[(i32, Arc<AtomicBool>)]) {
        self.cancel.leave_alone();
        for (signal, came) in came {
            let _ = flag::register_conditional_default(*signal, Arc::clone(came));
            let _ = flag::register(*signal, Arc::clone(came));
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
        log.clear();
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

    /// Notes that this process is the only one who knows these ids.
    pub fn hold(&self, ids: &[Id]) {
        if !ids.is_empty() {
            lock(&self.held).extend(ids.iter().cloned());
        }
    }

    /// Notes who else knows of ids that only this process knows.
    pub fn hold_more(&self, holder: impl Fn() -> Vec<Id> + Send + 'static) {
        lock(&self.holders).push(Box::new(holder));
    }

    /// Notes that these ids were handed on or are gone.
    pub fn release<'a>(&self, ids: impl IntoIterator<Item = &'a Id>) {
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

/// Stops the process as the terminal wants it to, with nothing of it drawn there.
fn stop(log: &Log) {
    log.stand_aside();
    // Where this process is all that the terminal runs, nobody is there to let it go on, and the system stops nothing.
    if getsid(None) != Ok(getpgrp()) {
        let _ = emulate_default_handler(SIGTSTP);
    }
}

/// Mask of the signals that the parent told us to ignore (`nohup`, `&` in sh); bit n-1 for signal n.
fn ignored_at_start() -> u64 {
    // No safe call asks for a disposition; Linux tells it here, elsewhere nothing counts as ignored.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
