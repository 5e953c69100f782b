//! What a rule makes of an answer.

use bytes::Bytes;

use crate::action::{Action, Keys, Moment};
use crate::error::ApiError;
use crate::json::Json;
use crate::reply::{Content, Reply};

const HTML: &str = "<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>The gateway has something to say</h1></body></html>\n";

/// Keys of a rule and the headers that they set.
const HEADERS: &[(&str, &str)] = &[
    ("retry-after", "retry-after"),
    ("retry-after-ms", "retry-after-ms"),
    ("should-retry", "x-should-retry"),
    ("location", "location"),
];

/// The answer of a rule that lets no work be done.
pub(crate) fn instead(action: &Action) -> Option<Reply> {
    match action {
        Action::Status { status, keys, .. } => Some(status_reply(*status, keys)),
        Action::Html { status } => Some(Reply::text(*status, "text/html", HTML.to_owned())),
        Action::WrongKind => {
            let list = [("object", "list".into()), ("data", Json::Array(Vec::new()))];
            Some(Reply::json(200, &Json::object(list)))
        }
        Action::Huge { bytes } => Some(Reply::new(200, "application/json", Content::Huge(*bytes))),
        _ => None,
    }
}

/// How a response, or the indexing of files, has to end.
pub(crate) fn end(action: &Action) -> Option<Keys> {
    match action {
        Action::End(keys) => Some(keys.clone()),
        _ => None,
    }
}

/// The true answer, spoilt.
pub(crate) fn spoil(mut reply: Reply, action: Option<&Action>) -> Reply {
    let Some(action) = action else { return reply };
    match (action, &mut reply.content) {
        (Action::CutStream { events }, Content::Events(play)) => play.cut = Some(*events),
        (Action::Sse(dialect), Content::Events(play)) => play.speak(*dialect),
        (Action::Cut(Moment::Answer), content) => cut_answer(content, false),
        (Action::Stall(Moment::Answer), content) => cut_answer(content, true),
        (Action::Empty, content) => *content = Content::Bytes(Bytes::new()),
        (Action::CutJson, Content::Bytes(bytes)) => bytes.truncate(bytes.len() / 2),
        (Action::NoId, Content::Bytes(bytes)) => {
            if let Ok(mut json) = Json::read(&String::from_utf8_lossy(bytes)) {
                json.remove("id");
                *bytes = json.write().into();
            }
        }
        _ => {}
    }
    reply
}

/// Half of the bytes, or half of the events; then the end, or silence.
fn cut_answer(content: &mut Content, silent: bool) {
    match content {
        Content::Bytes(bytes) => {
            let bytes = std::mem::take(bytes);
            *content = Content::Half { bytes, silent };
        }
        Content::Events(play) => {
            play.cut = Some(play.events.len() / 2);
            play.silent = silent;
        }
        Content::Half { .. } | Content::Huge(_) => {}
    }
}

/// The status, headers and body that a rule asks for.
pub(crate) fn status(status: u16, keys: &Keys) -> Reply {
    status_reply(status, keys).header("connection", "close")
}

fn status_reply(status: u16, keys: &Keys) -> Reply {
    let mut reply = match keys.get("body") {
        Some(body) => Reply::text(status, "application/json", body.to_owned()),
        None if (300..400).contains(&status) => Reply {
            status,
            headers: Vec::new(),
            content: Content::Bytes(Bytes::new()),
        },
        None => error(status, keys).into(),
    };
    for (key, header) in HEADERS {
        if let Some(value) = keys.get(key) {
            reply = reply.header(header, value);
        }
    }
    for line in keys.all("header") {
        if let Some((name, value)) = line.split_once(':') {
            reply = reply.header(&name.trim().to_ascii_lowercase(), value.trim());
        }
    }
    reply
}

fn error(status: u16, keys: &Keys) -> ApiError {
    let mut error = ApiError::standard(status, keys.get("code"));
    if let Some(kind) = keys.get("type") {
        kind.clone_into(&mut error.kind);
    }
    if let Some(message) = keys.get("message") {
        message.clone_into(&mut error.message);
    }
    error.param = keys.get("param").map(str::to_owned);
    error
}
