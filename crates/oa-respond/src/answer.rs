//! What the server says to one request: a Response, a stream that ends in one, or a refusal with its reason.

use std::time::Instant;

use oa_core::answer::{Response, settle};
use oa_core::cli::Run;
use oa_core::client::{Call, Client, Expect};
use oa_core::object::Object;
use oa_core::pipe::Job;
use oa_core::record::Record;
use oa_core::shell::command;
use oa_core::{Error, Kind, Result};
use serde_json::value::RawValue;

use crate::follow::Following;
use crate::request::Request;

/// What the API complains about, recognised by a piece of its message, code or `param`, and the way out.
const HINTS: [(&str, &str); 7] = [
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
        "vector store",
        "does the key belong to another project, or has the store expired? oa-list stores",
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
            self.follow(record, call)
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
        let (id, status) = (response.name(), response.status_word());
        log.event("submitted", &format!("response_id={id} status={status}"));
        if self.request.background {
            return Ok(());
        }
        let message = format!(
            "response {id} came back {status} although it was not asked for in the background"
        );
        Err(Error::new(Kind::Network, message).hint(command("oa-poll", [id])))
    }

    /// Reads a stream to its terminal event. The text so far is left in `output_text`.
    fn follow(&self, record: &mut Record, call: Call) -> Result<Box<RawValue>> {
        let mut stream = self.client.stream(call)?;
        if let Some(whole) = stream.whole.take() {
            return Ok(whole);
        }
        record.object_mut().remove("output_text");
        let mut following = Following::new(self);
        let mut ended = following.read(stream);
        if self.request.background {
            ended = following.go_on(ended);
        }
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
        .filter_map(|file| file.id.as_ref())
        .any(|id| words.contains(id.as_str()));
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
