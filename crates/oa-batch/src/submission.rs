//! Parts on their way to the server: known again, sent, made a Batch of, or held.

use std::time::{Duration, Instant};

use oa_core::field::Fields;
use oa_core::form::Form;
use oa_core::reply::{Expect, Reply};
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::batch::PART;
use oa_pipe::file::File;
use oa_pipe::log::field;
use oa_pipe::object::Object;
use oa_pipe::shell::word;
use serde_json::json;
use serde_json::value::RawValue;

use crate::batcher::{ANEW, Batcher};
use crate::fault::{Fault, speaks_of_file};
use crate::group::{End, Group, Stage, YOUNG};
use crate::listing::{Listing, PARENT};
use crate::mark::Mark;
use crate::part::{ENDPOINT, checksum, file};
use crate::scheduler::Scheduler;

/// Files have to live so long when their requests are sent: a day, and an hour.
const NEEDED: Duration = Duration::from_secs(25 * 3600);
/// Seconds that files of requests and of answers live.
const INPUT_LIFE: u64 = 72 * 3600;
const OUTPUT_LIFE: u64 = 7 * 86400;
/// The first pause between looks for a Batch that may have been made.
const SECOND: Duration = Duration::from_secs(1);

impl Batcher<'_> {
    /// Sends all parts whose turn it is.
    pub(crate) fn send(&self, scheduler: &mut Scheduler) {
        while let Some(number) = scheduler.sendable(Instant::now()) {
            if self.run.pipe.stopped().is_some() {
                return;
            }
            if let Err(mut error) = self.send_one(scheduler, number) {
                let group = &mut scheduler.groups[number];
                self.remove_file(group);
                if error.kind == Kind::Interrupted {
                    error.hint.get_or_insert_with(|| ANEW.to_owned());
                }
                self.fail(group, None, error);
                // Its records are written before others are sent, because --fail-fast looks at them.
                return;
            }
        }
    }

    fn send_one(&self, scheduler: &mut Scheduler, number: usize) -> Result<()> {
        if scheduler.groups[number].part.is_empty() {
            scheduler.groups[number].part =
                checksum(&self.spool, &scheduler.groups[number].members)?;
        }
        if !self.args.again {
            let group = &scheduler.groups[number];
            if let Some(found) = scheduler.listing.live(self.client, &group.part)? {
                let (id, input) = (found.id.clone(), found.batch.input_file_id.clone());
                let mark = Mark::new(id, group.part.clone(), input, group.members.len());
                self.begin(scheduler, number, mark, "adopted");
                return Ok(());
            }
            if let Some(batch) = scheduler.listing.cut(&group.part) {
                let fault = Fault::read(batch);
                self.divide(scheduler, number, fault, true);
                return Ok(());
            }
        }
        self.drop_short_lived(scheduler, number)?;
        let group = &mut scheduler.groups[number];
        if group.members.is_empty() {
            group.stage = Stage::Over(End::Left(None));
            return Ok(());
        }
        let input = match self.upload(group) {
            Ok(input) => input,
            Err(error) => return Err(lacks(scheduler, error)),
        };
        let made = self.create(&scheduler.groups[number], &input);
        self.made(scheduler, number, &input, made)
    }

    /// Requests whose files would go before their answers come fail by themselves, also after a long wait.
    fn drop_short_lived(&self, scheduler: &mut Scheduler, number: usize) -> Result<()> {
        let group = &mut scheduler.groups[number];
        let mut failed = Vec::new();
        for place in &group.members {
            let record = self.spool.record(*place)?;
            let mut files = record.files().iter();
            if let Some(file) = files.find(|file| file.expires_within(NEEDED)) {
                failed.push((*place, expires(file)));
            }
        }
        if !failed.is_empty() {
            self.remove_file(group);
            scheduler.part_with(number, failed);
        }
        Ok(())
    }

    /// The file of a part's requests, which may be there already.
    fn upload(&self, group: &mut Group) -> Result<Id> {
        if let Some((id, _)) = &group.tries.file {
            return Ok(id.clone());
        }
        let local = file(&self.spool, &group.members)?;
        let name = format!("oa-batch-{}.jsonl", &group.part[..16]);
        let form = Form::new()
            .field("purpose", "batch")
            .field("expires_after[anchor]", "created_at")
            .field("expires_after[seconds]", &INPUT_LIFE.to_string());
        let (body, content_type) = form
            .file("file", &name, "application/jsonl", local)
            .finish();
        let request = Request::post("/files", body, &content_type, Expect::Object("file"))
            .creates()
            .expires(true)
            .until(self.end());
        let answer = self.client.call(&request);
        let part = answer.as_ref().map_or_else(
            |error| error.part.as_deref(),
            |answer| Some(&*answer.object),
        );
        let id = part.and_then(|object| Fields::of(object, &["id"]).id());
        match (answer, id) {
            (Ok(_), Some(id)) => {
                let tries = &mut group.tries;
                self.run.pipe.interrupt.hold(std::slice::from_ref(&id));
                tries.file = Some((id.clone(), Instant::now()));
                Ok(id)
            }
            (Ok(_), None) => {
                let message = "the file of the requests has no id that can be sent";
                Err(Error::new(Kind::Network, message))
            }
            (Err(error), id) => {
                self.remove(id.as_ref());
                Err(error)
            }
        }
    }

    fn create(&self, group: &Group, input: &Id) -> Result<Reply> {
        let mut metadata = Object::default();
        metadata.put(PART, &group.part);
        if let Some(parent) = &group.parent {
            metadata.put(PARENT, parent);
        }
        let mut body = Object::default();
        body.put("input_file_id", &input.as_str());
        body.put("endpoint", &ENDPOINT);
        body.put("completion_window", &"24h");
        body.set("metadata", metadata.to_raw());
        let life = json!({"anchor": "created_at", "seconds": OUTPUT_LIFE});
        body.put("output_expires_after", &life);
        let filter = word(&format!(
            "select(.input_file_id=={})",
            json!(input.as_str())
        ));
        let request = Request::create("/batches", &body, Expect::Object("batch"))
            .creates()
            .until(self.end())
            .look(format!(
                "look for it: `oa-list batches | jq {filter}`; --adopt takes it"
            ));
        self.client.call(&request)
    }

    /// What the creation of a Batch comes to.
    fn made(
        &self,
        scheduler: &mut Scheduler,
        number: usize,
        input: &Id,
        made: Result<Reply>,
    ) -> Result<()> {
        let named = made.as_ref().ok().and_then(|answer| id_of(&answer.object));
        let unnamed = || Error::new(Kind::UnknownOutcome, "the new Batch has no id to ask for");
        let error = named.is_none().then(|| made.err().unwrap_or_else(unnamed));
        let id = named.or_else(|| {
            let error = error.as_ref()?;
            let part = error.part.as_deref().and_then(id_of);
            part.or_else(|| self.seek(&scheduler.groups[number], input, error))
        });
        let group = &mut scheduler.groups[number];
        match (id, error) {
            (Some(id), error) => {
                let shared = group.members.len();
                let mark = Mark::new(id, group.part.clone(), Some(input.clone()), shared);
                let event = if error.is_some() {
                    "found"
                } else {
                    "submitted"
                };
                self.begin(scheduler, number, mark, event);
                Ok(())
            }
            (None, Some(error)) if may_be_made(&error) => {
                // Whoever looks for the Batch needs the file.
                group.tries.file = None;
                self.run.pipe.interrupt.release([input]);
                Err(error)
            }
            (None, error) => self.not_made(scheduler, number, error.unwrap_or_else(unnamed)),
        }
    }

    /// A Batch was refused at once.
    fn not_made(&self, scheduler: &mut Scheduler, number: usize, error: Error) -> Result<()> {
        let fault = match error.code.as_deref() {
            Some("token_limit_exceeded") => Fault::Full(error),
            _ if !scheduler.listing.missing && speaks_of_file(&error) => Fault::Unseen(error),
            _ => return Err(lacks(scheduler, error)),
        };
        self.divide(scheduler, number, fault, false);
        Ok(())
    }

    /// A group's Batch is there.
    fn begin(&self, scheduler: &mut Scheduler, number: usize, mark: Mark, event: &str) {
        let pipe = &self.run.pipe;
        pipe.interrupt.hold(std::slice::from_ref(&mark.id));
        pipe.interrupt.release(&mark.input);
        let group = &mut scheduler.groups[number];
        let id = field("batch_id", mark.id.as_str());
        pipe.log
            .event(event, &format!("{id} requests={}", mark.shared));
        let mut running = self.running(mark, false);
        running.wait.made();
        running.wait.rest(None);
        group.stage = Stage::Runs(Box::new(running));
    }

    /// Looks for a Batch that may have been made: by the file of its requests, which no other run has.
    fn seek(&self, group: &Group, input: &Id, error: &Error) -> Option<Id> {
        if !may_be_made(error) {
            return None;
        }
        let interrupt = &self.run.pipe.interrupt;
        let begun = Instant::now();
        let mut wait = SECOND;
        loop {
            let last = interrupt.signal().is_some();
            let listing = Listing::read(self.client, None, last).ok();
            let found = listing
                .as_ref()
                .and_then(|l| l.of_input(input, &group.tries.failed));
            if let Some(found) = found {
                return Some(found.id.clone());
            }
            let hopeless = listing.is_some_and(|listing| listing.missing);
            if last || hopeless || begun.elapsed() + wait > YOUNG {
                return None;
            }
            let _ = interrupt.wait(wait);
            wait *= 2;
        }
    }
}

/// Whether a failed creation may have made a Batch.
fn may_be_made(error: &Error) -> bool {
    let understood = error
        .status
        .is_none_or(|status| !(200..300).contains(&status));
    match error.kind {
        Kind::UnknownOutcome => true,
        Kind::Network => !understood,
        Kind::Interrupted => !error.retryable,
        _ => false,
    }
}

/// The id that an object has, or a part of it.
fn id_of(object: &RawValue) -> Option<Id> {
    Fields::of(object, &["id"]).id()
}

/// Says what to do where the server seems to have no Batches.
fn lacks(scheduler: &Scheduler, error: Error) -> Error {
    let lacks = scheduler.listing.missing && matches!(error.status, Some(404 | 405 | 501));
    if !lacks || error.hint.is_some() {
        return error;
    }
    let hint = "this server has no Batches: oa-respond -j asks one by one";
    error.as_kind(Kind::Refused).hint(hint)
}

fn expires(file: &File) -> Error {
    let message = format!("the file {} expires before its Batch may end", file.name());
    Error::input(message).hint("a Batch takes up to a day: upload it again (oa-upload)")
}
