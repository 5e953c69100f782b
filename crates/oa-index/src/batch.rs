//! Files on their way into a store: sent, waited for, asked what failed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use oa_core::field::{Fields, Look as Read};
use oa_core::id::texts;
use oa_core::machine::lock;
use oa_core::reply::{Expect, Reply};
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::object::Object;
use oa_pipe::progress::Progress;
use oa_pipe::wait::{Look, Running, Wait};

use crate::content::Group;
use crate::indexer::Indexer;
use crate::member::Member;
use crate::progress::Batch;

/// Files of one batch; the most that the API takes.
pub(crate) const MOST: usize = 2000;
const BATCH: Expect = Expect::Known("vector_store.files_batch");
const ENTRY: Expect = Expect::Known("vector_store.file");

/// Why a file is not indexed that no entry of the store names.
const TAKEN_OUT: &str = "it is in the store no more";

/// Files that were not indexed, and why.
pub(crate) type Failed = BTreeMap<Id, String>;

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
    pub(crate) progress: Progress,
    /// Files that are done, and all files.
    done: AtomicU64,
    files: u64,
    failed: Mutex<Failed>,
}

/// Files of a group that go into a store at once.
pub(crate) struct Part<'a> {
    filling: &'a Filling<'a>,
    group: &'a Group,
    files: &'a [Id],
    sent: Option<Sent<'a>>,
    wait: Wait,
    /// Those of the files that count as done.
    done: u64,
}

impl Indexer<'_> {
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

impl<'a> Part<'a> {
    pub(crate) fn new(
        filling: &'a Filling<'a>,
        group: &'a Group,
        files: &'a [Id],
        wait: Wait,
    ) -> Part<'a> {
        Part {
            filling,
            group,
            files,
            sent: None,
            wait,
            done: 0,
        }
    }

    /// Sends it, whatever way the server knows.
    pub(crate) fn send(&mut self) -> Result<()> {
        let (indexer, files) = (self.filling.indexer, self.files);
        let mut body = indexer.body(self.group);
        body.put("file_ids", &texts(files));
        let path = format!("{}/file_batches", self.filling.path);
        let made = Expect::Object("vector_store.files_batch");
        let call = Request::create(&path, &body, made)
            .until(self.wait.time()?)
            .look("the store has part of the files at most; oa-delete removes it".to_owned());
        self.sent = Some(match indexer.client.call(&call) {
            Ok(answer) => {
                let id = Fields::of(&answer.object, &["id"]).id();
                let id = id.ok_or_else(|| Error::new(Kind::Network, "the batch has no id"))?;
                self.wait.made();
                self.wait.rest(answer.poll_after);
                let batch = Batch::read(&answer.object);
                Sent::Batch(id.under(&path), batch, files)
            }
            // The store is there: it is batches that this server does not know, or one of the files.
            Err(error) if matches!(error.status, Some(404 | 405)) => self.add()?,
            Err(error) => return Err(error),
        });
        Ok(())
    }

    /// Adds files one by one; adding one again changes nothing, so that weather is no matter.
    fn add(&mut self) -> Result<Sent<'a>> {
        let Filling { indexer, path, .. } = self.filling;
        let path = format!("{path}/files");
        let mut body = indexer.body(self.group);
        let mut added = Vec::new();
        for file in self.files {
            body.put("file_id", &file.as_str());
            let client = &indexer.client;
            let answer = self.wait.until_final(|until| {
                let call = Request::query(path.clone(), &body, ENTRY);
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

    /// When there is something to be done.
    pub(crate) fn due(&self) -> Instant {
        match &self.sent {
            Some(Sent::Batch(_, batch, _)) if !batch.is_over() => self.wait.due(),
            _ => Instant::now(),
        }
    }

    /// Brings it to its end, unless it is to be looked at again.
    pub(crate) fn finish(&mut self) -> Option<Result<()>> {
        match self.sent.take() {
            Some(Sent::Batch(path, batch, files)) => {
                let looked = self.look(&path, batch);
                if looked.is_none() {
                    self.sent = Some(Sent::Batch(path, Batch::default(), files));
                    return None;
                }
                looked.map(|batch| self.settle(&path, &batch?, files))
            }
            Some(Sent::Each(files)) => Some(self.finish_each(files)),
            None => Some(Ok(())),
        }
    }

    /// What becomes of a batch; `None` while it runs.
    fn look(&mut self, path: &str, batch: Batch) -> Option<Result<Batch>> {
        if batch.is_over() {
            return Some(Ok(batch));
        }
        let (filling, counted) = (self.filling, &mut self.done);
        self.wait.look(|until| {
            let call = Request::get(path.to_owned(), BATCH).once().until(until);
            let answer = filling.indexer.client.call(&call).map_err(gone)?;
            let batch = Batch::read(&answer.object);
            if batch.is_over() || !batch.tells() {
                return Ok(Look::Final(batch));
            }
            let done = filling.count(counted, batch.done());
            let status = batch.status.as_deref().unwrap_or("in_progress");
            Ok(Look::Running(running(status, done, &answer)))
        })
    }

    fn settle(&mut self, path: &str, batch: &Batch, files: &[Id]) -> Result<()> {
        if !batch.tells() {
            let files = files.iter().map(|file| (file, Member::unknown()));
            return self.finish_each(files.collect());
        }
        self.filling.count(&mut self.done, files.len() as u64);
        let completed = batch.counts.unwrap_or_default().completed;
        if completed < files.len() as u64 {
            self.name_failed(path, batch, files)?;
        }
        Ok(())
    }

    /// Waits for entries of the store, one after the other; all of them are worked on.
    fn finish_each(&mut self, files: Vec<(&Id, Member)>) -> Result<()> {
        let filling = self.filling;
        for (file, member) in files {
            let path = file.under(&format!("{}/files", filling.path));
            let counts = filling.counts();
            let looked = if member.is_over() {
                Ok(member)
            } else {
                self.wait.until_final(|until| {
                    let call = Request::get(path.clone(), ENTRY).once().until(until);
                    let answer = filling.indexer.client.call(&call)?;
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
            let done = self.done + 1;
            filling.count(&mut self.done, done);
        }
        Ok(())
    }

    /// Asks which files failed, and why.
    fn name_failed(&mut self, path: &str, batch: &Batch, files: &[Id]) -> Result<()> {
        let path = format!("{path}/files");
        let mut members = BTreeMap::new();
        for status in ["completed", "failed", "cancelled"] {
            let indexer = self.filling.indexer;
            for (id, member) in indexer.members(&mut self.wait, &path, status)? {
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

    fn fail(&self, file: &Id, why: String) {
        lock(&self.filling.failed).insert(file.clone(), why);
    }
}

impl<'a> Filling<'a> {
    pub(crate) fn new(indexer: &'a Indexer<'a>, store: &Id, files: u64) -> Filling<'a> {
        let log = &indexer.run.pipe.log;
        Filling {
            indexer,
            path: store.under("/vector_stores"),
            progress: log.progress("files", files),
            done: AtomicU64::new(0),
            files,
            failed: Mutex::default(),
        }
    }

    /// What became of the files that are not indexed.
    pub(crate) fn failed(self) -> Failed {
        let failed = self.failed.into_inner();
        failed.unwrap_or_else(PoisonError::into_inner)
    }

    /// Files that are done, and all.
    fn counts(&self) -> (u64, u64) {
        (self.done.load(Ordering::SeqCst), self.files)
    }

    /// So many files of a part are done now, where so many were `counted` before.
    fn count(&self, counted: &mut u64, now: u64) -> (u64, u64) {
        let more = now.saturating_sub(*counted);
        *counted += more;
        self.done.fetch_add(more, Ordering::SeqCst);
        self.progress.done(more);
        self.counts()
    }
}

fn running(status: &str, done: (u64, u64), answer: &Reply) -> Running {
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
