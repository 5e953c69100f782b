//! What a question holds: its words, and its attachments with what arrived of them.

use crate::json::Json;
use crate::objects::error::ApiError;
use crate::objects::part::Part;
use crate::objects::prompt::Piece;
use crate::objects::value;
use crate::state::file::Files;

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
    /// All of it in its order, as a model reads it.
    pub(crate) pieces: Vec<Piece>,
    /// Bytes of the `input_file` parts.
    pub(crate) bytes: usize,
    /// Number of the `input_image` parts.
    pub(crate) images: usize,
}

impl Input {
    /// Reads `input`, which has passed the check of its form; files are looked up.
    pub(crate) fn read(body: &Json, files: &Files) -> Result<Input, ApiError> {
        let mut input = Input::default();
        match body.get("input") {
            Some(Json::Text(text)) => {
                input.pieces.push(Piece::words("user", text));
                input.texts.push(text.clone());
            }
            Some(Json::Array(items)) => {
                for (n, item) in items.iter().enumerate() {
                    input.item(item, n, files)?;
                }
            }
            _ => {}
        }
        for (what, count, unit, most) in [
            (
                "The total size of the files is",
                input.bytes,
                "bytes",
                MOST_BYTES,
            ),
            ("The request has", input.images, "images", MOST_IMAGES),
        ] {
            if count > most {
                let message = format!(
                    "Invalid input: {what} {count} {unit}, but at most {most} are supported."
                );
                return Err(ApiError::new(400, message).param("input"));
            }
        }
        input.names_json(body)?;
        Ok(input)
    }

    /// A model that nobody tells of JSON may write blanks for ever.
    fn names_json(&self, body: &Json) -> Result<(), ApiError> {
        if format(body).and_then(|format| format.text_of("type")) != Some("json_object") {
            return Ok(());
        }
        let said = |text: &str| text.to_ascii_lowercase().contains("json");
        if self.texts.iter().any(|text| said(text)) {
            return Ok(());
        }
        let message = "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
        Err(ApiError::new(400, message).param("input"))
    }

    fn item(&mut self, item: &Json, n: usize, files: &Files) -> Result<(), ApiError> {
        let (key, allowed) = match (item.text_of("type"), item.text_of("role")) {
            (None | Some("message"), Some("assistant")) => ("content", FROM_MODEL),
            (None | Some("message"), _) => ("content", TO_MODEL),
            (Some("function_call_output"), _) => ("output", TO_MODEL),
            (kind, _) => {
                let kind = kind.unwrap_or_default();
                self.pieces.push(Piece::words(kind, &item.write()));
                return Ok(());
            }
        };
        let role = item.text_of("role").unwrap_or(key);
        if let Some(text) = item.text_of(key) {
            self.pieces.push(Piece::words(role, text));
            if allowed == TO_MODEL && key == "content" {
                self.texts.push(text.to_owned());
            }
        }
        for (m, part) in item.elements_of(key).iter().enumerate() {
            let path = format!("input[{n}].{key}[{m}]");
            let name = part.text_of("type").unwrap_or_default();
            value::word(&format!("{path}.type"), name, allowed)?;
            self.part(&Part { part, path }, role, files)?;
        }
        Ok(())
    }

    fn part(&mut self, part: &Part, role: &str, files: &Files) -> Result<(), ApiError> {
        let (line, bytes) = match part.text("type") {
            Some("input_image") => {
                self.images += 1;
                (part.image(files)?, 0)
            }
            Some("input_file") => part.file(files)?,
            kind => {
                let words = part.text("text").or(part.text("refusal"));
                let words = words.unwrap_or_default();
                self.pieces.push(Piece::words(role, words).of(part.part));
                let asked = kind == Some("input_text");
                self.texts.extend(asked.then(|| words.to_owned()));
                return Ok(());
            }
        };
        let detail = part.text("detail").unwrap_or_default();
        let piece = Piece::attachment(&line, detail, bytes);
        self.pieces.push(piece.of(part.part));
        self.bytes += bytes;
        self.attachments.push(line);
        Ok(())
    }
}

/// The format that an answer is to have.
pub(crate) fn format(body: &Json) -> Option<&Json> {
    body.get("text")?.get("format")
}
