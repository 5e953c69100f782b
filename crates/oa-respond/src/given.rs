//! An input that a request brings itself: whether it asks anything, and what it mentions.

use std::borrow::Cow;

use oa_core::field::text_of;
use oa_core::lenient::string_length;
use oa_pipe::object::Object;
use oa_pipe::question::is_blank;
use serde_json::value::RawValue;

/// The elements of a raw list; none where it is no list.
pub(crate) fn list(raw: Option<&RawValue>) -> Vec<&RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

/// Whether an input asks nothing: a blank text, or messages without a word, a file or a call in them.
pub(crate) fn is_silent(input: &RawValue) -> bool {
    match input.get().as_bytes().first() {
        Some(b'"') => text_of(input).is_some_and(|text| is_blank(&text)),
        Some(b'[') => list(Some(input)).into_iter().all(is_silent_item),
        _ => false,
    }
}

fn is_silent_item(item: &RawValue) -> bool {
    let Ok(item) = Object::parse(item.get()) else {
        return false;
    };
    let message = item.text("type").is_none_or(|kind| kind == "message");
    let blank = |part: &RawValue| {
        let part = Object::parse(part.get()).unwrap_or_default();
        part.text("type").as_deref() == Some("input_text")
            && part.text("text").is_some_and(|text| is_blank(&text))
    };
    message
        && match item.get("content") {
            Some(content) if content.get().starts_with('[') => {
                list(Some(content)).into_iter().all(blank)
            }
            Some(content) => text_of(content).is_some_and(|text| is_blank(&text)),
            None => item.get("role").is_some(),
        }
}

/// Every string of a value, keys included, as the text that it is.
pub(crate) fn strings(raw: &RawValue) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = raw.get();
    std::iter::from_fn(move || {
        let at = rest.find('"')?;
        let length = string_length(&rest[at..]);
        let written = &rest[at..at + length];
        rest = &rest[at + length..];
        let inner = written.get(1..length - 1).unwrap_or_default();
        if !inner.contains('\\') {
            return Some(Cow::Borrowed(inner));
        }
        let raw: &RawValue = serde_json::from_str(written).ok()?;
        Some(Cow::Owned(text_of(raw).unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_however_they_are_written() {
        let text = r#"{"a":["b\u0041","\"}{",{"c":"\\"}],"d":""}"#;
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap_or_default();
        let found: Vec<Cow<str>> = strings(&raw).collect();
        assert_eq!(found, ["a", "bA", "\"}{", "c", "\\", "d", ""]);
    }

    #[test]
    fn an_input_that_asks_nothing_is_told_from_one_that_does() {
        let file = r#"{"type":"input_file","file_id":"file-1"}"#;
        let blank = r#"{"type":"input_text","text":" "}"#;
        for (input, silent) in [
            (r#""x""#, false),
            (r#"" \n""#, true),
            ("[]", true),
            (r#"[{"role":"user","content":""}]"#, true),
            (r#"[{"role":"user"}]"#, true),
            (r#"[{"role":"user","content":[]}]"#, true),
            (&format!(r#"[{{"role":"user","content":[{blank}]}}]"#), true),
            (
                &format!(r#"[{{"role":"user","content":[{blank},{file}]}}]"#),
                false,
            ),
            (
                r#"[{"role":"user","content":""},{"role":"user","content":"x"}]"#,
                false,
            ),
            (
                r#"[{"type":"function_call_output","call_id":"c","output":""}]"#,
                false,
            ),
            (r#"[{"type":"item_reference","id":"i"}]"#, false),
            ("7", false),
        ] {
            let raw: Box<RawValue> = serde_json::from_str(input).unwrap_or_default();
            assert_eq!(is_silent(&raw), silent, "{input}");
        }
    }
}
