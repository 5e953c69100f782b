//! A content part of a question: where its bytes come from, and what arrived of them.

use crate::json::Json;
use crate::objects::data::Data;
use crate::objects::error::ApiError;
use crate::objects::kind;
use crate::objects::value::{self, missing};
use crate::state::file::{File, Files};

const IMAGE: &str = "Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')";
const DOCUMENT: &str = "Expected a base64-encoded data URL with a valid file MIME type (e.g. 'data:text/plain;base64,aW1nIGJ5dGVzIGhlcmU=')";
const NO_URL: &str = "Expected a valid URL, but got a value with an invalid format.";

/// A content part and where it stands.
pub(crate) struct Part<'a> {
    pub(crate) part: &'a Json,
    pub(crate) path: String,
}

impl Part<'_> {
    /// The text of a member.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.part.text_of(key)
    }

    /// An image in one line.
    pub(crate) fn image(&self, files: &Files) -> Result<String, ApiError> {
        let id = self.text("file_id").or(self.text("image_file_id"));
        let url = self.text("image_url");
        let sources = [id, url].iter().flatten().count();
        value::one_of(&self.path, sources, "file_id image_url")?;
        if let Some(id) = id {
            let file = self.stored(id, files)?;
            kind::image(&file)?;
            return Ok(line("input_image", &file.name, file.bytes, &file.sha256));
        }
        let url = url.unwrap_or_default();
        if !url.starts_with("data:") {
            return self.web("input_image", "image_url", url);
        }
        let wrong = |why: &str| self.invalid("image_url", &format!("{IMAGE}, but got {why}."));
        let data = Data::read(url).ok_or_else(|| wrong("a value that is not base64-encoded"))?;
        if !["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&data.mime.as_str()) {
            return Err(wrong(&format!("unsupported MIME type '{}'", data.mime)));
        }
        Ok(line(
            "input_image",
            &data.mime,
            data.bytes as u64,
            &data.sha256,
        ))
    }

    /// A file in one line, and how many bytes it has.
    pub(crate) fn file(&self, files: &Files) -> Result<(String, usize), ApiError> {
        let given = ["file_id", "file_data", "file_url"].map(|key| self.text(key));
        let sources = given.iter().flatten().count();
        value::one_of(&self.path, sources, "file_id file_data file_url")?;
        let [id, data, url] = given;
        // The text names file_id also when it was file_url that stood beside the name.
        if data.is_none() && self.text("filename").is_some() {
            value::one_of(&self.path, 2, "file_id filename")?;
        }
        if let Some(id) = id {
            let file = self.stored(id, files)?;
            kind::document(&file)?;
            let bytes = usize::try_from(file.bytes).unwrap_or(usize::MAX);
            let line = line("input_file", &file.name, file.bytes, &file.sha256);
            return Ok((line, bytes));
        }
        if let Some(data) = data {
            return self.file_data(data);
        }
        let url = url.unwrap_or_default();
        if url.starts_with("data:") {
            return Err(not_fetched("Failed to download file."));
        }
        Ok((self.web("input_file", "file_url", url)?, 0))
    }

    fn file_data(&self, url: &str) -> Result<(String, usize), ApiError> {
        let name = self.text("filename");
        let name = name.ok_or_else(|| missing(&self.at("filename")))?;
        let wrong = |why: &str| self.invalid("file_data", &format!("{DOCUMENT}, but got {why}."));
        let data = Data::read(url).filter(|data| data.mime.contains('/'));
        let data = data.ok_or_else(|| wrong("a value that is none"))?;
        if !kind::is_inline(&data.mime) {
            return Err(wrong(&format!("unsupported MIME type '{}'", data.mime)));
        }
        let line = line("input_file", name, data.bytes as u64, &data.sha256);
        Ok((line, data.bytes))
    }

    /// Nothing is fetched; hosts under `.invalid` (RFC 6761) are the ones that cannot be reached.
    fn web(&self, kind: &str, key: &str, url: &str) -> Result<String, ApiError> {
        let schemes = ["http://", "https://"];
        let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return Err(self.invalid(key, NO_URL));
        };
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        if host.ends_with(".invalid") {
            return Err(not_fetched(&format!("Error while downloading {url}.")));
        }
        Ok(format!("{kind} {url}"))
    }

    fn stored(&self, id: &str, files: &Files) -> Result<File, ApiError> {
        files(id).ok_or_else(|| ApiError::no_file(id, &self.at("file_id")))
    }

    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn invalid(&self, key: &str, message: &str) -> ApiError {
        let at = self.at(key);
        ApiError::invalid("invalid_value", &at, format!("Invalid '{at}'. {message}"))
    }
}

fn not_fetched(message: &str) -> ApiError {
    ApiError::invalid("invalid_value", "url", message)
}

fn line(kind: &str, name: &str, bytes: u64, sha256: &str) -> String {
    let name = name.replace(char::is_control, "\u{fffd}");
    format!("{kind} {name} {bytes} bytes sha256 {sha256}")
}
