//! The shapes that become records: ids, API objects, lists of them.

use std::io::Cursor;

use oa_core::field::{Fields, each};
use serde_json::value::RawValue;

pub use crate::incoming::Incoming;
use crate::incoming::OBJECTS;
use crate::object::{Object, raw_array};
use crate::record::Record;
use crate::scan::Values;

/// Where a value stands, which tells what an object may be that does not say it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Stream,
    Array,
    List,
}

/// How deep lists inside lists are taken apart.
const LIST_DEPTH: usize = 8;

impl Incoming {
    /// What it is for a tool that is given things, so that an object with an `id` is one of them and not a
    /// record of the user's keys. What nothing but its id tells is held by `key`, if that is given, whatever
    /// the id looks like.
    #[must_use]
    pub fn taken_for(self, key: Option<&str>) -> Incoming {
        match self.untyped() {
            Some(object) if key.is_some() || self.bare.is_none() => {
                let text = object.to_line();
                lift_element(object, &text, key)
            }
            _ => self,
        }
    }
}

/// Whether a text looks like an id of the API.
#[must_use]
pub fn looks_like_id(text: &str) -> bool {
    key_of_id(text).is_some()
}

/// The key of the record that holds what an id names, by its looks.
fn key_of_id(text: &str) -> Option<&'static str> {
    let kind = oa_core::id::kind_of(text)?;
    let found = OBJECTS.iter().find(|(own, _)| *own == kind);
    found.map(|(_, key)| *key)
}

/// The records that one JSON value comes to: a list gives one for each element. `element` says that the value itself
/// stood in an array.
///
/// # Errors
/// What `serde_json` says of text that is no JSON.
pub fn lift(text: &str, element: bool) -> serde_json::Result<Lifted> {
    let place = if element { Place::Array } else { Place::Stream };
    lift_at(text, 0, place)
}

/// Records, made one by one: a list may have millions of elements, each of a few bytes.
#[derive(Default)]
pub struct Lifted {
    one: Option<Box<Incoming>>,
    /// The list at hand, behind those that it stands in.
    lists: Vec<List>,
}

/// The text of an array, and what it is.
struct List(Values<Cursor<String>>, Place);

impl Iterator for Lifted {
    type Item = Incoming;

    fn next(&mut self) -> Option<Incoming> {
        if let Some(one) = self.one.take() {
            return Some(*one);
        }
        loop {
            let depth = self.lists.len();
            let List(values, place) = self.lists.last_mut()?;
            let Ok(Some(framed)) = values.next_value() else {
                self.lists.pop();
                continue;
            };
            let lifted = lift_at(&framed.text, depth, *place).ok()?;
            match lifted.one {
                Some(one) => return Some(*one),
                None => self.lists.extend(lifted.lists),
            }
        }
    }
}

fn lift_at(text: &str, depth: usize, place: Place) -> serde_json::Result<Lifted> {
    let list = |items: &RawValue, place| {
        let values = Values::new(Cursor::new(items.get().to_owned()));
        let lists = vec![List(values, place)];
        Lifted { one: None, lists }
    };
    let one = |incoming| Lifted {
        one: Some(Box::new(incoming)),
        lists: Vec::new(),
    };
    match text.as_bytes().first() {
        Some(b'[') if depth < LIST_DEPTH => Ok(list(serde_json::from_str(text)?, Place::Array)),
        Some(b'{') => {
            let object = Object::parse(text)?;
            match elements(&object) {
                Some(items) if depth < LIST_DEPTH => Ok(list(items, Place::List)),
                _ => Ok(one(lift_object(object, text, place))),
            }
        }
        _ => {
            let value: &RawValue = serde_json::from_str(text)?;
            let id = serde_json::from_str::<String>(value.get()).ok();
            Ok(one(match id {
                Some(id) => lift_id(&id, text),
                None => Incoming::refused(text),
            }))
        }
    }
}

/// The elements of a list of the API, or of one that is a list without saying so.
fn elements(object: &Object) -> Option<&RawValue> {
    let items = object
        .get("data")
        .filter(|data| data.get().starts_with('['))?;
    if object.text("object").as_deref() == Some("list") {
        return Some(items);
    }
    let (mut all, mut any) = (true, false);
    each(items, |item| {
        any = true;
        all = all && Fields::of(item, &["id"]).raw("id").is_some();
    });
    let lists = object
        .entries()
        .filter(|(_, value)| value.get().starts_with('['));
    let is = any && all && lists.count() == 1 && !Record::new(object.clone()).has_keys();
    is.then_some(items)
}

fn is_deleted(object: &Object) -> bool {
    object.get("deleted").is_some_and(|raw| raw.get() == "true")
}

fn lift_object(object: Object, text: &str, place: Place) -> Incoming {
    let kind = object.text("object");
    let named = OBJECTS
        .iter()
        .find(|(name, _)| kind.as_deref() == Some(name));
    if let (Some((_, key)), false) = (named, is_deleted(&object)) {
        let id = object.text("id");
        return Incoming::of(wrap(key, &object.to_raw()), id);
    }
    let record = Record::new(object);
    let object = record.object();
    let users = match place {
        Place::Stream => true,
        Place::Array => object.get("id").is_none(),
        Place::List => false,
    };
    if record.has_keys() || (kind.is_none() && users) {
        Incoming::of(record, None)
    } else if kind.is_none() {
        lift_element(object.clone(), text, None)
    } else {
        Incoming::refused(text)
    }
}

/// An object that nothing but its id tells of; `key` wins over what the id looks like.
fn lift_element(object: Object, text: &str, key: Option<&str>) -> Incoming {
    let id = object.text("id").filter(|_| !is_deleted(&object));
    let own = id.as_deref().and_then(key_of_id);
    match key.filter(|_| id.is_some()).or(own) {
        Some(key) => Incoming::of(wrap(key, &object.to_raw()), id),
        None => Incoming {
            record: Record::new(object),
            bare: id,
            ..Incoming::refused(text)
        },
    }
}

fn lift_id(id: &str, text: &str) -> Incoming {
    let mut object = Object::default();
    object.put("id", &id);
    match key_of_id(id) {
        Some(_) => lift_element(object, text, None),
        None => Incoming {
            bare: Some(id.to_owned()),
            ..Incoming::refused(text)
        },
    }
}

fn wrap(key: &str, value: &RawValue) -> Record {
    let mut object = Object::default();
    let value = if key == "files" {
        raw_array([value])
    } else {
        value.to_owned()
    };
    object.set(key, value);
    Record::new(object)
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
        let lifted = lift(text, false).unwrap_or_default();
        let line = |item: Incoming| match &item.problem {
            Some(error) => format!("! {}", error.message),
            None => item.record.object().to_line(),
        };
        lifted.map(line).collect()
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
    fn an_element_that_only_its_id_tells_of_goes_by_its_prefix() {
        let odd = r#"{"id":"x-1","n":1}"#;
        let file = r#"{"id":"file_1","type":"file"}"#;
        let lifted = |text: &str, key| {
            let lifted = lift(text, false).unwrap_or_default();
            let mut lifted = lifted.map(|item: Incoming| item.taken_for(key));
            let first = lifted.next().unwrap_or_default();
            let line = first.record.object().to_line();
            (line, first.bare, first.problem.is_none())
        };
        let wrapped = |id: &str, text: &str| {
            let line = format!(r#"{{"files":[{text}]}}"#);
            (line, Some(id.to_owned()), true)
        };
        for place in [
            "[%]",
            r#"{"data":[%]}"#,
            r#"{"object":"list","data":[%]}"#,
            "%",
        ] {
            let put = |text: &str| place.replace('%', text);
            assert_eq!(lifted(&put(file), None), wrapped("file_1", file));
            let refused = (odd.to_owned(), Some("x-1".to_owned()), false);
            assert_eq!(lifted(&put(odd), None), refused);
            assert_eq!(lifted(&put(odd), Some("files")), wrapped("x-1", odd));
        }
        // What says what it is, or is of the user's own, is not taken for anything else.
        for text in [
            r#"{"id":7}"#,
            r#"{"x":1}"#,
            r#"{"id":"file_1","prompt":"p"}"#,
        ] {
            let own = (text.to_owned(), None, true);
            assert_eq!(lifted(text, Some("response")), own);
        }
        let typed = r#"{"object":"file","id":"resp_1"}"#;
        assert_eq!(lifted(typed, Some("response")), wrapped("resp_1", typed));
        let string = r#"{"response":{"id":"file-1"}}"#.to_owned();
        let taken = lifted(r#""file-1""#, Some("response"));
        assert_eq!(taken, (string, Some("file-1".to_owned()), true));
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
