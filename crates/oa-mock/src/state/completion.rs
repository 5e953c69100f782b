//! A response as Chat Completions tells it: one object, or chunks of it.

use crate::json::Json;
use crate::objects::error::ApiError;
use crate::objects::stream::{Event, pieces};
use crate::state::item::{Item, Message};
use crate::state::response::{Phase, Stored};

/// A finished response under the id of a completion.
pub(crate) struct Completion<'a> {
    pub(crate) id: String,
    pub(crate) response: &'a Stored,
}

impl Completion<'_> {
    /// What did not end well is an error there.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        match self.response.ending.status.as_str() {
            "failed" | "cancelled" | "expired" => Err(ApiError::standard(500, None)),
            _ => Ok(()),
        }
    }

    /// The whole object.
    pub(crate) fn json(&self) -> Json {
        let message = self.message();
        let choice = choice("message", message, Some(self.reason()));
        let mut completion = self.object("chat.completion", vec![choice]);
        completion.set("usage", self.usage());
        completion.marked()
    }

    /// The chunks of a stream; the usage comes last, where it was asked for.
    pub(crate) fn events(&self, usage: bool) -> Vec<Event> {
        let mut deltas = vec![Json::object([
            ("role", "assistant".into()),
            ("content", "".into()),
            ("refusal", Json::Null),
        ])];
        deltas.extend(
            self.calls()
                .map(|calls| Json::object([("tool_calls", numbered(calls))])),
        );
        if let Some(said) = self.said() {
            let key = if said.refuses { "refusal" } else { "content" };
            let pieces = pieces(&said.text).into_iter();
            deltas.extend(pieces.map(|piece| Json::object([(key, piece.into())])));
        }
        let choices = deltas.into_iter().map(|delta| choice("delta", delta, None));
        let end = choice("delta", Json::object([]), Some(self.reason()));
        let choices = choices.chain([end]).map(|choice| vec![choice]);
        let last = usage.then(Vec::new);
        let chunks = choices.chain(last).map(|choices| {
            let over = choices.is_empty();
            let mut chunk = self.object("chat.completion.chunk", choices);
            if usage {
                chunk.set("usage", over.then(|| self.usage()));
            }
            Event {
                name: String::new(),
                data: chunk,
            }
        });
        chunks.collect()
    }

    fn object(&self, kind: &str, choices: Vec<Json>) -> Json {
        Json::object([
            ("id", (&self.id).into()),
            ("object", kind.into()),
            ("created", self.response.created_at.into()),
            ("model", self.response.request.text_of("model").into()),
            ("choices", choices.into()),
            ("service_tier", "default".into()),
        ])
    }

    fn message(&self) -> Json {
        let said = self.said();
        let text = |refuses: bool| {
            let said = said.filter(|said| said.refuses == refuses);
            said.map(|said| &said.text).cloned()
        };
        let mut message = Json::object([
            ("role", "assistant".into()),
            ("content", text(false).into()),
            ("refusal", text(true).into()),
            ("annotations", Vec::new().into()),
        ]);
        if let Some(calls) = self.calls() {
            message.set("tool_calls", calls);
        }
        message
    }

    /// The last message: nobody hears a commentary there.
    fn said(&self) -> Option<&Message> {
        let mut items = self.response.output.iter().rev();
        items.find_map(|item| match item {
            Item::Message(message) if message.phase != Some("commentary") => Some(message),
            _ => None,
        })
    }

    fn calls(&self) -> Option<Vec<Json>> {
        let calls = self.response.output.iter().filter_map(|item| match item {
            Item::Call(call) => Some(call),
            _ => None,
        });
        let calls = calls.map(|call| {
            let function = [
                ("name", (&call.name).into()),
                ("arguments", (&call.arguments).into()),
            ];
            Json::object([
                ("id", (&call.call_id).into()),
                ("type", "function".into()),
                ("function", Json::object(function)),
            ])
        });
        Some(calls.collect()).filter(|calls: &Vec<Json>| !calls.is_empty())
    }

    fn reason(&self) -> &'static str {
        let ending = &self.response.ending;
        match (ending.status.as_str(), ending.reason.as_str()) {
            ("incomplete", "content_filter") => "content_filter",
            ("incomplete", _) => "length",
            _ if self.calls().is_some() => "tool_calls",
            _ => "stop",
        }
    }

    fn usage(&self) -> Json {
        let response = self.response.at(Phase::Final);
        let usage = response.get("usage").unwrap_or(&Json::Null);
        let count = |of: &Json, key: &str| Json::from(of.number_of::<u64>(key));
        let read = usage.get("input_tokens_details").unwrap_or(&Json::Null);
        let input = [
            ("cached_tokens", count(read, "cached_tokens")),
            ("audio_tokens", 0_u64.into()),
        ];
        let output = [
            "reasoning_tokens",
            "audio_tokens",
            "accepted_prediction_tokens",
            "rejected_prediction_tokens",
        ];
        Json::object([
            ("prompt_tokens", count(usage, "input_tokens")),
            ("completion_tokens", count(usage, "output_tokens")),
            ("total_tokens", count(usage, "total_tokens")),
            ("prompt_tokens_details", Json::object(input)),
            (
                "completion_tokens_details",
                Json::object(output.map(|key| (key, 0_u64.into()))),
            ),
        ])
    }
}

/// The only choice: its `message` or its `delta`.
fn choice(key: &str, value: Json, reason: Option<&str>) -> Json {
    Json::object([
        ("index", 0_u64.into()),
        (key, value),
        ("logprobs", Json::Null),
        ("finish_reason", reason.into()),
    ])
}

/// In a stream each call says which one it is.
fn numbered(calls: Vec<Json>) -> Json {
    let calls = calls.into_iter().enumerate().map(|(n, mut call)| {
        call.set("index", n);
        call
    });
    Json::list(calls)
}
