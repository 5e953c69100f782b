//! Parts that cannot go on as they are: without some of their records, in halves, later, or not at all.

use std::time::{Duration, Instant};

use oa_core::{Error, Id, Kind};
use oa_pipe::log::field;

use crate::batcher::{AGAIN, ANEW, Batcher};
use crate::fault::{Fault, never_fits};
use crate::group::{End, Group, Stage};
use crate::scheduler::Scheduler;

/// A request that has no room in an empty queue is tried again after this time, twice as long each time.
const QUEUE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(600));
/// The same of a file that is not known yet.
const UNSEEN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(16));

impl Batcher<'_> {
    /// A part that failed goes on without what was wrong with it. `cut`: others were cut from it before.
    pub(crate) fn divide(&self, scheduler: &mut Scheduler, number: usize, fault: Fault, cut: bool) {
        let group = &mut scheduler.groups[number];
        group.stage = Stage::Held;
        match fault {
            Fault::Lines(lines) => self.drop_lines(scheduler, number, lines),
            Fault::Full(error) => self.wait_for_room(scheduler, number, error, cut),
            Fault::Unseen(error) if group.tries.is_young() => {
                group.tries.later(error, UNSEEN);
            }
            Fault::Unseen(error) | Fault::Whole(error) => {
                self.remove_file(group);
                let error = match (error.status, &error.hint) {
                    (Some(404), None) => {
                        error.hint("has the server Batches? oa-respond -j asks one by one")
                    }
                    _ => error,
                };
                self.fail(group, None, error);
            }
        }
    }

    fn drop_lines(&self, scheduler: &mut Scheduler, number: usize, lines: Vec<(usize, Error)>) {
        let group = &mut scheduler.groups[number];
        self.remove_file(group);
        let named = |(line, error)| Some((*group.members.get::<usize>(line)?, error));
        let failed: Vec<(u32, Error)> = lines.into_iter().filter_map(named).collect();
        if failed.is_empty() {
            let message = "the Batch failed over lines that it does not have";
            return self.fail(group, None, Error::new(Kind::Refused, message));
        }
        scheduler.part_with(number, failed);
        scheduler.begin_anew(number);
    }

    fn wait_for_room(&self, scheduler: &mut Scheduler, number: usize, error: Error, cut: bool) {
        let model = scheduler.groups[number].model.clone().unwrap_or_default();
        let ahead: Vec<String> = scheduler.ahead(&model).map(Id::to_string).collect();
        let group = &mut scheduler.groups[number];
        let log = &self.run.pipe.log;
        let what = format!("{}: {error}", group.label());
        if !ahead.is_empty() && !cut {
            let ahead = ahead.join(" or ");
            log.event("queue", &format!("{what}; waits for the end of {ahead}"));
            group.tries.refusal = Some(error);
            scheduler.fill(&model);
        } else if group.members.len() > 1 {
            log.event("queue", &format!("{what}; goes in two halves"));
            self.remove_file(group);
            scheduler.halve(number);
        } else if self.is_too_large(group, &error) {
            self.remove_file(group);
            let hint = "no waiting helps: attach less, or ask it by itself: oa-respond";
            self.fail(group, None, error.hint(hint));
        } else {
            let wait = group.tries.later(error, QUEUE);
            log.event("queue", &format!("{what}; again in {}s", wait.as_secs()));
        }
    }

    /// Whether its only request is larger than the queue.
    fn is_too_large(&self, group: &Group, error: &Error) -> bool {
        let place = group.members.first().copied().unwrap_or_default();
        let record = self.spool.record(place).ok();
        let request = record
            .as_ref()
            .and_then(|record| record.object().get("request"));
        request.is_some_and(|request| never_fits(request, &error.message))
    }

    /// Ends what is not to go on: after a signal, when nobody reads any more, at the deadline.
    pub(crate) fn stop(&self, scheduler: &mut Scheduler) {
        let pipe = &self.run.pipe;
        let (stop, closed) = (pipe.stopped(), pipe.is_closed());
        let late = self.end().is_some_and(|end| Instant::now() >= end);
        let mut told = false;
        for group in &mut scheduler.groups {
            let held = group.is_held();
            let error = match &stop {
                _ if self.is_decided(group) => continue,
                Some(stop) if held || stop.kind == Kind::Interrupted => Some(stop.clone()),
                _ if held && late && !closed => Some(group.late()),
                _ if closed => None,
                _ => continue,
            };
            if held {
                self.remove_file(group);
            }
            let mark = group.running().map(|running| running.mark.clone());
            match error {
                Some(error) if error.kind == Kind::Deadline => self.fail(group, mark, error),
                Some(error) => {
                    told |= error.kind == Kind::Interrupted;
                    let hint = if mark.is_some() { AGAIN } else { ANEW };
                    group.stage = Stage::Over(End::Failed(mark, error.hint(hint)));
                }
                None => group.stage = Stage::Over(End::Left(mark)),
            }
        }
        if let (Some(stop), true) = (stop, told) {
            let hint = format!("`{AGAIN}` goes on, where the records were kept");
            pipe.log.error(&stop.hint(hint).to_string());
        }
    }

    /// Deletes the file of a part's requests, which no Batch has.
    pub(crate) fn remove_file(&self, group: &mut Group) {
        let file = group.tries.file.take();
        self.remove(file.map(|(id, _)| id).as_ref());
    }

    /// Deletes a file of requests that nobody needs any more.
    pub(crate) fn remove(&self, file: Option<&Id>) {
        let Some(id) = file else {
            return;
        };
        let what = field("file_id", id.as_str());
        let gone = self.removals.delete(id.under("/files"), id, &what, false);
        match gone {
            Ok(_) => self.run.pipe.interrupt.release([id]),
            Err(error) => self.removals.fail(id, "not deleted", &error),
        }
    }
}

impl Group {
    /// It was held until the end.
    fn late(&self) -> Error {
        let why = self.tries.refusal.as_ref();
        let why = why.map_or_else(|| "it was not its turn".to_owned(), Error::to_string);
        let message = format!("no Batch took it in time; the last answer: {why}");
        Error::new(Kind::Deadline, message).hint(ANEW)
    }
}
