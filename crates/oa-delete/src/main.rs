//! Writes records on as they come, and at the end removes what the pipe made.

mod bin;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use oa_core::answer::Response;
use oa_core::cli::{Arguments, Options, Order, Run};
use oa_core::client::{Call, Client, Expect};
use oa_core::error::EXIT_TABLE;
use oa_core::id::joined;
use oa_core::interrupt::lock;
use oa_core::pipe::{Job, Plan, Source, side_by_side};
use oa_core::record::{Record, of_id};
use oa_core::shell::command;
use oa_core::{Error, Id, Kind, Result};

use bin::{Bin, KINDS, Kind as ThingKind, Thing};

/// Clean up after a pipe: delete the files and stores that it made
///
/// Records are written on as they arrive; what the pipe made is deleted at the
/// end of the input, whatever happened before. Ids and bare objects given to
/// this tool itself are deleted, and the API's answers are written.
#[derive(Parser)]
#[command(name = "oa-delete", version, max_term_width = 80, after_help = "See --help for examples and exit statuses.", after_long_help = help())]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
struct Args {
    /// Ids of files, stores or responses to delete; without any, records are read
    /// from stdin
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Delete stored responses of records, too
    #[arg(long)]
    responses: bool,
    /// Delete after each record, not at the end of the input
    #[arg(long)]
    now: bool,
    /// Leave responses that still run, and their files, alone
    #[arg(long)]
    keep_pending: bool,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the text of answers, not records
    #[arg(short, long, help_heading = "Output")]
    text: bool,
    /// Delete that many things at a time
    #[arg(short, long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jobs")]
    jobs: u16,
    #[command(flatten)]
    order: Order,
    #[command(flatten)]
    options: Options,
}

fn help() -> String {
    format!(
        "Examples:
  oa-upload report.pdf | oa-respond -p 'Summarise.' | oa-delete -t
  oa-list files | jq -c 'select(.created_at < now - 604800)' | oa-delete -r

{EXIT_TABLE}"
    )
}

impl Arguments for Args {
    const TOOL: &'static str = "oa-delete";
    const EXAMPLE: &'static str =
        "name the ids: oa-delete file-abc; or put it at the end of a pipe";
    const CLEANS: bool = true;

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        Source::of_ids(Self::TOOL, &self.ids, of_id)
    }

    fn plan(&self) -> Plan {
        Plan {
            text: self.text,
            batched: self.dry_run,
            ..Plan::default()
        }
    }
}

fn main() -> ExitCode {
    oa_core::run(|args: &Args, run| {
        let client = if args.dry_run {
            None
        } else {
            Some(run.client()?)
        };
        let cleaner = Cleaner {
            client: client.as_ref(),
            args,
            run,
        };
        cleaner.clean();
        Ok(())
    })
}

struct Cleaner<'a> {
    /// None: nothing is touched, only told.
    client: Option<&'a Client>,
    args: &'a Args,
    run: &'a Run,
}

impl Cleaner<'_> {
    fn clean(&self) {
        let mut bin = Bin::default();
        while let Some(mut job) = self.run.pipe.next() {
            let record = std::mem::take(&mut job.incoming.record);
            match (&job.incoming.bare, &job.incoming.problem) {
                (Some(_), None) => self.sort_bare(&mut bin, &job, &record),
                _ => self.pass_on(&mut bin, &job, record),
            }
            if self.args.now {
                self.empty(&mut bin);
            }
        }
        self.empty(&mut bin);
    }

    /// A bare id or object was given to be deleted; nothing is written but the API's answer.
    fn sort_bare(&self, bin: &mut Bin, job: &Job, record: &Record) {
        let pipe = &self.run.pipe;
        let id = match Id::parse(job.incoming.bare.as_deref().unwrap_or_default()) {
            Ok(id) => id,
            Err(error) => {
                pipe.log.error(&error.to_string());
                pipe.count(&error);
                pipe.skip(job);
                return;
            }
        };
        let id = &id;
        let mut known = false;
        for file in record.files() {
            known |= bin.add(Thing::file(id, &file).answered());
        }
        if record.response().is_some() {
            known |= bin.add(Thing::response(id).answered());
        }
        if record.store().is_some() {
            known |= bin.add(Thing::store(id).answered());
        }
        if !known && !bin.knows(id) {
            let error = Error::input(format!("{id}: this kind of object cannot be deleted here"));
            pipe.count(&error);
            pipe.log.error(&error.to_string());
        }
        pipe.skip(job);
    }

    /// Notes what a record leaves to clean up, cancels what still runs, and writes the record on.
    fn pass_on(&self, bin: &mut Bin, job: &Job, mut record: Record) {
        let pipe = &self.run.pipe;
        if let Some(problem) = &job.incoming.problem {
            pipe.fail(&mut record, problem);
        }
        let response = record.response().map(Response::read);
        let pending = response.filter(|response| !response.is_final() && response.id.is_some());
        let kept = pending.is_some() && self.args.keep_pending;
        if let (Some(response), false) = (&pending, kept) {
            self.stop(&mut record, response);
        }
        if kept {
            let ids = joined(&record.ids());
            pipe.log
                .note(&format!("kept, because the response still runs: {ids}"));
        } else {
            self.sort(bin, &record);
        }
        let mut ids = record.ids();
        if let (true, Some(response)) = (self.args.responses, record.response()) {
            ids.extend(Response::read(response).id);
        }
        pipe.put(job, record);
        // Handed on, but still this tool's to delete. Only this record's: all of them, for each record, would
        // cost the square of their number.
        pipe.interrupt.hold(&bin.waiting(ids));
    }

    /// Puts what the pipe made into the bin; what another tool lifted in is left alone and named.
    fn sort(&self, bin: &mut Bin, record: &Record) {
        self.sort_store(bin, record);
        for file in record.files() {
            match &file.id {
                None => self.refuse(),
                Some(id) if file.path.is_some() => {
                    bin.add(Thing::file(id, &file));
                }
                Some(id) => self.leave(bin, id, "upload"),
            }
        }
        if let (true, Some(response)) = (self.args.responses, record.response())
            && let Some(id) = Response::read(response).id
        {
            bin.add(Thing::response(&id));
        }
    }

    /// A store that the pipe made goes; one that it added to loses this record's files.
    fn sort_store(&self, bin: &mut Bin, record: &Record) {
        let Some(store) = record.store() else {
            return;
        };
        let Some(id) = &store.id else {
            self.refuse();
            return;
        };
        let Some(made) = store.made else {
            self.leave(bin, id, "make");
            return;
        };
        for file in record.files().into_iter().filter_map(|file| file.id) {
            bin.add(Thing::member(id, &file));
        }
        if made {
            bin.add(Thing::store(id));
        }
    }

    fn leave(&self, bin: &mut Bin, id: &Id, verb: &str) {
        if bin.leave(id) {
            let log = &self.run.pipe.log;
            log.note(&format!(
                "{id}: left alone, because this pipe did not {verb} it"
            ));
        }
    }

    /// An object that nothing can be asked about.
    fn refuse(&self) {
        let pipe = &self.run.pipe;
        let error = Error::input("an object without an id; nothing was deleted for it");
        pipe.log.error(&error.to_string());
        pipe.count(&error);
    }

    /// Cancels a response that nobody will read; its record counts as failed unless it failed before.
    fn stop(&self, record: &mut Record, response: &Response) {
        let Some(id) = &response.id else {
            return;
        };
        let cancelled = self.client.is_none_or(|client| self.cancel(client, id));
        if record.error().is_some() {
            return;
        }
        let status = response.status_word();
        let error = |what: &str| {
            let message = format!("response {id} was still {status} and {what}");
            Error::new(Kind::Failed, message)
        };
        let before = "put `oa-poll` before oa-delete, or keep it with --keep-pending";
        let error = match (self.client, cancelled) {
            (None, _) => error("would be cancelled").hint(before),
            (_, true) => error("was cancelled").hint(before),
            (_, false) => {
                error("could not be cancelled").hint(command("oa-poll --cancel", [id.as_str()]))
            }
        };
        self.run.pipe.fail(record, &error);
    }

    /// Says whether the response runs no more.
    fn cancel(&self, client: &Client, id: &Id) -> bool {
        let pipe = &self.run.pipe;
        let path = id.under("/responses") + "/cancel";
        let call = Call::touch(path, Expect::Response).clean_up();
        match client.call(&call) {
            Ok(_) => pipe.log.event("cancel", &format!("response_id={id}")),
            // It ended in the meantime, or is no background response.
            Err(error)
                if error.kind == Kind::Refused && matches!(error.status, Some(400 | 404 | 409)) =>
            {
                pipe.log.note(&format!("{id}: not cancelled: {error}"));
            }
            Err(error) => {
                pipe.log.error(&format!("{id}: not cancelled: {error}"));
                pipe.trouble();
                return false;
            }
        }
        true
    }

    /// Deletes what is in the bin, one kind after the other.
    fn empty(&self, bin: &mut Bin) {
        let things = bin.take();
        if self.client.is_none() {
            self.tell(&things);
            return;
        }
        for kind in KINDS {
            let batch: Vec<&Thing> = things.iter().filter(|thing| thing.kind == kind).collect();
            self.remove_all(&batch);
        }
    }

    fn tell(&self, things: &[Thing]) {
        let log = &self.run.pipe.log;
        for thing in things {
            log.note(&format!("would delete {thing}"));
        }
        let bytes: u64 = things.iter().map(|thing| thing.bytes).sum();
        log.note(&format!(
            "would delete {} things, {bytes} bytes",
            things.len()
        ));
    }

    fn remove_all(&self, things: &[&Thing]) {
        let failed = AtomicBool::new(false);
        let answers: Mutex<BTreeMap<usize, String>> = Mutex::default();
        side_by_side(self.args.jobs.into(), things.len(), |index| {
            let thing = things[index];
            // What the pipe made is deleted whatever happens; --fail-fast is for ids that were named.
            if self.args.order.fail_fast && thing.answered && failed.load(Ordering::SeqCst) {
                self.skip(thing);
                return;
            }
            match self.remove(thing) {
                Ok(None) => {}
                Ok(Some(answer)) if self.args.order.keep_order => {
                    lock(&answers).insert(index, answer);
                }
                Ok(Some(answer)) => self.run.pipe.emit(&answer),
                Err(()) => failed.store(true, Ordering::SeqCst),
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

    /// Deletes one thing and tells the API's answer, where the user named the id; what is gone already is as
    /// good as deleted.
    fn remove(&self, thing: &Thing) -> std::result::Result<Option<String>, ()> {
        let (pipe, Some(client)) = (&self.run.pipe, self.client) else {
            return Ok(None);
        };
        let call = Call::delete(thing.address()).clean_up();
        let done = match client.call(&call) {
            Ok(answer) => {
                pipe.log.event("delete", &thing.to_string());
                Ok(thing.answered.then(|| answer.object.get().to_owned()))
            }
            Err(error) if error.is_gone() => {
                pipe.log.event("delete", &format!("{thing} status=gone"));
                Ok(None)
            }
            Err(error) => {
                pipe.log
                    .error(&format!("{}: not deleted: {error}", thing.id));
                pipe.trouble();
                Err(())
            }
        };
        if thing.kind != ThingKind::Member {
            pipe.interrupt.release(std::slice::from_ref(&thing.id));
        }
        done
    }
}
