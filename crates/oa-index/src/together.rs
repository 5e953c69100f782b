//! All records into one store, which they share.

use std::collections::BTreeSet;
use std::time::Instant;

use oa_core::{Error, Id, Result};
use oa_pipe::plan::Job;
use oa_pipe::record::Record;

use crate::batch::Failed;
use crate::content::{Group, Groups};
use crate::indexer::Indexer;
use crate::store;

impl Indexer<'_> {
    /// All records, one store.
    pub(crate) fn index_together(&self) {
        let (mut members, mut records, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let mut groups = Groups::default();
        while let Some(mut job) = self.run.pipe.next() {
            let mut record = std::mem::take(&mut job.incoming.record);
            if self.join(&mut record, &job, &mut groups) {
                members.push(job);
                records.push(record);
            } else {
                others.push((job, record));
            }
        }
        let filled = match self.run.pipe.stopped() {
            _ if records.is_empty() => Ok(Failed::new()),
            Some(stop) => Err(stop),
            None => self.fill_together(&mut records, groups.all()),
        };
        for (job, mut record) in members.iter().zip(records) {
            let judged = filled.as_ref().map_err(Clone::clone);
            if let Err(error) = judged.and_then(|filled| self.judge(&record, filled)) {
                self.run.pipe.fail(&mut record, &error);
            }
            self.run.pipe.put(job, record);
        }
        for (job, record) in others {
            self.run.pipe.put(&job, record);
        }
    }

    /// Takes a record's files up for the common store; says whether it has part in it.
    fn join(&self, record: &mut Record, job: &Job, groups: &mut Groups) -> bool {
        if record.error().is_some() {
            return false;
        }
        let problem = job.incoming.problem.clone().map_or(Ok(()), Err);
        let free = match record.store() {
            Some(store) => Err(Error::input(format!(
                "the record has a store already ({})",
                store.name()
            ))
            .hint("leave out --one, or take `vector_store` out of the record")),
            None => Ok(()),
        };
        problem
            .and(free)
            .and_then(|()| self.wait(None, false, job.read_at).time())
            .and_then(|until| self.group(record, until))
            .and_then(|group| groups.add(group))
            .inspect_err(|error| self.run.pipe.fail(record, error))
            .is_ok()
    }

    fn fill_together(&self, records: &mut [Record], groups: &[Group]) -> Result<Failed> {
        let begun = Instant::now();
        let wait = self.wait(None, false, begun);
        let (id, made) = self.make(&wait)?;
        // Records of the same files count as one, as they do when they are cleaned up.
        let sets: BTreeSet<Vec<Id>> = records.iter().map(file_set).collect();
        let count = sets.len();
        for record in &mut *records {
            store::put(record, &made, true, count);
        }
        let failed = self.fill(&id, groups, begun);
        self.renew(records, &id, &wait);
        failed
    }
}

/// The files of a record, whatever their order.
fn file_set(record: &Record) -> Vec<Id> {
    let files = record.files();
    let ids: BTreeSet<Id> = files.iter().filter_map(|file| file.id.clone()).collect();
    ids.into_iter().collect()
}
