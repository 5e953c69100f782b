//! One local file: its stored name, its purpose, and what speaks against sending it.

use std::fs::Metadata;
use std::io::Read;
use std::os::unix::fs::FileTypeExt;

use oa_core::body::Local;
use oa_core::error::plain;
use oa_core::kind::Family;
use oa_core::log::Log;
use oa_core::pipe::spool;
use oa_core::shell::word;
use oa_core::{Error, Result, kind, limit};

use crate::paths;

/// Bytes from the beginning of a file that tell what it is.
const HEAD: u64 = 1024;
/// Text is looked at that far, so that a binary file with a printable beginning is not called text.
const TEXT_HEAD: u64 = 64 << 10;

/// What the options say about all files.
pub(crate) struct Rules<'a> {
    pub(crate) purpose: &'a str,
    pub(crate) filename: Option<&'a str>,
    pub(crate) force: bool,
    /// `-` may be read: it was named as an argument.
    pub(crate) stdin: bool,
}

/// A file that is ready to be sent.
pub(crate) struct Upload {
    pub(crate) path: String,
    pub(crate) local: Local,
    /// The name that the API is to store.
    pub(crate) name: String,
    pub(crate) mime: &'static str,
    pub(crate) purpose: &'static str,
}

/// Every purpose of the API; `auto` is not among them.
const PURPOSES: [&str; 6] = [
    "user_data",
    "vision",
    "assistants",
    "batch",
    "evals",
    "fine-tune",
];

/// Looks at a file; nothing is sent.
pub(crate) fn look(path: &str, rules: &Rules, log: &Log) -> Result<Upload> {
    let local = open(path, rules).map_err(|why| Error::input(format!("{path}: {why}")))?;
    let head = local.head(TEXT_HEAD);
    let head = head.map_err(|error| Error::input(format!("{path}: {error}")))?;
    let whole = local.bytes() <= TEXT_HEAD;
    let given = rules.filename.unwrap_or(path);
    let purpose = PURPOSES
        .into_iter()
        .find(|purpose| *purpose == rules.purpose)
        .unwrap_or_else(|| kind::purpose_of(given));
    let name = kind::stored_name(given, purpose, kind::is_text(&head, whole));
    let start = &head[..head.len().min(usize::try_from(HEAD).unwrap_or(0))];
    // The rules look at the name without the `.txt` that text gets: an SVG is a picture all the same.
    let named = kind::stored_name(given, purpose, false);
    check(
        path,
        &named,
        local.bytes(),
        start,
        purpose,
        rules.force,
        log,
    )?;
    if kind::extension(&name) == Some("txt")
        && kind::extension(given) != Some("txt")
        && kind::of_name(given).is_none_or(|kind| kind.extension != "txt")
    {
        log.note(&format!(
            "{path}: stored as {name}, because the API takes no file of its own extension"
        ));
    }
    let upload = Upload {
        path: path.to_owned(),
        mime: kind::mime_of(&name, start),
        local,
        name,
        purpose,
    };
    usable(&upload, rules.force, log)?;
    Ok(upload)
}

fn open(path: &str, rules: &Rules) -> std::result::Result<Local, String> {
    let told = |error: std::io::Error| plain(&error);
    if path == "-" {
        if !rules.stdin {
            return Err("stdin is read for records here; name a file".to_owned());
        }
        let file = spool(path).map_err(|error| format!("{error:#}"))?;
        return Local::spooled(path, file).map_err(told);
    }
    let meta = std::fs::metadata(path)
        .map_err(|error| format!("{}{}", told(error), paths::meant(path)))?;
    if meta.is_file() {
        return Local::open(path).map_err(told);
    }
    if is_stream(&meta) {
        let file = spool(path).map_err(|error| format!("{error:#}"))?;
        return Local::spooled(path, file).map_err(told);
    }
    Err(if meta.is_dir() {
        let path = word(path);
        format!("is a directory; `find {path} -type f -print0 | xargs -0 oa-upload`")
    } else {
        "is no regular file".to_owned()
    })
}

fn is_stream(meta: &Metadata) -> bool {
    meta.file_type().is_fifo()
}

fn check(
    path: &str,
    name: &str,
    bytes: u64,
    head: &[u8],
    purpose: &str,
    force: bool,
    log: &Log,
) -> Result<()> {
    for problem in limit::upload_problems(name, bytes, head, purpose) {
        let text = about(path, name, &problem.text);
        if problem.forceable && force {
            log.warning(&text);
        } else {
            let way_out = if problem.forceable {
                format!("{}; --force sends it all the same", problem.way_out)
            } else {
                problem.way_out
            };
            return Err(Error::input(text).hint(way_out));
        }
    }
    for warning in limit::upload_warnings(name, bytes, purpose) {
        log.warning(&about(path, name, &warning));
    }
    Ok(())
}

/// A type that no question, or no search, takes: better said now than when the file is used.
fn usable(upload: &Upload, force: bool, log: &Log) -> Result<()> {
    let kind = kind::of_name(&upload.name);
    let problem = match upload.purpose {
        "user_data" if !kind.is_some_and(|kind| kind.attach) => Some((
            "neither text nor a type that a question takes (file inputs guide)",
            "convert it to PDF or text",
        )),
        "assistants" if !kind.is_some_and(|kind| kind.search) => Some((
            "file search does not take this type (file search guide)",
            "convert it to PDF or Markdown, or store it as text: --filename NAME.txt",
        )),
        "assistants"
            if kind.is_some_and(|kind| kind.family == Family::Text)
                && !is_unicode(&upload.local)? =>
        {
            Some((
                "file search takes text as UTF-8, UTF-16 or ASCII only (file search guide)",
                "convert it: iconv -f latin1 -t utf-8",
            ))
        }
        _ => None,
    };
    let Some((what, way_out)) = problem else {
        return Ok(());
    };
    let text = format!("{}: {what}", upload.path);
    if force {
        log.warning(&text);
        return Ok(());
    }
    Err(Error::input(text).hint(format!("{way_out}; --force sends it all the same")))
}

/// Whether a text is UTF-8 to its end, or begins as UTF-16 does.
fn is_unicode(local: &Local) -> Result<bool> {
    let told = |error: std::io::Error| Error::input(format!("{}: {error}", local.label));
    let mut file = local.reopen().map_err(told)?;
    let mut block = vec![0; 1 << 16];
    let mut kept = 0;
    let mut first = true;
    loop {
        let count = file.read(&mut block[kept..]).map_err(told)?;
        let bytes = &block[..kept + count];
        if std::mem::take(&mut first)
            && (bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff"))
        {
            return Ok(true);
        }
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) if error.error_len().is_none() && count > 0 => error.valid_up_to(),
            Err(_) => return Ok(false),
        };
        if count == 0 {
            return Ok(true);
        }
        let end = kept + count;
        block.copy_within(valid..end, 0);
        kept = end - valid;
    }
}

/// The text with the path in place of the stored name.
fn about(path: &str, name: &str, text: &str) -> String {
    match text.strip_prefix(name) {
        Some(rest) => format!("{path}{rest}"),
        None => format!("{path}: {text}"),
    }
}
