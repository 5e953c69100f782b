//! A JSON object kept whole: keys in their order, every value as the bytes it came in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::field::Fields;
pub use crate::field::text_of;

/// How deep lists and objects of a request may lie in each other: deeper is an attack on the stack. It is also as
/// deep as common JSON readers go.
const DEPTH: usize = 127;

type Entry = (String, Box<RawValue>);

/// A JSON object whose values are never parsed until somebody asks, so that digits, spelling, order
/// and repeated keys leave as they came. Values are compact: no white space outside strings.
#[derive(Clone, Default, Debug)]
pub struct Object {
    entries: Vec<Entry>,
}

impl Object {
    /// Reads one object.
    ///
    /// # Errors
    /// What `serde_json` says of text that is no JSON object.
    pub fn parse(text: &str) -> serde_json::Result<Object> {
        serde_json::from_str(text)
    }

    /// The value of a key; the last one where it is repeated, as JSON readers agree. `null` counts as absent.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&RawValue> {
        let found = self.entries.iter().rev().find(|(name, _)| name == key);
        found
            .map(|(_, value)| value.as_ref())
            .filter(|value| value.get() != "null")
    }

    /// The string under a key, if it is one; what is no Unicode in it becomes U+FFFD.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(text_of)
    }

    /// Puts a value under a key, in its old place if it had one.
    pub fn set(&mut self, key: &str, value: Box<RawValue>) {
        match self.entries.iter_mut().rev().find(|(name, _)| name == key) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key.to_owned(), value)),
        }
    }

    /// Puts anything that serialises under a key.
    pub fn put(&mut self, key: &str, value: &impl serde::Serialize) {
        self.set(key, raw(value));
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) {
        self.entries.retain(|(name, _)| name != key);
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keys and values in their order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.entries
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_ref()))
    }

    /// Merges a JSON Merge Patch (RFC 7396) over this object: objects at every depth, `null` removes.
    ///
    /// # Errors
    /// A patch that is nested deeper than any request.
    pub fn merge(&mut self, patch: &Object) -> anyhow::Result<()> {
        patch.check_depth()?;
        *self = merged(std::mem::take(&mut self.entries), patch.entries.clone());
        Ok(())
    }

    /// Whether it is nested no deeper than any request.
    ///
    /// # Errors
    /// It is.
    pub fn check_depth(&self) -> anyhow::Result<()> {
        let deepest = self.entries.iter().map(|(_, value)| depth(value.get()));
        let deepest = deepest.max().unwrap_or_default() + 1;
        anyhow::ensure!(deepest <= DEPTH, "nested deeper than {DEPTH} levels");
        Ok(())
    }

    /// The object as one line of JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        let size: usize = self
            .entries
            .iter()
            .map(|(key, value)| key.len() + value.get().len() + 4)
            .sum();
        let mut line = String::with_capacity(size + 2);
        line.push('{');
        for (index, (key, value)) in self.entries().enumerate() {
            if index > 0 {
                line.push(',');
            }
            line.push_str(raw(&key).get());
            line.push(':');
            line.push_str(value.get());
        }
        line.push('}');
        line
    }

    /// The object as a value for another one.
    #[must_use]
    pub fn to_raw(&self) -> Box<RawValue> {
        RawValue::from_string(self.to_line()).unwrap_or_default()
    }
}

/// Anything that serialises, as a raw value; `null` where it does not.
pub fn raw(value: &impl serde::Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_default()
}

/// A raw JSON array of raw values.
pub fn raw_array<'a>(items: impl IntoIterator<Item = &'a RawValue>) -> Box<RawValue> {
    let items: Vec<&str> = items.into_iter().map(RawValue::get).collect();
    RawValue::from_string(format!("[{}]", items.join(","))).unwrap_or_default()
}

/// JSON text without the white space outside its strings, so that a record stays one line.
#[must_use]
pub fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find(['"', ' ', '\t', '\n', '\r']) {
        out.push_str(&rest[..at]);
        let end = if rest[at..].starts_with('"') {
            let end = at + string_length(&rest[at..]);
            out.push_str(&rest[at..end]);
            end
        } else {
            at + 1
        };
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// A patch merged over an object. Keys are found by an index, because the number of both may be large.
fn merged(target: Vec<Entry>, patch: Vec<Entry>) -> Object {
    let (mut slots, mut places) = indexed(target);
    for (key, value) in indexed(patch).0.into_iter().flatten() {
        let place = *places.entry(key.clone()).or_insert(slots.len());
        if place == slots.len() {
            slots.push(None);
        }
        let old = slots[place].take().map(|(_, old)| old);
        slots[place] = patched(old, value).map(|value| (key, value));
    }
    Object {
        entries: slots.into_iter().flatten().collect(),
    }
}

/// Entries and where each key stands; of a repeated one only the last counts, as JSON readers agree.
fn indexed(entries: Vec<Entry>) -> (Vec<Option<Entry>>, HashMap<String, usize>) {
    let mut slots: Vec<Option<Entry>> = Vec::with_capacity(entries.len());
    let mut places = HashMap::new();
    for (key, value) in entries {
        if let Some(earlier) = places.insert(key.clone(), slots.len()) {
            slots[earlier] = None;
        }
        slots.push(Some((key, value)));
    }
    (slots, places)
}

/// What a value becomes where a patch has this; `None` where it goes.
fn patched(old: Option<Box<RawValue>>, patch: Box<RawValue>) -> Option<Box<RawValue>> {
    let text = patch.get();
    let below = old.filter(|old| text.starts_with('{') && old.get().starts_with('{'));
    match (&below, text) {
        (_, "null") => None,
        // Without a `null` in it a new value stays as it was written.
        (None, text) if !text.starts_with('{') || !text.contains("null") => Some(patch),
        _ => {
            let entries = |raw: &RawValue| Fields::of(raw).into_entries();
            let target = below.map(|old| entries(&old)).unwrap_or_default();
            Some(merged(target, entries(&patch)).to_raw())
        }
    }
}

/// Every string of a value, keys included, as the text that it is.
pub fn strings(raw: &RawValue) -> impl Iterator<Item = Cow<'_, str>> {
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

/// How deep lists and objects lie in each other.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut rest = json;
    while let Some(at) = rest.find(['"', '{', '[', '}', ']']) {
        let mut length = 1;
        match rest.as_bytes()[at] {
            b'"' => length = string_length(&rest[at..]),
            b'{' | b'[' => depth += 1,
            _ => depth = depth.saturating_sub(1),
        }
        deepest = deepest.max(depth);
        rest = &rest[at + length..];
    }
    deepest
}

/// Length of the JSON string that `text` begins with, quotes included.
fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    let value = RawValue::from_string(compact(value.get()));
                    entries.push((key, value.map_err(serde::de::Error::custom)?));
                }
                Ok(Object { entries })
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        Object::parse(text).unwrap_or_default()
    }

    #[test]
    fn what_comes_in_goes_out_byte_for_byte_but_for_white_space() {
        let text = "{ \"b\" : 12345678901234567890123,\n\"a\":[1.10, 1e2, \"x  \\\" y\"], \"c\": {\"k\":1,\"k\":2}}";
        let line = "{\"b\":12345678901234567890123,\"a\":[1.10,1e2,\"x  \\\" y\"],\"c\":{\"k\":1,\"k\":2}}";
        assert_eq!(object(text).to_line(), line);
    }

    #[test]
    fn merging_follows_rfc_7396() {
        let cases = [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (
                r#"{"a":{"b":"c"}}"#,
                r#"{"a":{"b":"d","c":null}}"#,
                r#"{"a":{"b":"d"}}"#,
            ),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r"{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ];
        for (target, patch, merged) in cases {
            let mut target = object(target);
            assert!(target.merge(&object(patch)).is_ok());
            assert_eq!(target.to_line(), merged);
        }
    }

    #[test]
    fn strings_are_found_however_they_are_written() {
        let raw = object(r#"{"a":["b\u0041","\"}{",{"c":"\\"}],"d":""}"#).to_raw();
        let found: Vec<Cow<str>> = strings(&raw).collect();
        assert_eq!(found, ["a", "bA", "\"}{", "c", "\\", "d", ""]);
    }

    #[test]
    fn a_value_that_no_null_takes_from_stays_as_it_was_written() {
        let patch = r#"{"a":{"k":1.10,"k":1e2},"b":{"x":null,"y":[null]},"c":{"z":"null"}}"#;
        let mut target = object(r#"{"b":{"x":1,"w":2}}"#);
        assert!(target.merge(&object(patch)).is_ok());
        let whole = r#"{"b":{"w":2,"y":[null]},"a":{"k":1.10,"k":1e2},"c":{"z":"null"}}"#;
        assert_eq!(target.to_line(), whole);
        // Of repeated keys the last counts, on either side.
        let patch = r#"{"a":{"k":null},"c":{"x":1},"c":{"y":2}}"#;
        assert!(target.merge(&object(patch)).is_ok());
        let whole = r#"{"b":{"w":2,"y":[null]},"a":{},"c":{"z":"null","y":2}}"#;
        assert_eq!(target.to_line(), whole);
    }

    #[test]
    fn a_patch_as_deep_as_the_sea_is_refused() {
        let deep = |levels: usize| {
            let objects = "{\"a\":".repeat(levels);
            object(&format!("{objects}\"[\"{}", "}".repeat(levels)))
        };
        for levels in [DEPTH + 1, 20_000] {
            assert!(object("{}").merge(&deep(levels)).is_err());
        }
        let lists = format!("{{\"a\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
        assert!(object("{}").merge(&object(&lists)).is_err());
        let mut target = deep(DEPTH);
        assert!(target.merge(&deep(DEPTH)).is_ok());
        assert_eq!(target.to_line(), deep(DEPTH).to_line());
    }

    #[test]
    fn a_merge_of_many_keys_takes_no_time_to_speak_of() {
        let many = |from: usize| {
            let keys: Vec<String> = (from..from + 60_000)
                .map(|n| format!("\"{n}\":{n}"))
                .collect();
            object(&format!("{{{}}}", keys.join(",")))
        };
        let mut target = many(0);
        assert!(target.merge(&many(30_000)).is_ok());
        assert_eq!(target.entries().count(), 90_000);
    }
}
