//! A Response put into its record: the answer, what it cites, and whether it is what was asked for.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Response, wants_json};
use crate::error::{Error, Kind, Result};
use crate::field::Fields;
use crate::id::Id;
use crate::object::raw;
use crate::record::Record;

/// Keys that only a final Response has; what stands there before is an older answer.
const ANSWER: [&str; 2] = ["output_text", "citations"];

/// Characters of an answer that are quoted where it is not what was asked for.
const EXCERPT: usize = 60;

/// What makes an answer the one that was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// An incomplete one is good enough.
    pub allow_incomplete: bool,
    /// The request had a JSON schema. False where that is not known: the Response may echo it, the record's own
    /// `request` may say it.
    pub json: bool,
}

impl From<bool> for Wanted {
    fn from(allow_incomplete: bool) -> Wanted {
        Wanted {
            allow_incomplete,
            json: false,
        }
    }
}

/// Takes an older answer out of a record whose next one is about to be asked for.
pub fn forget(record: &mut Record) {
    for key in ANSWER {
        record.object_mut().remove(key);
    }
}

/// Puts a Response into the record, with its text and citations once it is final.
///
/// # Errors
/// The verdict on the Response, `failed` or `incomplete`.
pub fn settle(record: &mut Record, response: &RawValue, wanted: impl Into<Wanted>) -> Result<()> {
    settle_as(record, response, &Response::read(response), wanted)
}

/// The same for a Response whose answer came by another way than in the object itself.
///
/// # Errors
/// As [`settle`].
pub fn settle_as(
    record: &mut Record,
    response: &RawValue,
    read: &Response,
    wanted: impl Into<Wanted>,
) -> Result<()> {
    let wanted = wanted.into();
    record.object_mut().set("response", response.to_owned());
    if !read.is_final() {
        forget(record);
        return Ok(());
    }
    show(record, read);
    read.verdict(wanted.allow_incomplete)?;
    let json = wanted.json || read.wants_json || own_request_wants_json(record);
    if json && read.status_word() == "completed" && !read.calls() {
        return check_json(read, record.output_text().as_deref());
    }
    Ok(())
}

/// Writes what an answer says and cites. Where it says nothing, a text that stands there was streamed before it, and
/// stays.
pub fn show(record: &mut Record, read: &Response) {
    if let Some(text) = read.output_text() {
        record.object_mut().put("output_text", &text);
    }
    cite(record, read);
}

fn own_request_wants_json(record: &Record) -> bool {
    let request = record.object().get("request");
    request.is_some_and(|request| wants_json(Fields::of(request).raw("text")))
}

/// A server that ignores a schema must not look like one that obeyed it.
fn check_json(response: &Response, text: Option<&str>) -> Result<()> {
    let text = text.unwrap_or_default();
    if serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return Ok(());
    }
    let start: String = text.chars().take(EXCERPT).collect();
    let message = format!(
        "response {}: the answer is not one JSON value, though a JSON schema was asked for: {start}",
        response.name()
    );
    let hint = "does this server, or this model, take schemas? The text is kept in `output_text`";
    Err(Error::new(Kind::Failed, message.trim_end_matches([':', ' '])).hint(hint))
}

#[derive(serde::Serialize)]
struct Citation<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    count: usize,
}

/// Writes `citations`: each file or address that the answer cites, once.
fn cite(record: &mut Record, response: &Response) {
    let files = record.files();
    let known = files.iter().rev();
    let paths: BTreeMap<&str, Option<&str>> = known
        .filter_map(|file| Some((file.id.as_ref().map(Id::as_str)?, file.path.as_deref())))
        .collect();
    let mut citations: Vec<Citation> = Vec::new();
    let mut places: BTreeMap<(Option<&str>, Option<&str>), usize> = BTreeMap::new();
    let notes = response
        .parts()
        .flat_map(|part| part.annotations.iter().flatten());
    for note in notes.filter(|note| note.file_id.is_some() || note.url.is_some()) {
        let (file_id, url) = (note.file_id.as_deref(), note.url.as_deref());
        let place = *places.entry((file_id, url)).or_insert(citations.len());
        if let Some(seen) = citations.get_mut(place) {
            seen.count += 1;
            continue;
        }
        citations.push(Citation {
            kind: &note.kind,
            file_id,
            filename: note.filename.as_deref(),
            url,
            title: note.title.as_deref(),
            path: file_id.and_then(|id| paths.get(id).copied().flatten()),
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

    fn settled(record: &str, response: &str, wanted: Wanted) -> (Record, Result<()>) {
        let mut record = Record::new(crate::object::Object::parse(record).unwrap_or_default());
        let response: Box<RawValue> = serde_json::from_str(response).unwrap_or_default();
        let verdict = settle(&mut record, &response, wanted);
        (record, verdict)
    }

    fn message(text: &str) -> String {
        format!(
            r#"[{{"type":"message","content":[{{"type":"output_text","text":{}}}]}}]"#,
            raw(&text)
        )
    }

    #[test]
    fn a_file_is_cited_once_with_its_count_and_path() {
        let note = r#"{"type":"file_citation","file_id":"file-1","index":3,"filename":"b.pdf"}"#;
        let text = format!(
            r#"{{"status":"completed","output":[{{"type":"message","content":[{{"type":"output_text","text":"x","annotations":[{note},{note}]}}]}}]}}"#
        );
        let files = r#"{"files":[{"id":"file-1","path":"a/b.pdf"}]}"#;
        let (record, verdict) = settled(files, &text, Wanted::default());
        assert!(verdict.is_ok());
        let cited = record.object().get("citations").map(RawValue::get);
        assert_eq!(
            cited,
            Some(
                r#"[{"type":"file_citation","file_id":"file-1","filename":"b.pdf","path":"a/b.pdf","count":2}]"#
            )
        );
    }

    #[test]
    fn a_schema_means_json_or_failure_whoever_says_that_there_was_one() {
        let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
        let format = r#""text":{"format":{"type":"json_schema"}}"#;
        let asked = format!(r#"{{"request":{{{format}}}}}"#);
        let wanted = |json| Wanted {
            json,
            ..Wanted::default()
        };
        for (text, good) in [
            (r#"{"a":1}"#, true),
            (" 7\n", true),
            (&deep, true),
            (r#"{"a":1}{"a":2}"#, false),
            ("Sure! {}", false),
            ("", false),
        ] {
            let output = message(text);
            let plain = format!(r#"{{"status":"completed","output":{output}}}"#);
            let echo = format!(r#"{{"status":"completed",{format},"output":{output}}}"#);
            for (record, response, wanted) in [
                ("{}", &plain, wanted(true)),
                ("{}", &echo, wanted(false)),
                (&asked, &plain, wanted(false)),
            ] {
                let (record, verdict) = settled(record, response, wanted);
                assert_eq!(record.output_text().as_deref(), Some(text));
                let kind = verdict.err().map(|error| error.kind);
                assert_eq!(kind, (!good).then_some(Kind::Failed), "{response}");
            }
            assert!(settled("{}", &plain, wanted(false)).1.is_ok());
        }
    }

    #[test]
    fn what_is_no_answer_yet_is_not_checked() {
        let wanted = Wanted {
            json: true,
            allow_incomplete: true,
        };
        for response in [
            r#"{"status":"queued"}"#.to_owned(),
            format!(r#"{{"status":"incomplete","output":{}}}"#, message("{")),
            r#"{"status":"completed","output":[{"type":"function_call"}]}"#.to_owned(),
        ] {
            assert!(settled("{}", &response, wanted).1.is_ok(), "{response}");
        }
        let empty = r#"{"status":"completed","output":[]}"#;
        assert!(settled("{}", empty, wanted).1.is_err());
    }

    #[test]
    fn an_older_answer_goes_and_a_streamed_one_stays() {
        let old = r#"{"output_text":"old","citations":[]}"#;
        let (record, _) = settled(old, r#"{"status":"queued"}"#, Wanted::default());
        assert_eq!(record.output_text(), None);
        let (record, _) = settled(
            old,
            r#"{"status":"completed","output":[]}"#,
            Wanted::default(),
        );
        assert_eq!(record.output_text().as_deref(), Some("old"));
    }
}
