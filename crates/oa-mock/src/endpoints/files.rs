//! The Files API: what was uploaded, as names, sizes and digests.

use crate::http::call::{Call, Page};
use crate::http::form::Part;
use crate::http::reply::Reply;
use crate::objects::error::ApiError;
use crate::objects::file::{File, unknown};
use crate::objects::id::now;
use crate::objects::json::Json;
use crate::state::mock::Mock;

const PURPOSES: &[&str] = &[
    "fine-tune",
    "assistants",
    "batch",
    "user_data",
    "vision",
    "evals",
];
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
    check_fields(parts)?;
    let part = file_part(parts)?;
    let purpose = text(parts, "purpose").ok_or_else(|| required("purpose"))?;
    if !PURPOSES.contains(&purpose) {
        let known: Vec<_> = PURPOSES
            .iter()
            .map(|purpose| format!("'{purpose}'"))
            .collect();
        return Err(refused(format!(
            "'{purpose}' is not one of [{}] - 'purpose'",
            known.join(", ")
        )));
    }
    check_size(part, purpose)?;
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
    let reply = Reply::json(200, &file.json());
    let mut store = mock.store();
    let kept: usize = store.files.iter().map(|file| file.content.len()).sum();
    if kept + file.content.len() > MOST_CONTENT {
        let message = format!("oa-mock keeps {MOST_CONTENT} bytes of files: delete some");
        return Err(ApiError::new(413, message));
    }
    store.files.push(file);
    Ok(reply)
}

/// `GET /files`
pub(crate) fn list(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let page = Page::read(call, 10_000, 10_000)?;
    let purpose = call.query("purpose");
    let store = mock.store();
    let wanted = store
        .files
        .iter()
        .filter(|file| purpose.is_none_or(|purpose| file.purpose == purpose));
    let all = wanted.map(|file| (file.id.clone(), file.json())).collect();
    let page = page.cut(all).map_err(|id| unknown(&id))?;
    Ok(Reply::json(200, &page))
}

/// `GET /files/{id}`
pub(crate) fn retrieve(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let store = mock.store();
    let file = store.file(&call.id).ok_or_else(|| unknown(&call.id))?;
    Ok(Reply::json(200, &file.json()))
}

/// `GET /files/{id}/content`: what users upload cannot be read back.
pub(crate) fn content(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let store = mock.store();
    let file = store.file(&call.id).ok_or_else(|| unknown(&call.id))?;
    Err(refused(format!(
        "Not allowed to download files of purpose: {}",
        file.purpose
    )))
}

/// `DELETE /files/{id}`
pub(crate) fn delete(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    store.file(&call.id).ok_or_else(|| unknown(&call.id))?;
    store.remove_files(|file| file.id == call.id);
    let deleted = [
        ("id", call.id.as_str().into()),
        ("object", "file".into()),
        ("deleted", true.into()),
    ];
    Ok(Reply::json(200, &Json::object(deleted)))
}

fn refused(message: String) -> ApiError {
    ApiError::new(400, message)
}

fn required(name: &str) -> ApiError {
    refused(format!("'{name}' is a required property"))
}

fn check_fields(parts: &[Part]) -> Result<(), ApiError> {
    match parts
        .iter()
        .find(|part| !FIELDS.contains(&part.name.as_str()))
    {
        Some(part) => {
            let name = &part.name;
            Err(refused(format!(
                "Additional properties are not allowed ('{name}' was unexpected)"
            )))
        }
        None => Ok(()),
    }
}

fn file_part(parts: &[Part]) -> Result<&Part, ApiError> {
    let file = parts
        .iter()
        .find(|part| part.name == "file")
        .ok_or_else(|| required("file"))?;
    match file.filename {
        Some(_) => Ok(file),
        None => Err(refused(
            "Expected file to be an uploaded file, but got a text field - 'file'".to_owned(),
        )),
    }
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

fn text<'a>(parts: &'a [Part], name: &str) -> Option<&'a str> {
    let part = parts.iter().find(|part| part.name == name)?;
    part.text.as_deref()
}

/// The seconds that `expires_after` grants.
fn lifetime(parts: &[Part]) -> Result<Option<u64>, ApiError> {
    let (anchor, seconds) = match (text(parts, ANCHOR), text(parts, SECONDS)) {
        (None, None) => return Ok(None),
        (None, _) => {
            return Err(refused(
                "'anchor' is a required property - 'expires_after'".to_owned(),
            ));
        }
        (_, None) => {
            return Err(refused(
                "'seconds' is a required property - 'expires_after'".to_owned(),
            ));
        }
        (Some(anchor), Some(seconds)) => (anchor, seconds),
    };
    if anchor != "created_at" {
        return Err(refused(format!(
            "'{anchor}' is not one of ['created_at'] - 'expires_after.anchor'"
        )));
    }
    let wrong = |why: &str| refused(format!("{seconds} {why} - 'expires_after.seconds'"));
    match seconds.parse::<i64>() {
        Err(_) => Err(refused(format!(
            "'{seconds}' is not of type 'integer' - 'expires_after.seconds'"
        ))),
        Ok(short) if short < 3_600 => Err(wrong("is less than the minimum of 3600")),
        Ok(long) if long > 2_592_000 => Err(wrong("is greater than the maximum of 2592000")),
        Ok(good) => Ok(Some(good.unsigned_abs())),
    }
}
