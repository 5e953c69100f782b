//! What a Response says: its text, its refusal, what it waits for, what it cites. Read where it stands, so that an
//! answer of any size costs no more than what is taken out of it.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::is_answer;
use crate::field::{Fields, each, text_of};
use crate::object::raw;
use crate::record::File;

/// Items that wait for something that their client does.
const CALLS: [&str; 2] = ["function_call", "custom_tool_call"];

/// Different things that are cited at most; whatever more an answer names stays in it.
const MOST_CITED: usize = 500_000;

/// The `output` of a Response.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a>(Option<&'a RawValue>);

impl<'a> Output<'a> {
    /// The output of this Response; nothing where it has none.
    #[must_use]
    pub fn of(response: &'a RawValue) -> Output<'a> {
        Output(Fields::of(response, &["output"]).raw("output"))
    }

    fn each_item(self, keys: &'static [&'static str], mut take: impl FnMut(&Fields<'a>)) {
        if let Some(items) = self.0 {
            each(items, |item| take(&Fields::of(item, keys)));
        }
    }

    /// Parts of the messages that are the answer; where none says that it is, of all messages.
    fn each_part(self, keys: &'static [&'static str], mut take: impl FnMut(&Fields<'a>)) {
        let is_message = |item: &Fields| item.text("type").as_deref() == Some("message");
        let answers = |item: &Fields| is_answer(item.text("phase").as_deref());
        let mut any = false;
        self.each_item(&["type", "phase"], |item| {
            any = any || is_message(item) && answers(item);
        });
        self.each_item(&["type", "phase", "content"], |item| {
            if let Some(content) = item.raw("content")
                && is_message(item)
                && (!any || answers(item))
            {
                each(content, |part| take(&Fields::of(part, keys)));
            }
        });
    }

    /// Texts of the answer, as they are written.
    fn each_text(self, mut take: impl FnMut(&'a RawValue)) {
        self.each_part(&["type", "text"], |part| {
            let text = part.raw("text").filter(|text| text.get().starts_with('"'));
            if let Some(text) = text
                && part.text("type").as_deref() == Some("output_text")
            {
                take(text);
            }
        });
    }

    /// The answer as a JSON string: all `output_text` parts of its messages, joined with nothing between them;
    /// `None` when there is none. Half of a surrogate pair, which is no Unicode, becomes U+FFFD.
    #[must_use]
    pub fn text(self) -> Option<Box<RawValue>> {
        let mut text = String::new();
        self.each_text(|part| {
            let inner = |written: &str| written.get(1..written.len() - 1).map(str::to_owned);
            text.push_str(if text.is_empty() { "\"" } else { "" });
            let written = part.get();
            if written.contains("\\ud") || written.contains("\\uD") {
                let plain = raw(&text_of(part));
                text.push_str(&inner(plain.get()).unwrap_or_default());
            } else {
                text.push_str(&written[1..written.len() - 1]);
            }
        });
        if text.is_empty() {
            return None;
        }
        text.push('"');
        RawValue::from_string(text).ok()
    }

    /// Whether the answer says anything.
    #[must_use]
    pub fn has_text(self) -> bool {
        let mut says = false;
        self.each_text(|part| says |= part.get() != "\"\"");
        says
    }

    /// Whether it asks its client to do something first, so that there is no answer yet.
    pub(super) fn calls(self) -> bool {
        let mut calls = false;
        self.each_item(&["type"], |item| {
            let kind = item.text("type").unwrap_or_default();
            calls |= CALLS.contains(&kind.as_str());
        });
        calls
    }

    pub(super) fn refusal(self) -> Option<String> {
        let mut refusal = None;
        self.each_part(&["refusal"], |part| {
            if refusal.is_none() {
                refusal = part.text("refusal").filter(|words| !words.is_empty());
            }
        });
        refusal
    }

    /// What the answer cites, each file or address once; `None` where that is nothing.
    pub(super) fn citations(self, files: &[File]) -> Option<Box<RawValue>> {
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
        Output::of(&raw).text().and_then(|text| text_of(&text))
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
