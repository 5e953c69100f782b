//! A response as server-sent events: which ones, in which order, and how they are written.

use crate::action::Dialect;
use crate::error::ApiError;
use crate::json::Json;
use crate::response::{Phase, Stored, output_text};

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
        "in_progress" => {
            score.searches();
            score.start();
        }
        "incomplete" => {
            score.searches();
            score.message();
            score.whole("response.incomplete", Phase::Final);
        }
        _ => {
            score.searches();
            score.message();
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

    /// The message stands behind the searches.
    fn place(&self) -> usize {
        self.response.searches.len()
    }

    fn searches(&mut self) {
        let response = self.response;
        for (place, search) in response.searches.iter().enumerate() {
            let item = |status: &str| search.json(status, response.shows_results());
            self.item("response.output_item.added", place, item("in_progress"));
            for step in ["in_progress", "searching", "completed"] {
                let which = [
                    ("output_index", place.into()),
                    ("item_id", search.id.as_str().into()),
                ];
                self.add(&format!("response.file_search_call.{step}"), which);
            }
            self.item("response.output_item.done", place, item("completed"));
        }
    }

    fn part(&mut self, name: &str, member: &str, value: Json) {
        let id = self.response.message_id.as_str();
        let place = [
            ("item_id", id.into()),
            ("output_index", self.place().into()),
            ("content_index", 0_u64.into()),
        ];
        self.add(name, place);
        if let Some(event) = self.events.last_mut() {
            event.data.set(member, value);
            if WITH_LOGPROBS.contains(&name) {
                event.data.set("logprobs", Json::Array(Vec::new()));
            }
        }
    }

    /// Up to the first delta.
    fn start(&mut self) {
        let empty = if self.response.refuses() {
            Json::object([("type", "refusal".into()), ("refusal", "".into())])
        } else {
            output_text("")
        };
        let message = self.response.message("in_progress", Vec::new());
        self.item("response.output_item.added", self.place(), message);
        self.part("response.content_part.added", "part", empty);
    }

    fn message(&mut self) {
        self.start();
        let refusal = ("response.refusal.delta", "response.refusal.done", "refusal");
        let text = (
            "response.output_text.delta",
            "response.output_text.done",
            "text",
        );
        let (delta, done, member) = if self.response.refuses() {
            refusal
        } else {
            text
        };
        let letters: Vec<char> = self.response.text.chars().collect();
        let step = letters.len().div_ceil(2).clamp(1, STEP);
        for piece in letters.chunks(step) {
            self.part(delta, "delta", piece.iter().collect::<String>().into());
        }
        self.annotations();
        self.part(done, member, self.response.text.as_str().into());
        self.part("response.content_part.done", "part", self.response.part());
        let message = self.response.output(Phase::Final).pop();
        if let Some(message) = message {
            self.item("response.output_item.done", self.place(), message);
        }
    }

    fn annotations(&mut self) {
        let response = self.response;
        for (n, citation) in response.citations.iter().enumerate() {
            let name = "response.output_text.annotation.added";
            self.part(name, "annotation_index", n.into());
            if let Some(event) = self.events.last_mut() {
                event.data.set("annotation", citation.json());
            }
        }
    }
}
