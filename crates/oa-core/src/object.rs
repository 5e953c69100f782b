//! A JSON object kept whole: keys in their order, every value as the bytes it came in.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::field::text_of;

/// How deep a merge goes before it is refused: deeper input is an attack on the stack, not a request.
const MERGE_DEPTH: usize = 64;

/// A JSON object whose values are never parsed until somebody asks, so that digits, spelling, order
/// and repeated keys leave as they came. Values are compact: no white space outside strings.
#[derive(Clone, Default, Debug)]
pub struct Object {
    entries: Vec<(String, Box<RawValue>)>,
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
    /// A patch that is nested deeper than any request, or not JSON.
    pub fn merge(&mut self, patch: &Object) -> anyhow::Result<()> {
        self.merge_at(patch, 0)
    }

    fn merge_at(&mut self, patch: &Object, depth: usize) -> anyhow::Result<()> {
        anyhow::ensure!(
            depth < MERGE_DEPTH,
            "nested deeper than {MERGE_DEPTH} objects"
        );
        for (key, value) in patch.entries() {
            if value.get() == "null" {
                self.remove(key);
            } else if value.get().starts_with('{') {
                let mut below = match self.get(key) {
                    Some(old) if old.get().starts_with('{') => Object::parse(old.get())?,
                    _ => Object::default(),
                };
                below.merge_at(&Object::parse(value.get())?, depth + 1)?;
                self.set(key, below.to_raw());
            } else {
                self.set(key, value.to_owned());
            }
        }
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
    fn a_patch_as_deep_as_the_sea_is_refused() {
        let deep = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));
        assert!(object("{}").merge(&object(&deep)).is_err());
    }
}
