//! Work in parallel: so many pieces at a time, whoever begins them, and fewer where the machine has no more threads
//! or descriptors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{Scope, scope};

use oa_core::machine::lock;

use crate::machine::{another, jobs};

/// Those who work in a run.
pub struct Workers {
    most: usize,
    /// Slots that nobody has.
    free: Mutex<usize>,
    freed: Condvar,
}

/// The right to work, until it is dropped.
struct Slot<'a>(&'a Workers);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}

impl Workers {
    /// So many at a time at most.
    #[must_use]
    pub fn new(wanted: usize) -> Workers {
        let most = jobs(wanted);
        Workers {
            most,
            free: Mutex::new(most),
            freed: Condvar::new(),
        }
    }

    fn slot(&self) -> Slot<'_> {
        let free = lock(&self.free);
        let waited = self.freed.wait_while(free, |free| *free == 0);
        *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
        Slot(self)
    }

    fn free_slot(&self) -> Option<Slot<'_>> {
        let mut free = lock(&self.free);
        *free = free.checked_sub(1)?;
        Some(Slot(self))
    }

    /// Works on whatever `next` gives, which may wait for it, until it gives nothing.
    pub fn each<T>(&self, next: impl Fn() -> Option<T> + Sync, work: impl Fn(T) + Sync) {
        let queue = Queue {
            workers: self,
            next,
            work,
            threads: AtomicUsize::new(1),
            waiting: AtomicUsize::new(0),
        };
        scope(|scope| queue.serve(scope));
    }

    /// The same while `lead` has the present thread; after it where there is no other.
    pub fn beside<T>(
        &self,
        lead: impl FnOnce(),
        next: impl Fn() -> Option<T> + Sync,
        work: impl Fn(T) + Sync,
    ) {
        scope(|scope| {
            let begun = another(scope, || self.each(&next, &work));
            lead();
            if !begun {
                self.each(&next, &work);
            }
        });
    }

    /// Works on one thing.
    pub fn work<T>(&self, work: impl FnOnce() -> T) -> T {
        let _slot = self.slot();
        work()
    }

    /// Calls `work` with every number below `count`, in their order.
    pub fn all(&self, count: usize, work: impl Fn(usize) + Sync) {
        self.work(|| self.share(count, work));
    }

    /// The same for somebody who works already: others join in as slots are free.
    pub fn share(&self, count: usize, work: impl Fn(usize) + Sync) {
        let numbers = Numbers {
            workers: self,
            next: AtomicUsize::new(0),
            count,
            work,
        };
        scope(|scope| numbers.serve(scope));
    }
}

/// Work that comes as it pleases.
struct Queue<'a, N, W> {
    workers: &'a Workers,
    next: N,
    work: W,
    threads: AtomicUsize,
    /// Threads that wait for work.
    waiting: AtomicUsize,
}

impl<T, N: Fn() -> Option<T> + Sync, W: Fn(T) + Sync> Queue<'_, N, W> {
    fn serve<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        loop {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let thing = (self.next)();
            let others = self.waiting.fetch_sub(1, Ordering::SeqCst) - 1;
            let Some(thing) = thing else { return };
            if others == 0 {
                self.grow(scope);
            }
            let _slot = self.workers.slot();
            (self.work)(thing);
        }
    }

    /// Has one more wait for work, so that there are never more threads than it takes.
    fn grow<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let (order, most) = (Ordering::SeqCst, self.workers.most);
        let more = |threads| (threads < most).then_some(threads + 1);
        let counted = self.threads.fetch_update(order, order, more).is_ok();
        if counted && !another(scope, || self.serve(scope)) {
            self.threads.fetch_sub(1, order);
        }
    }
}

/// Work that is numbered.
struct Numbers<'a, W> {
    workers: &'a Workers,
    next: AtomicUsize,
    count: usize,
    work: W,
}

impl<W: Fn(usize) + Sync> Numbers<'_, W> {
    fn serve<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        loop {
            let index = self.next.fetch_add(1, Ordering::SeqCst);
            if index >= self.count {
                return;
            }
            if index + 1 < self.count
                && let Some(slot) = self.workers.free_slot()
            {
                // Where there is no thread, the slot is free again.
                another(scope, move || {
                    let _slot = slot;
                    self.serve(scope);
                });
            }
            (self.work)(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many are at work at the most while each thing has these many parts.
    fn peak(wanted: usize, things: usize, parts: usize) -> (usize, usize) {
        let (workers, next) = (Workers::new(wanted), AtomicUsize::new(0));
        let (now, peak, done) = (Mutex::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let step = |_| {
            *lock(&now) += 1;
            peak.fetch_max(*lock(&now), Ordering::SeqCst);
            std::thread::yield_now();
            done.fetch_add(1, Ordering::SeqCst);
            *lock(&now) -= 1;
        };
        let give = || {
            let number = next.fetch_add(1, Ordering::SeqCst);
            (number < things).then_some(number)
        };
        workers.each(give, |_| workers.share(parts, step));
        (peak.into_inner(), done.into_inner())
    }

    #[test]
    fn all_is_done_and_never_by_more_than_wanted_on_both_levels_together() {
        for (wanted, things, parts) in [(1, 9, 9), (4, 1, 99), (4, 99, 1), (8, 20, 20), (3, 0, 5)] {
            let (most, done) = peak(wanted, things, parts);
            assert!(most <= wanted, "{most} of {wanted}");
            assert_eq!(done, things * parts);
        }
    }

    #[test]
    fn work_begins_beside_the_lead_and_all_of_it_is_done() {
        let (workers, done) = (Workers::new(3), Mutex::new(Vec::new()));
        let (sender, receiver) = std::sync::mpsc::channel();
        let receiver = Mutex::new(receiver);
        workers.beside(
            move || assert!((0..9).all(|number| sender.send(number).is_ok())),
            || lock(&receiver).recv().ok(),
            |number: u32| lock(&done).push(number),
        );
        let mut done = done.into_inner().unwrap_or_default();
        done.sort_unstable();
        assert_eq!(done, (0..9).collect::<Vec<_>>());
    }
}
