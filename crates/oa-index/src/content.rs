//! What goes into a store: files that search takes, with what is said about them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use oa_core::client::Client;
use oa_core::field::Look as _;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Error, Id, Result};
use oa_kinds::kind;
use oa_pipe::file::File;
use oa_pipe::log::Log;
use oa_pipe::object::{Object, raw};
use oa_pipe::record::Record;
use serde_json::json;
use serde_json::value::RawValue;

use crate::args::Args;
use crate::attribute;

/// Overlap of passages where only their size is said; the API's own proportion.
const HALF: u16 = 2;
const DEFAULT_SIZE: u16 = 800;

/// Files that are added with the same attributes.
pub(crate) struct Group {
    pub(crate) attributes: Object,
    pub(crate) files: Vec<Id>,
}

/// What the options say about all files.
pub(crate) struct Content {
    attributes: Object,
    /// How files are cut; the server's own way if absent.
    pub(crate) chunking: Option<Box<RawValue>>,
    keep: bool,
}

impl Content {
    /// Reads the options.
    ///
    /// # Errors
    /// `usage` for what the API would refuse.
    pub(crate) fn new(args: &Args) -> Result<Content> {
        let mut attributes = Object::default();
        for (key, value) in &args.attribute {
            attributes.put(key, value);
        }
        attribute::check(&attributes).map_err(Error::usage)?;
        Ok(Content {
            attributes,
            chunking: chunking(args)?,
            keep: args.keep,
        })
    }

    /// The files of a record; nothing is sent but a question about a file that is known by its id alone.
    ///
    /// # Errors
    /// `input` for a record without files, for a file that search does not take, and for attributes that the
    /// API would refuse.
    pub(crate) fn of(
        &self,
        record: &Record,
        client: &Client,
        log: &Log,
        until: Option<Instant>,
    ) -> Result<Group> {
        let files = record.files();
        if files.is_empty() {
            return Err(Error::input("the record has no `files` to index")
                .hint("oa-upload -P assistants makes them"));
        }
        let mut attributes = self.attributes.clone();
        let own = record.object().get("attributes");
        if let Some(own) = own.and_then(|own| Object::parse(own.get()).ok()) {
            for (key, value) in own.entries() {
                attributes.set(&key, value.to_owned());
            }
        }
        attribute::check(&attributes).map_err(Error::input)?;
        let (mut ids, mut known) = (Vec::new(), BTreeSet::new());
        for file in files {
            let id = file
                .id
                .clone()
                .ok_or_else(|| Error::input("a File object of the record has no `id`"))?;
            let file = complete(file.clone(), &id, client, until)?;
            self.check(&id, &file, log)?;
            if known.insert(id.clone()) {
                ids.push(id);
            }
        }
        Ok(Group {
            attributes,
            files: ids,
        })
    }

    fn check(&self, id: &Id, file: &File, log: &Log) -> Result<()> {
        let label = file.label();
        if let Some(name) = &file.filename
            && !kind::of_name(name).is_some_and(|kind| kind.search)
        {
            return Err(Error::input(format!(
                "{label}: file search does not take this type, stored as {name} (file search guide)"
            ))
            .hint("convert it to PDF, Markdown or text and upload that"));
        }
        match file.expires_at {
            Some(_) if file.is_expired() => Err(Error::input(format!(
                "{label}: the uploaded file {id} has expired"
            ))
            .hint("upload it again")),
            Some(_) if self.keep => {
                log.warning(&format!(
                    "{label}: the file {id} expires, and the store that is kept then loses it; oa-upload --keep"
                ));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Looks up a file that is known by its id alone; its name decides whether search takes it.
fn complete(file: File, id: &Id, client: &Client, until: Option<Instant>) -> Result<File> {
    if file.filename.is_some() {
        return Ok(file);
    }
    let call = Request::get(id.under("/files"), Expect::Object("file")).until(until);
    let answer = client.call(&call).map_err(|mut error| {
        if error.status == Some(404) {
            let hint =
                "does the key belong to another project, or has the file expired? oa-list files";
            error.hint = Some(hint.to_owned());
        }
        error.about(id.as_str())
    })?;
    let found = File::read(&answer.object);
    Ok(File {
        path: file.path,
        ..found
    })
}

/// `chunking_strategy`; the API wants both numbers where one is said.
fn chunking(args: &Args) -> Result<Option<Box<RawValue>>> {
    if args.chunk_size.is_none() && args.chunk_overlap.is_none() {
        return Ok(None);
    }
    let size = args.chunk_size.unwrap_or(DEFAULT_SIZE);
    let overlap = args.chunk_overlap.unwrap_or(size / HALF);
    if overlap > size / HALF {
        return Err(Error::usage(format!(
            "--chunk-overlap {overlap}: at most half of a passage of {size} tokens"
        )));
    }
    let tokens = json!({"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap});
    Ok(Some(raw(&json!({"type": "static", "static": tokens}))))
}

/// Files of several records for one store: those of the same attributes are one group.
#[derive(Default)]
pub(crate) struct Groups {
    all: Vec<Group>,
    /// Places in `all` by the attributes, and by the files.
    alike: BTreeMap<String, usize>,
    places: BTreeMap<Id, usize>,
}

impl Groups {
    /// Adds the files of a record; a file goes in once.
    ///
    /// # Errors
    /// `input` for a file that is there with other attributes: a store keeps one set of them for each file.
    pub(crate) fn add(&mut self, new: Group) -> Result<()> {
        let line = new.attributes.to_line();
        let place = self.alike.get(&line).copied().unwrap_or(self.all.len());
        let elsewhere = |id: &&Id| self.places.get(id).is_some_and(|other| *other != place);
        if let Some(id) = new.files.iter().find(elsewhere) {
            let told = format!("an earlier record gives {id} other attributes in the same store");
            return Err(
                Error::input(told).hint("say the same of it everywhere, or leave out --one")
            );
        }
        if place == self.all.len() {
            self.alike.insert(line, place);
            self.all.push(Group {
                attributes: new.attributes,
                files: Vec::new(),
            });
        }
        let fresh = |id: &Id| self.places.insert(id.clone(), place).is_none();
        let files = new.files.into_iter().filter(fresh);
        self.all[place].files.extend(files);
        Ok(())
    }

    /// The groups, first to last.
    pub(crate) fn all(&self) -> &[Group] {
        &self.all
    }
}
