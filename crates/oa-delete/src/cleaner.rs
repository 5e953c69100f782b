//! Who cleans up: what each record leaves to do, until the input ends.

use std::sync::{Arc, Mutex};

use oa_core::client::Client;
use oa_core::field::{Look as _, each};
use oa_core::id::joined;
use oa_core::machine::lock;
use oa_core::{Error, Id};
use oa_pipe::batch::Batch;
use oa_pipe::lift::Incoming;
use oa_pipe::object::Object;
use oa_pipe::plan::Job;
use oa_pipe::record::Record;
use oa_pipe::removal::Removals;
use oa_pipe::response::Response;
use oa_pipe::run::Run;
use oa_pipe::workers::Workers;
use serde_json::value::RawValue;

use crate::args::Args;
use crate::bin::Bin;
use crate::thing::{Kind, Thing};

/// Who cleans up.
pub(crate) struct Cleaner<'a> {
    /// None: nothing is touched, only told.
    pub(crate) client: Option<&'a Client>,
    pub(crate) removals: Option<Removals<'a>>,
    pub(crate) workers: Workers,
    pub(crate) args: &'a Args,
    pub(crate) run: &'a Run,
}

impl Cleaner<'_> {
    /// Reads records to the end, and removes what they leave.
    pub(crate) fn clean(&self) {
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
            (None, Some(batch), _) if batch.is_over() => {
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
        let waits = pending.is_some() || record.awaited().is_some();
        if waits && self.args.keep_pending {
            self.keep(bin, &record);
        } else {
            if let Some(response) = &pending {
                self.stop(&mut record, response);
            }
            self.sort(bin, &record);
        }
        pipe.put(job, record);
    }

    /// Leaves alone what a record needs whose answer is still to come, for other records, too.
    fn keep(&self, bin: &Mutex<Bin>, record: &Record) {
        let log = &self.run.pipe.log;
        let files = record.files();
        let store = record.store().and_then(|store| store.id);
        let response = record.response().map(Response::read);
        let response = response.and_then(|response| response.id);
        let batch = record.awaited().unwrap_or_default();
        match &batch.id {
            // Thousands may wait for one.
            Some(id) if !lock(bin).leave(id) => {}
            Some(id) => log.note(&format!(
                "{id}: kept with its files, because records wait for it"
            )),
            None => {
                let ids = joined(&record.ids());
                log.note(&format!("kept, because the answer is still to come: {ids}"));
            }
        }
        if let Some(store) = &store {
            lock(bin).share_store(store, 1, files);
        }
        let files = files.iter().filter_map(|file| file.id.clone());
        let others = [store, response, batch.id, batch.input_file_id];
        lock(bin).keep(files.chain(others.into_iter().flatten()));
    }

    /// Puts what the pipe made into the bin; what another tool lifted in is left alone and named.
    fn sort(&self, bin: &Mutex<Bin>, record: &Record) {
        self.sort_store(bin, record);
        self.sort_batch(bin, record);
        for file in record.files() {
            match &file.id {
                None => self.refuse("an object without an id; nothing was deleted for it"),
                Some(id) if file.path.is_some() => lock(bin).add(&Thing::file(id, file)),
                Some(id) => self.leave(bin, id, "upload"),
            }
        }
        if self.args.responses {
            let mut all: Vec<&RawValue> = record.response().into_iter().collect();
            if let Some(earlier) = record.object().get("previous") {
                each(earlier, |raw| all.push(raw));
            }
            let ids = all.into_iter().filter_map(|raw| Response::read(raw).id);
            ids.for_each(|id| lock(bin).add(&Thing::new(Kind::Response, &id)));
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
                lock(bin).share_store(id, store.shared.unwrap_or(1), record.files());
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

    /// A Batch that is not collected is cancelled; one that is loses what it answered. Both wait for all its records.
    fn sort_batch(&self, bin: &Mutex<Bin>, record: &Record) {
        let all = record.object().get("batch").map(Batch::all);
        for batch in all.unwrap_or_default() {
            if let Some(id) = batch.id.clone() {
                self.sort_one(bin, record, &id, batch);
                continue;
            }
            self.refuse("a Batch without an id; nothing was cancelled or deleted for it");
            if !batch.collected {
                self.keep(bin, record);
            }
        }
    }

    fn sort_one(&self, bin: &Mutex<Bin>, record: &Record, id: &Id, mut batch: Batch) {
        if !batch.made {
            // Whoever made it may read its answers yet.
            batch.shared = None;
            self.leave(bin, id, "make");
            if batch.collected {
                return;
            }
        }
        let outputs = [&batch.output_file_id, &batch.error_file_id];
        let outputs = || outputs.into_iter().flatten();
        let store = record.store().and_then(|store| store.id);
        let files = record.files().iter().filter_map(|file| file.id.as_ref());
        let mut bin = lock(bin);
        bin.share_batch(id, &batch, files.chain(&store).chain(outputs()));
        if batch.made {
            for file in batch.input_file_id.iter().chain(outputs()) {
                bin.add(&Thing::new(Kind::File, file));
            }
            if !batch.collected {
                bin.add(&Thing::new(Kind::Batch, id));
                if record.awaited().is_some() && record.error().is_none() {
                    bin.wait(id);
                }
            }
        }
    }

    pub(crate) fn leave(&self, bin: &Mutex<Bin>, id: &Id, verb: &str) {
        if lock(bin).leave(id) {
            let log = &self.run.pipe.log;
            log.note(&format!(
                "{id}: left alone, because this pipe did not {verb} it"
            ));
        }
    }

    /// An object that nothing can be asked about.
    pub(crate) fn refuse(&self, message: &str) {
        self.complain(&Error::input(message));
    }

    /// A failure that no record carries.
    pub(crate) fn complain(&self, error: &Error) {
        let pipe = &self.run.pipe;
        pipe.log.error(&error.to_string());
        pipe.count(error);
    }
}
