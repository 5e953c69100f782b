//! A response as server-sent events: which ones, in which order, and how they are written.

use crate::json::Json;
use crate::objects::error::ApiError;
use crate::state::item::{FunctionCall, Item, Message, SearchCall};
use crate::state::response::{Phase, Stored};

/// As many characters come at once.
const STEP: usize = 24;

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Empty where the API names none.
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
    /// How the events are written, where it is not as the API does.
    pub(crate) dialect: String,
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
            dialect: String::new(),
            settles: response.background().then(|| response.id.clone()),
        }
    }

    /// Chunks of a completion: nameless events, and a word at the end.
    pub(crate) fn chunks(events: Vec<Event>) -> Play {
        Play {
            events,
            open: false,
            cut: None,
            silent: false,
            dialect: String::new(),
            settles: None,
        }
    }

    /// The same without the events up to a sequence number.
    pub(crate) fn after(mut self, number: usize) -> Play {
        self.events = self.events.split_off(self.events.len().min(number + 1));
        self
    }

    /// The same in another dialect.
    pub(crate) fn speak(&mut self, dialect: &str) {
        dialect.clone_into(&mut self.dialect);
        match dialect {
            "empty-output" => {
                if let Some(last) = self.events.last_mut()
                    && let Some(mut response) = last.data.member("response").cloned()
                {
                    response.set("output", Vec::new());
                    last.data.set("response", response);
                }
            }
            "nested-error" | "flat-error" => {
                self.events.truncate(self.events.len() / 2);
                let error = error(dialect == "nested-error", self.events.len());
                self.events.push(error);
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
        if name.is_empty() {
            let end = if last { "data: [DONE]\n\n" } else { "" };
            return format!("data: {data}\n\n{end}");
        }
        match self.dialect.as_str() {
            "done" if last => format!("event: {name}\ndata: {data}\n\ndata: [DONE]\n\n"),
            "crlf" => format!("event: {name}\r\ndata: {data}\r\n\r\n"),
            "comments" => format!(": keep-alive\n\nevent: {name}\n:\ndata: {data}\n\n"),
            "no-event-lines" => format!("data: {data}\n\n"),
            "no-final-blank" if last => format!("event: {name}\ndata: {data}"),
            _ => format!("event: {name}\ndata: {data}\n\n"),
        }
    }
}

fn error(nested: bool, number: usize) -> Event {
    let mut data = Json::object([("type", "error".into()), ("sequence_number", number.into())]);
    let body = ApiError::standard(503, None).body();
    let inner = body.member("error").unwrap_or(&Json::Null);
    if nested {
        data.set("error", inner.clone());
    } else {
        for key in ["code", "message", "param"] {
            data.set(key, inner.member(key).cloned());
        }
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
    fn add<'a>(&mut self, name: &str, members: impl IntoIterator<Item = (&'a str, Json)>) {
        let number = self.events.len();
        let mut data = Json::object([("type", name.into()), ("sequence_number", number.into())]);
        for (key, value) in members {
            data.set(key, value);
        }
        let name = name.to_owned();
        self.events.push(Event { name, data });
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
                ("item_id", (&search.id).into()),
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
        let id = ("item_id", Json::from(&call.id));
        let at = ("output_index", Json::from(place));
        for piece in pieces(&call.arguments) {
            let name = "response.function_call_arguments.delta";
            self.add(name, [id.clone(), at.clone(), ("delta", piece.into())]);
        }
        let (name, arguments) = (("name", (&call.name).into()), (&call.arguments).into());
        let members = [id, at, name, ("arguments", arguments)];
        self.add("response.function_call_arguments.done", members);
    }

    fn message(&mut self, place: usize, message: &Message, begins: bool) {
        let begun = message.json("in_progress", Vec::new());
        self.item("response.output_item.added", place, begun);
        let at = [
            ("item_id", (&message.id).into()),
            ("output_index", place.into()),
            ("content_index", 0_usize.into()),
        ];
        let mut add = |name: &str, members: Vec<(&str, Json)>| {
            self.add(name, at.clone().into_iter().chain(members));
        };
        add(
            "response.content_part.added",
            vec![("part", message.part(""))],
        );
        if begins {
            return;
        }
        let (kind, member) = if message.refuses {
            ("response.refusal", "refusal")
        } else {
            ("response.output_text", "text")
        };
        for piece in pieces(&message.text) {
            add(&format!("{kind}.delta"), said(message, "delta", &piece));
        }
        for (n, citation) in message.citations.iter().enumerate() {
            let index = ("annotation_index", n.into());
            let members = vec![index, ("annotation", Json::of(citation))];
            add("response.output_text.annotation.added", members);
        }
        let done = said(message, member, &message.text);
        add(&format!("{kind}.done"), done);
        add(
            "response.content_part.done",
            vec![("part", message.whole())],
        );
    }
}

/// Words of a message; those that are no refusal have probabilities, of which none are known here.
fn said<'a>(message: &Message, member: &'a str, text: &str) -> Vec<(&'a str, Json)> {
    let mut members = vec![(member, text.into())];
    if !message.refuses {
        members.push(("logprobs", Json::Array(Vec::new())));
    }
    members
}

/// A text as it comes: at least in two pieces, if it has two letters.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let step = letters.len().div_ceil(2).clamp(1, STEP);
    letters
        .chunks(step)
        .map(|piece| piece.iter().collect())
        .collect()
}
