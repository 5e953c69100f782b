//! What the server says to one request: a Response, a stream that ends in one, or a refusal with its reason.

use std::time::Instant;

use oa_core::client::Streamed;
use oa_core::field::Look as _;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::stream::Stream;
use oa_core::{Error, Kind, Result};
use oa_pipe::log::field;
use oa_pipe::object::Object;
use oa_pipe::output::Output;
use oa_pipe::record::Record;
use oa_pipe::response::Response;
use oa_pipe::settle::{Settled, Wanted, show, summary};
use oa_pipe::shell::command;
use serde_json::value::RawValue;

use crate::asking::Asking;
use crate::follow::Following;
use crate::window::{OPTIONS, WINDOW};

/// What the API complains about, recognised by a piece of its message, code or `param`, and the way out.
const HINTS: [(&str, &str); 9] = [
    (WINDOW, NO_WINDOW),
    (OPTIONS, NO_WINDOW),
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

const NO_WINDOW: &str =
    "this server, model or project may take no --window: ask without it, or with -b alone";

impl Asking<'_> {
    /// Sends the request and puts the answer into the record.
    pub(crate) fn ask(&self, record: &mut Record) -> Result<()> {
        let begun = Instant::now();
        let _progress = self.run.pipe.log.progress("answers", 1);
        let mut call = Request::post(
            "/responses",
            self.request.bytes(),
            "application/json",
            Expect::Response,
        )
        .streamed(self.request.stream)
        .look("look in the dashboard's logs whether the question was answered".to_owned());
        if self.request.background {
            call = call.creates();
        }
        match self.client.ask(&call) {
            Ok(Streamed::Object(answer)) => {
                let settled = self.settled(record, &answer.object, Output::of(&answer.object));
                self.settle(record, answer.object, settled, "", begun)
            }
            Ok(Streamed::Events(stream)) => self.follow(record, stream, begun),
            Err(error) => {
                let mut error = self.explain(record, error);
                if let Some(part) = error.part.take() {
                    self.keep(record, &part, &mut error);
                }
                Err(error)
            }
        }
    }

    /// An id that stood in the part of an answer that did come is an id like any other: what runs in the
    /// background can be waited for.
    fn keep(&self, record: &mut Record, part: &RawValue, error: &mut Error) {
        record.object_mut().set("response", part.to_owned());
        if let Some(id) = Response::read(part).id {
            error.hint = Some(command("oa-poll", [id.as_str()]));
            error.retryable = self.request.background;
        }
    }

    /// What a Response comes to whose output is this.
    fn settled(&self, record: &Record, object: &RawValue, output: Output) -> Settled {
        let wanted = Wanted {
            allow_incomplete: self.allow_incomplete,
            json: self.request.json,
        };
        Settled::of(record, &Response::read(object), output, wanted)
    }

    /// Puts a Response into the record.
    fn settle(
        &self,
        record: &mut Record,
        object: Box<RawValue>,
        settled: Settled,
        written: &str,
        begun: Instant,
    ) -> Result<()> {
        let log = &self.run.pipe.log;
        let read = Response::read(&object);
        let verdict = settled.put(record, object);
        self.end_text(record, written);
        if read.is_final() {
            log.event("response", &summary(record, &read, Some(begun)));
            return verdict;
        }
        let (id, status) = (read.name(), read.status_word());
        log.event(
            "submitted",
            &format!("{} {}", field("response_id", id), field("status", status)),
        );
        if self.request.background && read.id.is_some() {
            return Ok(());
        }
        let message = if read.id.is_none() {
            format!("a response without an id came back {status}: nobody can ask for it again")
        } else {
            format!(
                "response {id} came back {status} although it was not asked for in the background"
            )
        };
        let mut error = Error::new(Kind::Network, message);
        match &read.id {
            Some(id) => error.hint = Some(command("oa-poll", [id.as_str()])),
            None => error.retryable = false,
        }
        Err(error)
    }

    /// Reads a stream to its terminal event; what came of it is kept where it breaks.
    fn follow(&self, record: &mut Record, stream: Stream, begun: Instant) -> Result<()> {
        let mut following = Following::new(self);
        let mut ended = following.read(stream);
        if self.request.background {
            ended = following.go_on(ended);
        }
        let (assembly, seen) = (following.assembly, following.begun);
        let object = match ended {
            Ok(object) => object,
            Err(error) => {
                let assembled = assembly.response(seen.as_deref(), "in_progress");
                show(record, Output::of(&assembled));
                if let Some(seen) = seen {
                    record.object_mut().set("response", seen);
                }
                return Err(error);
            }
        };
        let output = Output::of(&object);
        let settled = if output.has_text() {
            self.settled(record, &object, output)
        } else {
            // Routers are known to send the last event without its output.
            let assembled = assembly.response(seen.as_deref(), "in_progress");
            self.settled(record, &object, Output::of(&assembled))
        };
        self.settle(record, object, settled, &following.written, begun)
    }

    /// Writes what came too late for a text that was written as it came, and the end of its last line.
    fn end_text(&self, record: &Record, written: &str) {
        if !written.is_empty()
            && let Some(whole) = record.output_text()
            && let Some(rest) = whole.strip_prefix(written)
        {
            self.run.pipe.text(self.job.seq, rest);
        }
        self.run.pipe.end_text(self.job);
    }

    /// Adds what we know better to a refusal.
    pub(crate) fn explain(&self, record: &Record, mut error: Error) -> Error {
        let model = self.request.body.text("model").unwrap_or_default();
        if is_unknown_model(&error, &model) {
            error.hint = Some(self.models.hint(self.client, &model));
        }
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

/// Whether the server does not know the model, or not for this key.
fn is_unknown_model(error: &Error, model: &str) -> bool {
    if error.code.as_deref() == Some("model_not_found") {
        return true;
    }
    let unknown = ["does not exist", "not found"];
    let unknown = unknown.iter().any(|words| error.message.contains(words));
    let named = !model.is_empty() && error.message.contains(model);
    let refused = error.kind == Kind::Refused && error.hint.is_none();
    refused && unknown && named && error.message.contains("model")
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
    let mime = oa_kinds::kind::mime_of(name, b"");
    let data: String = part["file_data"].as_str()?.chars().take(12).collect();
    Some(format!(
        "write it as a data URL: \"file_data\":\"data:{mime};base64,{data}…\""
    ))
}
