//! What a Response says: its verdict, its text, what it cites.

use serde_json::value::RawValue;

use crate::error::{Error, Kind, Result};
use crate::field::{Fields, Look};
use crate::id::Id;
use crate::log::field;
use crate::reply::sentence;

mod settle;

pub use settle::{Wanted, forget, settle, settle_as, show};

/// Statuses of a Response that still runs; every other one is final, also one that nobody knows.
const RUNNING: [&str; 2] = ["queued", "in_progress"];

/// Codes inside a failed Response after which the same question may well succeed (seen on live streams).
const TRANSIENT: [&str; 6] = [
    "server_error",
    "rate_limit_exceeded",
    "server_is_overloaded",
    "slow_down",
    "vector_store_timeout",
    "failed_to_download_image",
];

/// Characters that are quoted of an error in which no sentence is found.
const EXCERPT: usize = 200;

/// Items that wait for something that their client does.
const CALLS: [&str; 2] = ["function_call", "custom_tool_call"];

/// A Response object as far as the tools look at it; the object itself travels as it came.
#[derive(Debug)]
pub struct Response {
    /// `resp_…`; some servers leave it out.
    pub id: Option<Id>,
    /// `queued`, `in_progress`, `completed`, `failed`, `cancelled`, `incomplete`; some servers leave it out.
    pub status: Option<String>,
    /// Whether it runs in the background, which alone can be polled and cancelled.
    pub background: Option<bool>,
    error: Option<Failure>,
    /// Why it is incomplete, in the server's word.
    reason: Option<String>,
    output: Option<Vec<Item>>,
    /// The request, as the server echoes it, had a JSON schema.
    wants_json: bool,
    /// Tokens that were counted, once it is final.
    pub usage: Option<Usage>,
}

/// Tokens of a Response.
#[derive(Debug)]
pub struct Usage {
    /// Tokens of the question and its files.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer, reasoning included.
    pub output_tokens: Option<u64>,
}

#[derive(Debug, Default)]
struct Failure {
    code: Option<String>,
    message: Option<String>,
    param: Option<String>,
}

#[derive(Debug)]
struct Item {
    kind: String,
    phase: Option<String>,
    content: Option<Vec<Part>>,
}

#[derive(Debug)]
struct Part {
    kind: String,
    text: Option<String>,
    refusal: Option<String>,
    annotations: Option<Vec<Annotation>>,
}

#[derive(Debug)]
struct Annotation {
    kind: String,
    file_id: Option<String>,
    filename: Option<String>,
    url: Option<String>,
    title: Option<String>,
}

impl Look for Response {
    fn look(fields: &Fields) -> Response {
        Response {
            id: fields.id(),
            status: fields.text("status"),
            background: fields.get("background"),
            error: fields.raw("error").and_then(Failure::read),
            reason: fields.raw("incomplete_details").and_then(reason),
            output: fields.list("output"),
            wants_json: wants_json(fields.raw("text")),
            usage: fields.object("usage"),
        }
    }
}

impl Look for Usage {
    fn look(fields: &Fields) -> Usage {
        Usage {
            input_tokens: fields.get("input_tokens"),
            output_tokens: fields.get("output_tokens"),
        }
    }
}

impl Failure {
    /// An error in whatever shape a server has for it: a text, an object, a list of either. What says nothing
    /// (`{}`, `""`, `false`) is none.
    fn read(raw: &RawValue) -> Option<Failure> {
        let fields = Fields::of(raw);
        let message = sentence(raw).or_else(|| fields.word("reason"));
        let code = fields.word("code").or_else(|| fields.word("type"));
        let says = match raw.get() {
            text if text.starts_with('{') => fields.say_something(),
            text => !text.starts_with(['"', '[', 'f']) && text != "0",
        };
        let whole = || raw.get().chars().take(EXCERPT).collect();
        Some(Failure {
            message: match &code {
                None if message.is_none() => Some(says.then(whole)?),
                _ => message,
            },
            code,
            param: fields.text("param"),
        })
    }
}

/// Why a Response is incomplete: the `reason` of its details, or what stands in their place.
fn reason(details: &RawValue) -> Option<String> {
    let fields = Fields::of(details);
    let reason = fields.word("reason").or_else(|| sentence(details));
    reason.or_else(|| fields.word("type"))
}

impl Look for Item {
    fn look(fields: &Fields) -> Item {
        Item {
            kind: fields.text("type").unwrap_or_default(),
            phase: fields.text("phase"),
            content: fields.list("content"),
        }
    }
}

impl Look for Part {
    fn look(fields: &Fields) -> Part {
        Part {
            kind: fields.text("type").unwrap_or_default(),
            text: fields.text("text"),
            refusal: fields.text("refusal"),
            annotations: fields.list("annotations"),
        }
    }
}

impl Look for Annotation {
    fn look(fields: &Fields) -> Annotation {
        Annotation {
            kind: fields.text("type").unwrap_or_default(),
            file_id: fields.text("file_id"),
            filename: fields.text("filename"),
            url: fields.text("url"),
            title: fields.text("title"),
        }
    }
}

impl Response {
    /// Reads what the tools look at; what does not fit counts as absent.
    #[must_use]
    pub fn read(raw: &RawValue) -> Response {
        Response::look(&Fields::of(raw))
    }

    /// What to call it: its id, or `-` where the server gave none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.as_ref().map_or("-", Id::as_str)
    }

    /// Takes over the output of a Response that was put together from its events.
    pub fn take_output_of(&mut self, other: Response) {
        self.output = other.output;
    }

    /// Whether it has ended, well or not. A Response with no status but with output or an error has.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match &self.status {
            Some(status) => !RUNNING.contains(&status.as_str()),
            None => self.output.is_some() || self.error.is_some(),
        }
    }

    /// The status to show: the API's word, or what its absence comes to.
    #[must_use]
    pub fn status_word(&self) -> &str {
        match &self.status {
            Some(status) => status,
            None if self.error.is_some() => "failed",
            None if self.output.is_some() => "completed",
            None => "unknown",
        }
    }

    /// The messages that are the answer; where none says that it is, all of them.
    fn messages(&self) -> impl Iterator<Item = &Item> {
        let all = || {
            let items = self.output.iter().flatten();
            items.filter(|item| item.kind == "message")
        };
        let answers = |item: &&Item| is_answer(item.phase.as_deref());
        let any = all().any(|item| answers(&item));
        all().filter(move |item| !any || answers(item))
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.messages()
            .flat_map(|item| item.content.iter().flatten())
    }

    /// The answer: all `output_text` parts of its messages, joined with nothing between them; `None` when there
    /// is none.
    #[must_use]
    pub fn output_text(&self) -> Option<String> {
        let texts: Vec<&str> = self
            .parts()
            .filter(|part| part.kind == "output_text")
            .filter_map(|part| part.text.as_deref())
            .collect();
        (!texts.is_empty()).then(|| texts.concat())
    }

    fn has_text(&self) -> bool {
        self.output_text().is_some_and(|text| !text.is_empty())
    }

    /// Whether it asks its client to do something first, so that there is no answer yet.
    fn calls(&self) -> bool {
        let items = self.output.iter().flatten();
        items
            .map(|item| item.kind.as_str())
            .any(|kind| CALLS.contains(&kind))
    }

    fn refusal(&self) -> Option<&str> {
        let mut refusals = self.parts().filter_map(|part| part.refusal.as_deref());
        refusals.find(|words| !words.is_empty())
    }

    /// Whether the Response is the answer that was asked for.
    ///
    /// # Errors
    /// `failed` or `incomplete`, with the API's own reason in the message.
    pub fn verdict(&self, allow_incomplete: bool) -> Result<()> {
        if !self.is_final() {
            return Ok(());
        }
        match self.status_word() {
            "completed" if self.has_text() => Ok(()),
            "completed" => self.empty(),
            "incomplete" if allow_incomplete => Ok(()),
            "incomplete" => Err(self.incomplete()),
            word => Err(self.failed(word)),
        }
    }

    /// Without a text it may be a refusal, or an error that the status says nothing of.
    fn empty(&self) -> Result<()> {
        match (self.refusal(), &self.error) {
            (Some(words), _) => Err(Error::new(
                Kind::Failed,
                format!("the model refused: {words}"),
            )),
            (None, Some(_)) => Err(self.failed("completed")),
            (None, None) => Ok(()),
        }
    }

    fn incomplete(&self) -> Error {
        let reason = self.reason.as_deref().unwrap_or("no reason given");
        let message = format!("response {} is incomplete: {reason}", self.name());
        let error = Error::new(Kind::Incomplete, message);
        match reason {
            "max_output_tokens" => error.hint(
                "raise --max-output-tokens, or take the partial text with --allow-incomplete",
            ),
            _ => error.hint("take the partial text with --allow-incomplete"),
        }
    }

    fn failed(&self, word: &str) -> Error {
        let mut message = format!("response {} ended {word}", self.name());
        let failure = self.error.as_ref();
        let said = failure.and_then(|failure| failure.message.as_ref().or(failure.code.as_ref()));
        if let Some(said) = said {
            message = format!("{message}: {said}");
        }
        let mut error = Error::new(Kind::Failed, message);
        error.code = failure.and_then(|failure| failure.code.clone());
        error.param = failure.and_then(|failure| failure.param.clone());
        let code = error.code.as_deref().unwrap_or_default();
        error.retryable = TRANSIENT.contains(&code);
        error
    }

    /// The line `[response] …` of the log, without the elapsed time.
    #[must_use]
    pub fn summary(&self) -> String {
        let id = field("response_id", self.name());
        let mut line = format!("{id} {}", field("status", self.status_word()));
        let usage = self.usage.as_ref();
        let counts = [
            ("input_tokens", usage.and_then(|usage| usage.input_tokens)),
            ("output_tokens", usage.and_then(|usage| usage.output_tokens)),
        ];
        for (name, count) in counts {
            if let Some(count) = count {
                line = format!("{line} {name}={count}");
            }
        }
        line
    }
}

/// Whether an item of this phase is the answer, and not what some models say before it.
#[must_use]
pub fn is_answer(phase: Option<&str>) -> bool {
    matches!(phase, None | Some("final_answer"))
}

/// Whether this value of `text`, in a request or echoed in a Response, asks for JSON of a schema.
#[must_use]
pub fn wants_json(text: Option<&RawValue>) -> bool {
    let format = text.and_then(|text| Fields::of(text).raw("format"));
    let kind = format.and_then(|format| Fields::of(format).text("type"));
    kind.as_deref() == Some("json_schema")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Response {
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap_or_default();
        Response::read(&raw)
    }

    #[test]
    fn a_status_decides_and_its_absence_is_read_from_the_rest() {
        let cases = [
            (r#"{"status":"queued"}"#, false, None),
            (r#"{"status":"completed","output":[]}"#, true, None),
            (r#"{"output":[],"error":null}"#, true, None),
            (r#"{"id":"resp_1"}"#, false, None),
            (r#"{"error":{"message":"x"}}"#, true, Some(Kind::Failed)),
            (
                r#"{"status":"failed","error":{"code":"server_error","message":"x"}}"#,
                true,
                Some(Kind::Failed),
            ),
            (r#"{"status":"expired"}"#, true, Some(Kind::Failed)),
            (r#"{"status":"nobody knows"}"#, true, Some(Kind::Failed)),
            (
                r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#,
                true,
                Some(Kind::Incomplete),
            ),
            (
                r#"{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"no"}]}]}"#,
                true,
                Some(Kind::Failed),
            ),
            (r#"{"output":[],"error":{}}"#, true, None),
            (
                r#"{"output":[],"error":{"code":null,"message":null}}"#,
                true,
                None,
            ),
            (r#"{"output":[],"error":true}"#, true, Some(Kind::Failed)),
            (
                r#"{"status":"completed","error":"out of memory","output":[]}"#,
                true,
                Some(Kind::Failed),
            ),
            (
                r#"{"status":"completed","error":"odd","output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}"#,
                true,
                None,
            ),
        ];
        for (text, is_final, kind) in cases {
            let response = read(text);
            assert_eq!(response.is_final(), is_final, "{text}");
            assert_eq!(
                response.verdict(false).err().map(|e| e.kind),
                kind,
                "{text}"
            );
        }
    }

    #[test]
    fn text_is_joined_over_all_messages() {
        let response = read(
            r#"{"output":[{"type":"reasoning","content":[{"type":"output_text","text":"no"}]},
            {"type":"message","content":[{"type":"output_text","text":"a"},{"type":"new","text":"no"}]},
            {"type":"message","content":[{"type":"output_text","text":"b"}]}]}"#,
        );
        assert_eq!(response.output_text().as_deref(), Some("ab"));
    }

    #[test]
    fn the_reason_is_found_in_whatever_shape_it_has() {
        let failed = "response - ended failed: ";
        for (error, message) in [
            (r#""upstream timed out""#, "upstream timed out"),
            (r#"{"code":"x","message":"m","param":"p","type":"t"}"#, "m"),
            (r#"{"error":{"message":"m"}}"#, "m"),
            (r#"[{"detail":"m"}]"#, "m"),
            (r#"{"why":"out of memory"}"#, r#"{"why":"out of memory"}"#),
            ("503", "503"),
        ] {
            let response = read(&format!(r#"{{"status":"failed","error":{error}}}"#));
            let verdict = response.verdict(false).err().map(|e| e.message.clone());
            assert_eq!(verdict, Some(format!("{failed}{message}")));
        }
        let mut deep = r#""m""#.to_owned();
        for _ in 0..20_000 {
            deep = format!(r#"{{"error":{deep}}}"#);
        }
        let response = read(&format!(r#"{{"status":"failed","error":{deep}}}"#));
        assert!(response.verdict(false).is_err());
        for (details, reason) in [
            (r#"{"reason":"max_messages"}"#, "max_messages"),
            (r#""max_tokens""#, "max_tokens"),
            ("7", "no reason given"),
            (r#"{"message":"too long"}"#, "too long"),
            ("[]", "no reason given"),
            (r#"{"reason":null}"#, "no reason given"),
        ] {
            let response = read(&format!(
                r#"{{"status":"incomplete","incomplete_details":{details}}}"#
            ));
            let verdict = response.verdict(false).err().map(|e| e.message.clone());
            let message = format!("response - is incomplete: {reason}");
            assert_eq!(verdict, Some(message));
        }
    }

    #[test]
    fn the_answer_is_the_final_answer() {
        let message = |phase: &str, text: &str| {
            format!(
                r#"{{"type":"message","phase":{phase},"content":[{{"type":"output_text","text":"{text}"}},{{"type":"output_text","text":null}}]}}"#
            )
        };
        let (aside, last) = (
            message("\"commentary\"", "a"),
            message("\"final_answer\"", "b"),
        );
        for (items, text) in [
            (format!("{aside},{last}"), Some("b")),
            (
                format!("{aside},{},{last}", message("null", "c")),
                Some("cb"),
            ),
            (format!("{aside},{aside}"), Some("aa")),
            (message("7", "d"), Some("d")),
            (String::new(), None),
        ] {
            let response = read(&format!(r#"{{"output":[{items}]}}"#));
            assert_eq!(response.output_text().as_deref(), text, "{items}");
        }
    }
}
