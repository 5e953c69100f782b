//! A store is filled: all parts are sent, then looked at as they are due.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use oa_core::machine::lock;
use oa_core::{Id, Result};
use oa_pipe::delay::DelayQueue;
use oa_pipe::log::field;

use crate::batch::{Failed, Filling, MOST, Part};
use crate::content::Group;
use crate::indexer::Indexer;

impl Indexer<'_> {
    /// Adds the files to a store that was made or seen just now, and waits until each is indexed or has failed. All
    /// are sent before the first is waited for.
    pub(crate) fn fill(&self, store: &Id, groups: &[Group], begun: Instant) -> Result<Failed> {
        let files = groups.iter().map(|group| group.files.len() as u64).sum();
        let filling = Filling::new(self, store, files);
        let part = |group, files| {
            let mut wait = self.wait(Some(store), filling.progress.is_drawn(), begun);
            wait.made();
            Mutex::new(Part::new(&filling, group, files, wait))
        };
        let chunks = groups.iter().map(|group| (group, group.files.chunks(MOST)));
        let parts = chunks.flat_map(|(group, chunks)| chunks.map(move |files| (group, files)));
        let parts: Vec<_> = parts.map(|(group, files)| part(group, files)).collect();
        self.send(&parts)?;
        self.finish(&parts)?;
        drop(parts);
        let failed = filling.failed();
        let (count, elapsed) = (failed.len(), begun.elapsed().as_secs());
        let key = field("vector_store_id", store.as_str());
        let told = format!("{key} files={files} failed={count} elapsed={elapsed}s");
        self.run.pipe.log.event("index", &told);
        Ok(failed)
    }

    /// Sends all parts; after a failure no other one begins.
    fn send(&self, parts: &[Mutex<Part>]) -> Result<()> {
        let failure = Mutex::new(Ok(()));
        let send = |index: usize| {
            if lock(&failure).is_ok() {
                let sent = lock(&parts[index]).send();
                sent.unwrap_or_else(|error| *lock(&failure) = Err(error));
            }
        };
        if self.args.one {
            self.workers.all(parts.len(), send);
        } else {
            self.workers.share(parts.len(), send);
        }
        failure.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at all parts until each is over; after a failure at none any more.
    fn finish(&self, parts: &[Mutex<Part>]) -> Result<()> {
        let failure = Mutex::new(Ok(()));
        let queue = DelayQueue::new(&self.run.pipe.interrupt);
        for (index, part) in parts.iter().enumerate() {
            queue.enter(lock(part).due(), index);
        }
        queue.close();
        let look = |index: usize| {
            let mut part = lock(&parts[index]);
            match part.finish() {
                None => return queue.put(part.due(), index),
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    *lock(&failure) = Err(error);
                    queue.clear();
                }
            }
            queue.leave();
        };
        if self.args.one {
            self.workers.each(|| queue.due(), look);
        } else {
            // It has its place among others already, and few parts.
            while let Some(index) = queue.due() {
                look(index);
            }
        }
        failure.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
