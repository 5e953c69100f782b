//! Empties the bin: one kind of thing after the other, some side by side.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use oa_core::machine::lock;
use oa_core::{Error, Id, Kind};

use crate::bin::Bin;
use crate::cleaner::Cleaner;
use crate::thing::{KINDS, Kind as ThingKind, Thing};

/// A file that was not taken out of a store, and why.
type Undone = Vec<(Id, Error)>;

/// Why no answer is written.
struct Failed;

/// Answers that are written in the order of what was named.
#[derive(Default)]
struct Answers {
    next: usize,
    waiting: BTreeMap<usize, Option<String>>,
}

impl Answers {
    /// Those whose turn it is, now that this one is there.
    fn put(&mut self, index: usize, answer: Option<String>) -> Vec<String> {
        self.waiting.insert(index, answer);
        let mut ready = Vec::new();
        while let Some(answer) = self.waiting.remove(&self.next) {
            ready.extend(answer);
            self.next += 1;
        }
        ready
    }
}

impl Cleaner<'_> {
    /// Deletes what the end of the input need not be waited for.
    pub(crate) fn empty(&self, bin: &Mutex<Bin>) {
        let things = lock(bin).take();
        self.remove(bin, &things);
    }

    /// Deletes the rest, and names what stays.
    pub(crate) fn empty_last(&self, bin: &Mutex<Bin>) {
        let log = &self.run.pipe.log;
        let (things, stay) = lock(bin).take_last();
        lock(bin).parts().iter().for_each(|part| log.note(part));
        for thing in stay.iter().filter_map(|place| lock(bin).thing(*place)) {
            if thing.answered {
                log.note(&format!(
                    "{}: kept, because a kept record needs it",
                    thing.id
                ));
            }
        }
        self.remove(bin, &things);
        if let Some(removals) = &self.removals {
            removals.warn();
        }
    }

    fn remove(&self, bin: &Mutex<Bin>, places: &[u32]) {
        if self.client.is_none() {
            self.tell(bin, places);
            return;
        }
        let undone = Mutex::new(Undone::new());
        for kind in KINDS {
            let places = lock(bin).of_kind(places, kind);
            self.remove_all(bin, &places, &undone);
        }
        for (id, error) in &*lock(&undone) {
            // A step that failed does not count once what it was for is gone.
            if let (Some(removals), false) = (&self.removals, lock(bin).is_gone(id)) {
                removals.fail(id, "not detached", error);
            }
        }
    }

    fn tell(&self, bin: &Mutex<Bin>, places: &[u32]) {
        let log = &self.run.pipe.log;
        let mut bytes = 0;
        for place in places {
            lock(bin).close(*place, false);
            let Some(thing) = lock(bin).thing(*place) else {
                continue;
            };
            let verb = match thing.kind {
                ThingKind::Batch => "cancel",
                ThingKind::Member => "detach",
                _ => "delete",
            };
            log.note(&format!("would {verb} {thing}"));
            bytes += thing.bytes;
        }
        if !places.is_empty() {
            let count = places.len();
            log.note(&format!("would delete {count} in all, {bytes} bytes"));
        }
    }

    fn remove_all(&self, bin: &Mutex<Bin>, places: &[u32], undone: &Mutex<Undone>) {
        let failed = AtomicBool::new(false);
        let answers = Mutex::<Answers>::default();
        self.workers.all(places.len(), |index| {
            let Some(thing) = lock(bin).thing(places[index]) else {
                return;
            };
            // What the pipe made is deleted whatever happens; --fail-fast is for ids that were named.
            let skips = self.args.order.fail_fast && thing.answered;
            let answer = if skips && failed.load(Ordering::SeqCst) {
                self.skip(&thing);
                None
            } else {
                let removed = self.remove_one(bin, &thing, undone);
                lock(bin).close(places[index], removed.is_ok());
                failed.fetch_or(removed.is_err(), Ordering::SeqCst);
                removed.ok().flatten().filter(|_| thing.answered)
            };
            let emit = |answer: String| self.run.pipe.emit(&answer);
            if self.args.order.keep_order {
                let mut answers = lock(&answers);
                answers.put(index, answer).into_iter().for_each(emit);
            } else {
                answer.into_iter().for_each(emit);
            }
        });
    }

    fn skip(&self, thing: &Thing) {
        let pipe = &self.run.pipe;
        let error = Error::new(
            Kind::Skipped,
            "not deleted, because an earlier deletion failed",
        );
        pipe.log.error(&format!("{}: {error}", thing.id));
        pipe.count(&error);
    }

    /// Deletes one thing; gives the API's answer, unless it was gone already.
    fn remove_one(
        &self,
        bin: &Mutex<Bin>,
        thing: &Thing,
        undone: &Mutex<Undone>,
    ) -> Result<Option<String>, Failed> {
        let (Some(client), Some(removals)) = (self.client, &self.removals) else {
            return Ok(None);
        };
        let done = match thing.kind {
            ThingKind::Batch => self.end_batch(client, bin, thing),
            _ => removals.delete(thing.address(), &thing.id, thing, thing.lives),
        };
        match (done, thing.kind) {
            (Ok(answer), _) => return Ok(answer.map(|object| object.get().to_owned())),
            (Err(error), ThingKind::Member) => lock(undone).push((thing.id.clone(), error)),
            (Err(error), ThingKind::Batch) => {
                removals.fail(&thing.id, "not cancelled", &error);
                // It may run on, and then it needs its file.
                lock(bin).keep([thing.id.clone()]);
            }
            (Err(error), _) => removals.fail(&thing.id, "not deleted", &error),
        }
        Err(Failed)
    }
}
