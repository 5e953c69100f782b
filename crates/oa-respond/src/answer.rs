//! What the server says to one request: a Response, a stream that ends in one, or a refusal with its reason.

use std::io::BufReader;
use std::time::Instant;

use oa_core::answer::{Response, settle};
use oa_core::cli::Run;
use oa_core::client::{Call, Client, Expect, Stream};
use oa_core::object::Object;
use oa_core::pipe::Job;
use oa_core::record::Record;
use oa_core::{Error, Kind, Result};
use serde_json::value::RawValue;

use crate::events::Events;
use crate::request::Request;

/// What the API complains about, recognised by a piece of its message, code or `param`, and the way out.
const HINTS: [(&str, &str); 6] = [
    (
        "image_file_id",
        "this server's name for it is `file_id`: leave out --image-field",
    ),
    (
        "missing_mutually_exclusive_parameters",
        "a server that follows the older guide wants --image-field image_file_id",
    ),
    (
        "context stuffing file type",
        "the stored name's extension decides: upload the file again under one that the API takes (oa-upload --filename)",
    ),
    (
        "Expected image type",
        "the stored name's extension decides: upload the picture again as .png, .jpg, .gif or .webp (oa-upload --filename)",
    ),
    (
        "background",
        "this server or project may not take --background: ask without it",
    ),
    (
        "context_length_exceeded",
        "the model's context is full: attach less, or search instead of attaching",
    ),
];

/// One question on its way.
pub(crate) struct Asking<'a> {
    pub(crate) client: &'a Client,
    pub(crate) run: &'a Run,
    pub(crate) job: &'a Job,
    pub(crate) request: &'a Request,
    pub(crate) allow_incomplete: bool,
    /// Text is written as it comes.
    pub(crate) text: bool,
}

impl Asking<'_> {
    /// Sends the request and puts the answer into the record.
    pub(crate) fn ask(&self, record: &mut Record) -> Result<()> {
        let begun = Instant::now();
        let mut call = Call::post(
            "/responses",
            self.request.bytes(),
            "application/json",
            Expect::Object("response"),
        )
        .look("look in the dashboard's logs whether the question was answered".to_owned());
        if self.request.background {
            call = call.graceful();
        }
        let answered = if self.request.stream {
            self.follow(record, &call)
        } else {
            self.client.call(&call).map(|answer| answer.object)
        };
        let response = answered.map_err(|error| self.explain(record, error))?;
        self.settle(record, &response, begun)
    }

    fn settle(&self, record: &mut Record, object: &RawValue, begun: Instant) -> Result<()> {
        let log = &self.run.pipe.log;
        let response = Response::read(object);
        let streamed = record.output_text();
        let verdict = settle(record, object, self.allow_incomplete);
        if response.is_final() {
            let seconds = begun.elapsed().as_secs();
            log.event(
                "response",
                &format!("{} elapsed={seconds}s", response.summary()),
            );
            // Routers are known to send the last event without its output.
            if let (None, Some(text)) = (record.output_text(), streamed) {
                record.object_mut().put("output_text", &text);
            }
            return verdict;
        }
        let (id, status) = (&response.id, response.status_word());
        log.event("submitted", &format!("response_id={id} status={status}"));
        if self.request.background {
            return Ok(());
        }
        let message = format!(
            "response {id} came back {status} although it was not asked for in the background"
        );
        Err(Error::new(Kind::Network, message).hint(format!("oa-poll {id}")))
    }

    /// Reads a stream to its terminal event. The text so far is left in `output_text`.
    fn follow(&self, record: &mut Record, call: &Call) -> Result<Box<RawValue>> {
        let mut stream = self.client.stream(call)?;
        if let Some(whole) = stream.whole.take() {
            return Ok(whole);
        }
        record.object_mut().remove("output_text");
        let mut following = Following {
            asking: self,
            text: String::new(),
            begun: None,
        };
        let ended = following.read(stream);
        match ended {
            Ok(response) => {
                if !following.text.is_empty() {
                    record.object_mut().put("output_text", &following.text);
                }
                Ok(response)
            }
            Err(error) => {
                self.keep(record, following.begun.as_deref());
                Err(error)
            }
        }
    }

    /// A background response outlives its stream: the record keeps it, so that it can be polled.
    fn keep(&self, record: &mut Record, begun: Option<&RawValue>) {
        if let (true, Some(response)) = (self.request.background, begun) {
            record.object_mut().set("response", response.to_owned());
        }
    }

    /// Adds what we know better to a refusal.
    fn explain(&self, record: &Record, mut error: Error) -> Error {
        if error.kind != Kind::Refused || error.hint.is_some() {
            return error;
        }
        let words = [
            error.message.as_str(),
            error.code.as_deref().unwrap_or_default(),
            error.param.as_deref().unwrap_or_default(),
        ]
        .join(" ");
        error.hint = bare_base64(&self.request.body, &words)
            .or_else(|| missing_file(record, &error, &words))
            .or_else(|| {
                let known = HINTS.iter().find(|(piece, _)| words.contains(piece));
                known.map(|(_, hint)| (*hint).to_owned())
            });
        error
    }
}

/// A file that the server does not know.
fn missing_file(record: &Record, error: &Error, words: &str) -> Option<String> {
    let named = record
        .files()
        .iter()
        .any(|file| !file.id.is_empty() && words.contains(&file.id));
    let unknown =
        error.status == Some(404) || words.contains("not found") || words.contains("No such");
    let hint = "does the key belong to another project, or has the file expired? oa-list files";
    (unknown && (named || words.contains("file"))).then(|| hint.to_owned())
}

/// A `file_data` without its data URL, which is what the API wants in spite of its reference.
fn bare_base64(body: &Object, words: &str) -> Option<String> {
    if !words.contains("file_data") && !words.contains("data URL") {
        return None;
    }
    let input: serde_json::Value = serde_json::from_str(body.get("input")?.get()).ok()?;
    let messages = input.as_array()?.iter();
    let mut parts = messages.flat_map(|item| item["content"].as_array().into_iter().flatten());
    let bare = |part: &&serde_json::Value| {
        part["file_data"]
            .as_str()
            .is_some_and(|data| !data.starts_with("data:"))
    };
    let part = parts.find(bare)?;
    let name = part["filename"].as_str().unwrap_or("document.pdf");
    let mime = oa_core::kind::mime_of(name, b"");
    let data: String = part["file_data"].as_str()?.chars().take(12).collect();
    Some(format!(
        "write it as a data URL: \"file_data\":\"data:{mime};base64,{data}…\""
    ))
}

struct Following<'a> {
    asking: &'a Asking<'a>,
    text: String,
    /// The Response as an early event showed it.
    begun: Option<Box<RawValue>>,
}

impl Following<'_> {
    fn read(&mut self, stream: Stream) -> Result<Box<RawValue>> {
        let mut events = Events::new(BufReader::new(stream));
        loop {
            match events.next_data() {
                Ok(Some(data)) => {
                    if let Some(response) = self.take(&data)? {
                        return Ok(response);
                    }
                }
                Ok(None) => return Err(self.broken("it ended before the answer did")),
                Err(error) => return Err(self.broken(&error.to_string())),
            }
        }
    }

    /// Takes one event; the Response, once it is the last.
    fn take(&mut self, data: &str) -> Result<Option<Box<RawValue>>> {
        let event = Object::parse(data).map_err(|_| self.broken("an event is no JSON"))?;
        let pipe = &self.asking.run.pipe;
        let response = event.get("response");
        match event.text("type").as_deref() {
            Some("response.completed" | "response.failed" | "response.incomplete") => {
                let response = response.map(ToOwned::to_owned);
                return Ok(Some(
                    response.ok_or_else(|| self.broken("its last event is empty"))?,
                ));
            }
            Some("error") => return Err(event_error(&event)),
            Some("response.created" | "response.queued" | "response.in_progress") => {
                if let Some(response) = response {
                    self.begin(response);
                }
            }
            Some("response.output_text.delta") => {
                let delta = event.text("delta").unwrap_or_default();
                self.text.push_str(&delta);
                if self.asking.text {
                    pipe.text(self.asking.job.seq, &delta);
                }
            }
            _ => {}
        }
        Ok(None)
    }

    /// The id is known: it is said first, whatever comes later.
    fn begin(&mut self, response: &RawValue) {
        let read = Response::read(response);
        if self.begun.is_none() {
            let pipe = &self.asking.run.pipe;
            let (id, status) = (&read.id, read.status_word());
            pipe.log
                .event("submitted", &format!("response_id={id} status={status}"));
            if self.asking.request.background {
                pipe.interrupt.hold(std::slice::from_ref(&read.id));
            }
        }
        self.begun = Some(response.to_owned());
    }

    fn broken(&self, why: &str) -> Error {
        let pipe = &self.asking.run.pipe;
        let id = self.begun.as_deref().map(|raw| Response::read(raw).id);
        let goes_on = id.filter(|_| self.asking.request.background);
        let mut error = match pipe.interrupt.signal() {
            Some(signal) => Error::interrupted(signal),
            None => Error::new(Kind::Network, format!("the stream broke: {why}")),
        };
        // Without --background the server stops with the stream, and what was paid is gone.
        error.retryable = false;
        if let Some(id) = goes_on {
            error.retryable = true;
            error.hint = Some(format!("oa-poll {id}"));
        }
        error
    }
}

/// The error that an event is, in either of its two shapes.
fn event_error(event: &Object) -> Error {
    let inner = event
        .get("error")
        .and_then(|raw| Object::parse(raw.get()).ok());
    let fields = inner.as_ref().unwrap_or(event);
    let message = fields.text("message");
    let message = message.unwrap_or_else(|| "the stream ended with an error".to_owned());
    let code = fields.text("code");
    let kind = match code.as_deref() {
        Some("insufficient_quota") => Kind::Quota,
        Some("rate_limit_exceeded") => Kind::RateLimit,
        _ => Kind::Failed,
    };
    let mut error = Error::new(kind, message);
    error.param = fields.text("param");
    error.code = code;
    error
}
