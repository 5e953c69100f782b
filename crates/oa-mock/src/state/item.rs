//! What an answer is made of: messages with what they cite, searches, calls of functions.

use serde::Serialize;

use crate::json::Json;

/// An output item.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Search(SearchCall),
    Call(FunctionCall),
    Message(Message),
}

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

/// Where an answer cites a file.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "file_citation")]
pub(crate) struct Citation {
    pub(crate) file_id: String,
    pub(crate) filename: String,
    /// Characters of the answer before it.
    pub(crate) index: usize,
}

/// The call of a function.
#[derive(Clone, Debug)]
pub(crate) struct FunctionCall {
    pub(crate) id: String,
    pub(crate) call_id: String,
    pub(crate) name: String,
    /// JSON that fits the parameters of the function.
    pub(crate) arguments: String,
}

/// One call of the tool `file_search`, and what it found.
#[derive(Clone, Debug)]
pub(crate) struct SearchCall {
    pub(crate) id: String,
    pub(crate) stores: Vec<String>,
    pub(crate) question: String,
    pub(crate) found: Vec<Found>,
}

/// A passage that answers a search, as the tool shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) file_id: String,
    pub(crate) filename: String,
    /// Between 0 and 1.
    pub(crate) score: f64,
    pub(crate) attributes: Json,
    pub(crate) text: String,
}

impl Item {
    /// The whole output item with this status; searches with their results only if they were asked for.
    pub(crate) fn json(&self, status: &str, results: bool) -> Json {
        match self {
            Item::Search(search) => search.json(status, results),
            Item::Call(call) => call.json(status, &call.arguments),
            Item::Message(message) => message.json(status, vec![message.whole()]),
        }
    }

    /// Characters that the model wrote.
    pub(crate) fn letters(&self) -> usize {
        match self {
            Item::Search(_) => 0,
            Item::Call(call) => call.arguments.chars().count(),
            Item::Message(message) => message.text.chars().count(),
        }
    }
}

impl Message {
    /// The output item with these content parts.
    pub(crate) fn json(&self, status: &str, content: Vec<Json>) -> Json {
        let mut message = Json::object([
            ("id", (&self.id).into()),
            ("type", "message".into()),
            ("status", status.into()),
            ("content", content.into()),
            ("role", "assistant".into()),
        ]);
        if let Some(phase) = self.phase {
            message.set("phase", phase);
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
            part.set("annotations", Json::of(&self.citations));
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

impl FunctionCall {
    /// The output item with the arguments as far as they have come.
    pub(crate) fn json(&self, status: &str, arguments: &str) -> Json {
        Json::object([
            ("id", (&self.id).into()),
            ("type", "function_call".into()),
            ("status", status.into()),
            ("arguments", arguments.into()),
            ("call_id", (&self.call_id).into()),
            ("name", (&self.name).into()),
        ])
    }
}

impl SearchCall {
    /// The output item; with its results only if they were asked for.
    pub(crate) fn json(&self, status: &str, results: bool) -> Json {
        let done = status == "completed";
        let results = (done && results).then(|| Json::of(&self.found));
        Json::object([
            ("id", (&self.id).into()),
            ("type", "file_search_call".into()),
            ("status", status.into()),
            ("queries", Json::list(done.then_some(&self.question))),
            ("results", results.into()),
        ])
    }
}

impl Found {
    /// The passage as the endpoint shows it.
    pub(crate) fn json(&self) -> Json {
        let content = [("type", "text".into()), ("text", (&self.text).into())];
        let mut found = Json::of(self);
        found.remove("text");
        found.set("content", vec![Json::object(content)]);
        found
    }
}
