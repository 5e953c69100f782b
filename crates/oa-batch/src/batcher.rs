//! Who works on a run: records in, turn after turn, records out.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use oa_core::client::Client;
use oa_core::{Id, Kind, Result};
use oa_pipe::batch::Batch;
use oa_pipe::log::field;
use oa_pipe::record::Record;
use oa_pipe::removal::Removals;
use oa_pipe::run::Run;
use oa_pipe::wait::{Subject, Wait};

use crate::args::Args;
use crate::group::{Running, Stage};
use crate::intake::{Taken, take};
use crate::lines::Answers;
use crate::mark::Mark;
use crate::scheduler::{Fate, Forming, Scheduler};
use crate::spool::Spool;

/// The command that goes on.
pub(crate) const AGAIN: &str = "oa-batch < FILE";

/// The command that begins anew with what no Batch has.
pub(crate) const ANEW: &str = "jq -c 'del(.error)' FILE | oa-batch";

/// Who works on a run.
pub(crate) struct Batcher<'a> {
    pub(crate) client: &'a Client,
    pub(crate) args: &'a Args,
    pub(crate) run: &'a Run,
    pub(crate) spool: Arc<Spool>,
    pub(crate) answers: Answers,
    pub(crate) removals: Removals<'a>,
    /// When all records were read.
    begun: Cell<Instant>,
    /// Batches that were named because nobody reads any more.
    pub(crate) named: RefCell<BTreeSet<Id>>,
    /// How often records failed in the same words.
    pub(crate) told: RefCell<BTreeMap<String, u64>>,
}

impl<'a> Batcher<'a> {
    /// Nothing is read yet.
    pub(crate) fn new(client: &'a Client, args: &'a Args, run: &'a Run) -> Result<Batcher<'a>> {
        Ok(Batcher {
            client,
            args,
            run,
            spool: Arc::new(Spool::new()?),
            answers: Answers::new()?,
            removals: Removals::new(client, &run.pipe),
            begun: Cell::new(Instant::now()),
            named: RefCell::default(),
            told: RefCell::default(),
        })
    }

    /// Reads all records, and goes on until each of them is written.
    pub(crate) fn serve(&self) {
        let pipe = &self.run.pipe;
        let kept = Arc::clone(&self.spool);
        pipe.interrupt.hold_more(move || kept.ids());
        let mut scheduler = self.take_in();
        self.begun.set(Instant::now());
        self.prepare(&mut scheduler);
        let progress = pipe.log.progress("requests", scheduler.members());
        loop {
            self.write(&mut scheduler);
            self.stop(&mut scheduler);
            self.send(&mut scheduler);
            let Some((due, number)) = scheduler.next(self.args.submit, self.end()) else {
                break;
            };
            let left = due.saturating_duration_since(Instant::now());
            // A signal ends this pause; the next turn sees it.
            if !pipe.interrupt.wait(left) {
                self.look(&mut scheduler, number, &progress);
            }
        }
        drop(progress);
        self.write(&mut scheduler);
        self.sum_up_failures();
    }

    /// When a part is held no longer.
    pub(crate) fn end(&self) -> Option<Instant> {
        let patience = self.args.patience().deadline.unwrap_or_default();
        let ends = !patience.is_zero();
        ends.then(|| self.begun.get().checked_add(patience))
            .flatten()
    }

    fn take_in(&self) -> Scheduler {
        let pipe = &self.run.pipe;
        let (mut scheduler, mut forming) = (Scheduler::default(), Forming::default());
        let mut told = false;
        while let Some(mut job) = pipe.next() {
            let mut record = std::mem::take(&mut job.incoming.record);
            let taken = take(&mut record, job.incoming.problem.take(), self.args);
            match self.spool.keep(&record) {
                Ok(()) => {
                    pipe.park(&mut job);
                    self.sort(&mut scheduler, &mut forming, &record, taken);
                    continue;
                }
                // Nobody but the pipe keeps it now. One of thousands tells.
                Err(error) if told => pipe.fail_too(&mut record, &error),
                Err(error) => pipe.fail(&mut record, &error),
            }
            told = true;
            pipe.put(&job, record);
            scheduler.fates.push(Fate::Passes);
        }
        scheduler
    }

    fn sort(
        &self,
        scheduler: &mut Scheduler,
        forming: &mut Forming,
        record: &Record,
        taken: Result<Taken>,
    ) {
        let skipped = self.run.pipe.stopped();
        let skipped = skipped.filter(|stop| stop.kind == Kind::Skipped);
        match (taken, skipped) {
            (Ok(Taken::Passes), _) => drop(scheduler.add(Fate::Passes)),
            (Err(error), _) | (Ok(Taken::New(..)), Some(error)) => {
                scheduler.add(Fate::Fails(error));
            }
            (Ok(Taken::New(model, bytes)), None) => {
                let earlier = record.object().get("batch").map(Batch::all);
                let spent = earlier.into_iter().flatten().filter_map(|batch| batch.id);
                scheduler.spent.extend(spent);
                scheduler.join(forming, &model, bytes, self.args.part_size as usize);
            }
            (Ok(Taken::Waits(id, input)), _) => {
                if let Some(number) = scheduler.wait(forming, &id) {
                    let mark = Mark::new(id, String::new(), input, 0);
                    let running = Box::new(self.running(mark, !self.args.submit));
                    scheduler.groups[number].stage = Stage::Runs(running);
                }
            }
        }
    }

    /// A Batch that is waited for from now on.
    pub(crate) fn running(&self, mark: Mark, accepted: bool) -> Running {
        Running {
            wait: self.wait(&mark.id),
            mark,
            accepted,
            young: false,
            cancelled: false,
            odd: 0,
            done: 0,
        }
    }

    /// The wait for a Batch begins.
    pub(crate) fn wait(&self, id: &Id) -> Wait {
        let pipe = &self.run.pipe;
        let subject = Subject {
            event: "batch",
            key: field("batch_id", id.as_str()),
            name: format!("Batch {id}"),
            again: AGAIN.to_owned(),
            drawn: pipe.log.draws(),
        };
        Wait::new(pipe, self.args.patience(), Instant::now(), subject)
    }
}
