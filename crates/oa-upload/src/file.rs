//! One local file: its stored name, its purpose, and what speaks against sending it.

use std::io::Read;

use oa_core::local::Local;
use oa_core::{Error, Result};
use oa_kinds::candidate::{Candidate, use_problem};
use oa_kinds::kind::{self, Family};
use oa_kinds::limit::{Problem, UPLOAD_BYTES};
use oa_kinds::stored;
use oa_pipe::local;
use oa_pipe::log::Log;
use oa_pipe::pipe::Pipe;
use oa_pipe::refusal::refuse;
use oa_pipe::shell::{command, word};
use oa_pipe::signal::Interrupt;

use crate::paths;

/// Bytes from the beginning of a file that tell what it is.
const HEAD: usize = 1024;
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
pub(crate) fn look(path: &str, rules: &Rules, pipe: &Pipe) -> Result<Upload> {
    let log: &Log = &pipe.log;
    let local = open(path, rules, &pipe.interrupt)?;
    let head = local.head(TEXT_HEAD);
    let head = head.map_err(|error| Error::local(format!("{path}: {error}")))?;
    let whole = local.bytes() <= TEXT_HEAD;
    let given = rules.filename.unwrap_or(path);
    let purpose = PURPOSES
        .into_iter()
        .find(|purpose| *purpose == rules.purpose)
        .unwrap_or_else(|| kind::purpose_of(given));
    let name = stored::stored_name(given, purpose, kind::is_plain(&head, whole));
    let start = &head[..head.len().min(HEAD)];
    let candidate = Candidate {
        path,
        name: &stored::stored_name(given, purpose, false),
        bytes: local.bytes(),
        head: start,
        purpose,
        quoted,
    };
    refuse(candidate.problems(), rules.force, log)?;
    if let Some(text) = candidate.warning() {
        log.warning(&text);
    }
    note_name(path, given, &name, log);
    let upload = Upload {
        path: path.to_owned(),
        mime: kind::mime_of(&name, start),
        local,
        name,
        purpose,
    };
    refuse(usable(&upload)?, rules.force, log)?;
    Ok(upload)
}

/// Says where a file is not stored under its own name.
fn note_name(path: &str, given: &str, name: &str, log: &Log) {
    let own = kind::of_name(given).is_some_and(|kind| kind.extension == "txt");
    if kind::extension(name) == Some("txt") && !own {
        log.note(&format!(
            "{path}: stored as {name}, because the API takes no file of its own extension"
        ));
    }
}

/// A command as a shell takes it.
fn quoted(words: &str, files: &[String]) -> String {
    command(words, files.iter().map(String::as_str))
}

fn open(path: &str, rules: &Rules, interrupt: &Interrupt) -> Result<Local> {
    if path == "-" && !rules.stdin {
        return Err(Error::input("-: stdin is read for records here").hint("name a file"));
    }
    let most = if rules.force {
        u64::MAX
    } else {
        UPLOAD_BYTES.limit
    };
    local::take(path, most, interrupt).map_err(|error| match advice(path) {
        Some(advice) => error.hint(advice),
        None => error,
    })
}

/// What to type instead of a path that no file can be read from.
fn advice(path: &str) -> Option<String> {
    if std::fs::metadata(path).is_ok_and(|meta| meta.is_dir()) {
        let hyphen = if path.starts_with('-') { "./" } else { "" };
        let folder = word(&format!("{hyphen}{path}"));
        return Some(format!(
            "`find {folder} -type f -print0 | xargs -0 oa-upload`"
        ));
    }
    paths::meant(path)
}

/// A type that no question, or no search, takes: better said now than when the file is used.
fn usable(upload: &Upload) -> Result<Option<Problem>> {
    let problem = use_problem(&upload.path, &upload.name, upload.purpose);
    let text = kind::of_name(&upload.name).is_some_and(|kind| kind.family == Family::Text);
    if problem.is_some() || upload.purpose != "assistants" || !text || is_unicode(&upload.local)? {
        return Ok(problem);
    }
    let what = "file search takes text as UTF-8, UTF-16 or ASCII only (file search guide)";
    Ok(Some(Problem {
        text: format!("{}: {what}", upload.path),
        way_out: "convert it: iconv -f latin1 -t utf-8".to_owned(),
    }))
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
        if std::mem::take(&mut first) && kind::is_utf16(bytes) {
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
