//! The shapes that become records: ids, API objects, lists of them.

use serde_json::value::RawValue;

use super::{KEYS, Record};
use crate::error::Error;
use crate::object::{Object, raw_array};

/// How an id begins, and the key and `object` of the thing that it names.
const IDS: [(&str, &str); 6] = [
    ("file-", "files"),
    ("file_", "files"),
    ("resp_", "response"),
    ("resp-", "response"),
    ("vs_", "vector_store"),
    ("batch_", "batch"),
];

/// API objects that become a record by themselves.
const OBJECTS: [(&str, &str); 4] = [
    ("file", "files"),
    ("response", "response"),
    ("vector_store", "vector_store"),
    ("batch", "batch"),
];

/// How deep lists inside lists are taken apart.
const LIST_DEPTH: usize = 8;

/// One thing that came in: a record, or a shape that became one.
#[derive(Debug)]
pub struct Incoming {
    /// The record.
    pub record: Record,
    /// It came as a bare id or API object and not as a record: the id.
    pub bare: Option<String>,
    /// Why it cannot be worked on.
    pub problem: Option<Error>,
}

impl Incoming {
    fn of(object: Object, bare: Option<String>) -> Incoming {
        let record = Record::new(object);
        let problem = record.type_error();
        Incoming {
            record,
            bare,
            problem,
        }
    }

    fn refused(text: &str) -> Incoming {
        let quoted: String = text.chars().take(60).collect();
        let message = format!("neither a record nor an id nor an API object: {quoted}");
        Incoming {
            record: Record::default(),
            bare: None,
            problem: Some(Error::input(message)),
        }
    }
}

/// Whether a text looks like an id of the API.
#[must_use]
pub fn looks_like_id(text: &str) -> bool {
    key_of_id(text).is_some()
}

/// The `object` of what an id names, by its prefix.
pub(crate) fn kind_of_id(id: &str) -> Option<&'static str> {
    let key = key_of_id(id)?;
    let found = OBJECTS.iter().find(|(_, own)| *own == key);
    found.map(|(kind, _)| *kind)
}

fn key_of_id(text: &str) -> Option<&'static str> {
    let letters = |rest: &str| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    let found = IDS
        .iter()
        .chain(&[("batch-", "batch")])
        .find(|(prefix, _)| text.strip_prefix(prefix).is_some_and(letters));
    found.map(|(_, key)| *key)
}

/// Turns one JSON value into records: a list gives one for each element.
///
/// # Errors
/// What `serde_json` says of text that is no JSON.
pub fn lift(text: &str) -> serde_json::Result<Vec<Incoming>> {
    let mut lifted = Vec::new();
    lift_into(text, 0, &mut lifted)?;
    Ok(lifted)
}

fn lift_into(text: &str, depth: usize, out: &mut Vec<Incoming>) -> serde_json::Result<()> {
    match text.as_bytes().first() {
        Some(b'[') if depth < LIST_DEPTH => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            items
                .iter()
                .try_for_each(|item| lift_into(item.get(), depth + 1, out))
        }
        Some(b'{') => {
            let object = Object::parse(text)?;
            let is_list = depth < LIST_DEPTH && object.text("object").as_deref() == Some("list");
            if let (true, Some(data)) = (is_list, object.get("data")) {
                lift_into(data.get(), depth + 1, out)
            } else {
                out.push(lift_object(object, text));
                Ok(())
            }
        }
        _ => {
            let value: &RawValue = serde_json::from_str(text)?;
            let id = serde_json::from_str::<String>(value.get()).ok();
            out.push(id.map_or_else(|| Incoming::refused(text), |id| lift_id(&id, text)));
            Ok(())
        }
    }
}

fn lift_object(object: Object, text: &str) -> Incoming {
    let kind = object.text("object");
    let named = OBJECTS
        .iter()
        .find(|(name, _)| kind.as_deref() == Some(name));
    let deleted = object.get("deleted").is_some_and(|raw| raw.get() == "true");
    if let (Some((_, key)), false) = (named, deleted) {
        let id = object.text("id");
        return Incoming::of(wrap(key, &object.to_raw()), id);
    }
    let known = KEYS.iter().any(|(key, _)| object.get(key).is_some());
    if kind.is_some() && !known {
        return Incoming::refused(text);
    }
    Incoming::of(object, None)
}

fn lift_id(id: &str, text: &str) -> Incoming {
    match key_of_id(id) {
        Some(key) => {
            let mut object = Object::default();
            object.put("id", &id);
            Incoming::of(wrap(key, &object.to_raw()), Some(id.to_owned()))
        }
        None => Incoming::refused(text),
    }
}

fn wrap(key: &str, value: &RawValue) -> Object {
    let mut object = Object::default();
    let value = if key == "files" {
        raw_array([value])
    } else {
        value.to_owned()
    };
    object.set(key, value);
    object
}

/// The record that an id named as an argument becomes.
#[must_use]
pub fn of_id(id: &str) -> Incoming {
    lift_id(id, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let lifted = lift(text).unwrap_or_default();
        let line = |item: &Incoming| match &item.problem {
            Some(error) => format!("! {}", error.message),
            None => item.record.object().to_line(),
        };
        lifted.iter().map(line).collect()
    }

    #[test]
    fn shapes_become_records() {
        let cases: [(&str, &[&str]); 9] = [
            (r#"{"x":1}"#, &[r#"{"x":1}"#]),
            (r#""file-a1""#, &[r#"{"files":[{"id":"file-a1"}]}"#]),
            (r#""resp_a1""#, &[r#"{"response":{"id":"resp_a1"}}"#]),
            (
                r#"{"object":"file","id":"file-1"}"#,
                &[r#"{"files":[{"object":"file","id":"file-1"}]}"#],
            ),
            (
                r#"{"object":"response","id":"resp_1","error":null}"#,
                &[r#"{"response":{"object":"response","id":"resp_1","error":null}}"#],
            ),
            (
                r#"{"object":"list","data":["file-1",{"object":"file","id":"file-2"}]}"#,
                &[
                    r#"{"files":[{"id":"file-1"}]}"#,
                    r#"{"files":[{"object":"file","id":"file-2"}]}"#,
                ],
            ),
            (r#"[["file-1"],[]]"#, &[r#"{"files":[{"id":"file-1"}]}"#]),
            (
                r#"{"object":"x","prompt":"p"}"#,
                &[r#"{"object":"x","prompt":"p"}"#],
            ),
            (r#"{"prompt":null}"#, &[r#"{"prompt":null}"#]),
        ];
        for (text, records) in cases {
            assert_eq!(lines(text), records, "{text}");
        }
    }

    #[test]
    fn what_is_no_record_is_quoted() {
        for text in [
            "7",
            "true",
            "null",
            r#""hello""#,
            r#""file-../x""#,
            r#"{"object":"model","id":"m"}"#,
            r#"{"object":"file","id":"file-1","deleted":true}"#,
        ] {
            let quoted = format!("! neither a record nor an id nor an API object: {text}");
            assert_eq!(lines(text), [quoted]);
        }
    }

    #[test]
    fn lists_inside_lists_are_taken_apart_only_so_far() {
        let deep = format!(
            "{}[]{}",
            r#"{"object":"list","data":"#.repeat(2000),
            "}".repeat(2000)
        );
        let told = lines(&deep);
        assert!(told[0].starts_with("! neither"), "{told:?}");
    }

    #[test]
    fn wrong_types_are_named() {
        let cases = [
            (r#"{"files":"x"}"#, "! `files` must be an array of objects"),
            (
                r#"{"prompt":1}"#,
                "! `prompt` must be a string of valid Unicode",
            ),
            (
                r#"{"paths":[1]}"#,
                "! `paths` must be a string or an array of strings",
            ),
            (r#"{"request":[]}"#, "! `request` must be an object"),
            (r#"{"response":"resp_1"}"#, "! `response` must be an object"),
        ];
        for (text, message) in cases {
            assert_eq!(lines(text), [message]);
        }
    }
}
