//! A response as server-sent events: which ones, in which order, and how they are written.

use crate::faults::action::Dialect;
use crate::objects::choice::FunctionCall;
use crate::objects::error::ApiError;
use crate::objects::json::Json;
use crate::objects::message::Message;
use crate::objects::response::{Item, Phase, Stored};
use crate::objects::search_call::SearchCall;

/// As many characters come at once.
const STEP: usize = 24;

/// Events that carry a list of probabilities, empty here.
const WITH_LOGPROBS: &[&str] = &["response.output_text.delta", "response.output_text.done"];

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: Json,
}

/// Events to be sent, and what follows them.
#[derive(Debug)]
pub(crate) struct Play {
    pub(crate) events: Vec<Event>,
    /// The stream stays open without an end.
    pub(crate) open: bool,
    /// The connection is cut after so many events.
    pub(crate) cut: Option<usize>,
    /// It is not cut then but falls silent.
    pub(crate) silent: bool,
    pub(crate) dialect: Option<Dialect>,
    /// The background response that is final once all is sent.
    pub(crate) settles: Option<String>,
}

impl Play {
    /// All events of a response.
    pub(crate) fn new(response: &Stored) -> Play {
        Play {
            events: events(response),
            open: response.ending.status == "in_progress",
            cut: None,
            silent: false,
            dialect: None,
            settles: response.background().then(|| response.id.clone()),
        }
    }

    /// The same without the events up to a sequence number.
    pub(crate) fn after(mut self, number: usize) -> Play {
        self.events = self.events.split_off(self.events.len().min(number + 1));
        self
    }

    /// The same in another dialect.
    pub(crate) fn speak(&mut self, dialect: Dialect) {
        self.dialect = Some(dialect);
        match dialect {
            Dialect::EmptyOutput => {
                if let Some(Json::Object(members)) =
                    self.events.last_mut().map(|event| &mut event.data)
                    && let Some((_, response)) =
                        members.iter_mut().find(|(key, _)| key == "response")
                {
                    response.set("output", Json::Array(Vec::new()));
                }
            }
            Dialect::NestedError | Dialect::FlatError => {
                self.events.truncate(self.events.len() / 2);
                self.events.push(error(dialect, self.events.len()));
            }
            _ => {}
        }
    }

    /// The bytes of an event.
    pub(crate) fn write(&self, n: usize) -> String {
        let Some(Event { name, data }) = self.events.get(n) else {
            return String::new();
        };
        let last = n + 1 == self.events.len();
        let data = data.write();
        match self.dialect {
            Some(Dialect::Done) if last => {
                format!("event: {name}\ndata: {data}\n\ndata: [DONE]\n\n")
            }
            Some(Dialect::Crlf) => format!("event: {name}\r\ndata: {data}\r\n\r\n"),
            Some(Dialect::Comments) => {
                format!(": keep-alive\n\nevent: {name}\n:\ndata: {data}\n\n")
            }
            Some(Dialect::NoEventLines) => format!("data: {data}\n\n"),
            Some(Dialect::NoFinalBlank) if last => format!("event: {name}\ndata: {data}"),
            _ => format!("event: {name}\ndata: {data}\n\n"),
        }
    }
}

fn error(dialect: Dialect, number: usize) -> Event {
    let error = ApiError::standard(503, None);
    let mut data = Json::object([("type", "error".into()), ("sequence_number", number.into())]);
    let inner = error.body().get("error").cloned().unwrap_or(Json::Null);
    match dialect {
        Dialect::NestedError => data.set("error", inner),
        _ => ["code", "message", "param"]
            .iter()
            .for_each(|key| data.set(key, inner.member(key).cloned().unwrap_or(Json::Null))),
    }
    Event {
        name: "error".to_owned(),
        data,
    }
}

/// Every event of a response, numbered from 0.
fn events(response: &Stored) -> Vec<Event> {
    let mut score = Score {
        response,
        events: Vec::new(),
    };
    let background = response.background();
    let first = if background {
        Phase::Queued
    } else {
        Phase::InProgress
    };
    score.whole("response.created", first);
    if background {
        score.whole("response.queued", Phase::Queued);
    }
    score.whole("response.in_progress", Phase::InProgress);
    match response.ending.status.as_str() {
        "failed" => score.whole("response.failed", Phase::Final),
        "empty" => score.whole("response.completed", Phase::Final),
        // There is no event for these; the stream just ends.
        "cancelled" | "expired" => {}
        "in_progress" => score.output(true),
        "incomplete" => {
            score.output(false);
            score.whole("response.incomplete", Phase::Final);
        }
        _ => {
            score.output(false);
            score.whole("response.completed", Phase::Final);
        }
    }
    score.events
}

struct Score<'a> {
    response: &'a Stored,
    events: Vec<Event>,
}

impl Score<'_> {
    fn add<const N: usize>(&mut self, name: &str, members: [(&str, Json); N]) {
        let mut data = Json::object([
            ("type", name.into()),
            ("sequence_number", self.events.len().into()),
        ]);
        for (key, value) in members {
            data.set(key, value);
        }
        self.events.push(Event {
            name: name.to_owned(),
            data,
        });
    }

    /// An event with the whole response.
    fn whole(&mut self, name: &str, phase: Phase) {
        self.add(name, [("response", self.response.at(phase))]);
    }

    fn item(&mut self, name: &str, place: usize, item: Json) {
        self.add(name, [("output_index", place.into()), ("item", item)]);
    }

    /// Every item; the last one may only begin.
    fn output(&mut self, begins: bool) {
        let response = self.response;
        let done = response.output(Phase::Final);
        for (place, item) in response.output.iter().enumerate() {
            let only_begins = begins && place + 1 == response.output.len();
            match item {
                Item::Search(search) => self.search(place, search),
                Item::Call(call) => self.call(place, call, only_begins),
                Item::Message(message) => self.message(place, message, only_begins),
            }
            if let Some(item) = done.get(place).filter(|_| !only_begins) {
                self.item("response.output_item.done", place, item.clone());
            }
        }
    }

    fn search(&mut self, place: usize, search: &SearchCall) {
        let begun = search.json("in_progress", self.response.shows_results());
        self.item("response.output_item.added", place, begun);
        for step in ["in_progress", "searching", "completed"] {
            let which = [
                ("output_index", place.into()),
                ("item_id", search.id.as_str().into()),
            ];
            self.add(&format!("response.file_search_call.{step}"), which);
        }
    }

    fn call(&mut self, place: usize, call: &FunctionCall, begins: bool) {
        let begun = call.json("in_progress", "");
        self.item("response.output_item.added", place, begun);
        if begins {
            return;
        }
        let which = || {
            [
                ("item_id", call.id.as_str().into()),
                ("output_index", place.into()),
            ]
        };
        let name = "response.function_call_arguments";
        for piece in pieces(&call.arguments) {
            self.add(&format!("{name}.delta"), which());
            self.set("delta", piece.into());
        }
        self.add(&format!("{name}.done"), which());
        self.set("name", call.name.as_str().into());
        self.set("arguments", call.arguments.as_str().into());
    }

    fn message(&mut self, place: usize, message: &Message, begins: bool) {
        let begun = message.json("in_progress", Vec::new());
        self.item("response.output_item.added", place, begun);
        let mut part = Part {
            score: self,
            place,
            id: &message.id,
        };
        part.add("response.content_part.added", "part", message.part(""));
        if begins {
            return;
        }
        let (kind, member) = if message.refuses {
            ("response.refusal", "refusal")
        } else {
            ("response.output_text", "text")
        };
        for piece in pieces(&message.text) {
            part.add(&format!("{kind}.delta"), "delta", piece.into());
        }
        for (n, citation) in message.citations.iter().enumerate() {
            let name = "response.output_text.annotation.added";
            part.add(name, "annotation_index", n.into());
            part.score.set("annotation", citation.json());
        }
        part.add(
            &format!("{kind}.done"),
            member,
            message.text.as_str().into(),
        );
        part.add("response.content_part.done", "part", message.whole());
    }

    /// Adds a member to the last event.
    fn set(&mut self, key: &str, value: Json) {
        if let Some(event) = self.events.last_mut() {
            event.data.set(key, value);
        }
    }
}

/// Where the events of a content part belong.
struct Part<'a, 'b> {
    score: &'a mut Score<'b>,
    place: usize,
    id: &'a str,
}

impl Part<'_, '_> {
    fn add(&mut self, name: &str, member: &str, value: Json) {
        let place = [
            ("item_id", self.id.into()),
            ("output_index", self.place.into()),
            ("content_index", 0_u64.into()),
        ];
        self.score.add(name, place);
        self.score.set(member, value);
        if WITH_LOGPROBS.contains(&name) {
            self.score.set("logprobs", Json::Array(Vec::new()));
        }
    }
}

/// A text as it comes: at least in two pieces, if it has two letters.
fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let step = letters.len().div_ceil(2).clamp(1, STEP);
    letters
        .chunks(step)
        .map(|piece| piece.iter().collect())
        .collect()
}
