//! The answers of a Batch on disk, found by the name of their request.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use oa_core::client::Client;
use oa_core::field::Fields;
use oa_core::lenient::object;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::local::{nameless, no_room};
use serde_json::value::RawValue;
use std::time::Instant;

/// The `code` of a file that should hold answers.
pub(crate) const NO_ANSWER: &str = "no_answer";

/// All answers that were fetched, in one file.
pub(crate) struct Answers(File);

/// Where the lines of one Batch lie, by the hash of their `custom_id`. Those of its output file come before those of
/// its error file.
#[derive(Default)]
pub(crate) struct Lines {
    hasher: RandomState,
    places: Vec<(u64, u64, usize)>,
    /// The Batch has more answers than there are lines.
    pub(crate) short: bool,
}

fn lost(error: &io::Error) -> Error {
    no_room("the answers of the Batches", error)
}

/// The name of the request that a line answers, also of one that is no JSON as it stands.
fn name(line: &[u8]) -> Option<String> {
    let of = |raw: &RawValue| Fields::of(raw, &["custom_id"]).text("custom_id");
    match serde_json::from_slice(line) {
        Ok(raw) => of(raw),
        Err(_) => of(&object(line.to_vec()).0?.object),
    }
}

impl Answers {
    /// No answer yet.
    pub(crate) fn new() -> Result<Answers> {
        nameless().map(Answers).map_err(|error| lost(&error))
    }

    /// Fetches the files of a Batch. Where one cannot be had, nothing of them is kept.
    ///
    /// # Errors
    /// As [`Client::download`]; or a file is no list of answers.
    pub(crate) fn fetch(
        &self,
        client: &Client,
        files: &[Option<Id>],
        until: Option<Instant>,
    ) -> Result<Lines> {
        let start = self.0.metadata().map_err(|error| lost(&error))?.len();
        let mut lines = Lines::default();
        for id in files.iter().flatten() {
            let fetched = self.fetch_one(client, id, until, &mut lines);
            if let Err(error) = fetched {
                // What stays there is never looked for.
                let _ = self.0.set_len(start);
                return Err(error);
            }
        }
        // The first of two lines of one request counts, so that their order stays.
        lines.places.sort_by_key(|place| place.0);
        Ok(lines)
    }

    fn fetch_one(
        &self,
        client: &Client,
        id: &Id,
        until: Option<Instant>,
        lines: &mut Lines,
    ) -> Result<()> {
        let start = self.0.metadata().map_err(|error| lost(&error))?.len();
        let path = format!("{}/content", id.under("/files"));
        let request = Request::get(path, Expect::Bytes).once().until(until);
        let fetched = client.download(&request, &self.0);
        fetched.map_err(|error| match error.kind {
            Kind::Input => error.hint("name a folder that has room: TMPDIR=/var/tmp, for instance"),
            _ => error,
        })?;
        let found = lines.read(&self.0, start);
        if found.map_err(|error| lost(&error))? {
            return Ok(());
        }
        let message = format!("the file {id} of the Batch holds no answer");
        let mut error = Error::new(Kind::Network, message);
        error.code = Some(NO_ANSWER.to_owned());
        Err(error)
    }

    /// The line that answers the request of this name.
    pub(crate) fn line(&self, lines: &Lines, wanted: &str) -> Result<Option<Vec<u8>>> {
        let hash = lines.hasher.hash_one(wanted);
        let first = lines.places.partition_point(|place| place.0 < hash);
        let same = lines.places[first..].iter();
        for (_, start, length) in same.take_while(|place| place.0 == hash) {
            let mut line = vec![0; *length];
            let read = self.0.read_exact_at(&mut line, *start);
            read.map_err(|error| lost(&error))?;
            if name(&line).as_deref() == Some(wanted) {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }
}

impl Lines {
    /// Compares them with how many answers the Batch says to have.
    ///
    /// # Errors
    /// There are fewer. Another look may bring them.
    pub(crate) fn count(&mut self, answered: u64) -> Result<()> {
        let found = self.places.len() as u64;
        self.short = found < answered;
        if !self.short {
            return Ok(());
        }
        let message = format!("{answered} requests are answered, and the files hold {found}");
        let mut error = Error::new(Kind::Network, message);
        error.code = Some(NO_ANSWER.to_owned());
        Err(error)
    }

    /// Notes the lines that begin behind this place; whether there are any, or the file is empty.
    fn read(&mut self, file: &File, start: u64) -> io::Result<bool> {
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut at = reader.seek(SeekFrom::Start(start))?;
        let (mut line, before) = (Vec::new(), self.places.len());
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line)?;
            if length == 0 {
                return Ok(self.places.len() > before || at == start);
            }
            if let Some(name) = name(&line) {
                let hash = self.hasher.hash_one(name.as_str());
                self.places.push((hash, at, length));
            }
            at += length as u64;
        }
    }
}
