//! A Response put into its record: the answer, what it cites, and whether it is what was asked for.

use std::time::Instant;

use oa_core::error::{Error, Kind, Result};
use oa_core::field::{Fields, Look, text_of};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::log::field;
use crate::output::Output;
use crate::record::Record;
use crate::response::{Response, wants_json};
use crate::tally::Share;
use crate::tokens::counts;

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
pub fn settle(record: &mut Record, response: Box<RawValue>, allow_incomplete: bool) -> Result<()> {
    Settled::whole(record, &response, allow_incomplete).put(record, response)
}

/// Settles the Response that a record has already.
///
/// # Errors
/// As [`settle`].
pub fn settle_own(record: &mut Record, allow_incomplete: bool) -> Result<()> {
    let own = record.response();
    let settled = own.map(|own| Settled::whole(record, own, allow_incomplete));
    settled.map_or(Ok(()), |settled| settled.show(record))
}

/// The details of the line `[response] …`: what a final Response of this record says, asked for at this moment.
#[must_use]
pub fn summary(record: &Record, response: &Response, begun: Option<Instant>) -> String {
    let usage = response.usage.unwrap_or_default();
    let mut line = response.summary();
    if let Some(begun) = begun {
        line = format!("{line} elapsed={}s", begun.elapsed().as_secs());
    }
    if let Some(path) = record.path() {
        line = format!("{line} {}", field("path", &path));
    }
    line += &counts(&[("cached_tokens", usage.cached_tokens)]);
    if let Some(tier) = &response.service_tier {
        line = format!("{line} {}", field("service_tier", tier));
    }
    line
}

/// What a Response comes to, for a record that does not have it yet.
pub struct Settled {
    /// None: it is not final.
    shown: Option<Shown>,
    share: Share,
    verdict: Result<()>,
}

/// What a record shows of an answer.
struct Shown {
    text: Option<Box<RawValue>>,
    citations: Option<Box<RawValue>>,
}

impl Settled {
    /// What a Response comes to whose output is this; it may have come by another way than in the object itself.
    #[must_use]
    pub fn of(record: &Record, read: &Response, output: Output, wanted: Wanted) -> Settled {
        if !read.is_final() {
            return Settled {
                shown: None,
                share: Share::default(),
                verdict: Ok(()),
            };
        }
        let json = wanted.json || read.wants_json || own_request_wants_json(record);
        let mut verdict = read.verdict(&output, wanted.allow_incomplete);
        if verdict.is_ok() && json && read.status_word() == "completed" && !output.calls() {
            let text = output.text().and_then(text_of);
            verdict = check_json(read, text.or_else(|| record.output_text()).as_deref());
        }
        Settled {
            shown: Some(Shown::of(record, output)),
            share: Share {
                answered: Some(read.status_word() == "completed"),
                usage: read.usage.unwrap_or_default(),
                ..Share::default()
            },
            verdict,
        }
    }

    fn whole(record: &Record, response: &RawValue, allow_incomplete: bool) -> Settled {
        let wanted = Wanted {
            allow_incomplete,
            json: false,
        };
        let read = Response::read(response);
        Settled::of(record, &read, Output::of(response), wanted)
    }

    /// Puts it and the Response itself into the record.
    ///
    /// # Errors
    /// The verdict on the Response, `failed` or `incomplete`.
    pub fn put(self, record: &mut Record, response: Box<RawValue>) -> Result<()> {
        record.object_mut().set("response", response);
        *record.share() = self.share;
        self.show(record)
    }

    fn show(self, record: &mut Record) -> Result<()> {
        match self.shown {
            Some(shown) => shown.put(record),
            None => forget(record),
        }
        self.verdict
    }
}

impl Shown {
    fn of(record: &Record, output: Output) -> Shown {
        Shown {
            citations: output.citations(record.files()),
            text: output.into_text(),
        }
    }

    /// Where an answer says nothing, a text that stands there was streamed before it, and stays.
    fn put(self, record: &mut Record) {
        let object = record.object_mut();
        if let Some(text) = self.text {
            object.set("output_text", text);
        }
        match self.citations {
            Some(citations) => object.set("citations", citations),
            None => object.remove("citations"),
        }
    }
}

/// Writes what an answer says and cites.
pub fn show(record: &mut Record, output: Output) {
    Shown::of(record, output).put(record);
}

fn own_request_wants_json(record: &Record) -> bool {
    let request = record.object().get("request");
    request.is_some_and(|request| wants_json(Fields::of(request, &["text"]).raw("text")))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::raw;

    fn settled(record: &str, response: &str, wanted: Wanted) -> (Record, Result<()>) {
        let mut record = Record::new(crate::object::Object::parse(record).unwrap_or_default());
        let response: Box<RawValue> = serde_json::from_str(response).unwrap_or_default();
        let read = Response::read(&response);
        let settled = Settled::of(&record, &read, Output::of(&response), wanted);
        let verdict = settled.put(&mut record, response);
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
