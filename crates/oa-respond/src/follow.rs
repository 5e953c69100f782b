//! Follows a streamed answer to its end, also over a broken connection.

use std::io::BufReader;
use std::time::Instant;

use oa_core::client::Streamed;
use oa_core::field::{Fields, Look as _};
use oa_core::reply::{Expect, sentence};
use oa_core::request::Request;
use oa_core::stream::Stream;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::log::field;
use oa_pipe::object::{Object, compacted};
use oa_pipe::options::Patience;
use oa_pipe::response::Response;
use oa_pipe::shell::command;
use oa_pipe::wait::{Look, Running, Subject, Wait};
use serde_json::value::RawValue;

use crate::asking::Asking;
use crate::assembly::Assembly;
use crate::events::{Event, Events};

/// Events that end a stream, and the status that they stand for where their Response says none.
const ENDS: [(&str, &str); 5] = [
    ("response.completed", "completed"),
    ("response.done", "completed"),
    ("response.failed", "failed"),
    ("response.incomplete", "incomplete"),
    ("response.cancelled", "cancelled"),
];

/// Keys of an event that are looked at.
const EVENT: [&str; 11] = [
    "type",
    "sequence_number",
    "response",
    "error",
    "output_index",
    "item",
    "delta",
    "text",
    "annotation",
    "code",
    "message",
];

/// A stream that is read to its terminal event.
pub(crate) struct Following<'a> {
    asking: &'a Asking<'a>,
    /// What came so far.
    pub(crate) assembly: Assembly,
    /// Text that was written as it came.
    pub(crate) written: String,
    /// The Response as an early event showed it.
    pub(crate) begun: Option<Box<RawValue>>,
    /// Number of the last event that was taken.
    last: Option<u64>,
    /// The stream was taken up again: what was seen before may come once more.
    resumed: bool,
}

impl<'a> Following<'a> {
    pub(crate) fn new(asking: &'a Asking<'a>) -> Following<'a> {
        Following {
            asking,
            assembly: Assembly::default(),
            written: String::new(),
            begun: None,
            last: None,
            resumed: false,
        }
    }

    /// Takes up a background response whose stream broke: from the next event on, else by polling.
    pub(crate) fn go_on(&mut self, mut ended: Result<Box<RawValue>>) -> Result<Box<RawValue>> {
        while let (Err(error), Some(last), Some(id)) = (&ended, self.last, self.id()) {
            if error.kind != Kind::Network {
                return ended;
            }
            let path = id.under("/responses") + &format!("?stream=true&starting_after={last}");
            let call = Request::get(path, Expect::Response).streamed(true);
            ended = match self.asking.client.ask(&call) {
                Ok(Streamed::Events(stream)) => {
                    self.resumed = true;
                    self.read(stream)
                }
                _ => break,
            };
            if self.last == Some(last) {
                break;
            }
        }
        match (&ended, self.id()) {
            (Err(error), Some(id)) if error.kind == Kind::Network => self.poll(&id),
            _ => ended,
        }
    }

    /// Looks until the response is final.
    fn poll(&mut self, id: &Id) -> Result<Box<RawValue>> {
        let Asking { client, run, .. } = self.asking;
        let again = command("oa-poll", [id.as_str()]);
        let subject = Subject::response(id, again);
        let patience = Patience::default();
        let mut wait = Wait::new(&run.pipe, patience, Instant::now(), subject);
        wait.until_final(|until| {
            let call = Request::get(id.under("/responses"), Expect::Response);
            let answer = client.call(&call.once().until(until))?;
            let response = Response::read(&answer.object);
            if response.is_final() {
                return Ok(Look::Final(answer.object));
            }
            if response.id.as_ref() == Some(id) {
                self.begun = Some(answer.object.clone());
            }
            let status = response.status_word();
            Ok(Look::Running(Running::new(status, &answer)))
        })
    }

    fn id(&self) -> Option<Id> {
        let begun = self.begun.as_deref().map(Response::read);
        begun.and_then(|response| response.id)
    }

    /// Reads events to the one that ends the answer.
    pub(crate) fn read(&mut self, stream: Stream) -> Result<Box<RawValue>> {
        let heard = stream.heard();
        let mut events = Events::new(BufReader::new(stream));
        loop {
            match events.next_event() {
                Ok(Some(event)) => {
                    heard.restart();
                    if let Some(response) = self.take(event)? {
                        return Ok(response);
                    }
                }
                Ok(None) => return Err(self.broken("it ended before the answer did")),
                Err(error) => return Err(self.broken(&error.to_string())),
            }
        }
    }

    /// Takes one event; the Response, once it is the last. What is no JSON is no event of the API.
    fn take(&mut self, event: Event) -> Result<Option<Box<RawValue>>> {
        let Ok(raw) = RawValue::from_string(event.data) else {
            return Ok(None);
        };
        let data = Fields::of(&raw, &EVENT);
        let number: Option<u64> = data.get("sequence_number");
        if self.resumed && number.is_some() && number <= self.last {
            return Ok(None);
        }
        self.last = number.or(self.last);
        let kind = data.text("type").or(event.name);
        let kind = kind.unwrap_or_default();
        if let Some(end) = self.end(&kind, &raw, &data)? {
            return Ok(Some(end));
        }
        if let Some(response) = data.raw("response") {
            self.begin(response);
        }
        if let Some(text) = self.assembly.take(&kind, &data)
            && self.asking.text
        {
            self.asking.run.pipe.text(self.asking.job.seq, &text);
            self.written.push_str(&text);
        }
        if self.assembly.is_full() {
            return Err(self.broken("more came than any answer has"));
        }
        Ok(None)
    }

    /// The final Response that an event brings, whatever it is called.
    ///
    /// # Errors
    /// The event says that something failed, and brings none.
    fn end(
        &mut self,
        kind: &str,
        event: &RawValue,
        data: &Fields,
    ) -> Result<Option<Box<RawValue>>> {
        let status = ENDS.iter().find(|(name, _)| *name == kind).map(|row| row.1);
        let response = data.raw("response");
        if let Some(response) = response.filter(|raw| raw.get().starts_with('{')) {
            let read = Response::read(response);
            return Ok(match status {
                _ if read.status.is_some() && read.is_final() => Some(compacted(response)),
                Some(status) => Some(with_status(response, status)),
                None => None,
            });
        }
        if kind == "error" || data.raw("error").is_some() {
            return Err(event_error(event, data));
        }
        match status {
            Some(_) if self.assembly.is_empty() => Err(self.broken("its last event is empty")),
            Some(status) => {
                let came = std::mem::take(&mut self.assembly);
                Ok(Some(came.response(self.begun.as_deref(), status)))
            }
            None => Ok(None),
        }
    }

    /// The id is known: it is said first, whatever comes later.
    fn begin(&mut self, response: &RawValue) {
        let read = Response::read(response);
        if self.begun.is_none() {
            let pipe = &self.asking.run.pipe;
            let (id, status) = (read.name(), read.status_word());
            pipe.log.event(
                "submitted",
                &format!("{} {}", field("response_id", id), field("status", status)),
            );
            if let (true, Some(id)) = (self.asking.request.background, &read.id) {
                pipe.interrupt.hold(std::slice::from_ref(id));
            }
        }
        self.begun = Some(compacted(response));
    }

    fn broken(&self, why: &str) -> Error {
        let pipe = &self.asking.run.pipe;
        let goes_on = self.id().filter(|_| self.asking.request.background);
        let mut error = match pipe.interrupt.signal() {
            Some(signal) => Error::interrupted(signal),
            None => Error::new(Kind::Network, format!("the stream broke: {why}")),
        };
        // Without --background the server stops with the stream, and what was paid is gone.
        error.retryable = false;
        if let Some(id) = goes_on {
            error.retryable = true;
            error.hint = Some(command("oa-poll", [id.as_str()]));
        }
        error
    }
}

/// The Response of an event that ends a stream and leaves the status to its own type.
fn with_status(response: &RawValue, status: &str) -> Box<RawValue> {
    let mut object = Object::of(response);
    object.put("status", &status);
    object.to_raw()
}

/// The error that an event is, in either of its two shapes.
fn event_error(event: &RawValue, data: &Fields) -> Error {
    let inner = data.raw("error").filter(|raw| raw.get().starts_with('{'));
    let fields = Fields::of(inner.unwrap_or(event), &["code", "param"]);
    let message = sentence(event);
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
