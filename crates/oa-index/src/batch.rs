//! Files on their way into a store: sent, waited for, asked what failed.

use std::collections::BTreeMap;
use std::time::Instant;

use oa_core::client::{Answer, Call, Expect};
use oa_core::field::{Fields, Look as Read};
use oa_core::id::texts;
use oa_core::log::{Progress, field};
use oa_core::object::Object;
use oa_core::record::FileCounts;
use oa_core::wait::{Look, Running, Wait};
use oa_core::{Error, Id, Kind, Result};

use crate::Indexer;
use crate::content::Group;
use crate::member::Member;

/// Files of one batch; the most that the API takes.
const MOST: usize = 2000;
const BATCH: Expect = Expect::Known("vector_store.files_batch");
const ENTRY: Expect = Expect::Known("vector_store.file");

/// Why a file is not indexed that no entry of the store names.
const TAKEN_OUT: &str = "it is in the store no more";

/// Files that were not indexed, and why.
pub(crate) type Failed = BTreeMap<Id, String>;

/// A batch as far as it is looked at. Its id is the one that it was made with, whatever a look calls it.
#[derive(Default)]
struct Batch {
    status: Option<String>,
    counts: Option<FileCounts>,
}

impl Read for Batch {
    fn look(fields: &Fields) -> Batch {
        Batch {
            status: fields.text("status"),
            counts: fields.object("file_counts"),
        }
    }
}

impl Batch {
    /// The counts decide: a batch can be `completed` before its last file is. All of them are 0 where its
    /// files were deleted meanwhile, or the server does not count: then its status is all there is.
    fn is_over(&self) -> bool {
        let waiting = self.counts.unwrap_or_default().in_progress;
        match self.status.as_deref() {
            Some("failed" | "cancelled" | "expired") => true,
            Some("completed") => waiting == 0,
            _ => waiting == 0 && self.done() > 0,
        }
    }

    fn done(&self) -> u64 {
        let counts = self.counts.unwrap_or_default();
        counts.completed + counts.failed + counts.cancelled
    }

    /// Whether it says anything of how far it is.
    fn tells(&self) -> bool {
        self.status.is_some() || self.counts.is_some()
    }
}

/// Files that the server has taken.
enum Sent<'a> {
    /// As a batch: its path, and what its creation said of it.
    Batch(String, Batch, &'a [Id]),
    /// One by one, each with what was said of it.
    Each(Vec<(&'a Id, Member)>),
}

/// A store that is filled.
pub(crate) struct Filling<'a> {
    indexer: &'a Indexer<'a>,
    /// Its path below the base URL.
    path: String,
    wait: Wait,
    bar: Progress,
    /// Files of batches that are over, and all files.
    done: u64,
    files: u64,
    failed: Failed,
}

impl Indexer<'_> {
    /// Adds the files to a store that was made or seen just now, and waits until each is indexed or has failed.
    pub(crate) fn fill(&self, store: &Id, groups: &[Group], begun: Instant) -> Result<Failed> {
        let files = groups.iter().map(|group| group.files.len() as u64).sum();
        let bar = self.run.pipe.log.count_bar("indexing", files);
        let mut wait = self.wait(Some(store), bar.is_drawn(), begun);
        wait.made();
        let mut filling = Filling {
            indexer: self,
            path: store.under("/vector_stores"),
            wait,
            bar,
            done: 0,
            files,
            failed: Failed::default(),
        };
        let mut sent = Vec::new();
        for group in groups {
            for files in group.files.chunks(MOST) {
                sent.push(filling.send(group, files)?);
            }
        }
        for part in sent {
            filling.finish(part)?;
        }
        let (failed, elapsed) = (filling.failed.len(), begun.elapsed().as_secs());
        let key = field("vector_store_id", store.as_str());
        let told = format!("{key} files={files} failed={failed} elapsed={elapsed}s");
        self.run.pipe.log.event("index", &told);
        Ok(filling.failed)
    }

    fn body(&self, group: &Group) -> Object {
        let mut body = Object::default();
        if !group.attributes.is_empty() {
            body.set("attributes", group.attributes.to_raw());
        }
        if let Some(chunking) = &self.content.chunking {
            body.set("chunking_strategy", chunking.clone());
        }
        body
    }
}

impl Filling<'_> {
    fn send<'f>(&mut self, group: &'f Group, files: &'f [Id]) -> Result<Sent<'f>> {
        let mut body = self.indexer.body(group);
        body.put("file_ids", &texts(files));
        let path = format!("{}/file_batches", self.path);
        let made = Expect::Object("vector_store.files_batch");
        let call = Call::create(&path, &body, made)
            .until(self.wait.time()?)
            .look("the store has part of the files at most; oa-delete removes it".to_owned());
        match self.indexer.client.call(&call) {
            Ok(answer) => {
                let (fields, after) = (Fields::of(&answer.object), answer.poll_after);
                let id = fields.id();
                let id = id.ok_or_else(|| Error::new(Kind::Network, "the batch has no id"))?;
                self.wait.made();
                self.wait.rest(after);
                Ok(Sent::Batch(id.under(&path), Batch::look(&fields), files))
            }
            // The store is there: it is batches that this server does not know, or one of the files.
            Err(error) if matches!(error.status, Some(404 | 405)) => self.add(group, files),
            Err(error) => Err(error),
        }
    }

    /// Adds files one by one; adding one again changes nothing, so that weather is no matter.
    fn add<'f>(&mut self, group: &Group, files: &'f [Id]) -> Result<Sent<'f>> {
        let path = format!("{}/files", self.path);
        let mut body = self.indexer.body(group);
        let mut added = Vec::new();
        for file in files {
            body.put("file_id", &file.as_str());
            let client = &self.indexer.client;
            let answer = self.wait.until_final(|until| {
                let call = Call::query(path.clone(), &body, ENTRY);
                client.call(&call.once().until(until)).map(Look::Final)
            });
            match answer {
                Ok(answer) => added.push((file, Member::read(&answer.object))),
                Err(error) if error.kind == Kind::Refused => self.fail(file, error.to_string()),
                Err(error) => return Err(error),
            }
        }
        Ok(Sent::Each(added))
    }

    fn finish(&mut self, sent: Sent) -> Result<()> {
        match sent {
            Sent::Batch(path, batch, files) => self.finish_batch(&path, batch, files),
            Sent::Each(files) => self.finish_each(files),
        }
    }

    fn finish_batch(&mut self, path: &str, mut batch: Batch, files: &[Id]) -> Result<()> {
        let (client, done, all, bar) = (&self.indexer.client, self.done, self.files, &self.bar);
        if !batch.is_over() {
            batch = self.wait.until_final(|until| {
                let call = Call::get(path.to_owned(), BATCH).once().until(until);
                let answer = client.call(&call).map_err(gone)?;
                let batch = Batch::look(&Fields::of(&answer.object));
                if batch.is_over() || !batch.tells() {
                    return Ok(Look::Final(batch));
                }
                let done = done + batch.done();
                bar.set(done);
                let status = batch.status.as_deref().unwrap_or("in_progress");
                Ok(Look::Running(running(status, (done, all), &answer)))
            })?;
        }
        if !batch.tells() {
            let files = files.iter().map(|file| (file, Member::unknown()));
            return self.finish_each(files.collect());
        }
        self.done += files.len() as u64;
        let completed = batch.counts.unwrap_or_default().completed;
        if completed < files.len() as u64 {
            self.name_failed(path, &batch, files)?;
        }
        Ok(())
    }

    /// Waits for entries of the store, one after the other; all of them are worked on.
    fn finish_each(&mut self, files: Vec<(&Id, Member)>) -> Result<()> {
        let client = &self.indexer.client;
        for (file, member) in files {
            let path = file.under(&format!("{}/files", self.path));
            let counts = (self.done, self.files);
            let looked = if member.is_over() {
                Ok(member)
            } else {
                self.wait.until_final(|until| {
                    let call = Call::get(path.clone(), ENTRY).once().until(until);
                    let answer = client.call(&call)?;
                    let member = Member::read(&answer.object);
                    if member.is_over() {
                        return Ok(Look::Final(member));
                    }
                    Ok(Look::Running(running("in_progress", counts, &answer)))
                })
            };
            match looked {
                Ok(member) if member.is_indexed() => {}
                Ok(member) => self.fail(file, member.reason()),
                Err(error) if error.is_gone() => self.fail(file, TAKEN_OUT.to_owned()),
                Err(error) => return Err(error),
            }
            self.done += 1;
            self.bar.set(self.done);
        }
        Ok(())
    }

    /// Asks which files failed, and why.
    fn name_failed(&mut self, path: &str, batch: &Batch, files: &[Id]) -> Result<()> {
        let path = format!("{path}/files");
        let mut members = BTreeMap::new();
        for status in ["completed", "failed", "cancelled"] {
            for (id, member) in self.indexer.members(&mut self.wait, &path, status)? {
                members.entry(id).or_insert(member);
            }
        }
        // A batch that ended as a whole leaves files that nobody works on any more; one that is complete names
        // all of its files but those that somebody took out.
        let rest = match batch.status.as_deref() {
            Some(status @ ("failed" | "cancelled" | "expired")) => format!("its batch is {status}"),
            _ => TAKEN_OUT.to_owned(),
        };
        for file in files {
            match members.get(file) {
                Some(member) if member.is_indexed() => {}
                Some(member) => self.fail(file, member.reason()),
                None => self.fail(file, rest.clone()),
            }
        }
        Ok(())
    }

    fn fail(&mut self, file: &Id, why: String) {
        self.failed.insert(file.clone(), why);
    }
}

fn running(status: &str, done: (u64, u64), answer: &Answer) -> Running {
    Running {
        done: Some(done),
        ..Running::new(status, answer)
    }
}

/// Adds what we know better where the store is not there.
fn gone(error: Error) -> Error {
    match error.status {
        Some(404) => {
            error.hint("the store or one of the files is gone: expired, or deleted by somebody?")
        }
        _ => error,
    }
}
