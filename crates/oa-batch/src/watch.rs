//! Batches that run: looked at until they are final.

use std::collections::BTreeSet;
use std::time::Instant;

use oa_core::field::Look as _;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::batch::Batch;
use oa_pipe::progress::Progress;
use oa_pipe::wait::{Look, Running as Going};
use serde_json::value::RawValue;

use crate::batcher::Batcher;
use crate::fault::Fault;
use crate::group::{End, Running, Stage};
use crate::lines::{Lines, NO_ANSWER};
use crate::scheduler::Scheduler;

/// What is no answer at this look will be none.
const LOOKS: u32 = 3;
const BATCH: Expect = Expect::Known("batch");

/// What a Batch came to.
enum Ended {
    Failed(Box<RawValue>),
    Answered(String, [Option<Id>; 2], Lines),
    /// With --submit: it is final, which is all that is wanted of it.
    Done,
    /// Its answers are gone.
    Gone(Error),
}

impl Batcher<'_> {
    /// Takes a look at a group's Batch, and draws the consequence.
    pub(crate) fn look(&self, scheduler: &mut Scheduler, number: usize, progress: &Progress) {
        let group = &mut scheduler.groups[number];
        let Stage::Runs(running) = &mut group.stage else {
            return;
        };
        let (accepted, before) = (running.accepted, running.done);
        let ended = self.see(running);
        if running.accepted && !accepted {
            // From here on it has the time of its window.
            running.wait = self.wait(&running.mark.id);
            running.wait.rest(None);
        }
        if ended.is_some() {
            running.done = group.members.len() as u64;
        }
        progress.done(running.done.saturating_sub(before));
        if let Some(ended) = ended {
            self.settle(scheduler, number, ended);
        }
    }

    fn see(&self, running: &mut Running) -> Option<Result<Ended>> {
        let path = running.mark.id.under("/batches");
        let (young, accepted) = (&mut running.young, &mut running.accepted);
        let (cancelled, done) = (&mut running.cancelled, &mut running.done);
        let odd = &mut running.odd;
        running.wait.look(|until| {
            if self.args.cancel && !*cancelled {
                let cancel = Request::touch(format!("{path}/cancel"), BATCH);
                let answer = self.client.call(&cancel.once().until(until));
                // One that has ended by now says no.
                answer.map(drop).or_else(ended_already)?;
                *cancelled = true;
            }
            let look = Request::get(path.clone(), BATCH).once().until(until);
            let answer = self.client.call(&look)?;
            let state = Batch::read(&answer.object);
            if state.is_final() {
                let object = answer.object;
                return self
                    .take(state, object, (*young, &mut *odd), until)
                    .map(Look::Final);
            }
            *young = true;
            *accepted |= state.is_accepted();
            *done = state.done.map_or(*done, |(now, _)| now.max(*done));
            let status = state.status.as_deref().unwrap_or("unknown");
            Ok(Look::Running(Going {
                done: state.done,
                ..Going::new(status, &answer)
            }))
        })
    }

    /// Takes what came of a Batch that is final; `young`: it was not just before.
    fn take(
        &self,
        state: Batch,
        batch: Box<RawValue>,
        (young, odd): (bool, &mut u32),
        until: Option<Instant>,
    ) -> Result<Ended> {
        if state.status.as_deref() == Some("failed") {
            return Ok(Ended::Failed(batch));
        }
        if self.args.submit {
            return Ok(Ended::Done);
        }
        let outputs = [state.output_file_id, state.error_file_id];
        let mut fetched = self.answers.fetch(self.client, &outputs, until);
        if let Ok(lines) = &mut fetched
            && let Err(error) = lines.count(state.answered)
            && *odd + 1 < LOOKS
        {
            fetched = Err(error);
        }
        match fetched {
            // Files that were just made may not be known everywhere.
            Err(error) if error.is_gone() && !young => Ok(Ended::Gone(error)),
            Err(mut error) if is_odd(&error) => {
                *odd += 1;
                error.retryable = *odd < LOOKS;
                Err(error)
            }
            fetched => {
                let status = state.status.unwrap_or_default();
                Ok(Ended::Answered(status, outputs, fetched?))
            }
        }
    }

    /// What follows from the end of a Batch, or of the wait for it.
    fn settle(&self, scheduler: &mut Scheduler, number: usize, ended: Result<Ended>) {
        let group = &mut scheduler.groups[number];
        let Stage::Runs(running) = &group.stage else {
            return;
        };
        let mut mark = running.mark.clone();
        let (id, input) = (mark.id.clone(), mark.input.clone());
        let mut over = true;
        match ended {
            Ok(Ended::Failed(batch)) => return self.failed(scheduler, number, Fault::read(&batch)),
            Ok(Ended::Done) => group.stage = Stage::Over(End::Left(Some(mark))),
            Ok(Ended::Answered(status, outputs, lines)) => {
                (mark.collected, mark.status, mark.outputs) = (true, status, outputs);
                group.stage = Stage::Over(End::Collected(mark, lines));
                self.run.pipe.interrupt.release([&id]);
            }
            Ok(Ended::Gone(error)) => self.fail(group, Some(mark), gone(error)),
            Err(error) if error.is_gone() => self.fail(group, Some(mark), gone(error)),
            // That is told once, of all.
            Err(error) if error.kind == Kind::Interrupted => return,
            Err(error) => {
                over = false;
                self.fail(group, Some(mark), error);
            }
        }
        scheduler.make_room(number);
        if over {
            self.remove(input.as_ref());
        }
    }

    /// A Batch failed as a whole.
    fn failed(&self, scheduler: &mut Scheduler, number: usize, fault: Fault) {
        let group = &mut scheduler.groups[number];
        let Stage::Runs(running) = &group.stage else {
            return;
        };
        let mut mark = running.mark.clone();
        self.run.pipe.interrupt.release([&mark.id]);
        if group.tries.file.is_none() {
            self.remove(mark.input.as_ref());
        }
        if group.model.is_some() {
            group.tries.failed.push(mark.id.clone());
            // The list may show it as it was, before it failed.
            scheduler.listing.forget(&BTreeSet::from([mark.id]));
            return self.divide(scheduler, number, fault, false);
        }
        // Its records came with it: what was wrong with which of its lines cannot be told any more.
        mark.collected = true;
        let mut error = fault.error().about(&format!("Batch {} failed", mark.id));
        error.retryable = true;
        let hint = "its requests go into another one: jq -c 'del(.error)' FILE | oa-batch";
        self.fail(group, Some(mark), error.hint(hint));
    }
}

/// Whether what came was none of the API's files.
fn is_odd(error: &Error) -> bool {
    error.kind == Kind::Network && error.code.as_deref() == Some(NO_ANSWER)
}

/// Whether a cancellation was refused because there is nothing to cancel.
fn ended_already(error: Error) -> Result<()> {
    if error.kind == Kind::Refused && matches!(error.status, Some(400 | 409)) {
        Ok(())
    } else {
        Err(error)
    }
}

/// Nothing is bought again where it was paid for.
fn gone(mut error: Error) -> Error {
    error.retryable = false;
    error.hint("the answers are gone; jq -c 'del(.error, .batch)' FILE | oa-batch buys others")
}
