//! Records on their way out, each with what came of its request.

use oa_core::field::Look as _;
use oa_core::{Error, Result};
use oa_pipe::batch::Batch;
use oa_pipe::plan::Job;
use oa_pipe::record::Record;
use oa_pipe::shell::command;

use crate::answer::Taking;
use crate::batcher::{AGAIN, Batcher};
use crate::group::{End, Group, Stage};
use crate::lines::Lines;
use crate::mark::Mark;
use crate::scheduler::{Fate, Scheduler};

/// How often the same failure is told.
const TOLD: u64 = 3;

impl Batcher<'_> {
    /// Writes all records whose fate is known, up to the first whose is not where their order counts.
    pub(crate) fn write(&self, scheduler: &mut Scheduler) {
        let open = std::mem::take(&mut scheduler.open);
        let mut blocked = false;
        let keep = |place: &u32| {
            let stays = blocked || !self.write_one(scheduler, *place);
            blocked |= stays && !self.args.order.unordered;
            stays
        };
        scheduler.open = open.into_iter().filter(keep).collect();
    }

    /// Writes a record; says whether its fate is known.
    fn write_one(&self, scheduler: &Scheduler, place: u32) -> bool {
        let fate = &scheduler.fates[place as usize];
        let group = match fate {
            Fate::Part(number) => Some(&scheduler.groups[*number]),
            _ => None,
        };
        if group.is_some_and(|group| !self.is_decided(group)) {
            return false;
        }
        let pipe = &self.run.pipe;
        let mut record = self.spool.record(place).unwrap_or_else(|error| {
            let mut record = Record::default();
            pipe.fail(&mut record, &error);
            record
        });
        match (fate, group.map(|group| &group.stage)) {
            (Fate::Fails(error), _) => self.blame(&mut record, error),
            (_, Some(stage)) => self.put(&mut record, place, stage),
            (Fate::Passes | Fate::Part(_), None) => {}
        }
        self.spool.forget(place);
        let lost = |record: &Record| self.name_batch(record);
        pipe.put_or(&Job::again(place.into()), record, lost);
        true
    }

    /// Marks a record as failed; what is said of one of thousands is not said of the others.
    fn blame(&self, record: &mut Record, error: &Error) {
        let code = error.code.clone().unwrap_or_default();
        let words = format!("{} {code} {}", error.kind.word(), error.message);
        let mut told = self.told.borrow_mut();
        let times = told.entry(words).or_insert(0_u64);
        *times += 1;
        if *times > TOLD {
            self.run.pipe.fail_too(record, error);
        } else {
            self.run.pipe.fail(record, error);
        }
    }

    /// Says how many records failed whose failure was not told.
    pub(crate) fn sum_up_failures(&self) {
        let told = self.told.borrow();
        for (words, times) in told.iter().filter(|(_, times)| **times > TOLD) {
            let message = format!("{} more records: {words}", times - TOLD);
            self.run.pipe.log.error(&message);
        }
    }

    /// Whether it is known what a group's records are to say.
    pub(crate) fn is_decided(&self, group: &Group) -> bool {
        match &group.stage {
            Stage::Held => false,
            Stage::Runs(running) => self.args.submit && running.accepted,
            Stage::Over(_) => true,
        }
    }

    /// Puts into a record what its group came to.
    fn put(&self, record: &mut Record, place: u32, stage: &Stage) {
        match stage {
            Stage::Runs(running) => running.mark.put(record, place),
            Stage::Over(End::Left(mark)) => {
                if let Some(mark) = mark {
                    mark.put(record, place);
                }
            }
            Stage::Over(End::Collected(mark, lines)) => {
                if let Err(error) = self.join(record, place, mark, lines) {
                    self.blame(record, &error);
                }
            }
            Stage::Over(End::Failed(mark, error)) => {
                if let Some(mark) = mark {
                    mark.put(record, place);
                }
                self.run.pipe.fail_too(record, error);
            }
            Stage::Held => {}
        }
    }

    fn join(&self, record: &mut Record, place: u32, mark: &Mark, lines: &Lines) -> Result<()> {
        mark.put(record, place);
        let batch = record.object().get("batch").map(Batch::read);
        let name = batch.and_then(|batch| batch.custom_id).unwrap_or_default();
        let line = self.answers.line(lines, &name)?;
        let taking = Taking {
            log: &self.run.pipe.log,
            allow_incomplete: self.args.allow_incomplete,
            cancelled: self.args.cancel,
            status: &mark.status,
            short: lines.short,
        };
        taking.put(record, line)
    }

    /// Nobody reads any more: names the Batch of a record, once for all of its records; says whether it has one.
    fn name_batch(&self, record: &Record) -> bool {
        let id = record.awaited().and_then(|batch| batch.id);
        let Some(id) = id.filter(|_| !self.run.pipe.is_full()) else {
            return false;
        };
        if self.named.borrow_mut().insert(id.clone()) {
            let end = command("oa-delete", [id.as_str()]);
            let message =
                format!("Batch {id} goes on; `{AGAIN}` takes its answers, `{end}` ends it");
            self.run.pipe.log.error(&message);
        }
        true
    }

    /// A group failed as a whole: says so, once for all of its records.
    pub(crate) fn fail(&self, group: &mut Group, mark: Option<Mark>, error: Error) {
        let about = match &mark {
            Some(_) => String::new(),
            None => format!("{}: ", group.label()),
        };
        self.run.pipe.log.error(&format!("{about}{error}"));
        group.stage = Stage::Over(End::Failed(mark, error));
    }
}
