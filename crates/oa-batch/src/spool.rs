//! Records on disk, so that of all that came only one is in memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;

use oa_core::machine::lock;
use oa_core::{Error, Id, Result};
use oa_pipe::local::{nameless, no_room};
use oa_pipe::object::Object;
use oa_pipe::record::Record;

const NAME: &str = "the records of this run";

/// Records in the order of the input, each until it is written.
pub(crate) struct Spool {
    file: File,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    places: Vec<Place>,
    /// Where the next record begins.
    end: u64,
}

/// Where a record lies; nowhere, where its length is 0.
#[derive(Clone, Copy, Default)]
struct Place {
    start: u64,
    length: usize,
}

fn lost(error: &io::Error) -> Error {
    no_room(NAME, error)
}

impl Spool {
    /// An empty one.
    pub(crate) fn new() -> Result<Spool> {
        Ok(Spool {
            file: nameless().map_err(|error| lost(&error))?,
            kept: Mutex::default(),
        })
    }

    /// Keeps the next record; where that fails, its place stays empty.
    pub(crate) fn keep(&self, record: &Record) -> Result<()> {
        let line = record.object().to_line();
        let mut kept = lock(&self.kept);
        let start = kept.end;
        let written = self.file.write_all_at(line.as_bytes(), start);
        let length = if written.is_ok() { line.len() } else { 0 };
        kept.places.push(Place { start, length });
        kept.end += length as u64;
        written.map_err(|error| lost(&error))
    }

    /// The record at a place.
    pub(crate) fn record(&self, place: u32) -> Result<Record> {
        let found = lock(&self.kept).places.get(place as usize).copied();
        let Place { start, length } = found.unwrap_or_default();
        let mut bytes = vec![0; length];
        let read = self.file.read_exact_at(&mut bytes, start);
        read.map_err(|error| lost(&error))?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(Record::new(Object::parse(&text).unwrap_or_default()))
    }

    /// The record at a place was written.
    pub(crate) fn forget(&self, place: u32) {
        if let Some(place) = lock(&self.kept).places.get_mut(place as usize) {
            place.length = 0;
        }
    }

    /// Ids of what the records name that were not written yet.
    pub(crate) fn ids(&self) -> Vec<Id> {
        let count = u32::try_from(lock(&self.kept).places.len()).unwrap_or(u32::MAX);
        let records = (0..count).filter_map(|place| self.record(place).ok());
        records.flat_map(|record| record.ids()).collect()
    }
}
