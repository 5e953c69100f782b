//! What a Response says: its verdict, its text, what it cites.

use oa_core::error::{Error, Kind, Result};
use oa_core::field::{Fields, Look};
use oa_core::id::Id;
use oa_core::reply::sentence;
use serde_json::value::RawValue;

use crate::log::field;
use crate::object::Object;
use crate::output::Output;
use crate::tokens::{Usage, counts};

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

/// A Response object as far as the tools look at it, but for its output; the object itself travels as it came.
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
    has_output: bool,
    /// The request, as the server echoes it, had a JSON schema.
    pub(crate) wants_json: bool,
    /// Tokens that were counted, once it is final.
    pub usage: Option<Usage>,
    /// `default`, `flex`, `priority`, …: the tier that was really used.
    pub service_tier: Option<String>,
}

#[derive(Debug, Default)]
struct Failure {
    code: Option<String>,
    message: Option<String>,
    param: Option<String>,
}

impl Look<'_> for Response {
    const KEYS: &'static [&'static str] = &[
        "id",
        "status",
        "background",
        "error",
        "incomplete_details",
        "output",
        "text",
        "usage",
        "service_tier",
    ];

    fn look(fields: &Fields) -> Response {
        Response {
            id: fields.id(),
            status: fields.text("status"),
            background: fields.get("background"),
            error: fields.raw("error").and_then(Failure::read),
            reason: fields.raw("incomplete_details").and_then(reason),
            has_output: fields.raw("output").is_some_and(is_list),
            wants_json: wants_json(fields.raw("text")),
            usage: fields.object("usage"),
            service_tier: fields.text("service_tier"),
        }
    }
}

fn is_list(raw: &RawValue) -> bool {
    raw.get().starts_with('[')
}

impl Failure {
    /// An error in whatever shape a server has for it: a text, an object, a list of either. What says nothing
    /// (`{}`, `""`, `false`) is none.
    fn read(raw: &RawValue) -> Option<Failure> {
        let fields = Fields::of(raw, &["reason", "code", "type", "param"]);
        let message = sentence(raw).or_else(|| fields.word("reason"));
        let code = fields.word("code").or_else(|| fields.word("type"));
        let says = match raw.get() {
            text if text.starts_with('{') => Object::of(raw).says_something(),
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
    let fields = Fields::of(details, &["reason", "type"]);
    let reason = fields.word("reason").or_else(|| sentence(details));
    reason.or_else(|| fields.word("type"))
}

impl Response {
    /// What to call it: its id, or `-` where the server gave none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.as_ref().map_or("-", Id::as_str)
    }

    /// Whether it has ended, well or not. A Response with no status but with output or an error has.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match &self.status {
            Some(status) => !RUNNING.contains(&status.as_str()),
            None => self.has_output || self.error.is_some(),
        }
    }

    /// The status to show: the API's word, or what its absence comes to.
    #[must_use]
    pub fn status_word(&self) -> &str {
        match &self.status {
            Some(status) => status,
            None if self.error.is_some() => "failed",
            None if self.has_output => "completed",
            None => "unknown",
        }
    }

    /// Whether the Response is the answer that was asked for.
    ///
    /// # Errors
    /// `failed` or `incomplete`, with the API's own reason in the message.
    pub fn verdict(&self, output: &Output, allow_incomplete: bool) -> Result<()> {
        if !self.is_final() {
            return Ok(());
        }
        match self.status_word() {
            "completed" if output.has_text() => Ok(()),
            "completed" => self.empty(output),
            "incomplete" if allow_incomplete => Ok(()),
            "incomplete" => Err(self.incomplete()),
            word => Err(self.failed(word)),
        }
    }

    /// Without a text it may be a refusal, or an error that the status says nothing of.
    fn empty(&self, output: &Output) -> Result<()> {
        match (output.refusal(), &self.error) {
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
        let status = field("status", self.status_word());
        let usage = self.usage.unwrap_or_default();
        let told = [
            ("input_tokens", usage.input_tokens),
            ("output_tokens", usage.output_tokens),
        ];
        format!("{id} {status}{}", counts(&told))
    }
}

/// Whether this value of `text`, in a request or echoed in a Response, asks for JSON of a schema.
#[must_use]
pub fn wants_json(text: Option<&RawValue>) -> bool {
    let format = text.and_then(|text| Fields::of(text, &["format"]).raw("format"));
    let kind = format.and_then(|format| Fields::of(format, &["type"]).text("type"));
    kind.as_deref() == Some("json_schema")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Response, Option<Error>) {
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap_or_default();
        let response = Response::read(&raw);
        let verdict = response.verdict(&Output::of(&raw), false).err();
        (response, verdict)
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
            let (response, verdict) = read(text);
            assert_eq!(response.is_final(), is_final, "{text}");
            assert_eq!(verdict.map(|error| error.kind), kind, "{text}");
        }
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
            let (_, verdict) = read(&format!(r#"{{"status":"failed","error":{error}}}"#));
            let verdict = verdict.map(|error| error.message.clone());
            assert_eq!(verdict, Some(format!("{failed}{message}")));
        }
        let mut deep = r#""m""#.to_owned();
        for _ in 0..20_000 {
            deep = format!(r#"{{"error":{deep}}}"#);
        }
        let (_, verdict) = read(&format!(r#"{{"status":"failed","error":{deep}}}"#));
        assert!(verdict.is_some());
        for (details, reason) in [
            (r#"{"reason":"max_messages"}"#, "max_messages"),
            (r#""max_tokens""#, "max_tokens"),
            ("7", "no reason given"),
            (r#"{"message":"too long"}"#, "too long"),
            ("[]", "no reason given"),
            (r#"{"reason":null}"#, "no reason given"),
        ] {
            let (_, verdict) = read(&format!(
                r#"{{"status":"incomplete","incomplete_details":{details}}}"#
            ));
            let verdict = verdict.map(|error| error.message.clone());
            let message = format!("response - is incomplete: {reason}");
            assert_eq!(verdict, Some(message));
        }
    }
}
