//! Writes records on as they come, and at the end removes what the pipe made.

mod bin;
mod cancellation;
mod deletion;
mod ids;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clap::Parser;
use oa_core::client::Client;
use oa_core::field::Look as _;
use oa_core::id::joined;
use oa_core::machine::lock;
use oa_core::{Error, Id, Result};
use oa_pipe::answer::Response;
use oa_pipe::cli::{Arguments, Options, Order, Run};
use oa_pipe::object::Object;
use oa_pipe::pipe::{Job, Plan, Source};
use oa_pipe::record::{Batch, Incoming, Record, looks_like_id, of_id};
use oa_pipe::removal::Removals;
use oa_pipe::verdict::EXIT_TABLE;
use oa_pipe::workers::Workers;

use bin::{Bin, Kind, Thing};

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
    /// Ids of files, stores or responses to delete, of Batches to cancel; without
    /// any, records are read from stdin. `-` reads them after the ids
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
    /// Take ids for that kind, whatever they look like
    #[arg(long = "as", value_name = "KIND", value_enum)]
    kind: Option<Kind>,
    /// Delete the files of entries of stores, which are else detached only
    #[arg(long)]
    files: bool,
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
        if self.kind.is_some() {
            return Ok(Source::of_words(&self.ids, of_id));
        }
        let source = Source::of_ids(Self::TOOL, &self.ids, of_id)?;
        let nameless = |id: &&String| *id != "-" && !looks_like_id(id);
        if let Some(id) = self.ids.iter().find(nameless) {
            let message = format!("{id}: nothing in it says what it is the id of");
            let hint = "say it: --as file, response, vector_store or batch; the records of a file: oa-delete < FILE";
            return Err(Error::usage(message).hint(hint));
        }
        Ok(source)
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
    oa_pipe::run(|args: &Args, run| {
        let client = if args.dry_run {
            None
        } else {
            Some(run.client()?)
        };
        let client = client.as_ref();
        let cleaner = Cleaner {
            removals: client.map(|client| Removals::new(client, &run.pipe)),
            client,
            workers: Workers::new(args.jobs.into()),
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
    removals: Option<Removals<'a>>,
    workers: Workers,
    args: &'a Args,
    run: &'a Run,
}

impl Cleaner<'_> {
    fn clean(&self) {
        let bin = Arc::<Mutex<Bin>>::default();
        let held = Arc::clone(&bin);
        // Handed on, but still this tool's to delete.
        let interrupt = &self.run.pipe.interrupt;
        interrupt.hold_more(move || lock(&held).waiting());
        while let Some(mut job) = self.run.pipe.next() {
            let incoming = std::mem::take(&mut job.incoming);
            let incoming = incoming.taken_for(self.args.kind.map(Kind::key));
            match (&incoming.bare, &incoming.problem) {
                (Some(id), None) => self.sort_bare(&bin, &job, id, &incoming.record),
                _ => self.pass_on(&bin, &job, incoming),
            }
            if self.args.now {
                self.empty(&bin);
            }
        }
        self.empty_last(&bin);
    }

    /// A bare id or object was given to be deleted; nothing is written but the API's answer.
    fn sort_bare(&self, bin: &Mutex<Bin>, job: &Job, id: &str, record: &Record) {
        match Id::parse(id) {
            Ok(id) => self.sort_thing(bin, &id, record),
            Err(error) => self.complain(&error),
        }
        self.run.pipe.skip(job);
    }

    fn sort_thing(&self, bin: &Mutex<Bin>, id: &Id, record: &Record) {
        let object = record.thing().map(Object::of).unwrap_or_default();
        let file = record.files().first();
        let batch = record.object().get("batch").map(Batch::read);
        match (file, batch, record.store()) {
            (Some(file), _, _) => {
                let entry = object.text("object").as_deref() == Some("vector_store.file");
                match object.text("vector_store_id").map(|id| Id::parse(&id)) {
                    Some(Ok(store)) if entry => {
                        lock(bin).add(&Thing::member(&store, id).answered());
                    }
                    _ if entry => {
                        let message = format!("{id}: the entry does not say of which store");
                        return self.complain(&Error::input(message));
                    }
                    _ => {}
                }
                if !entry || self.args.files {
                    lock(bin).add(&Thing::file(id, file).answered());
                }
            }
            (None, Some(batch), _) if cancellation::is_over(&batch) => {
                let status = batch.status.unwrap_or_default();
                let log = &self.run.pipe.log;
                log.note(&format!(
                    "{id}: ended ({status}), and the API deletes no Batch"
                ));
            }
            (None, Some(_), _) => lock(bin).add(&Thing::new(Kind::Batch, id).answered()),
            (None, None, Some(store)) => lock(bin).add(&Thing::store(id, &store).answered()),
            (None, None, None) => lock(bin).add(&Thing::new(Kind::Response, id).answered()),
        }
    }

    /// Notes what a record leaves to clean up, cancels what still runs, and writes the record on.
    fn pass_on(&self, bin: &Mutex<Bin>, job: &Job, incoming: Incoming) {
        let pipe = &self.run.pipe;
        let mut record = incoming.record;
        if let Some(problem) = &incoming.problem
            && record.error().is_none()
        {
            let hint = incoming
                .bare
                .map(|_| "--as file, response, vector_store or batch");
            let problem = hint.map_or(problem.clone(), |hint| problem.clone().hint(hint));
            pipe.fail(&mut record, &problem);
        }
        let response = record.response().map(Response::read);
        let pending = response.filter(|response| !response.is_final());
        if let Some(batch) = record.awaited() {
            let id = batch.id.as_ref().map_or("-", Id::as_str);
            let why = format!("the Batch {id} was not collected (`oa-batch < FILE`)");
            self.keep(bin, &record, &why);
        } else if let (Some(_), true) = (&pending, self.args.keep_pending) {
            self.keep(bin, &record, "the response still runs");
        } else {
            if let Some(response) = &pending {
                self.stop(&mut record, response);
            }
            self.sort(bin, &record);
        }
        pipe.put(job, record);
    }

    /// Leaves alone what the record needs, for other records, too.
    fn keep(&self, bin: &Mutex<Bin>, record: &Record, why: &str) {
        let log = &self.run.pipe.log;
        let ids = joined(&record.ids());
        log.note(&format!("kept, because {why}: {ids}"));
        let files = record.files();
        let store = record.store().and_then(|store| store.id);
        let response = record.response().map(Response::read);
        let response = response.and_then(|response| response.id);
        if let Some(store) = &store {
            lock(bin).share(store, 1, files);
        }
        let files = files.iter().filter_map(|file| file.id.clone());
        lock(bin).keep(files.chain(store).chain(response));
    }

    /// Puts what the pipe made into the bin; what another tool lifted in is left alone and named.
    fn sort(&self, bin: &Mutex<Bin>, record: &Record) {
        self.sort_store(bin, record);
        for file in record.files() {
            match &file.id {
                None => self.refuse("an object without an id; nothing was deleted for it"),
                Some(id) if file.path.is_some() => lock(bin).add(&Thing::file(id, file)),
                Some(id) => self.leave(bin, id, "upload"),
            }
        }
        if let (true, Some(response)) = (self.args.responses, record.response())
            && let Some(id) = Response::read(response).id
        {
            lock(bin).add(&Thing::new(Kind::Response, &id));
        }
    }

    /// A store that the pipe made goes; one that it added to loses the files that the pipe made.
    fn sort_store(&self, bin: &Mutex<Bin>, record: &Record) {
        let Some(store) = record.store() else {
            return;
        };
        let Some(id) = &store.id else {
            self.refuse("an object without an id; nothing was deleted for it");
            return;
        };
        match store.made {
            None => self.leave(bin, id, "make"),
            Some(true) => {
                lock(bin).share(id, store.shared.unwrap_or(1), record.files());
                lock(bin).add(&Thing::store(id, &store));
            }
            Some(false) => {
                let made = record.files().iter();
                let made = made.filter(|file| file.path.is_some());
                for file in made.filter_map(|file| file.id.as_ref()) {
                    lock(bin).add(&Thing::member(id, file));
                }
            }
        }
    }

    fn leave(&self, bin: &Mutex<Bin>, id: &Id, verb: &str) {
        if lock(bin).leave(id) {
            let log = &self.run.pipe.log;
            log.note(&format!(
                "{id}: left alone, because this pipe did not {verb} it"
            ));
        }
    }

    /// An object that nothing can be asked about.
    fn refuse(&self, message: &str) {
        self.complain(&Error::input(message));
    }

    /// A failure that no record carries.
    fn complain(&self, error: &Error) {
        let pipe = &self.run.pipe;
        pipe.log.error(&error.to_string());
        pipe.count(error);
    }
}
