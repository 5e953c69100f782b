//! Turns local files into records with File objects.

mod file;
mod paths;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use oa_core::client::{Call, Client, Expect};
use oa_core::field::Look as _;
use oa_core::form::Form;
use oa_core::machine::lock;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::cli::{Arguments, Glance, Options, Order, Run, duration};
use oa_pipe::log::field;
use oa_pipe::object::Object;
use oa_pipe::pipe::{Plan, Source};
use oa_pipe::record::{File, Record};
use oa_pipe::removal::Removals;
use oa_pipe::shell::word;
use oa_pipe::verdict::EXIT_TABLE;
use oa_pipe::workers::Workers;
use serde_json::value::RawValue;

use file::Upload;

/// Purposes whose files are data sets: they get no expiry unless one is asked for.
const DATA_SETS: [&str; 2] = ["fine-tune", "evals"];
const HOUR: u64 = 3600;
const DEFAULT_EXPIRY: Duration = Duration::from_secs(72 * HOUR);

/// Upload files and write a record that names them
#[derive(Parser)]
#[command(name = "oa-upload", version, max_term_width = 80, after_help = "See --help for examples and exit statuses.", after_long_help = help())]
struct Args {
    /// Files to upload, all into one record; without any, records with
    /// `paths` are read from stdin. `-` is the bytes of stdin
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
    /// Write one record per path
    #[arg(long)]
    each: bool,
    /// What the files are for; auto: vision for PNG, JPEG, WEBP and GIF,
    /// else `user_data`
    #[arg(short = 'P', long, value_name = "PURPOSE", default_value = "auto",
          value_parser = ["auto", "user_data", "vision", "assistants", "batch", "evals", "fine-tune"])]
    purpose: String,
    /// Have the server delete each file after this time, 1h to 30d [default: 72h;
    /// none for fine-tune and evals]
    #[arg(long, value_name = "TIME", value_parser = expiry, conflicts_with = "keep")]
    expires_after: Option<Duration>,
    /// Let files stay until somebody deletes them
    #[arg(long)]
    keep: bool,
    /// Store the file under this name (one file only)
    #[arg(long, value_name = "NAME")]
    filename: Option<String>,
    /// Turn local rules on type and size into warnings
    #[arg(long)]
    force: bool,
    /// Upload that many files at a time
    #[arg(short, long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jobs")]
    jobs: u16,
    #[command(flatten)]
    order: Order,
    #[command(flatten)]
    options: Options,
}

fn help() -> String {
    format!(
        "Examples:
  oa-upload report.pdf figure.png | oa-respond -p 'Check it.' | oa-delete -t
  find . -name '*.pdf' -print0 | xargs -0 oa-upload --each -j 8

{EXIT_TABLE}"
    )
}

fn expiry(text: &str) -> std::result::Result<Duration, String> {
    let time = duration(text)?;
    if (HOUR..=30 * 24 * HOUR).contains(&time.as_secs()) {
        Ok(time)
    } else {
        Err("the API takes 1h to 30d; `--keep` for no expiry".to_owned())
    }
}

impl Arguments for Args {
    const TOOL: &'static str = "oa-upload";
    const EXAMPLE: &'static str = "name the files: oa-upload report.pdf figure.png";
    const PLAIN: &'static str = "name paths as arguments: … | xargs -d '\\n' oa-upload";

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        paths::source(&self.paths, self.filename.is_some(), self.each)
    }

    fn reads(glance: &Glance) -> bool {
        // `-` is the bytes of a file here.
        glance.operands().is_empty()
    }

    fn advice(word: &str, next: &str) -> Option<String> {
        paths::advice(word, next)
    }

    fn plan(&self) -> Plan {
        Plan {
            unordered: self.order.unordered,
            fail_fast: self.order.fail_fast,
            ..Plan::default()
        }
    }
}

fn main() -> ExitCode {
    oa_pipe::run(|args: &Args, run| {
        let client = &run.client()?;
        let uploader = Uploader {
            removals: Removals::new(client, &run.pipe),
            client,
            args,
            run,
            workers: Workers::new(args.jobs.into()),
            made: Mutex::default(),
        };
        run.pipe.each(
            &uploader.workers,
            |record, _| uploader.upload(record),
            |record| uploader.take_back(record),
        );
        uploader.removals.warn();
        Ok(())
    })
}

/// What became of one upload.
struct Sending {
    file: Option<Object>,
    error: Option<Error>,
}

struct Uploader<'a> {
    client: &'a Client,
    removals: Removals<'a>,
    args: &'a Args,
    run: &'a Run,
    workers: Workers,
    /// Ids of what this process uploaded.
    made: Mutex<BTreeSet<Id>>,
}

impl Uploader<'_> {
    /// Uploads the record's paths that none of its files names yet.
    fn upload(&self, record: &mut Record) -> Result<()> {
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
        let failed = AtomicBool::new(false);
        let done: Mutex<Vec<(usize, Sending)>> = Mutex::default();
        self.workers.share(uploads.len(), |index| {
            if failed.load(Ordering::SeqCst) {
                return;
            }
            let sending = self.send(&uploads[index]);
            failed.fetch_or(sending.error.is_some(), Ordering::SeqCst);
            lock(&done).push((index, sending));
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        let mut files = Vec::new();
        let mut trouble = None;
        for (_, sending) in done {
            files.extend(sending.file);
            trouble = trouble.or(sending.error);
        }
        (files, trouble)
    }

    /// Uploads one file. An id that stood in the part of an answer that did come is an id like any other.
    fn send(&self, upload: &Upload) -> Sending {
        let answered = match self.run.pipe.stopped() {
            Some(stop) => Err(stop),
            None => self.post(upload),
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
    fn post(&self, upload: &Upload) -> Result<Box<RawValue>> {
        let log = &self.run.pipe.log;
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
        let bar = log.upload_bar(&upload.path, bytes);
        let name = oa_pipe::object::raw(&upload.name);
        let filter = format!("select(.filename=={name} and .bytes=={bytes})");
        let look = format!(
            "look for a file of {bytes} bytes: `oa-list files | jq {}`",
            word(&filter)
        );
        let sent = |bytes| bar.set(bytes);
        let call = Call::post("/files", body, &content_type, Expect::Object("file"))
            .graceful()
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
    fn take_back(&self, record: &Record) -> bool {
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
    record.set_files(files.iter().map(AsRef::as_ref));
}
