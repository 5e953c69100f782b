//! What a line of a Batch's files says of its request, put into the record.

use oa_core::field::{Fields, Look, text_of};
use oa_core::lenient::object;
use oa_core::reply::{Expect, Received};
use oa_core::{Error, Kind, Result};
use oa_pipe::log::Log;
use oa_pipe::record::Record;
use oa_pipe::response::Response;
use oa_pipe::settle::{settle, summary};
use serde_json::value::RawValue;

/// What to do where a request is worth another attempt, and where an answer came that is none.
const AGAIN: &str = "ask it anew: jq -c 'del(.error)' FILE | oa-batch";
const INSTEAD: &str = "ask it anew: jq -c 'del(.error, .response)' FILE | oa-batch";
/// The same where it is not whole.
const MORE: &str = "take it with --allow-incomplete, or ask for more: jq -c 'del(.error, .response) | .request.max_output_tokens = 9999' FILE | oa-batch";

/// What a line says.
#[derive(Default)]
struct Line<'a> {
    /// HTTP status of the answer; 0 or none: the request was not run.
    status: Option<u16>,
    request_id: Option<String>,
    body: Option<&'a RawValue>,
    /// Why there is no answer.
    code: Option<String>,
    message: Option<String>,
}

impl<'a> Look<'a> for Line<'a> {
    const KEYS: &'static [&'static str] = &["response", "error"];

    fn look(fields: &Fields<'a>) -> Line<'a> {
        const RESPONSE: &[&str] = &["status_code", "request_id", "body"];
        let response = fields.raw("response").map(|raw| Fields::of(raw, RESPONSE));
        let error = fields
            .raw("error")
            .map(|raw| Fields::of(raw, &["code", "message"]));
        let response = response.as_ref();
        let status = response.and_then(|response| response.word("status_code")?.parse().ok());
        Line {
            status,
            request_id: response.and_then(|response| response.text("request_id")),
            body: response.and_then(|response| response.raw("body")),
            code: error.as_ref().and_then(|error| error.word("code")),
            message: error.as_ref().and_then(|error| error.word("message")),
        }
    }
}

/// How answers are taken.
pub(crate) struct Taking<'a> {
    pub(crate) log: &'a Log,
    pub(crate) allow_incomplete: bool,
    /// What was not run was not wanted any more.
    pub(crate) cancelled: bool,
    /// How the Batch ended.
    pub(crate) status: &'a str,
    /// Its files do not have all of its answers.
    pub(crate) short: bool,
}

impl Taking<'_> {
    /// Puts the answer into the record; there may be no line of it.
    ///
    /// # Errors
    /// The verdict on the answer, as if it had been asked for by itself; `failed`, where it was not run.
    pub(crate) fn put(&self, record: &mut Record, line: Option<Vec<u8>>) -> Result<()> {
        let raw = line.and_then(|line| object(line).0);
        if raw.as_ref().is_some_and(|found| found.mended) {
            let told = "an answer was no JSON as it stood; what is none in it was put right";
            self.log.note(told);
        }
        let line = raw.as_ref().map(|found| Line::read(&found.object));
        let line = line.unwrap_or_default();
        let redact = |text: &str| self.log.redact(text);
        match (line.status, line.body) {
            (None | Some(0), None) | (Some(0), _) if self.cancelled => Ok(()),
            (None, None) if self.short => Err(missing()),
            (None, None) | (Some(0), _) => Err(not_run(line, self.status)),
            (None | Some(200), _) => self.answered(record, &line),
            (Some(_), _) => Err(advise(line.received().error(&redact), AGAIN)),
        }
    }

    fn answered(&self, record: &mut Record, line: &Line) -> Result<()> {
        let redact = |text: &str| self.log.redact(text);
        let mut received = line.received();
        received.status = 200;
        match received.expect(Expect::Response, &redact) {
            Ok(found) => {
                let response = Response::read(&found.object);
                self.log
                    .event("response", &summary(record, &response, None));
                let (name, last) = (response.name().to_owned(), response.is_final());
                let verdict = settle(record, found.object, self.allow_incomplete);
                if !last {
                    let message = format!("response {name} is not final, though its Batch is");
                    return Err(Error::new(Kind::Failed, message).hint(INSTEAD));
                }
                verdict.map_err(|error| advise(error, INSTEAD))
            }
            Err(complaint) => {
                let mut error = Error::new(Kind::Network, complaint.words);
                error.status = Some(200);
                error.code = complaint.code;
                error.body = Some(complaint.reply.kept(&redact));
                error.request_id = complaint.reply.request_id;
                error.retryable = false;
                Err(error)
            }
        }
    }
}

impl Line<'_> {
    /// The answer as it would have come by itself. A body that is no object is written as a text.
    fn received(&self) -> Received {
        let body = self
            .body
            .map(|raw| text_of(raw).unwrap_or_else(|| raw.get().to_owned()));
        Received {
            status: self.status.unwrap_or(200),
            request_id: self.request_id.clone().filter(|id| !id.is_empty()),
            body: body.unwrap_or_default().into_bytes(),
            ..Received::default()
        }
    }
}

/// Says what to do where another attempt may bring more: waiting is no matter of a Batch.
fn advise(error: Error, hint: &str) -> Error {
    match error.kind {
        Kind::Incomplete => error.hint(MORE),
        _ if error.retryable => error.hint(hint),
        _ => error,
    }
}

/// The answer may be one of those that the Batch has and its files have not.
fn missing() -> Error {
    let message = "the Batch says that it has more answers than there are in its files";
    let mut error = Error::new(Kind::Failed, message);
    error.retryable = false;
    error.hint("it may be paid for; jq -c 'del(.error, .batch)' FILE | oa-batch buys another")
}

fn not_run(line: Line, status: &str) -> Error {
    let silent = || format!("the Batch ended {status} without an answer to this request");
    let message = line.message.unwrap_or_else(silent);
    let mut error = Error::new(Kind::Failed, message).hint(AGAIN);
    error.code = line.code;
    error.retryable = true;
    error
}
