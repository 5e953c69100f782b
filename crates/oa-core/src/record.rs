//! The record: one JSON object that travels down the pipe, and the shapes that become one.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::object::{Object, raw_array};

/// Keys of a record that the tools know, each with the JSON type that it must have.
const KEYS: [(&str, Type); 13] = [
    ("paths", Type::Paths),
    ("prompt", Type::Text),
    ("request", Type::Object),
    ("attributes", Type::Object),
    ("files", Type::Objects),
    ("vector_store", Type::Object),
    ("response", Type::Object),
    ("output_text", Type::Text),
    ("citations", Type::Array),
    ("previous", Type::Array),
    ("results", Type::Array),
    ("input_tokens", Type::Integer),
    ("error", Type::Any),
];

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

#[derive(Clone, Copy)]
enum Type {
    Paths,
    Text,
    Object,
    Objects,
    Array,
    Integer,
    Any,
}

impl Type {
    fn words(self) -> &'static str {
        match self {
            Type::Paths => "a string or an array of strings",
            Type::Text => "a string of valid Unicode",
            Type::Object => "an object",
            Type::Objects => "an array of objects",
            Type::Array => "an array",
            Type::Integer => "an integer",
            Type::Any => "a value",
        }
    }

    fn fits(self, raw: &RawValue) -> bool {
        let text = raw.get();
        match self {
            Type::Any => true,
            Type::Text => serde_json::from_str::<String>(text).is_ok(),
            Type::Object => text.starts_with('{'),
            Type::Array => text.starts_with('['),
            Type::Integer => text.parse::<u64>().is_ok(),
            Type::Paths => paths_of(raw).is_some(),
            Type::Objects => serde_json::from_str::<Vec<&RawValue>>(text)
                .is_ok_and(|items| items.iter().all(|item| item.get().starts_with('{'))),
        }
    }
}

/// A File object as far as the tools look at it; the object itself travels as it came.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct File {
    /// `file-…`.
    #[serde(default)]
    pub id: String,
    /// The name that the API stored.
    pub filename: Option<String>,
    /// Size in bytes.
    pub bytes: Option<u64>,
    /// The purpose it was uploaded for.
    pub purpose: Option<String>,
    /// Unix seconds after which the API forgets it.
    pub expires_at: Option<i64>,
    /// Where it came from; also the mark of what the pipe made.
    pub path: Option<String>,
}

impl File {
    /// What to call it in a message: its path, its name, or its id.
    #[must_use]
    pub fn label(&self) -> &str {
        let names = [self.path.as_deref(), self.filename.as_deref()];
        names.into_iter().flatten().next().unwrap_or(&self.id)
    }
}

/// One record: an object that is kept whole, with accessors for the keys of the pipe.
#[derive(Clone, Default, Debug)]
pub struct Record {
    object: Object,
}

impl Record {
    /// A record of this object.
    #[must_use]
    pub fn new(object: Object) -> Record {
        Record { object }
    }

    /// The object itself, to look at.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.object
    }

    /// The object itself, to add to.
    pub fn object_mut(&mut self) -> &mut Object {
        &mut self.object
    }

    /// Where the record's files come from; empty when it names none.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.object
            .get("paths")
            .and_then(paths_of)
            .unwrap_or_default()
    }

    /// The record's own question.
    #[must_use]
    pub fn prompt(&self) -> Option<String> {
        self.object.text("prompt")
    }

    /// The record's own request body, if it has one.
    #[must_use]
    pub fn request(&self) -> Option<Object> {
        let raw = self.object.get("request")?;
        Object::parse(raw.get()).ok()
    }

    /// The File objects as they came.
    #[must_use]
    pub fn raw_files(&self) -> Vec<&RawValue> {
        let raw = self.object.get("files");
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default()
    }

    /// The files as far as the tools look at them.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let raw = self.raw_files();
        raw.iter()
            .map(|file| serde_json::from_str(file.get()).unwrap_or_default())
            .collect()
    }

    /// Replaces `files`.
    pub fn set_files<'a>(&mut self, files: impl IntoIterator<Item = &'a RawValue>) {
        let files = raw_array(files);
        self.object.set("files", files);
    }

    /// The Response object as it came.
    #[must_use]
    pub fn response(&self) -> Option<&RawValue> {
        self.object.get("response")
    }

    /// The answer's text.
    #[must_use]
    pub fn output_text(&self) -> Option<String> {
        self.object.text("output_text")
    }

    /// Why the record failed, if it did.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        let raw = self.object.get("error")?;
        let value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
        Some(Error::from_json(&value))
    }

    /// Marks the record as failed.
    pub fn fail(&mut self, tool: &str, error: &Error) {
        self.object.set("error", error.to_json(tool));
    }

    /// Ids of what the record says is on the server and somebody must take care of: files that the pipe
    /// made, and a response that is not final.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        let made = |file: File| file.path.is_some().then_some(file.id);
        let mut ids: Vec<String> = self.files().into_iter().filter_map(made).collect();
        let response = self.response().map(crate::answer::Response::read);
        ids.extend(response.filter(|r| !r.is_final()).map(|r| r.id));
        ids.retain(|id| !id.is_empty());
        ids
    }

    /// What to call the record in a message: its first path or file, else its response, else nothing.
    #[must_use]
    pub fn label(&self) -> Option<String> {
        let path = self.paths().into_iter().next();
        path.or_else(|| self.files().first().map(|file| file.label().to_owned()))
            .or_else(|| self.response().map(|r| crate::answer::Response::read(r).id))
    }

    /// The first key of the pipe that has a wrong type.
    fn type_error(&self) -> Option<Error> {
        let wrong = KEYS.iter().find_map(|(key, kind)| {
            let raw = self.object.get(key)?;
            (!kind.fits(raw)).then_some((key, kind))
        });
        wrong.map(|(key, kind)| Error::input(format!("`{key}` must be {}", kind.words())))
    }
}

fn paths_of(raw: &RawValue) -> Option<Vec<String>> {
    match serde_json::from_str(raw.get()).ok()? {
        Value::String(path) => Some(vec![path]),
        value @ Value::Array(_) => serde_json::from_value(value).ok(),
        _ => None,
    }
}

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

/// Whether a text can stand for an id in a path: the characters of ids that the API and compatible servers
/// make, and nothing that would lead elsewhere.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"-_=:.".contains(&b);
    !text.is_empty() && text.bytes().all(known) && !text.contains("..")
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
            if let (Some("list"), Some(data)) =
                (object.text("object").as_deref(), object.get("data"))
            {
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
