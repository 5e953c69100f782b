//! From a record to its question, and from there to the answer.

use std::collections::BTreeSet;

use oa_core::client::Client;
use oa_core::field::Look as _;
use oa_core::{Error, Id, Result};
use oa_kinds::limit::{Problem, TEXT_CHARS};
use oa_pipe::file::File;
use oa_pipe::object::raw_array;
use oa_pipe::plan::Job;
use oa_pipe::question::question;
use oa_pipe::record::Record;
use oa_pipe::refusal::refuse;
use oa_pipe::response::Response;
use oa_pipe::run::Run;
use oa_pipe::settle::{forget, settle_own};
use serde_json::value::RawValue;

use crate::args::Args;
use crate::asking::Asking;
use crate::input::{Attachment, Parts};
use crate::lookup::Lookup;
use crate::models::Models;
use crate::part::Style;
use crate::request::{Prepared, Template};
use crate::window::{expiry, window};

/// Everything that is the same for all records.
pub(crate) struct Asker<'a> {
    /// None: nothing is sent.
    pub(crate) client: Option<Client>,
    pub(crate) template: Template,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) style: Style,
    pub(crate) lookup: Lookup,
    pub(crate) models: Models,
    pub(crate) args: &'a Args,
    pub(crate) run: &'a Run,
}

/// What a response that is there already means for a new question.
enum Before {
    Nothing,
    Enough,
    Continue(Id),
}

impl Asker<'_> {
    /// Asks the record's question and puts the answer into it.
    pub(crate) fn answer(&self, record: &mut Record, job: &Job) -> Result<()> {
        let previous = match self.before(record)? {
            // The record itself stays as it came.
            Before::Enough => return settle_own(&mut record.clone(), self.args.allow_incomplete),
            Before::Nothing => None,
            Before::Continue(id) => Some(id),
        };
        let request = self.request(record, previous.as_ref())?;
        let Some(client) = &self.client else {
            return dry_run(record, &request);
        };
        let asking = self.asking(client, job, &request);
        if self.args.count {
            return asking.count(record);
        }
        let most = self.args.max_input_tokens;
        most.map_or(Ok(()), |most| asking.brake(record, most))?;
        if previous.is_some() {
            move_on(record);
        }
        forget(record);
        record.object_mut().remove("window");
        if let Some(window) = window(&request.body) {
            record.object_mut().put("window", &window);
        }
        asking.ask(record)
    }

    /// An answer is never overwritten or bought twice by accident.
    fn before(&self, record: &Record) -> Result<Before> {
        let Some(response) = record.response().map(Response::read) else {
            let last = earlier(record).pop().filter(|_| self.args.continue_);
            let last = last.and_then(|response| Response::read(&response).id);
            return Ok(last.map_or(Before::Nothing, Before::Continue));
        };
        if self.args.only_missing {
            return Ok(Before::Enough);
        }
        if !self.args.continue_ {
            let id = response.name();
            return Err(
                Error::input(format!("the record has a response already ({id})"))
                    .hint("ask on with --continue, or pass such records with --only-missing"),
            );
        }
        if !response.is_final() {
            let id = response.name();
            return Err(
                Error::input(format!("response {id} still runs")).hint("put oa-poll before")
            );
        }
        response
            .id
            .map(Before::Continue)
            .ok_or_else(|| Error::input("the record's `response` has no id to continue from"))
    }

    fn request(&self, record: &Record, previous: Option<&Id>) -> Result<Prepared> {
        let log = &self.run.pipe.log;
        let search = self.template.search.as_ref();
        let search = search.map(|search| search.tool(record)).transpose()?;
        let draft = self.template.draft(record, previous, search.as_ref())?;
        let unsearched = search.as_ref().map(|tool| draft.unsearched(tool));
        if let Some(ids) = unsearched.filter(|ids| !ids.is_empty()) {
            let ids = ids.join(" ");
            log.warning(&format!(
                "`tools` of the request takes the place of the search, so nothing searches {ids}"
            ));
        }
        let window = draft.window();
        let window = window.as_deref();
        if window.is_some() && previous.is_none() {
            let mut files = record.files().iter();
            files.try_for_each(|file| expiry(file, window))?;
        }
        if draft.is_whole() {
            return draft.take(record, &self.attachments);
        }
        let question = question(record, self.template.prompt.as_deref())?;
        let chars = question.chars().count() as u64;
        let too_long = Problem::of(&TEXT_CHARS, "the question", chars);
        refuse(too_long, self.style.force, log)?;
        if !draft.continues() {
            uploaded(record)?;
        }
        let files = match (previous, &search) {
            (None, None) => record.files(),
            _ => &[],
        };
        Ok(draft.ask(&question, self.parts(files, window)?))
    }

    /// The record's files, then what is attached to every record.
    fn parts(&self, files: &[File], window: Option<&str>) -> Result<Parts<'_>> {
        let mut parts = Parts::default();
        let lives = |file: &File| expiry(file, window);
        let complete = |file: &File| {
            let file = self.lookup.complete(file.clone(), self.client.as_ref())?;
            lives(&file).map(|()| file)
        };
        files.iter().try_for_each(lives)?;
        for file in files {
            parts.file(&complete(file)?, &self.style)?;
        }
        for attachment in &self.attachments {
            match attachment {
                Attachment::Id(id) => {
                    let file = File {
                        id: Some(id.clone()),
                        ..File::default()
                    };
                    parts.file(&complete(&file)?, &self.style)?;
                }
                Attachment::Url(url) => parts.url(url, &self.style),
                Attachment::Inline(inline) => parts.inline(inline, &self.style),
            }
        }
        parts.check(self.style.force, &self.run.pipe.log)?;
        Ok(parts)
    }

    fn asking<'a>(&'a self, client: &'a Client, job: &'a Job, request: &'a Prepared) -> Asking<'a> {
        Asking {
            client,
            run: self.run,
            job,
            request,
            models: &self.models,
            allow_incomplete: self.args.allow_incomplete,
            text: self.args.text,
        }
    }
}

/// A forgotten upload must not buy an answer about nothing.
fn uploaded(record: &Record) -> Result<()> {
    let files = record.files();
    let there: BTreeSet<&str> = files.iter().filter_map(|f| f.path.as_deref()).collect();
    let paths = record.paths();
    match paths.iter().find(|path| !there.contains(path.as_str())) {
        None => Ok(()),
        Some(path) => Err(Error::input(format!(
            "{path}: stands in `paths`, but none of `files` comes from there"
        ))
        .hint("oa-upload comes first: … | oa-upload | oa-respond …")),
    }
}

/// The earlier responses of a record. Where it has no other, its last question failed after it had been asked on.
fn earlier(record: &Record) -> Vec<Box<RawValue>> {
    let previous = record.object().get("previous");
    previous
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

/// Moves the response that is asked on from to `previous`.
fn move_on(record: &mut Record) {
    let mut all = earlier(record);
    all.extend(record.response().map(ToOwned::to_owned));
    let object = record.object_mut();
    object.set("previous", raw_array(all.iter().map(AsRef::as_ref)));
    object.remove("response");
}

/// Writes the complete body into the record, inline files and all.
fn dry_run(record: &mut Record, request: &Prepared) -> Result<()> {
    if request.inline.is_empty() {
        record.object_mut().set("request", request.body.to_raw());
        return Ok(());
    }
    let mut text = String::new();
    let (mut reader, _) = request.bytes().open();
    std::io::Read::read_to_string(&mut reader, &mut text)
        .map_err(|error| Error::input(error.to_string()))?;
    let raw = RawValue::from_string(text).map_err(|error| Error::input(error.to_string()))?;
    record.object_mut().set("request", raw);
    Ok(())
}
