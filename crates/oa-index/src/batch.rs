//! Batches of files on their way into a store: sent, waited for, asked what failed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use oa_core::client::{Answer, Call, Expect, spread};
use oa_core::id::texts;
use oa_core::log::Progress;
use oa_core::object::Object;
use oa_core::record::FileCounts;
use oa_core::wait::{Schedule, passes};
use oa_core::{Error, Id, Kind, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Indexer;
use crate::content::Group;
use crate::store::Member;

/// Files of one batch; the most that the API takes.
const MOST: usize = 2000;
const BATCH: Expect = Expect::Object("vector_store.files_batch");

/// What became of all batches.
#[derive(Default)]
pub(crate) struct Batches {
    /// Files that were not indexed, and why.
    pub(crate) failed: BTreeMap<Id, String>,
}

#[derive(Default, Deserialize)]
struct Batch {
    #[serde(default)]
    id: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    file_counts: FileCounts,
}

impl Batch {
    fn read(object: &RawValue) -> Batch {
        serde_json::from_str(object.get()).unwrap_or_default()
    }

    /// Its path below the base URL.
    fn path(&self, store: &Id) -> Result<String> {
        let folder = store.under("/vector_stores") + "/file_batches";
        Ok(Id::parse(&self.id)?.under(&folder))
    }

    /// The counts decide: a batch can be `completed` before its last file is. All of them are 0 where its
    /// files were deleted meanwhile, or the server does not count: then its status is all there is.
    fn is_over(&self) -> bool {
        match self.status.as_str() {
            "failed" | "cancelled" => true,
            "completed" => self.file_counts.in_progress == 0,
            _ => self.file_counts.in_progress == 0 && self.done() > 0,
        }
    }

    fn done(&self) -> u64 {
        let counts = self.file_counts;
        counts.completed + counts.failed + counts.cancelled
    }
}

/// How long, and how it is shown.
struct Watch<'a> {
    store: &'a Id,
    begun: Instant,
    deadline: Option<Instant>,
    bar: Progress,
    /// Files of batches that are over.
    done: u64,
}

impl Indexer<'_> {
    /// Adds the files to the store and waits until each is indexed or has failed.
    pub(crate) fn fill(&self, store: &Id, groups: &[Group], begun: Instant) -> Result<Batches> {
        let files: usize = groups.iter().map(|group| group.files.len()).sum();
        let deadline = self.args.deadline;
        let mut watch = Watch {
            store,
            begun,
            deadline: (!deadline.is_zero()).then(|| begun + deadline),
            bar: self.run.pipe.log.count_bar("indexing", files as u64),
            done: 0,
        };
        let mut sent = Vec::new();
        for group in groups {
            for files in group.files.chunks(MOST) {
                sent.push((self.send(store, &group.attributes, files)?, files));
            }
        }
        let mut batches = Batches::default();
        for (batch, files) in sent {
            let over = self.wait(&mut watch, batch)?;
            watch.done += files.len() as u64;
            if over.file_counts.completed < files.len() as u64 {
                self.ask(&watch, &over, files, &mut batches)?;
            }
        }
        let (all, failed) = (files, batches.failed.len());
        let elapsed = watch.begun.elapsed().as_secs();
        self.run.pipe.log.event(
            "index",
            &format!("vector_store_id={store} files={all} failed={failed} elapsed={elapsed}s"),
        );
        Ok(batches)
    }

    fn send(&self, store: &Id, attributes: &Object, files: &[Id]) -> Result<Batch> {
        let mut body = Object::default();
        body.put("file_ids", &texts(files));
        if !attributes.is_empty() {
            body.set("attributes", attributes.to_raw());
        }
        if let Some(chunking) = &self.content.chunking {
            body.set("chunking_strategy", chunking.clone());
        }
        let path = store.under("/vector_stores") + "/file_batches";
        let call = Call::create(&path, &body, BATCH)
            .look("the store has part of the files at most; oa-delete removes it".to_owned());
        let answer = self.client.call(&call).map_err(Self::gone)?;
        Ok(Batch::read(&answer.object))
    }

    fn wait(&self, watch: &mut Watch, mut batch: Batch) -> Result<Batch> {
        let path = batch.path(watch.store)?;
        let mut schedule = Schedule::new(self.args.interval);
        let mut trouble = None;
        let mut asked = None;
        while !batch.is_over() {
            self.pause(watch, schedule.next_wait(asked, spread()), trouble.as_ref())?;
            let call = Call::get(path.clone(), BATCH).once().until(watch.deadline);
            match self.client.call(&call) {
                Ok(answer) => {
                    batch = self.show(watch, &answer);
                    (asked, trouble) = (answer.poll_after, None);
                }
                Err(error) if passes(&error) => trouble = Some(error),
                Err(error) => return Err(Self::gone(error)),
            }
        }
        Ok(batch)
    }

    fn show(&self, watch: &Watch, answer: &Answer) -> Batch {
        let batch = Batch::read(&answer.object);
        let done = watch.done + batch.done();
        watch.bar.set(done);
        if !watch.bar.is_drawn() {
            let (store, elapsed) = (watch.store, watch.begun.elapsed().as_secs());
            self.run.pipe.log.event(
                "index",
                &format!("vector_store_id={store} done={done} elapsed={elapsed}s"),
            );
        }
        batch
    }

    /// Waits before the next look; a signal or the deadline ends the wait for good.
    fn pause(&self, watch: &Watch, wait: Duration, trouble: Option<&Error>) -> Result<()> {
        let how = "the record keeps its store: `jq -c 'del(.error)' | oa-index` goes on";
        let now = Instant::now();
        if watch.deadline.is_some_and(|end| now >= end) {
            let message = match trouble {
                Some(trouble) => {
                    format!("not all files were indexed in time; the last look: {trouble}")
                }
                None => "not all files were indexed in time".to_owned(),
            };
            return Err(Error::new(Kind::Deadline, message).hint(how));
        }
        let left = watch.deadline.map(|end| end.saturating_duration_since(now));
        if self.run.pipe.interrupt.wait(wait.min(left.unwrap_or(wait))) {
            let signal = self.run.pipe.interrupt.signal().unwrap_or_default();
            return Err(Error::interrupted(signal).hint(how));
        }
        Ok(())
    }

    /// Asks which files failed, and why.
    fn ask(&self, watch: &Watch, batch: &Batch, files: &[Id], batches: &mut Batches) -> Result<()> {
        let path = batch.path(watch.store)? + "/files";
        let there = self.members(&path, "completed")?;
        let mut failed = self.members(&path, "failed")?;
        failed.extend(self.members(&path, "cancelled")?);
        let known = |id: &Id| there.iter().any(|member| member.id == id.as_str());
        for id in files.iter().filter(|id| !known(id)) {
            let member = failed.iter().find(|member| member.id == id.as_str());
            // A batch that ended as a whole leaves files that nobody works on any more; one that is complete
            // names all of its files but those that somebody took out.
            let why = match (member, batch.status.as_str()) {
                (Some(member), _) => reason(member),
                (None, "completed") => "it is in the store no more".to_owned(),
                (None, status) => format!("its batch is {status}"),
            };
            batches.failed.insert(id.clone(), why);
        }
        Ok(())
    }

    /// Adds what we know better where the store is not there.
    fn gone(error: Error) -> Error {
        match error.status {
            Some(404) => error
                .hint("the store or one of the files is gone: expired, or deleted by somebody?"),
            _ => error,
        }
    }
}

fn reason(member: &Member) -> String {
    let trouble = member.last_error.as_ref();
    let words = [
        trouble.and_then(|trouble| trouble.code.as_deref()),
        trouble.and_then(|trouble| trouble.message.as_deref()),
    ];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    if words.is_empty() {
        member.status.clone()
    } else {
        words.join(": ")
    }
}
