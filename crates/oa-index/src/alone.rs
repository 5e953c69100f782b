//! One record, one store; and what becomes of a record's files.

use std::fmt::Write as _;

use oa_core::{Error, Kind, Result};
use oa_pipe::plan::Job;
use oa_pipe::record::Record;

use crate::batch::Failed;
use crate::indexer::Indexer;

/// Files that a message names at most; the record names all.
const NAMED: usize = 10;

impl Indexer<'_> {
    /// One record, one store.
    pub(crate) fn index(&self, record: &mut Record, job: &Job) -> Result<()> {
        let wait = self.wait(None, false, job.read_at);
        let group = self.group(record, wait.time()?)?;
        let (id, store) = self.store(record, &wait)?;
        let group = self.missing(&id, &store, group, job.read_at)?;
        let failed = self.fill(&id, &[group], job.read_at);
        self.renew(std::slice::from_mut(record), &id, &wait);
        self.judge(record, &failed?)
    }

    /// What the files of a record came to; those that failed are named.
    pub(crate) fn judge(&self, record: &Record, all_failed: &Failed) -> Result<()> {
        let files = record.files();
        let failed: Vec<String> = files
            .iter()
            .filter_map(|file| {
                let why = all_failed.get(file.id.as_ref()?)?;
                Some(format!("{}: {why}", file.label()))
            })
            .collect();
        let log = &self.run.pipe.log;
        for one in failed.iter().take(NAMED) {
            log.warning(&format!("{one}; it was not indexed"));
        }
        if failed.len() > NAMED {
            let more = failed.len() - NAMED;
            log.warning(&format!("{more} more files were not indexed"));
        }
        if failed.is_empty() || (self.args.allow_partial && failed.len() < files.len()) {
            return Ok(());
        }
        let (count, all) = (failed.len(), files.len());
        let mut message = format!(
            "{count} of {all} files were not indexed: {}",
            failed[..count.min(NAMED)].join("; ")
        );
        if count > NAMED {
            let _ = write!(message, "; and {} more", count - NAMED);
        }
        let hint = "leave them out, or go on without them: --allow-partial";
        let mut error = Error::new(Kind::Failed, message).hint(hint);
        error.body = (count > NAMED).then(|| failed.join("\n"));
        Err(error)
    }
}
