//! A stored response: the request's echo, and how it looks at each point of its life.

use std::time::Duration;

use crate::faults::keys::Keys;
use crate::id::now;
use crate::json::Json;
use crate::objects::model;
use crate::objects::prompt::{Piece, Prefix, Prompt};
use crate::state::item::Item;

/// Where a response stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Phase {
    Queued,
    InProgress,
    Final,
    Cancelled,
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
    pub(crate) fn read(keys: &Keys) -> Ending {
        let value = |key: &str, standard: &str| keys.get(key).unwrap_or(standard).to_owned();
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

/// What a model read for a response.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    tokens: u64,
    /// Those of them that had been read before.
    pub(crate) cached: u64,
    /// What others can find of it, once the answer begins; empty from then on.
    pub(crate) prefixes: Vec<Prefix>,
    /// Tokens up to the last breakpoint, where the model has such.
    kept: u64,
    /// How long it is kept.
    pub(crate) life: Duration,
}

impl Read {
    /// A prompt that nobody has read before.
    pub(crate) fn of(prompt: &Prompt) -> Read {
        let prefixes = prompt.prefixes();
        let last = prefixes.last().filter(|_| prompt.has_breakpoints());
        Read {
            tokens: prompt.tokens(),
            cached: 0,
            kept: last.map_or(0, |last| last.tokens),
            prefixes,
            life: prompt.life,
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
    /// What was asked, for a question that goes on from here.
    pub(crate) said: Vec<Piece>,
    pub(crate) read: Read,
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
        let Ending {
            code,
            message,
            reason,
            ..
        } = &self.ending;
        let error = || Json::object([("code", code.into()), ("message", message.into())]);
        let details = || Json::object([("reason", reason.into())]);
        let mut response = Json::object([
            ("id", (&self.id).into()),
            ("object", "response".into()),
            ("created_at", self.created_at.into()),
            ("status", status.into()),
            ("completed_at", done.then_some(self.completed_at).into()),
            ("error", (status == "failed").then(error).into()),
            (
                "incomplete_details",
                (status == "incomplete").then(details).into(),
            ),
            ("output", self.output(phase).into()),
        ]);
        for (key, standard) in standards(ECHO).members() {
            response.set(key, self.echo(key, standard));
        }
        self.later(&mut response);
        let usage = matches!(status, "completed" | "incomplete").then(|| self.usage());
        response.set("usage", usage);
        let mut response = response.marked();
        if over && self.ending.status == "none" {
            response.remove("status");
        }
        response
    }

    /// Members that repeat the request only where it has them, or where the model knows them.
    fn later(&self, response: &mut Json) {
        for key in ["access_programs", "prompt_cache_retention"] {
            if let Some(given) = self.request.get(key) {
                response.set(key, given.clone());
            }
        }
        let given = self.request.get("prompt_cache_options");
        if given.is_some() || model::version(&self.request) >= CACHE_OPTIONS {
            let mut options = standards(r#"{"mode":"implicit","ttl":"30m"}"#);
            options.merge(given.cloned().unwrap_or_else(|| Json::object([])));
            options.remove("prewarm");
            response.set("prompt_cache_options", options);
        }
    }

    /// The output items of a final response.
    pub(crate) fn output(&self, phase: Phase) -> Vec<Json> {
        let silent =
            ["failed", "cancelled", "expired", "empty"].contains(&self.ending.status.as_str());
        if phase != Phase::Final || silent {
            return Vec::new();
        }
        let last = self.output.len().saturating_sub(1);
        let status = |n: usize| match self.ending.status.as_str() {
            "incomplete" if n == last => "incomplete",
            _ => "completed",
        };
        let results = self.shows_results();
        let items = self.output.iter().enumerate();
        items
            .map(|(n, item)| item.json(status(n), results))
            .collect()
    }

    /// Whether searches tell what they found.
    pub(crate) fn shows_results(&self) -> bool {
        let mut include = self.request.elements_of("include").iter();
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

    /// Everything that was said up to here, the answer included.
    pub(crate) fn said(&self) -> Vec<Piece> {
        let mut said = self.said.clone();
        let results = self.shows_results();
        said.extend(self.output.iter().map(|item| match item {
            Item::Message(message) => Piece::words("assistant", &message.text),
            item => Piece::words("assistant", &item.json("completed", results).write()),
        }));
        said
    }

    fn usage(&self) -> Json {
        let letters: usize = self.output.iter().map(Item::letters).sum();
        let output = (letters.div_ceil(4) + 1) as u64;
        let Read {
            tokens,
            cached,
            kept,
            ..
        } = self.read;
        let details = [
            ("cached_tokens", cached.into()),
            ("cache_write_tokens", kept.saturating_sub(cached).into()),
        ];
        Json::object([
            ("input_tokens", tokens.into()),
            ("input_tokens_details", Json::object(details)),
            ("output_tokens", output.into()),
            (
                "output_tokens_details",
                standards(r#"{"reasoning_tokens":0}"#),
            ),
            ("total_tokens", (tokens + output).into()),
        ])
    }

    /// A member of the request with what the API adds to it.
    fn echo(&self, key: &str, standard: &Json) -> Json {
        let Some(given) = self.request.get(key) else {
            return standard.clone();
        };
        match (key, given) {
            ("conversation", Json::Text(id)) => Json::object([("id", id.into())]),
            ("service_tier", Json::Text(tier)) if tier == "auto" => standard.clone(),
            ("tools", Json::Array(tools)) => Json::list(tools.iter().map(tool)),
            (_, Json::Object(members)) if matches!(standard, Json::Object(_)) => {
                let mut merged = standard.clone();
                for (key, value) in members {
                    merged.set(key, value.clone());
                }
                merged
            }
            _ => given.clone(),
        }
    }
}

/// From here on a model says how prompts are kept.
const CACHE_OPTIONS: (u32, u32) = (5, 6);

/// The members that repeat the request, with what they are when it did not say.
const ECHO: &str = r#"{
    "background": false, "conversation": null, "instructions": null, "max_output_tokens": null,
    "max_tool_calls": null, "model": "gpt-5.2", "parallel_tool_calls": true,
    "previous_response_id": null, "prompt": null, "prompt_cache_key": null,
    "reasoning": {"effort": null, "summary": null}, "safety_identifier": null,
    "service_tier": "default", "store": true, "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"}, "tool_choice": "auto",
    "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "user": null,
    "metadata": {}
}"#;
const FUNCTION: &str = r#"{"description":null,"parameters":null,"strict":true}"#;
const FILE_SEARCH: &str = r#"{"filters":null,"max_num_results":20,"ranking_options":{"ranker":"auto","score_threshold":0}}"#;

fn standards(members: &str) -> Json {
    Json::read(members).unwrap_or(Json::Null)
}

/// Functions and searches come back with every member, whether it was given or not.
fn tool(given: &Json) -> Json {
    let members = match given.text_of("type") {
        Some("function") => standards(FUNCTION),
        Some("file_search") => standards(FILE_SEARCH),
        _ => Json::Null,
    };
    let mut tool = given.clone();
    for (key, standard) in members.members() {
        if given.member(key).is_none() {
            tool.set(key, standard.clone());
        }
    }
    tool
}
