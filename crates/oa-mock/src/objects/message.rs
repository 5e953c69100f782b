//! A message of an answer: the text that it says, in which phase, and what it cites.

use crate::objects::json::Json;
use crate::objects::search_call::Citation;

/// A message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) text: String,
    /// `commentary` or `final_answer`; models that send no commentary name none.
    pub(crate) phase: Option<&'static str>,
    pub(crate) citations: Vec<Citation>,
    /// Whether the text says why there is no answer.
    pub(crate) refuses: bool,
}

impl Message {
    /// The output item with these content parts.
    pub(crate) fn json(&self, status: &str, content: Vec<Json>) -> Json {
        let mut message = Json::object([
            ("id", self.id.as_str().into()),
            ("type", "message".into()),
            ("status", status.into()),
            ("content", content.into()),
            ("role", "assistant".into()),
        ]);
        if let Some(phase) = self.phase {
            message.set("phase", phase.into());
        }
        message
    }

    /// The content part as far as its text has come.
    pub(crate) fn part(&self, text: &str) -> Json {
        if self.refuses {
            return Json::object([("type", "refusal".into()), ("refusal", text.into())]);
        }
        output_text(text)
    }

    /// The whole content part.
    pub(crate) fn whole(&self) -> Json {
        let mut part = self.part(&self.text);
        if !self.refuses {
            let annotations = self.citations.iter().map(Citation::json);
            part.set("annotations", annotations.collect::<Vec<_>>().into());
        }
        part
    }
}

/// An `output_text` part.
pub(crate) fn output_text(text: &str) -> Json {
    Json::object([
        ("type", "output_text".into()),
        ("annotations", Json::Array(Vec::new())),
        ("logprobs", Json::Array(Vec::new())),
        ("text", text.into()),
    ])
}
