//! Empties the bin: one kind of thing after the other, some side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use oa_core::interrupt::lock;
use oa_core::{Error, Id, Kind};

use crate::Cleaner;
use crate::bin::{Bin, KINDS, Kind as ThingKind, Thing};

/// What came of the files, and of the steps towards their deletion.
#[derive(Default)]
struct Files {
    gone: BTreeSet<Id>,
    /// Why a file was not taken out of a store.
    undone: Vec<(Id, Error)>,
}

/// Why no answer is written.
struct Failed;

impl Cleaner<'_> {
    /// Deletes what the end of the input need not be waited for.
    pub(crate) fn empty(&self, bin: &mut Bin) {
        let things = bin.take();
        self.remove(&things);
    }

    /// Deletes the rest, and names what stays.
    pub(crate) fn empty_last(&self, bin: &mut Bin) {
        let (things, stay) = bin.take_last();
        let log = &self.run.pipe.log;
        for (id, count, command) in bin.parts() {
            log.note(&format!(
                "{id}: kept with its files, because only {count} records that share it came; `{command}` deletes them"
            ));
        }
        for thing in stay.iter().filter(|thing| thing.answered) {
            log.note(&format!(
                "{}: kept, because a kept record needs it",
                thing.id
            ));
        }
        self.remove(&things);
        if let Some(removals) = &self.removals {
            removals.warn();
        }
    }

    fn remove(&self, things: &[Thing]) {
        if self.client.is_none() {
            self.tell(things);
            return;
        }
        let files = Mutex::new(Files::default());
        for kind in KINDS {
            let batch: Vec<&Thing> = things.iter().filter(|thing| thing.kind == kind).collect();
            self.remove_all(&batch, &files);
        }
        let files = lock(&files);
        for (id, error) in &files.undone {
            // A step that failed does not count once what it was for is gone.
            if let (Some(removals), false) = (&self.removals, files.gone.contains(id)) {
                removals.fail(id, "not detached", error);
            }
        }
    }

    fn tell(&self, things: &[Thing]) {
        let log = &self.run.pipe.log;
        for thing in things {
            let verb = match thing.kind {
                ThingKind::Batch => "cancel",
                ThingKind::Member => "detach",
                _ => "delete",
            };
            log.note(&format!("would {verb} {thing}"));
        }
        let bytes: u64 = things.iter().map(|thing| thing.bytes).sum();
        log.note(&format!(
            "would delete {} things, {bytes} bytes",
            things.len()
        ));
    }

    fn remove_all(&self, things: &[&Thing], files: &Mutex<Files>) {
        let failed = AtomicBool::new(false);
        let answers: Mutex<BTreeMap<usize, String>> = Mutex::default();
        self.workers.all(things.len(), |index| {
            let thing = things[index];
            // What the pipe made is deleted whatever happens; --fail-fast is for ids that were named.
            if self.args.order.fail_fast && thing.answered && failed.load(Ordering::SeqCst) {
                self.skip(thing);
                return;
            }
            match self.remove_one(thing, files) {
                Ok(Some(answer)) if thing.answered && self.args.order.keep_order => {
                    lock(&answers).insert(index, answer);
                }
                Ok(Some(answer)) if thing.answered => self.run.pipe.emit(&answer),
                Ok(_) => {}
                Err(Failed) => failed.store(true, Ordering::SeqCst),
            }
        });
        for answer in lock(&answers).values() {
            self.run.pipe.emit(answer);
        }
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
    fn remove_one(&self, thing: &Thing, files: &Mutex<Files>) -> Result<Option<String>, Failed> {
        let (Some(client), Some(removals)) = (self.client, &self.removals) else {
            return Ok(None);
        };
        let done = match thing.kind {
            ThingKind::Batch => self.end_batch(client, thing),
            _ => removals.delete(thing.address(), &thing.id, thing, thing.lives),
        };
        let mut files = lock(files);
        match (&done, thing.kind) {
            (Ok(_), ThingKind::File) => {
                files.gone.insert(thing.id.clone());
            }
            (Ok(_), _) => {}
            (Err(error), ThingKind::Member) => {
                files.undone.push((thing.id.clone(), error.clone()));
            }
            (Err(error), ThingKind::Batch) => removals.fail(&thing.id, "not cancelled", error),
            (Err(error), _) => removals.fail(&thing.id, "not deleted", error),
        }
        drop(files);
        if thing.kind != ThingKind::Member {
            let pipe = &self.run.pipe;
            pipe.interrupt.release(std::slice::from_ref(&thing.id));
        }
        let answer = done.map_err(|_| Failed)?;
        Ok(answer.map(|object| object.get().to_owned()))
    }
}
