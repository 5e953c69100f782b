//! What a Response says: its verdict, its text, what it cites.

use serde_json::value::RawValue;

use crate::error::{Error, Kind, Result};
use crate::field::{Fields, Look};
use crate::id::Id;
use crate::object::raw;
use crate::record::Record;

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
    incomplete_details: Option<Incomplete>,
    output: Option<Vec<Item>>,
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

#[derive(Debug)]
struct Failure {
    code: Option<String>,
    message: Option<String>,
}

#[derive(Debug)]
struct Incomplete {
    reason: Option<String>,
}

#[derive(Debug)]
struct Item {
    kind: String,
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
            error: fields.object("error"),
            incomplete_details: fields.object("incomplete_details"),
            output: fields.list("output"),
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

impl Look for Failure {
    fn look(fields: &Fields) -> Failure {
        Failure {
            code: fields.text("code"),
            message: fields.text("message"),
        }
    }
}

impl Look for Incomplete {
    fn look(fields: &Fields) -> Incomplete {
        Incomplete {
            reason: fields.text("reason"),
        }
    }
}

impl Look for Item {
    fn look(fields: &Fields) -> Item {
        Item {
            kind: fields.text("type").unwrap_or_default(),
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

    fn parts(&self) -> impl Iterator<Item = &Part> {
        let items = self.output.iter().flatten();
        items
            .filter(|item| item.kind == "message")
            .flat_map(|item| item.content.iter().flatten())
    }

    /// All `output_text` parts of all messages, joined with nothing between them; `None` when there is none.
    #[must_use]
    pub fn output_text(&self) -> Option<String> {
        let texts: Vec<&str> = self
            .parts()
            .filter(|part| part.kind == "output_text")
            .filter_map(|part| part.text.as_deref())
            .collect();
        (!texts.is_empty()).then(|| texts.concat())
    }

    fn refusal(&self) -> Option<&str> {
        let mut refusals = self.parts().filter_map(|part| part.refusal.as_deref());
        refusals.next()
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
            "completed" => self.refused(),
            "incomplete" if allow_incomplete => Ok(()),
            "incomplete" => Err(self.incomplete()),
            word => Err(self.failed(word)),
        }
    }

    fn refused(&self) -> Result<()> {
        match (self.output_text(), self.refusal()) {
            (None, Some(words)) => Err(Error::new(
                Kind::Failed,
                format!("the model refused: {words}"),
            )),
            _ => Ok(()),
        }
    }

    fn incomplete(&self) -> Error {
        let details = self.incomplete_details.as_ref();
        let reason = details.and_then(|details| details.reason.as_deref());
        let reason = reason.unwrap_or("no reason given");
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
        let failure = self.error.as_ref();
        let said = failure.and_then(|failure| failure.message.as_deref());
        let message = match said {
            Some(said) => format!("response {} ended {word}: {said}", self.name()),
            None => format!("response {} ended {word}", self.name()),
        };
        let mut error = Error::new(Kind::Failed, message);
        error.code = failure.and_then(|failure| failure.code.clone());
        let code = error.code.as_deref().unwrap_or_default();
        error.retryable = TRANSIENT.contains(&code);
        error
    }

    /// The line `[response] …` of the log, without the elapsed time.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut line = format!("response_id={} status={}", self.name(), self.status_word());
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

/// Puts a Response into the record, with its text and citations once it is final.
///
/// # Errors
/// The verdict on the Response, `failed` or `incomplete`.
pub fn settle(record: &mut Record, response: &RawValue, allow_incomplete: bool) -> Result<()> {
    settle_as(
        record,
        response,
        &Response::read(response),
        allow_incomplete,
    )
}

/// The same for a Response whose answer came by another way than in the object itself.
///
/// # Errors
/// As [`settle`].
pub fn settle_as(
    record: &mut Record,
    response: &RawValue,
    read: &Response,
    allow_incomplete: bool,
) -> Result<()> {
    record.object_mut().set("response", response.to_owned());
    if read.is_final() {
        show(record, read);
    }
    read.verdict(allow_incomplete)
}

/// Writes what an answer says and cites, in place of what stood there.
pub fn show(record: &mut Record, read: &Response) {
    match read.output_text() {
        Some(text) => record.object_mut().put("output_text", &text),
        None => record.object_mut().remove("output_text"),
    }
    cite(record, read);
}

#[derive(serde::Serialize)]
struct Citation {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    count: usize,
}

/// Writes `citations`: each file or address that the answer cites, once.
fn cite(record: &mut Record, response: &Response) {
    let files = record.files();
    let mut citations: Vec<Citation> = Vec::new();
    let cited = response
        .parts()
        .flat_map(|part| part.annotations.iter().flatten());
    for note in cited.filter(|note| note.file_id.is_some() || note.url.is_some()) {
        let same = |seen: &&mut Citation| seen.file_id == note.file_id && seen.url == note.url;
        if let Some(seen) = citations.iter_mut().find(same) {
            seen.count += 1;
            continue;
        }
        let file = files
            .iter()
            .find(|file| file.id.as_ref().map(Id::as_str) == note.file_id.as_deref());
        citations.push(Citation {
            kind: note.kind.clone(),
            file_id: note.file_id.clone(),
            filename: note.filename.clone(),
            url: note.url.clone(),
            title: note.title.clone(),
            path: file.and_then(|file| file.path.clone()),
            count: 1,
        });
    }
    if citations.is_empty() {
        record.object_mut().remove("citations");
    } else {
        record.object_mut().set("citations", raw(&citations));
    }
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
    fn a_file_is_cited_once_with_its_count_and_path() {
        let mut record = Record::default();
        record.object_mut().put(
            "files",
            &serde_json::json!([{"id":"file-1","path":"a/b.pdf"}]),
        );
        let note = r#"{"type":"file_citation","file_id":"file-1","index":3,"filename":"b.pdf"}"#;
        let text = format!(
            r#"{{"status":"completed","output":[{{"type":"message","content":[{{"type":"output_text","text":"x","annotations":[{note},{note}]}}]}}]}}"#
        );
        let response: Box<RawValue> = serde_json::from_str(&text).unwrap_or_default();
        assert!(settle(&mut record, &response, false).is_ok());
        let cited = record.object().get("citations").map(RawValue::get);
        assert_eq!(
            cited,
            Some(
                r#"[{"type":"file_citation","file_id":"file-1","filename":"b.pdf","path":"a/b.pdf","count":2}]"#
            )
        );
    }
}
