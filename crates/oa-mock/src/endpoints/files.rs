//! The Files API: what was uploaded, as names, sizes and digests.

use crate::endpoints::page::Page;
use crate::http::call::Call;
use crate::http::form::Part;
use crate::http::reply::{Content, Reply};
use crate::id::now;
use crate::limit::limiter::Wish;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::state::file::{self, File};

const PURPOSES: &str = "fine-tune assistants batch user_data vision evals";
const READABLE: [&str; 2] = ["batch", "batch_output"];
const FIELDS: &[&str] = &["file", "purpose", ANCHOR, SECONDS];
const ANCHOR: &str = "expires_after[anchor]";
const SECONDS: &str = "expires_after[seconds]";
const LARGEST: u64 = 512 * 1024 * 1024;
/// Of the contents of all files; the words of what was deleted make room.
const MOST_CONTENT: usize = 1 << 30;
const LARGEST_BATCH: u64 = 200 * 1024 * 1024;

/// `POST /files`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let parts = call.form()?;
    if !mock.settings.lenient {
        check_fields(parts)?;
    }
    let part = file_part(parts)?;
    let purpose = text(parts, "purpose").ok_or_else(|| required("purpose"))?;
    among(purpose, PURPOSES, "purpose")?;
    check_size(part, purpose)?;
    check_name(part, purpose)?;
    let admitted = match mock.limiter().admit(Wish::Upload) {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(*refusal),
    };
    let created_at = now();
    let file = File {
        id: mock.ids.file(),
        name: part.filename.clone().unwrap_or_default(),
        bytes: part.bytes,
        sha256: part.sha256.clone(),
        content: part.content.clone(),
        purpose: purpose.to_owned(),
        created_at,
        expires_at: lifetime(parts)?.map(|seconds| created_at + seconds),
    };
    let reply = Reply::json(&file.json());
    let mut store = mock.store();
    let kept: usize = store.files.iter().map(|file| file.content.len()).sum();
    if kept + file.content.len() > MOST_CONTENT {
        let message = format!("oa-mock keeps {MOST_CONTENT} bytes of files: delete some");
        return Err(ApiError::new(413, message));
    }
    store.files.push(file);
    Ok(reply.admitted(admitted))
}

/// `GET /files`
pub(crate) fn list(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let page = Page::read(call, 10_000, 10_000)?;
    let purpose = call.query("purpose");
    let store = mock.store();
    let all = store.files.iter();
    let all = all.filter(|file| purpose.is_none_or(|purpose| file.purpose == purpose));
    let all = all.map(File::json).collect();
    let page = page.cut(all).map_err(|id| ApiError::no_file(&id, "id"))?;
    Ok(Reply::json(&page))
}

/// `GET /files/{id}`
pub(crate) fn retrieve(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let store = mock.store();
    let file = store
        .file(&call.id)
        .ok_or_else(|| ApiError::no_file(&call.id, "id"))?;
    Ok(Reply::json(&file.json()))
}

/// `GET /files/{id}/content`: of what users upload only requests of Batches can be read back.
pub(crate) fn content(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let store = mock.store();
    let file = store
        .file(&call.id)
        .ok_or_else(|| ApiError::no_file(&call.id, "id"))?;
    if READABLE.contains(&file.purpose.as_str()) {
        let content = Content::Bytes(file.content.clone());
        return Ok(Reply::new(200, "application/octet-stream", content));
    }
    Err(refused(format!(
        "Not allowed to download files of purpose: {}",
        file.purpose
    )))
}

/// `DELETE /files/{id}`
pub(crate) fn delete(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    store
        .file(&call.id)
        .ok_or_else(|| ApiError::no_file(&call.id, "id"))?;
    store.remove_files(|file| file.id == call.id);
    Ok(Reply::deleted(&call.id, "file"))
}

fn refused(message: String) -> ApiError {
    ApiError::new(400, message)
}

fn required(name: &str) -> ApiError {
    refused(format!("'{name}' is a required property"))
}

/// Refuses a word that is none of these.
fn among(word: &str, words: &str, what: &str) -> Result<(), ApiError> {
    if words.split(' ').any(|one| one == word) {
        return Ok(());
    }
    let known = words.replace(' ', "', '");
    let message = format!("'{word}' is not one of ['{known}'] - '{what}'");
    Err(refused(message))
}

fn check_fields(parts: &[Part]) -> Result<(), ApiError> {
    let mut names = parts.iter().map(|part| part.name.as_str());
    names
        .find(|name| !FIELDS.contains(name))
        .map_or(Ok(()), |name| {
            let message =
                format!("Additional properties are not allowed ('{name}' was unexpected)");
            Err(refused(message).newer())
        })
}

fn file_part(parts: &[Part]) -> Result<&Part, ApiError> {
    let file = parts.iter().find(|part| part.name == "file");
    let file = file.ok_or_else(|| required("file"))?;
    if file.filename.is_some() {
        return Ok(file);
    }
    let message = "Expected file to be an uploaded file, but got a text field - 'file'";
    Err(refused(message.to_owned()))
}

fn check_size(part: &Part, purpose: &str) -> Result<(), ApiError> {
    if part.bytes > LARGEST {
        let message = format!(
            "Maximum content size limit ({LARGEST}) exceeded ({} bytes read)",
            part.bytes
        );
        return Err(ApiError::new(413, message));
    }
    if purpose == "batch" && part.bytes > LARGEST_BATCH {
        return Err(refused("File is too large.".to_owned()));
    }
    Ok(())
}

fn check_name(part: &Part, purpose: &str) -> Result<(), ApiError> {
    let name = part.filename.as_deref().unwrap_or_default();
    if purpose != "batch" || file::has_lines(name) {
        return Ok(());
    }
    let message = "Invalid file format for Batch API. Must be .jsonl";
    Err(refused(message.to_owned()))
}

fn text<'a>(parts: &'a [Part], name: &str) -> Option<&'a str> {
    let part = parts.iter().find(|part| part.name == name)?;
    part.text.as_deref()
}

/// The seconds that `expires_after` grants.
fn lifetime(parts: &[Part]) -> Result<Option<u64>, ApiError> {
    let needed = |name: &str| {
        let message = format!("'{name}' is a required property - 'expires_after'");
        Err(refused(message))
    };
    let (anchor, seconds) = match (text(parts, ANCHOR), text(parts, SECONDS)) {
        (None, None) => return Ok(None),
        (None, _) => return needed("anchor"),
        (_, None) => return needed("seconds"),
        (Some(anchor), Some(seconds)) => (anchor, seconds),
    };
    among(anchor, "created_at", "expires_after.anchor")?;
    let wrong = |why: String| Err(refused(format!("{why} - 'expires_after.seconds'")));
    match seconds.parse::<i64>() {
        Err(_) => wrong(format!("'{seconds}' is not of type 'integer'")),
        Ok(3_600..=2_592_000) => Ok(seconds.parse().ok()),
        Ok(short) if short < 3_600 => wrong(format!("{seconds} is less than the minimum of 3600")),
        Ok(_) => wrong(format!("{seconds} is greater than the maximum of 2592000")),
    }
}
