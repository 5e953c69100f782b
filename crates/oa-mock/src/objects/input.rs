//! What a question holds: its words, and its attachments with what arrived of them.

use crate::objects::data::Data;
use crate::objects::error::ApiError;
use crate::objects::file::{self, File};
use crate::objects::json::Json;
use crate::objects::kind;
use crate::schema::value::{self, missing_parameter};

/// All `input_file` parts of a question together.
const MOST_BYTES: usize = 50_000_000;
const MOST_IMAGES: usize = 1500;

const TO_MODEL: &str = "input_text input_image input_file";
const FROM_MODEL: &str = "output_text refusal";

/// A question as the answer quotes it.
#[derive(Default)]
pub(crate) struct Input {
    /// Every `input_text`.
    pub(crate) texts: Vec<String>,
    /// One line per attachment.
    pub(crate) attachments: Vec<String>,
    /// Bytes of the `input_file` parts.
    pub(crate) bytes: usize,
    /// Number of the `input_image` parts.
    pub(crate) images: usize,
}

/// A content part and where it stands.
struct Part<'a> {
    part: &'a Json,
    path: String,
}

impl Input {
    /// Reads `input`, which has passed the check of its form; files are looked up among those stored.
    pub(crate) fn read(body: &Json, files: &[File]) -> Result<Input, ApiError> {
        let mut input = Input::default();
        match body.get("input") {
            Some(Json::Text(text)) => input.texts.push(text.clone()),
            Some(Json::Array(items)) => {
                for (n, item) in items.iter().enumerate() {
                    input.item(item, n, files)?;
                }
            }
            _ => {}
        }
        if input.bytes > MOST_BYTES {
            let message = format!(
                "Invalid input: The total size of the files is {} bytes, but at most {MOST_BYTES} are supported.",
                input.bytes
            );
            return Err(ApiError::new(400, message).param("input"));
        }
        if input.images > MOST_IMAGES {
            let message = format!(
                "Invalid input: The request has {} images, but at most {MOST_IMAGES} are supported.",
                input.images
            );
            return Err(ApiError::new(400, message).param("input"));
        }
        input.names_json(body)?;
        Ok(input)
    }

    /// A model that nobody tells of JSON may write blanks for ever.
    fn names_json(&self, body: &Json) -> Result<(), ApiError> {
        let format = body.get("text").and_then(|text| text.get("format"));
        if format.and_then(|format| format.text_of("type")) != Some("json_object") {
            return Ok(());
        }
        let said = |text: &str| text.to_ascii_lowercase().contains("json");
        if self.texts.iter().any(|text| said(text)) {
            return Ok(());
        }
        let message = "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
        Err(ApiError::new(400, message).param("input"))
    }

    /// About as many tokens as the API would count.
    pub(crate) fn tokens(&self) -> u64 {
        let letters: usize = self.texts.iter().map(|text| text.chars().count()).sum();
        (letters.div_ceil(4) + 85 * self.attachments.len() + self.bytes / 16 + 3) as u64
    }

    fn item(&mut self, item: &Json, n: usize, files: &[File]) -> Result<(), ApiError> {
        let (key, allowed) = match (item.text_of("type"), item.text_of("role")) {
            (None | Some("message"), Some("assistant")) => ("content", FROM_MODEL),
            (None | Some("message"), _) => ("content", TO_MODEL),
            (Some("function_call_output"), _) => ("output", TO_MODEL),
            _ => return Ok(()),
        };
        if let Some(Json::Text(text)) = item.get(key)
            && allowed == TO_MODEL
            && key == "content"
        {
            self.texts.push(text.clone());
        }
        let parts = item.get(key).map(Json::elements).unwrap_or_default();
        for (m, part) in parts.iter().enumerate() {
            let path = format!("input[{n}].{key}[{m}]");
            let name = part
                .text_of("type")
                .ok_or_else(|| missing_parameter(&format!("{path}.type")))?;
            value::word(&format!("{path}.type"), name, allowed)?;
            self.part(&Part { part, path }, name, files)?;
        }
        Ok(())
    }

    fn part(&mut self, part: &Part, name: &str, files: &[File]) -> Result<(), ApiError> {
        match name {
            "input_text" => self
                .texts
                .extend(part.part.text_of("text").map(str::to_owned)),
            "input_image" => {
                let line = part.image(files)?;
                self.images += 1;
                self.attachments.push(line);
            }
            "input_file" => {
                let (line, bytes) = part.file(files)?;
                self.bytes += bytes;
                self.attachments.push(line);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Part<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.part.text_of(key)
    }

    fn image(&self, files: &[File]) -> Result<String, ApiError> {
        let id = self.text("file_id").or(self.text("image_file_id"));
        match (id, self.text("image_url")) {
            (Some(_), Some(_)) => Err(self.exclusive("'file_id' or 'image_url'")),
            (None, None) => Err(self.no_source("'file_id' or 'image_url'")),
            (Some(id), None) => {
                let file = self.stored(id, files)?;
                kind::image(file)?;
                Ok(line("input_image", &file.name, file.bytes, &file.sha256))
            }
            (None, Some(url)) => self.image_url(url),
        }
    }

    fn image_url(&self, url: &str) -> Result<String, ApiError> {
        if is_web(url) {
            fetch(url)?;
            return Ok(format!("input_image {url}"));
        }
        if !url.starts_with("data:") {
            return Err(self.invalid(
                "image_url",
                "Expected a valid URL, but got a value with an invalid format.",
            ));
        }
        let wanted = "Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')";
        let data = Data::read(url).ok_or_else(|| {
            self.invalid(
                "image_url",
                &format!("{wanted}, but got a value that is not base64-encoded."),
            )
        })?;
        if !["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&data.mime.as_str()) {
            let message = format!("{wanted}, but got unsupported MIME type '{}'.", data.mime);
            return Err(self.invalid("image_url", &message));
        }
        Ok(line(
            "input_image",
            &data.mime,
            data.bytes as u64,
            &data.sha256,
        ))
    }

    fn file(&self, files: &[File]) -> Result<(String, usize), ApiError> {
        let (id, data, url) = (
            self.text("file_id"),
            self.text("file_data"),
            self.text("file_url"),
        );
        let sources = [id, data, url].iter().flatten().count();
        match sources {
            0 => return Err(self.no_source("'file_id', 'file_data', or 'file_url'")),
            1 => {}
            _ => return Err(self.exclusive("'file_id', 'file_data', or 'file_url'")),
        }
        // The text names file_id also when it was file_url that stood beside the name.
        if data.is_none() && self.text("filename").is_some() {
            return Err(self.exclusive("'file_id' or 'filename'"));
        }
        if let Some(id) = id {
            let file = self.stored(id, files)?;
            kind::document(file)?;
            let bytes = usize::try_from(file.bytes).unwrap_or(usize::MAX);
            return Ok((
                line("input_file", &file.name, file.bytes, &file.sha256),
                bytes,
            ));
        }
        match (data, url) {
            (Some(data), _) => self.file_data(data),
            (_, Some(url)) => self.file_url(url).map(|line| (line, 0)),
            _ => Err(self.no_source("'file_id', 'file_data', or 'file_url'")),
        }
    }

    fn file_data(&self, url: &str) -> Result<(String, usize), ApiError> {
        let name = self
            .text("filename")
            .ok_or_else(|| missing_parameter(&self.at("filename")))?;
        let wanted = "Expected a base64-encoded data URL with a valid file MIME type (e.g. 'data:text/plain;base64,aW1nIGJ5dGVzIGhlcmU=')";
        let wrong = |why: &str| self.invalid("file_data", &format!("{wanted}, but got {why}."));
        let data = Data::read(url).filter(|data| data.mime.contains('/'));
        let data = data.ok_or_else(|| wrong("a value that is none"))?;
        if !kind::is_inline(&data.mime) {
            return Err(wrong(&format!("unsupported MIME type '{}'", data.mime)));
        }
        Ok((
            line("input_file", name, data.bytes as u64, &data.sha256),
            data.bytes,
        ))
    }

    fn file_url(&self, url: &str) -> Result<String, ApiError> {
        if url.starts_with("data:") {
            return Err(ApiError::invalid(
                "invalid_value",
                "url",
                "Failed to download file.",
            ));
        }
        if !is_web(url) {
            return Err(self.invalid(
                "file_url",
                "Expected a valid URL, but got a value with an invalid format.",
            ));
        }
        fetch(url)?;
        Ok(format!("input_file {url}"))
    }

    fn stored<'a>(&self, id: &str, files: &'a [File]) -> Result<&'a File, ApiError> {
        let found = files.iter().find(|file| file.id == id);
        found.ok_or_else(|| self.gone(id))
    }

    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn invalid(&self, key: &str, message: &str) -> ApiError {
        let at = self.at(key);
        ApiError::invalid("invalid_value", &at, format!("Invalid '{at}'. {message}"))
    }

    fn gone(&self, id: &str) -> ApiError {
        let mut error = file::unknown(id);
        error.param = Some(self.at("file_id"));
        error
    }

    fn exclusive(&self, keys: &str) -> ApiError {
        let path = &self.path;
        let message = format!(
            "Mutually exclusive parameters: '{path}'. Ensure you are only providing one of: {keys}."
        );
        ApiError::invalid("mutually_exclusive_parameters", path, message)
    }

    fn no_source(&self, keys: &str) -> ApiError {
        let path = &self.path;
        let message = format!(
            "Missing mutually exclusive parameters: '{path}'. Ensure you are providing exactly one of: {keys}."
        );
        ApiError::invalid("missing_mutually_exclusive_parameters", path, message)
    }
}

fn is_web(url: &str) -> bool {
    let host = ["http://", "https://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    host.is_some_and(|host| !host.is_empty())
}

/// Nothing is fetched; hosts under `.invalid` (RFC 6761) are the ones that cannot be reached.
fn fetch(url: &str) -> Result<(), ApiError> {
    let host = url.split('/').nth(2).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    if !host.ends_with(".invalid") {
        return Ok(());
    }
    Err(ApiError::invalid(
        "invalid_value",
        "url",
        format!("Error while downloading {url}."),
    ))
}

fn line(kind: &str, name: &str, bytes: u64, sha256: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    format!("{kind} {name} {bytes} bytes sha256 {sha256}")
}
