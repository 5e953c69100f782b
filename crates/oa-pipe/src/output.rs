//! What a Response says: its text, its refusal, what it waits for, what it cites. Read where it stands, so that an
//! answer of any size costs no more than what is taken out of it.

use std::cell::OnceCell;
use std::collections::HashMap;

use oa_core::field::{Fields, each, text_of};
use serde_json::value::RawValue;

use crate::file::File;
use crate::object::raw;

/// Items that wait for something that their client does.
const CALLS: [&str; 2] = ["function_call", "custom_tool_call"];

/// Different things that are cited at most; whatever more an answer names stays in it.
const MOST_CITED: usize = 500_000;

/// The `output` of a Response. What is looked at more than once is found once.
#[derive(Debug)]
pub struct Output<'a> {
    items: Option<&'a RawValue>,
    text: OnceCell<Option<Box<RawValue>>>,
    /// Some message says that it is the answer.
    answers: OnceCell<bool>,
}

impl<'a> Output<'a> {
    /// The output of this Response; nothing where it has none.
    #[must_use]
    pub fn of(response: &'a RawValue) -> Output<'a> {
        Output {
            items: Fields::of(response, &["output"]).raw("output"),
            text: OnceCell::new(),
            answers: OnceCell::new(),
        }
    }

    fn each_item(&self, keys: &'static [&'static str], mut take: impl FnMut(&Fields<'a>)) {
        if let Some(items) = self.items {
            each(items, |item| take(&Fields::of(item, keys)));
        }
    }

    fn answers(&self) -> bool {
        *self.answers.get_or_init(|| {
            let mut any = false;
            self.each_item(&["type", "phase"], |item| {
                any = any || is_message(item) && answers(item);
            });
            any
        })
    }

    /// Parts of the messages that are the answer; where none says that it is, of all messages.
    fn each_part(&self, keys: &'static [&'static str], mut take: impl FnMut(&Fields<'a>)) {
        let any = self.answers();
        self.each_item(&["type", "phase", "content"], |item| {
            if let Some(content) = item.raw("content")
                && is_message(item)
                && (!any || answers(item))
            {
                each(content, |part| take(&Fields::of(part, keys)));
            }
        });
    }

    /// The answer as a JSON string: all `output_text` parts of its messages, joined with nothing between them;
    /// `None` when there is none. Half of a surrogate pair, which is no Unicode, becomes U+FFFD.
    pub(super) fn text(&self) -> Option<&RawValue> {
        self.text.get_or_init(|| self.find_text()).as_deref()
    }

    fn find_text(&self) -> Option<Box<RawValue>> {
        let mut joined = String::new();
        self.each_part(&["type", "text"], |part| {
            let text = part.raw("text").filter(|text| text.get().starts_with('"'));
            if let Some(text) = text
                && part.text("type").as_deref() == Some("output_text")
            {
                joined.push_str(if joined.is_empty() { "\"" } else { "" });
                let written = text.get();
                if written.contains("\\ud") || written.contains("\\uD") {
                    joined.push_str(inner(raw(&text_of(text)).get()));
                } else {
                    joined.push_str(inner(written));
                }
            }
        });
        if joined.is_empty() {
            return None;
        }
        joined.push('"');
        RawValue::from_string(joined).ok()
    }

    /// The text, for a record.
    pub(super) fn into_text(self) -> Option<Box<RawValue>> {
        self.text();
        self.text.into_inner().flatten()
    }

    /// Whether the answer says anything.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.text().is_some_and(|text| text.get() != "\"\"")
    }

    /// Whether it asks its client to do something first, so that there is no answer yet.
    pub(super) fn calls(&self) -> bool {
        let mut calls = false;
        self.each_item(&["type"], |item| {
            let kind = item.text("type").unwrap_or_default();
            calls |= CALLS.contains(&kind.as_str());
        });
        calls
    }

    pub(super) fn refusal(&self) -> Option<String> {
        let mut refusal = None;
        self.each_part(&["refusal"], |part| {
            if refusal.is_none() {
                refusal = part.text("refusal").filter(|words| !words.is_empty());
            }
        });
        refusal
    }

    /// What the answer cites, each file or address once; `None` where that is nothing.
    pub(super) fn citations(&self, files: &[File]) -> Option<Box<RawValue>> {
        let id = |file: &'_ File| file.id.as_ref().map(|id| raw(&id.as_str()));
        let known = files.iter().rev();
        let paths: HashMap<String, &str> = known
            .filter_map(|file| Some((id(file)?.get().to_owned(), file.path.as_deref()?)))
            .collect();
        let mut cited = Vec::new();
        let mut places = HashMap::new();
        self.each_part(&["annotations"], |part| {
            if let Some(notes) = part.raw("annotations") {
                each(notes, |note| {
                    cite(&Fields::of(note, NOTE), &paths, &mut places, &mut cited);
                });
            }
        });
        (!cited.is_empty()).then(|| raw(&cited))
    }
}

/// Whether an item of this phase is the answer, and not what some models say before it.
#[must_use]
pub fn is_answer(phase: Option<&str>) -> bool {
    matches!(phase, None | Some("final_answer"))
}

fn is_message(item: &Fields) -> bool {
    item.text("type").as_deref() == Some("message")
}

fn answers(item: &Fields) -> bool {
    is_answer(item.text("phase").as_deref())
}

/// What stands between the quotes of a JSON string.
fn inner(written: &str) -> &str {
    written.get(1..written.len() - 1).unwrap_or_default()
}

const NOTE: &[&str] = &["type", "file_id", "filename", "url", "title"];

/// A thing that is cited, in the words of the first note that does.
#[derive(serde::Serialize)]
struct Citation<'a> {
    #[serde(rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    count: u32,
}

/// Counts what a note cites.
fn cite<'a>(
    note: &Fields<'a>,
    paths: &HashMap<String, &'a str>,
    places: &mut HashMap<[Option<&'a str>; 2], usize>,
    cited: &mut Vec<Citation<'a>>,
) {
    let text = |key| note.raw(key).filter(|value| value.get().starts_with('"'));
    let (file_id, url) = (text("file_id"), text("url"));
    let name = [file_id.map(RawValue::get), url.map(RawValue::get)];
    if let Some(seen) = places.get(&name).and_then(|place| cited.get_mut(*place)) {
        seen.count = seen.count.saturating_add(1);
        return;
    }
    if name == [None, None] || cited.len() >= MOST_CITED {
        return;
    }
    places.insert(name, cited.len());
    cited.push(Citation {
        kind: text("type"),
        file_id,
        filename: text("filename"),
        url,
        title: text("title"),
        path: name[0].and_then(|id| paths.get(id).copied()),
        count: 1,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(response: &str) -> Option<String> {
        let raw: Box<RawValue> = serde_json::from_str(response).unwrap_or_default();
        Output::of(&raw).text().and_then(text_of)
    }

    #[test]
    fn text_is_joined_over_all_messages() {
        let response = r#"{"output":[{"type":"reasoning","content":[{"type":"output_text","text":"no"}]},
            {"type":"message","content":[{"type":"output_text","text":"a\n"},{"type":"new","text":"no"}]},
            {"type":"message","content":[{"type":"output_text","text":"\"b\ud83d"}]}]}"#;
        assert_eq!(
            text(response).as_deref(),
            Some("a\n\"b\u{fffd}\u{fffd}\u{fffd}")
        );
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
        for (items, answer) in [
            (format!("{aside},{last}"), Some("b")),
            (
                format!("{aside},{},{last}", message("null", "c")),
                Some("cb"),
            ),
            (format!("{aside},{aside}"), Some("aa")),
            (message("7", "d"), Some("d")),
            (String::new(), None),
        ] {
            let response = format!(r#"{{"output":[{items}]}}"#);
            assert_eq!(text(&response).as_deref(), answer, "{items}");
        }
    }
}
