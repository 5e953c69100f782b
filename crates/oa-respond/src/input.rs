//! Files, paths, URLs and ids as content parts: the only place that knows part types.

use oa_core::form::random_word;
use oa_core::local::Local;
use oa_core::{Error, Id, Result};
use oa_kinds::candidate::{Candidate, use_problem};
use oa_kinds::limit::{
    FILE_DATA_CHARS, IMAGE_BYTES_PER_REQUEST, IMAGE_URL_CHARS, IMAGES_PER_REQUEST, Problem,
    REQUEST_DOCUMENT_BYTES, Rule,
};
use oa_kinds::{kind, stored};
use oa_pipe::file::File;
use oa_pipe::lift::{looks_like_id, of_id};
use oa_pipe::local;
use oa_pipe::log::Log;
use oa_pipe::pipe::Pipe;
use oa_pipe::refusal::refuse;
use oa_pipe::shell::{self, command};

use crate::part::{Part, Style, last_segment};

/// Bytes from the beginning of a file that tell whether it is a text.
const TEXT_HEAD: u64 = 64 << 10;
/// Bytes from the beginning of a file that tell what it is.
const HEAD: usize = 1024;

/// Something that is attached, as the user named it.
#[derive(Clone)]
pub(crate) enum Attachment {
    /// An uploaded file, known by its id alone.
    Id(Id),
    Url(String),
    Inline(Inline),
}

/// A local file that is sent inside the request.
#[derive(Clone)]
pub(crate) struct Inline {
    pub(crate) name: String,
    pub(crate) mime: &'static str,
    pub(crate) local: Local,
    /// Stands in the JSON for the base64, which is produced while it is sent.
    pub(crate) place: String,
}

/// Reads what `-a` names. `filename` is for the one stream among it, or for the only local file.
///
/// # Errors
/// `input` for what the API would refuse, `usage` for what cannot be attached at all.
pub(crate) fn attachments(
    words: &[String],
    filename: Option<&str>,
    force: bool,
    pipe: &Pipe,
) -> Result<Vec<Attachment>> {
    let named = filename.map(|_| nameless(words)).transpose()?;
    let read = |(at, word): (usize, &String)| {
        let filename = filename.filter(|_| named == Some(at));
        Attachment::read(word, filename, force, pipe)
    };
    words.iter().enumerate().map(read).collect()
}

/// Which of the words the user's name is for.
fn nameless(words: &[String]) -> Result<usize> {
    let numbered = words.iter().enumerate();
    let local = numbered.filter(|(_, word)| !looks_like_id(word) && !is_url(word));
    let (streams, files): (Vec<_>, Vec<_>) = local.partition(|(_, word)| local::is_stream(word));
    match (streams.as_slice(), files.as_slice()) {
        ([(at, _)], _) | ([], [(at, _)]) => Ok(*at),
        _ => Err(Error::usage(
            "--filename names one file: what `-a -` or a FIFO brings",
        )),
    }
}

fn is_url(word: &str) -> bool {
    let lower = word.to_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

impl Attachment {
    /// What `-a` names: an id, a URL, a path, or `-` for the bytes of stdin.
    fn read(word: &str, filename: Option<&str>, force: bool, pipe: &Pipe) -> Result<Attachment> {
        if looks_like_id(word) {
            no_file(word).map_or(Ok(()), Err)?;
            return Id::parse(word).map(Attachment::Id);
        }
        if is_url(word) {
            return Ok(Attachment::Url(word.to_owned()));
        }
        inline(word, filename, force, pipe).map(Attachment::Inline)
    }

    /// The text that stands for it in an input, and what to call it.
    pub(crate) fn source(&self) -> (&str, String) {
        match self {
            Attachment::Id(id) => (id.as_str(), id.to_string()),
            Attachment::Url(url) => (url, url.chars().take(60).collect()),
            Attachment::Inline(inline) => (&inline.place, inline.local.label.clone()),
        }
    }
}

/// Ids of what is on the server, but is no file.
fn no_file(word: &str) -> Option<Error> {
    let record = of_id(word).record;
    if !record.files().is_empty() {
        return None;
    }
    let (what, instead) = if record.store().is_some() {
        (
            "a vector store is searched, not attached",
            command("oa-respond --search-store", [word]),
        )
    } else if record.response().is_some() {
        (
            "a response is asked on from, not attached",
            format!("{} | oa-respond -c", command("oa-poll", [word])),
        )
    } else {
        ("a batch cannot be attached", "oa-list batches".to_owned())
    };
    let file = shell::word(&format!("./{word}"));
    let hint = format!("{instead}; a local file of such a name is {file}");
    Some(Error::usage(format!("-a {word}: {what}")).hint(hint))
}

/// The file that a path names.
fn taken(path: &str, force: bool, pipe: &Pipe) -> Result<Local> {
    // What is larger is refused anyway, whatever it is.
    let most = if force {
        u64::MAX
    } else {
        REQUEST_DOCUMENT_BYTES.limit
    };
    let taken = local::take(path, most, &pipe.interrupt);
    taken.map_err(|error| match path.split_once("://") {
        Some(_) => error.hint("a server fetches http:// and https:// only"),
        None => error,
    })
}

fn inline(path: &str, filename: Option<&str>, force: bool, pipe: &Pipe) -> Result<Inline> {
    let wrong = |why: &str| Error::local(format!("{path}: {why}"));
    let local = taken(path, force, pipe)?;
    let head = local.head(TEXT_HEAD);
    let head = head.map_err(|error| wrong(&error.to_string()))?;
    let given = match filename {
        Some(name) => name.to_owned(),
        None if path == "-" => stored::stream_name("stdin", &head),
        None if local.is_spooled() => stored::stream_name(path, &head),
        None => path.to_owned(),
    };
    let text = kind::is_plain(&head, local.bytes() <= TEXT_HEAD);
    let name = stored::stored_name(&given, "user_data", text);
    let start = &head[..head.len().min(HEAD)];
    let candidate = Candidate {
        path,
        name: &stored::stored_name(&given, "user_data", false),
        bytes: local.bytes(),
        head: start,
        purpose: kind::purpose_of(&name),
        quoted: |words, files| command(words, files.iter().map(String::as_str)),
    };
    let mut problems = candidate.problems();
    if problems.is_empty() {
        problems.extend(use_problem(path, &name, candidate.purpose));
    }
    refuse(problems, force, &pipe.log)?;
    Ok(Inline {
        mime: kind::mime_of(&name, start),
        name,
        local,
        place: format!("@@{}@@", random_word()),
    })
}

/// The parts of one message, and what their limits look at.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    pub(crate) list: Vec<Part<'a>>,
    pub(crate) inline: Vec<Inline>,
    documents: u64,
    pictures: u64,
    picture_bytes: u64,
    problems: Vec<Problem>,
}

impl<'a> Parts<'a> {
    /// Adds an uploaded file. The stored name's extension decides what it is; its purpose only where there is
    /// no extension.
    pub(crate) fn file(&mut self, file: &File, style: &'a Style) -> Result<()> {
        let id = file
            .id
            .as_ref()
            .map(Id::as_str)
            .ok_or_else(|| Error::input("a File object of the record has no `id`"))?;
        let name = file.filename.as_deref().unwrap_or_default();
        let bytes = file.bytes.unwrap_or(0);
        let picture = match kind::extension(name) {
            Some(_) => kind::is_picture(name),
            None => file.purpose.as_deref() == Some("vision"),
        };
        let id = id.to_owned();
        let part = if picture {
            self.picture(bytes);
            Part::picture(&style.image_field, id, style)
        } else {
            self.documents += bytes;
            Part::document("file_id", id, name, style)
        };
        self.list.push(part);
        Ok(())
    }

    /// Adds an address that the server fetches.
    pub(crate) fn url(&mut self, url: &str, style: &'a Style) {
        let name = last_segment(url);
        let part = if kind::is_picture(&name) {
            self.picture(0);
            self.limit(&IMAGE_URL_CHARS, url, url.chars().count() as u64);
            Part::picture("image_url", url.to_owned(), style)
        } else {
            Part::document("file_url", url.to_owned(), &name, style)
        };
        self.list.push(part);
    }

    /// Adds a local file; its base64 goes in where its place holder stands.
    pub(crate) fn inline(&mut self, file: &'a Inline, style: &'a Style) {
        let bytes = file.local.bytes();
        let url = format!("data:{};base64,{}", file.mime, file.place);
        let chars = bytes.div_ceil(3) * 4 + url.len() as u64;
        let label = &file.local.label;
        let part = if kind::is_picture(&file.name) {
            self.picture(bytes);
            self.limit(&IMAGE_URL_CHARS, label, chars);
            Part::picture("image_url", url, style)
        } else {
            self.documents += bytes;
            self.limit(&FILE_DATA_CHARS, label, chars);
            Part::document("file_data", url, &file.name, style).named(&file.name)
        };
        self.list.push(part);
        self.inline.push(file.clone());
    }

    fn picture(&mut self, bytes: u64) {
        self.pictures += 1;
        self.picture_bytes += bytes;
    }

    fn limit(&mut self, rule: &Rule, what: &str, value: u64) {
        self.problems.extend(Problem::of(rule, what, value));
    }

    /// What speaks against sending all this in one request.
    ///
    /// # Errors
    /// `input`, unless the user forces it.
    pub(crate) fn check(&mut self, force: bool, log: &Log) -> Result<()> {
        let (documents, pictures, bytes) = (self.documents, self.pictures, self.picture_bytes);
        self.limit(&REQUEST_DOCUMENT_BYTES, "the documents", documents);
        self.limit(&IMAGES_PER_REQUEST, "the pictures", pictures);
        self.limit(&IMAGE_BYTES_PER_REQUEST, "the pictures", bytes);
        refuse(std::mem::take(&mut self.problems), force, log)
    }
}
