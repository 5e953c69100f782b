//! Files, paths, URLs and ids as content parts: the only place that knows part types.

use std::time::{SystemTime, UNIX_EPOCH};

use oa_core::body::Local;
use oa_core::error::plain;
use oa_core::form::random_word;
use oa_core::kind;
use oa_core::limit::{
    FILE_DATA_CHARS, FILE_ID_CHARS, IMAGE_BYTES_PER_REQUEST, IMAGE_URL_CHARS, IMAGES_PER_REQUEST,
    REQUEST_DOCUMENT_BYTES, Rule,
};
use oa_core::log::Log;
use oa_core::object::Object;
use oa_core::pipe::spool;
use oa_core::record::{File, looks_like_id};
use oa_core::{Error, Id, Result};

/// Bytes from the beginning of a file that tell what it is.
const HEAD: u64 = 64 << 10;

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

impl Attachment {
    /// What `-a` names: an id, a URL, a path, or `-` for the bytes of stdin.
    pub(crate) fn read(word: &str, force: bool, log: &Log) -> Result<Attachment> {
        if looks_like_id(word) {
            return Id::parse(word).map(Attachment::Id);
        }
        let lower = word.to_lowercase();
        if lower.starts_with("http://") || lower.starts_with("https://") {
            return Ok(Attachment::Url(word.to_owned()));
        }
        inline(word, force, log).map(Attachment::Inline)
    }
}

fn inline(path: &str, force: bool, log: &Log) -> Result<Inline> {
    let told = |error: std::io::Error| Error::input(format!("{path}: {}", plain(&error)));
    let streamed =
        path == "-" || std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir());
    let local = if streamed {
        Local::spooled(path, spool(path)?).map_err(told)?
    } else {
        Local::open(path).map_err(told)?
    };
    let head = local.head(HEAD).map_err(told)?;
    let text = kind::is_text(&head, local.bytes() <= HEAD);
    let given = match kind::sniff(&head) {
        _ if path != "-" => path.to_owned(),
        Some(kind) => format!("stdin.{}", kind.extension),
        None => "stdin.txt".to_owned(),
    };
    let name = kind::stored_name(&given, "user_data", text);
    check(path, &name, &local, &head, force, log)?;
    Ok(Inline {
        mime: kind::mime_of(&name, &head),
        name,
        local,
        place: format!("@@{}@@", random_word()),
    })
}

fn check(path: &str, name: &str, local: &Local, head: &[u8], force: bool, log: &Log) -> Result<()> {
    let start = &head[..head.len().min(1024)];
    for problem in
        oa_core::limit::upload_problems(name, local.bytes(), start, kind::purpose_of(name))
    {
        let text = match problem.text.strip_prefix(name) {
            Some(rest) => format!("{path}{rest}"),
            None => problem.text,
        };
        if !(force && problem.forceable) {
            return Err(Error::input(text).hint(problem.way_out));
        }
        log.warning(&text);
    }
    Ok(())
}

/// How parts are written.
#[derive(Clone)]
pub(crate) struct Style {
    pub(crate) detail: Option<String>,
    pub(crate) image_field: String,
    pub(crate) force: bool,
}

/// The parts of one message, and what their limits look at.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) objects: Vec<Object>,
    pub(crate) inline: Vec<Inline>,
    documents: u64,
    pictures: u64,
    picture_bytes: u64,
    problems: Vec<(String, &'static str)>,
}

impl Parts {
    /// Adds an uploaded file. The stored name's extension decides what it is; its purpose only where there is
    /// no extension.
    pub(crate) fn file(&mut self, file: &File, style: &Style) -> Result<()> {
        let id = file
            .id
            .as_ref()
            .map(Id::as_str)
            .ok_or_else(|| Error::input("a File object of the record has no `id`"))?;
        expiry(file)?;
        self.limit(&FILE_ID_CHARS, file.label(), id.len() as u64);
        let name = file.filename.as_deref().unwrap_or_default();
        let bytes = file.bytes.unwrap_or(0);
        let picture = match kind::extension(name) {
            Some(_) => kind::is_picture(name),
            None => file.purpose.as_deref() == Some("vision"),
        };
        let part = if picture {
            self.picture(bytes);
            let mut part = image(style);
            part.put(&style.image_field, &id);
            part
        } else {
            self.documents += bytes;
            let mut part = document(name, style);
            part.put("file_id", &id);
            part
        };
        self.objects.push(finish(part));
        Ok(())
    }

    /// Adds an address that the server fetches.
    pub(crate) fn url(&mut self, url: &str, style: &Style) {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let part = if kind::is_picture(path) {
            self.picture(0);
            self.limit(&IMAGE_URL_CHARS, url, url.len() as u64);
            let mut part = image(style);
            part.put("image_url", &url);
            part
        } else {
            let mut part = document(path, style);
            part.put("file_url", &url);
            part
        };
        self.objects.push(finish(part));
    }

    /// Adds a local file; its base64 goes in where its place holder stands.
    pub(crate) fn inline(&mut self, file: &Inline, style: &Style) {
        let bytes = file.local.bytes();
        let url = format!("data:{};base64,{}", file.mime, file.place);
        let chars = bytes.div_ceil(3) * 4 + url.len() as u64;
        let label = &file.local.label;
        let part = if kind::is_picture(&file.name) {
            self.picture(bytes);
            self.limit(&IMAGE_URL_CHARS, label, chars);
            let mut part = image(style);
            part.put("image_url", &url);
            part
        } else {
            self.documents += bytes;
            self.limit(&FILE_DATA_CHARS, label, chars);
            let mut part = document(&file.name, style);
            part.put("filename", &file.name);
            part.put("file_data", &url);
            part
        };
        self.inline.push(file.clone());
        self.objects.push(finish(part));
    }

    fn picture(&mut self, bytes: u64) {
        self.pictures += 1;
        self.picture_bytes += bytes;
    }

    fn limit(&mut self, rule: &'static Rule, what: &str, value: u64) {
        let exceeded = rule.exceeded(what, value);
        self.problems
            .extend(exceeded.map(|text| (text, rule.way_out)));
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
        for (text, way_out) in &self.problems {
            if !force {
                return Err(
                    Error::input(text).hint(format!("{way_out}; --force sends it all the same"))
                );
            }
            log.warning(text);
        }
        Ok(())
    }
}

/// A picture's part; `detail` is always said, because servers that validate strictly demand it.
fn image(style: &Style) -> Object {
    let mut part = Object::default();
    part.put("type", &"input_image");
    part.put("detail", &style.detail.as_deref().unwrap_or("auto"));
    part
}

/// A document's part; `detail` only where it is asked for and means something (the pages of a PDF).
fn document(name: &str, style: &Style) -> Object {
    let mut part = Object::default();
    part.put("type", &"input_file");
    let pdf = kind::extension(name).is_some_and(|ext| ext.eq_ignore_ascii_case("pdf"));
    let detail = style
        .detail
        .as_deref()
        .filter(|detail| *detail != "original");
    if let (true, Some(detail)) = (pdf, detail) {
        part.put("detail", &detail);
    }
    part
}

/// The same part with `detail` last, as people write it.
fn finish(mut part: Object) -> Object {
    if let Some(detail) = part.text("detail") {
        part.remove("detail");
        part.put("detail", &detail);
    }
    part
}

fn expiry(file: &File) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    match file.expires_at {
        Some(end) if end <= now => Err(Error::input(format!(
            "{}: the uploaded file {} has expired",
            file.label(),
            file.name()
        ))
        .hint("upload it again")),
        _ => Ok(()),
    }
}
