//! What an earlier run left as FILE.failed: it stays where this run does not have it, too.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use oa_core::field::Look as _;
use oa_core::id::Id;

use crate::draft::Draft;
use crate::object::Object;
use crate::record::Record;
use crate::response::Response;

/// How the records of an earlier run compare with those of this one.
pub(super) struct Earlier {
    /// They have answers that were paid for, or ids of what is on the server, that this run lacks.
    pub(super) lacking: bool,
    /// There are more of them.
    pub(super) longer: bool,
}

/// Compares FILE.failed with the records of this run; `cleaned`: what they name is not on the server any more.
///
/// # Errors
/// One of them cannot be read.
pub(super) fn compare(failed: &Path, draft: &mut Draft, cleaned: bool) -> io::Result<Earlier> {
    let (mut ours, mut count) = (BTreeSet::new(), 0);
    for line in draft.lines()? {
        let record = read(&line?).unwrap_or_default();
        ours.extend(answer(&record));
        ours.extend(record.ids());
        count += 1;
    }
    let (mut lacking, mut theirs) = (false, 0);
    for line in BufReader::new(File::open(failed)?).lines() {
        // A line that is no record is not of ours to throw away.
        let record = read(&line?);
        lacking |= record.is_none_or(|record| {
            let paid = answer(&record).filter(|_| record.error().is_none());
            let there = record.ids().into_iter().filter(|_| !cleaned);
            paid.into_iter().chain(there).any(|id| !ours.contains(&id))
        });
        theirs += 1;
    }
    let longer = theirs > count;
    Ok(Earlier { lacking, longer })
}

fn read(line: &str) -> Option<Record> {
    Object::parse(line).ok().map(Record::new)
}

fn answer(record: &Record) -> Option<Id> {
    record.response().and_then(|raw| Response::read(raw).id)
}
