//! Who uploads: the files of a record, side by side, and what becomes of those that nobody takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oa_core::client::Client;
use oa_core::field::Look as _;
use oa_core::form::Form;
use oa_core::machine::lock;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::file::File;
use oa_pipe::log::field;
use oa_pipe::object::{Object, raw_array};
use oa_pipe::progress::Progress;
use oa_pipe::record::Record;
use oa_pipe::removal::Removals;
use oa_pipe::run::Run;
use oa_pipe::shell::word;
use oa_pipe::workers::Workers;
use serde_json::value::RawValue;

use crate::args::{Args, DEFAULT_EXPIRY};
use crate::file::{self, Upload};

/// Purposes whose files are data sets: they get no expiry unless one is asked for.
const DATA_SETS: [&str; 2] = ["fine-tune", "evals"];

/// What became of one upload.
struct Sending {
    file: Option<Object>,
    error: Option<Error>,
}

/// Who uploads.
pub(crate) struct Uploader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) removals: Removals<'a>,
    pub(crate) args: &'a Args,
    pub(crate) run: &'a Run,
    pub(crate) workers: Workers,
    /// Ids of what this process uploaded.
    pub(crate) made: Mutex<BTreeSet<Id>>,
}

impl Uploader<'_> {
    /// Uploads the record's paths that none of its files names yet.
    pub(crate) fn upload(&self, record: &mut Record) -> Result<()> {
        let paths = record.paths();
        if paths.is_empty() && record.files().is_empty() {
            return Err(
                Error::input("the record names no `paths`").hint("{\"paths\":[\"report.pdf\"]}")
            );
        }
        let there = record.files().iter().filter_map(|f| f.path.clone());
        let mut known: BTreeSet<String> = there.collect();
        let missing = paths.into_iter().filter(|path| known.insert(path.clone()));
        let missing: Vec<String> = missing.collect();
        let uploads = self.prepare(&missing)?;
        let (files, trouble) = self.send_all(&uploads);
        join(record, &files);
        trouble.map_or(Ok(()), Err)
    }

    /// Looks at all files before the first of them is sent.
    fn prepare(&self, paths: &[String]) -> Result<Vec<Upload>> {
        let args = self.args;
        let rules = file::Rules {
            purpose: &args.purpose,
            filename: args.filename.as_deref(),
            force: args.force,
            stdin: !args.paths.is_empty(),
        };
        let log = &self.run.pipe.log;
        let mut uploads = Vec::new();
        let mut problems = Vec::new();
        for path in paths {
            match file::look(path, &rules, &self.run.pipe) {
                Ok(upload) => uploads.push(upload),
                Err(error) => problems.push(error),
            }
        }
        for error in problems.iter().skip(1) {
            log.error(&error.to_string());
        }
        match problems.into_iter().next() {
            Some(first) => Err(first),
            None => Ok(uploads),
        }
    }

    /// Sends the files a few at a time; after a failure no new one is begun. The files that made it come
    /// back in their order, with the first failure.
    fn send_all(&self, uploads: &[Upload]) -> (Vec<Object>, Option<Error>) {
        let progress = self.run.pipe.log.progress("files", uploads.len() as u64);
        progress.weigh(uploads.iter().map(|upload| upload.local.bytes()).sum());
        let failed = AtomicBool::new(false);
        let done: Mutex<Vec<(usize, Sending)>> = Mutex::default();
        self.workers.share(uploads.len(), |index| {
            if failed.load(Ordering::SeqCst) {
                return;
            }
            let sending = self.send(&uploads[index], &progress);
            progress.done(1);
            failed.fetch_or(sending.error.is_some(), Ordering::SeqCst);
            lock(&done).push((index, sending));
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        let mut files = Vec::new();
        let mut trouble = None;
        for (_, sending) in done {
            files.extend(sending.file);
            match (&trouble, sending.error) {
                (None, error) => trouble = error,
                // What may be on the server is named, and not only the first of it.
                (Some(_), Some(error)) if error.hint.is_some() => {
                    self.run.pipe.log.error(&error.to_string());
                }
                _ => {}
            }
        }
        (files, trouble)
    }

    /// Uploads one file. An id that stood in the part of an answer that did come is an id like any other.
    fn send(&self, upload: &Upload, progress: &Progress) -> Sending {
        let answered = match self.run.pipe.stopped() {
            Some(stop) => Err(stop),
            None => self.post(upload, progress),
        };
        let (object, mut error) = match answered {
            Ok(object) => (Some(object), None),
            Err(mut error) => (error.part.take(), Some(error)),
        };
        let file = object.and_then(|object| self.made(upload, &object, error.is_none()));
        if file.is_none() {
            error = error.or_else(|| {
                let message = format!("{}: the answer has no id that can be sent", upload.path);
                Some(Error::new(Kind::Network, message))
            });
        }
        Sending { file, error }
    }

    /// Sends one file to the server.
    fn post(&self, upload: &Upload, progress: &Progress) -> Result<Box<RawValue>> {
        let mut form = Form::new().field("purpose", upload.purpose);
        if let Some(expires) = self.expiry(upload.purpose) {
            form = form
                .field("expires_after[anchor]", "created_at")
                .field("expires_after[seconds]", &expires.as_secs().to_string());
        }
        let (body, content_type) = form
            .file("file", &upload.name, upload.mime, upload.local.clone())
            .finish();
        let bytes = upload.local.bytes();
        let name = oa_pipe::object::raw(&upload.name);
        let filter = format!("select(.filename=={name} and .bytes=={bytes})");
        let look = format!(
            "look for a file of {bytes} bytes: `oa-list files | jq {}`",
            word(&filter)
        );
        let before = AtomicU64::new(0);
        let sent = |now: u64| {
            // What stands around the file in the form is not counted.
            let now = now.min(bytes);
            progress.sent(before.swap(now, Ordering::SeqCst), now);
        };
        let call = Request::post("/files", body, &content_type, Expect::Object("file"))
            .creates()
            .expires(self.expiry(upload.purpose).is_some())
            .progress(&sent)
            .look(look);
        let answer = self.client.call(&call).map_err(|error| match error.kind {
            Kind::Interrupted => error,
            _ => about(error, &upload.path),
        });
        answer.map(|answer| answer.object)
    }

    /// A file that is on the server now: its object with its `path`, if it has an id.
    fn made(&self, upload: &Upload, object: &RawValue, whole: bool) -> Option<Object> {
        let log = &self.run.pipe.log;
        let bytes = upload.local.bytes();
        let file = File::read(object);
        let id = file.id.as_ref()?;
        lock(&self.made).insert(id.clone());
        self.run.pipe.interrupt.hold(std::slice::from_ref(id));
        log.event(
            "upload",
            &format!(
                "{} bytes={bytes} {}",
                field("file_id", id.as_str()),
                field("path", &upload.path)
            ),
        );
        if whole && self.expiry(upload.purpose).is_some() && file.expires_at.is_none() {
            log.warning(&format!(
                "{}: the server ignored `expires_after`; {id} stays until it is deleted",
                upload.path
            ));
        }
        let mut object = Object::parse(object.get()).unwrap_or_default();
        object.put("path", &upload.path);
        Some(object)
    }

    fn expiry(&self, purpose: &str) -> Option<Duration> {
        let none = self.args.keep || DATA_SETS.contains(&purpose);
        let default = (!none).then_some(DEFAULT_EXPIRY);
        self.args.expires_after.or(default)
    }

    /// Deletes what this process uploaded and could not hand on, because nobody else knows its id; says
    /// whether nothing else of the record needs to be told.
    pub(crate) fn take_back(&self, record: &Record) -> bool {
        let made = lock(&self.made);
        let (ours, theirs): (Vec<&File>, Vec<&File>) = record
            .files()
            .iter()
            .partition(|file| file.id.as_ref().is_some_and(|id| made.contains(id)));
        let mut gone = theirs.iter().all(|file| file.path.is_none());
        for id in ours.into_iter().filter_map(|file| file.id.as_ref()) {
            let (path, what) = (id.under("/files"), field("file_id", id.as_str()));
            if let Err(error) = self.removals.delete(path, id, &what, true) {
                self.removals.fail(id, "not deleted", &error);
                gone = false;
            }
        }
        gone
    }
}

fn about(error: Error, path: &str) -> Error {
    if error.message.starts_with(path) {
        error
    } else {
        error.about(path)
    }
}

/// Puts new files among those of the record, in the order of its paths.
fn join(record: &mut Record, new: &[Object]) {
    let mut places = BTreeMap::new();
    for path in record.paths() {
        let next = places.len() + 1;
        places.entry(path).or_insert(next);
    }
    let place = |raw: &RawValue| {
        let file = File::read(raw);
        let place = places.get(&file.path.unwrap_or_default());
        place.copied().unwrap_or_default()
    };
    let fresh: Vec<Box<RawValue>> = new.iter().map(Object::to_raw).collect();
    let mut files: Vec<Box<RawValue>> = record
        .raw_files()
        .into_iter()
        .map(ToOwned::to_owned)
        .collect();
    files.extend(fresh);
    if files.is_empty() {
        return;
    }
    files.sort_by_cached_key(|raw| place(raw));
    let files = raw_array(files.iter().map(AsRef::as_ref));
    record.object_mut().set("files", files);
}
