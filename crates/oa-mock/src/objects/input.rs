//! What a question holds: its words, and its attachments with what arrived of them.

use crate::json::Json;
use crate::objects::error::ApiError;
use crate::objects::part::Part;
use crate::objects::value;
use crate::state::file::File;

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
        for (m, part) in item.elements_of(key).iter().enumerate() {
            let path = format!("input[{n}].{key}[{m}]");
            let name = part.text_of("type").unwrap_or_default();
            value::word(&format!("{path}.type"), name, allowed)?;
            self.part(&Part { part, path }, name, files)?;
        }
        Ok(())
    }

    fn part(&mut self, part: &Part, name: &str, files: &[File]) -> Result<(), ApiError> {
        match name {
            "input_text" => self.texts.extend(part.text("text").map(str::to_owned)),
            "input_image" => {
                self.images += 1;
                self.attachments.push(part.image(files)?);
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

/// The format that an answer is to have.
pub(crate) fn format(body: &Json) -> Option<&Json> {
    body.get("text")?.get("format")
}
