//! What a rule makes of an answer.

use bytes::Bytes;

use crate::faults::action::Action;
use crate::faults::keys::Keys;
use crate::http::reply::{Content, EVENTS, JSON, Reply};
use crate::json::Json;
use crate::objects::error::ApiError;

const HTML: &str = "<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>The gateway has something to say</h1></body></html>\n";

/// Keys of a rule and the headers that they set.
const HEADERS: &[(&str, &str)] = &[
    ("retry-after", "retry-after"),
    ("retry-after-ms", "retry-after-ms"),
    ("should-retry", "x-should-retry"),
    ("location", "location"),
];

/// Keys that write a body, and its content type unless `type=` says another.
const BODIES: &[(&str, &str)] = &[("body", JSON), ("raw", JSON), ("events", EVENTS)];

/// The answer as an action has it: its own, or that of the work, spoilt; the keys say how what is made has to end.
pub(crate) fn around(action: Option<&Action>, work: impl FnOnce(Keys) -> Reply) -> Reply {
    let Some(action) = action else {
        return work(Keys::default());
    };
    if let Some(reply) = instead(action) {
        return reply;
    }
    let mut end = action.keys.clone();
    end.0.retain(|_| action.word == "end");
    spoil(work(end), action)
}

/// The answer of a rule that lets no work be done.
fn instead(action: &Action) -> Option<Reply> {
    let Action { word, status, keys } = action;
    match *word {
        "NNN" => Some(status_reply(*status, keys)),
        "html" => Some(Reply::text(*status, "text/html", HTML.to_owned())),
        "wrong-kind" => Some(Reply::text(
            200,
            JSON,
            r#"{"object":"list","data":[]}"#.into(),
        )),
        "huge" => Some(Reply::new(200, JSON, Content::Huge(keys.number("bytes")?))),
        _ => None,
    }
}

/// The true answer, spoilt.
fn spoil(mut reply: Reply, action: &Action) -> Reply {
    let keys = &action.keys;
    match (action.word, &mut reply.content) {
        ("but", _) => return change(reply, keys),
        ("cut-stream", Content::Events(play)) => play.cut = keys.number("events"),
        ("sse", Content::Events(play)) => play.speak(keys.get("dialect").unwrap_or_default()),
        (word @ ("cut" | "stall"), content) if action.is(word, "answer") => {
            cut_answer(content, word == "stall");
        }
        ("empty", content) => *content = Content::Bytes(Bytes::new()),
        ("cut-json", Content::Bytes(bytes)) => bytes.truncate(bytes.len() / 2),
        ("no-id", Content::Bytes(bytes)) => {
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
            *content = Content::Broken {
                bytes: bytes.slice(..bytes.len() / 2),
                promised: Some(bytes.len() as u64),
                silent,
            };
        }
        Content::Events(play) => {
            play.cut = Some(play.events.len() / 2);
            play.silent = silent;
        }
        Content::Broken { .. } | Content::Huge(_) => {}
    }
}

/// The status, headers and body that a rule asks for before the body is read.
pub(crate) fn early(status: u16, keys: &Keys) -> Reply {
    status_reply(status, keys).header("connection", "close")
}

fn status_reply(status: u16, keys: &Keys) -> Reply {
    let reply = match written(keys) {
        Some((bytes, kind)) => Reply::new(status, kind, ending(bytes.into(), keys.get("then"))),
        None if (300..400).contains(&status) => Reply::text(status, "", String::new()),
        None => error(status, keys).into(),
    };
    with_headers(reply, keys)
}

/// The body that a rule writes, and its content type; `body` is taken as it stands, the others have escapes.
fn written(keys: &Keys) -> Option<(Vec<u8>, &str)> {
    let found = BODIES.iter().find_map(|(key, kind)| {
        let text = keys.get(key)?;
        let plain = *key == "body";
        let bytes = if plain { text.into() } else { unescape(text) };
        Some((bytes, *kind))
    });
    found.map(|(bytes, kind)| (bytes, keys.get("type").unwrap_or(kind)))
}

fn ending(bytes: Bytes, then: Option<&str>) -> Content {
    match then {
        None => Content::Bytes(bytes),
        Some(word) => Content::Broken {
            bytes,
            promised: None,
            silent: word == "stall",
        },
    }
}

fn with_headers(mut reply: Reply, keys: &Keys) -> Reply {
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
    reply.headers.retain(|(_, value)| !value.is_empty());
    reply
}

/// The true answer with another status, other headers, members merged into it, bytes before or after it.
fn change(mut reply: Reply, keys: &Keys) -> Reply {
    if let Content::Bytes(bytes) = &mut reply.content {
        let patch = keys.get("patch").and_then(|patch| Json::read(patch).ok());
        let whole = Json::read(&String::from_utf8_lossy(bytes));
        if let (Some(patch), Ok(mut whole)) = (patch, whole) {
            whole.merge(patch);
            *bytes = whole.write().into();
        }
        let around = |key: &str| unescape(keys.get(key).unwrap_or_default());
        *bytes = [&around("before"), &bytes[..], &around("after")]
            .concat()
            .into();
    }
    if let Some(status) = keys.number("status") {
        reply.status = status;
    }
    if let Some(kind) = keys.get("type") {
        reply = reply.header("content-type", kind);
    }
    reply.last = keys.get("then").is_some();
    with_headers(reply, keys)
}

/// Undoes `\n`, `\r`, `\t`, `\\` and `\xNN`; every other `\` is one, so that JSON keeps its own escapes.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend(before.as_bytes());
        let hex = after.strip_prefix('x').and_then(|digits| digits.get(..2));
        let hex = hex.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let (byte, length) = match (after.as_bytes().first(), hex) {
            (_, Some(byte)) => (byte, 3),
            (Some(b'n'), _) => (b'\n', 1),
            (Some(b'r'), _) => (b'\r', 1),
            (Some(b't'), _) => (b'\t', 1),
            (Some(b'\\'), _) => (b'\\', 1),
            _ => (b'\\', 0),
        };
        bytes.push(byte);
        rest = &after[length..];
    }
    bytes.extend(rest.as_bytes());
    bytes
}

fn error(status: u16, keys: &Keys) -> ApiError {
    let mut error = ApiError::standard(status, keys.get("code"));
    let value = |key: &str| keys.get(key).map(str::to_owned);
    error.kind = value("type").unwrap_or(error.kind);
    error.message = value("message").unwrap_or(error.message);
    error.param = value("param");
    error
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes_are_undone_and_those_of_json_stay() {
        let rows: [(&str, &[u8]); 5] = [
            (r"a\nb\r\n\t", b"a\nb\r\n\t"),
            (r"\xef\xbb\xbf{}\x27", b"\xef\xbb\xbf{}'"),
            (r#"{"a":"\"\u00e9\\n"}"#, br#"{"a":"\"\u00e9\n"}"#),
            (r"\xzz\", br"\xzz\"),
            ("é", "é".as_bytes()),
        ];
        for (text, wanted) in rows {
            assert_eq!(unescape(text), wanted, "{text}");
        }
    }
}
