//! A stored response: the request's echo, and how it looks at each point of its life.

use crate::faults::action::Keys;
use crate::objects::choice::FunctionCall;
use crate::objects::id::now;
use crate::objects::json::{FOREIGN, Json};
use crate::objects::message::Message;
use crate::objects::search_call::{MOST_RESULTS, SearchCall};

/// Where a response stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Phase {
    Queued,
    InProgress,
    Final,
    Cancelled,
}

/// An output item.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Search(SearchCall),
    Call(FunctionCall),
    Message(Message),
}

/// How a response ends when it is final.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// A status, or one of `refusal`, `empty`, `none`.
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Ending {
    /// Reads the keys of an `end` rule; without one all goes well.
    pub(crate) fn read(keys: Option<&Keys>) -> Ending {
        let value = |key: &str, standard: &str| {
            let found = keys.and_then(|keys| keys.get(key));
            found.unwrap_or(standard).to_owned()
        };
        Ending {
            status: value("status", "completed"),
            reason: value("reason", "max_output_tokens"),
            code: value("code", "server_error"),
            message: value("message", "The model failed to generate a response."),
        }
    }

    /// The status in the API's words.
    fn status(&self) -> &str {
        match self.status.as_str() {
            "refusal" | "empty" | "none" => "completed",
            status => status,
        }
    }
}

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) created_at: u64,
    pub(crate) completed_at: u64,
    /// The body of the request.
    pub(crate) request: Json,
    /// The input as it is listed.
    pub(crate) items: Vec<Json>,
    /// What a final response holds, in its order.
    pub(crate) output: Vec<Item>,
    pub(crate) input_tokens: u64,
    pub(crate) ending: Ending,
    pub(crate) phase: Phase,
    /// How often it was asked for.
    pub(crate) looks: u64,
}

impl Stored {
    /// Whether it goes on without its client.
    pub(crate) fn background(&self) -> bool {
        self.request.flag("background")
    }

    /// Whether nothing changes any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Final | Phase::Cancelled)
    }

    /// Makes it final, if it ends at all.
    pub(crate) fn settle(&mut self) {
        if !self.is_over() && self.ending.status != "in_progress" {
            self.phase = Phase::Final;
            self.completed_at = now();
        }
    }

    /// The Response object as it is now.
    pub(crate) fn json(&self) -> Json {
        self.at(self.phase)
    }

    /// The Response object as it is at some point.
    pub(crate) fn at(&self, phase: Phase) -> Json {
        let status = self.status(phase);
        let over = phase == Phase::Final;
        let done = over && status == "completed";
        let mut response = Json::object([
            ("id", self.id.as_str().into()),
            ("object", "response".into()),
            ("created_at", self.created_at.into()),
            ("status", status.into()),
            ("completed_at", done.then_some(self.completed_at).into()),
            ("error", self.error(status)),
            ("incomplete_details", self.incomplete_details(status)),
            ("output", self.output(phase).into()),
        ]);
        for (key, standard) in ECHO {
            response.set(key, self.echo(key, standard));
        }
        let usage = matches!(status, "completed" | "incomplete").then(|| self.usage());
        response.set("usage", usage.into());
        response.set("x_mock", Json::read(FOREIGN).unwrap_or(Json::Null));
        if over && self.ending.status == "none" {
            response.remove("status");
        }
        response
    }

    /// The output items of a final response.
    pub(crate) fn output(&self, phase: Phase) -> Vec<Json> {
        let silent =
            ["failed", "cancelled", "expired", "empty"].contains(&self.ending.status.as_str());
        if phase != Phase::Final || silent {
            return Vec::new();
        }
        let last = self.output.len().saturating_sub(1);
        let items = self.output.iter().enumerate();
        let status = |n: usize| match self.ending.status.as_str() {
            "incomplete" if n == last => "incomplete",
            _ => "completed",
        };
        items.map(|(n, item)| self.item(item, status(n))).collect()
    }

    /// A whole output item with this status.
    pub(crate) fn item(&self, item: &Item, status: &str) -> Json {
        match item {
            Item::Search(search) => search.json(status, self.shows_results()),
            Item::Call(call) => call.json(status, &call.arguments),
            Item::Message(message) => message.json(status, vec![message.whole()]),
        }
    }

    /// Whether searches tell what they found.
    pub(crate) fn shows_results(&self) -> bool {
        let include = self.request.get("include").map(Json::elements);
        let mut include = include.unwrap_or_default().iter();
        include.any(|word| word.text() == Some("file_search_call.results"))
    }

    fn status(&self, phase: Phase) -> &str {
        match phase {
            Phase::Queued => "queued",
            Phase::InProgress => "in_progress",
            Phase::Cancelled => "cancelled",
            Phase::Final => self.ending.status(),
        }
    }

    fn error(&self, status: &str) -> Json {
        let Ending { code, message, .. } = &self.ending;
        let error = || {
            Json::object([
                ("code", code.as_str().into()),
                ("message", message.as_str().into()),
            ])
        };
        (status == "failed").then(error).into()
    }

    fn incomplete_details(&self, status: &str) -> Json {
        let details = || Json::object([("reason", self.ending.reason.as_str().into())]);
        (status == "incomplete").then(details).into()
    }

    fn usage(&self) -> Json {
        let letters = |item: &Item| match item {
            Item::Search(_) => 0,
            Item::Call(call) => call.arguments.chars().count(),
            Item::Message(message) => message.text.chars().count(),
        };
        let letters: usize = self.output.iter().map(letters).sum();
        let output = (letters.div_ceil(4) + 1) as u64;
        let details = [
            ("cached_tokens", 0_u64.into()),
            ("cache_write_tokens", 0_u64.into()),
        ];
        Json::object([
            ("input_tokens", self.input_tokens.into()),
            ("input_tokens_details", Json::object(details)),
            ("output_tokens", output.into()),
            (
                "output_tokens_details",
                Json::object([("reasoning_tokens", 0_u64.into())]),
            ),
            ("total_tokens", (self.input_tokens + output).into()),
        ])
    }

    /// A member of the request with what the API adds to it.
    fn echo(&self, key: &str, standard: &str) -> Json {
        let standard = Json::read(standard).unwrap_or(Json::Null);
        let Some(given) = self.request.get(key) else {
            return standard;
        };
        match (key, given) {
            ("conversation", Json::Text(id)) => Json::object([("id", id.as_str().into())]),
            ("service_tier", Json::Text(tier)) if tier == "auto" => standard,
            ("tools", Json::Array(tools)) => Json::Array(tools.iter().cloned().map(tool).collect()),
            (_, Json::Object(_)) if matches!(standard, Json::Object(_)) => {
                let mut merged = standard;
                for (key, value) in given.members() {
                    merged.set(key, value.clone());
                }
                merged
            }
            _ => given.clone(),
        }
    }
}

/// The members that repeat the request, with what they are when it did not say.
const ECHO: &[(&str, &str)] = &[
    ("background", "false"),
    ("conversation", "null"),
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("model", "\"gpt-5.2\""),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt", "null"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("service_tier", "\"default\""),
    ("store", "true"),
    ("temperature", "1.0"),
    ("text", r#"{"format":{"type":"text"},"verbosity":"medium"}"#),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "1.0"),
    ("truncation", "\"disabled\""),
    ("user", "null"),
    ("metadata", "{}"),
];

/// Functions and searches come back with every member, whether it was given or not.
fn tool(mut tool: Json) -> Json {
    let members = match tool.text_of("type") {
        Some("function") => [
            ("description", Json::Null),
            ("parameters", Json::Null),
            ("strict", true.into()),
        ],
        Some("file_search") => [
            ("filters", Json::Null),
            ("max_num_results", MOST_RESULTS.into()),
            (
                "ranking_options",
                Json::object([("ranker", "auto".into()), ("score_threshold", 0_u64.into())]),
            ),
        ],
        _ => return tool,
    };
    for (key, standard) in members {
        if tool.member(key).is_none() {
            tool.set(key, standard);
        }
    }
    tool
}
