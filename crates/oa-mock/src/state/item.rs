//! What an answer is made of: messages with what they cite, searches, calls of functions.

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

/// Where an answer cites a file: a `file_citation`.
#[derive(Clone, Debug)]
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

/// A passage that answers a search.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) file_id: String,
    pub(crate) filename: String,
    pub(crate) attributes: Json,
    pub(crate) text: String,
    /// Between 0 and 1.
    pub(crate) score: f64,
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
            let annotations = self.citations.iter().map(Citation::json);
            part.set("annotations", Json::list(annotations));
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

impl Citation {
    /// The annotation.
    pub(crate) fn json(&self) -> Json {
        Json::object([
            ("type", "file_citation".into()),
            ("file_id", (&self.file_id).into()),
            ("index", self.index.into()),
            ("filename", (&self.filename).into()),
        ])
    }
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
        let results = (done && results).then(|| Json::list(self.found.iter().map(Found::result)));
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
    /// The passage as the tool shows it.
    fn result(&self) -> Json {
        Json::object([
            ("attributes", self.attributes.clone()),
            ("file_id", (&self.file_id).into()),
            ("filename", (&self.filename).into()),
            ("score", self.score()),
            ("text", (&self.text).into()),
        ])
    }

    /// The passage as the endpoint shows it.
    pub(crate) fn json(&self) -> Json {
        let content = [("type", "text".into()), ("text", (&self.text).into())];
        Json::object([
            ("file_id", (&self.file_id).into()),
            ("filename", (&self.filename).into()),
            ("score", self.score()),
            ("attributes", self.attributes.clone()),
            ("content", Json::list([Json::object(content)])),
        ])
    }

    fn score(&self) -> Json {
        Json::Number(format!("{:.4}", self.score))
    }
}
