//! Follows a streamed answer to its end, also over a broken connection.

use std::io::BufReader;
use std::time::Duration;

use oa_core::answer::Response;
use oa_core::client::{Call, Expect, Stream, spread};
use oa_core::object::Object;
use oa_core::shell::command;
use oa_core::wait::Schedule;
use oa_core::{Error, Id, Kind, Result};
use serde_json::value::RawValue;

use crate::answer::Asking;
use crate::events::Events;

/// Longest time between two looks at a response whose stream cannot be resumed.
const POLL_INTERVAL: Duration = Duration::from_secs(10);

/// A stream that is read to its terminal event.
pub(crate) struct Following<'a> {
    asking: &'a Asking<'a>,
    /// All text so far.
    pub(crate) text: String,
    /// The Response as an early event showed it.
    pub(crate) begun: Option<Box<RawValue>>,
    /// Number of the last event that was taken.
    last: Option<u64>,
}

impl<'a> Following<'a> {
    pub(crate) fn new(asking: &'a Asking<'a>) -> Following<'a> {
        Following {
            asking,
            text: String::new(),
            begun: None,
            last: None,
        }
    }

    /// Takes up a background response whose stream broke: from the next event on, else by polling.
    pub(crate) fn go_on(&mut self, mut ended: Result<Box<RawValue>>) -> Result<Box<RawValue>> {
        let client = self.asking.client;
        while let (Err(error), Some(last), Some(id)) = (&ended, self.last, self.id()) {
            if error.kind != Kind::Network {
                return ended;
            }
            let path = id.under("/responses") + &format!("?stream=true&starting_after={last}");
            let again = client.stream(Call::get(path, Expect::Object("response")));
            ended = match again {
                Ok(stream) if stream.whole.is_none() => self.read(stream),
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

    fn poll(&mut self, id: &Id) -> Result<Box<RawValue>> {
        let mut schedule = Schedule::new(POLL_INTERVAL);
        let pipe = &self.asking.run.pipe;
        loop {
            let call = Call::get(id.under("/responses"), Expect::Object("response"));
            let answer = self
                .asking
                .client
                .call(&call)
                .map_err(|error| self.given_up(error))?;
            let response = Response::read(&answer.object);
            self.begun = Some(answer.object.clone());
            if response.is_final() {
                let whole = response.output_text().unwrap_or_default();
                if let (true, Some(rest)) = (self.asking.text, whole.strip_prefix(&self.text)) {
                    pipe.text(self.asking.job.seq, rest);
                }
                self.text = whole;
                return Ok(answer.object);
            }
            pipe.log.event(
                "poll",
                &format!("response_id={id} status={}", response.status_word()),
            );
            if pipe
                .interrupt
                .wait(schedule.next_wait(answer.poll_after, spread()))
            {
                return Err(self.broken("interrupted"));
            }
        }
    }

    /// A look that failed: an answer of the API says why itself, everything else can be looked at again.
    fn given_up(&self, error: Error) -> Error {
        match error.kind {
            Kind::Network | Kind::Interrupted => self.broken(&error.to_string()),
            _ => error,
        }
    }

    fn id(&self) -> Option<Id> {
        let begun = self.begun.as_deref().map(Response::read);
        begun.and_then(|response| response.id)
    }

    pub(crate) fn read(&mut self, stream: Stream) -> Result<Box<RawValue>> {
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
        let number = event.get("sequence_number");
        self.last = number.and_then(|raw| raw.get().parse().ok()).or(self.last);
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
            let (id, status) = (read.name(), read.status_word());
            pipe.log
                .event("submitted", &format!("response_id={id} status={status}"));
            if let (true, Some(id)) = (self.asking.request.background, &read.id) {
                pipe.interrupt.hold(std::slice::from_ref(id));
            }
        }
        self.begun = Some(response.to_owned());
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
