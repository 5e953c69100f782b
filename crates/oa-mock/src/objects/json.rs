//! A JSON value that keeps the order of its keys and the digits of its numbers.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{self, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

/// Every object carries this, so that a program which rounds numbers or drops unknown members is found out.
pub(crate) const FOREIGN: &str = r#"{"big":12345678901234567890123,"decimal":1.10,"exponent":1e2}"#;

/// Deeper documents are refused, so that none can exhaust the stack.
const DEPTH: usize = 128;

/// A JSON value; `serde_json::Value` would sort keys and round numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// The number as it was written.
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a document.
    pub(crate) fn read(text: &str) -> serde_json::Result<Json> {
        read(serde_json::from_str(text)?, 0)
    }

    /// An object with its members in this order.
    pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
        Json::Object(members.map(|(key, value)| (key.to_owned(), value)).into())
    }

    /// The member of an object that is not null.
    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        self.member(key).filter(|value| **value != Json::Null)
    }

    /// The member of an object, null included.
    pub(crate) fn member(&self, key: &str) -> Option<&Json> {
        let found = self.members().iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    /// The members of an object; none of anything else.
    pub(crate) fn members(&self) -> &[(String, Json)] {
        match self {
            Json::Object(members) => members,
            _ => &[],
        }
    }

    /// The elements of an array; none of anything else.
    pub(crate) fn elements(&self) -> &[Json] {
        match self {
            Json::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a member that is a string.
    pub(crate) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Whether a member is `true`.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.member(key) == Some(&Json::Bool(true))
    }

    /// The document on one line.
    pub(crate) fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "null".to_owned())
    }

    /// Sets a member where it stands, or adds it at the end.
    pub(crate) fn set(&mut self, key: &str, value: Json) {
        let Json::Object(members) = self else { return };
        match members.iter_mut().find(|(name, _)| name == key) {
            Some(member) => member.1 = value,
            None => members.push((key.to_owned(), value)),
        }
    }

    /// Merges a patch into it (RFC 7396): objects at every depth, null removes.
    pub(crate) fn merge(&mut self, patch: Json) {
        let Json::Object(members) = patch else {
            *self = patch;
            return;
        };
        if !matches!(self, Json::Object(_)) {
            *self = Json::Object(Vec::new());
        }
        for (key, value) in members {
            if value == Json::Null {
                self.remove(&key);
                continue;
            }
            let mut merged = self.member(&key).cloned().unwrap_or(Json::Null);
            merged.merge(value);
            self.set(&key, merged);
        }
    }

    /// Removes a member.
    pub(crate) fn remove(&mut self, key: &str) {
        if let Json::Object(members) = self {
            members.retain(|(name, _)| name != key);
        }
    }
}

/// Strings are read once, at the leaf: a body may hold 70 MB of base64.
fn read(raw: &RawValue, depth: usize) -> serde_json::Result<Json> {
    if depth > DEPTH {
        return Err(de::Error::custom("nested too deeply"));
    }
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text)?;
            let read_one = |(key, value): (String, &RawValue)| Ok((key, read(value, depth + 1)?));
            let all: serde_json::Result<_> = members.into_iter().map(read_one).collect();
            Json::Object(all?)
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            let all: serde_json::Result<_> =
                elements.into_iter().map(|e| read(e, depth + 1)).collect();
            Json::Array(all?)
        }
        Some(b'"') => Json::Text(serde_json::from_str(text)?),
        Some(b't' | b'f') => Json::Bool(text == "true"),
        Some(b'n') | None => Json::Null,
        Some(_) => Json::Number(text.to_owned()),
    })
}

/// An object's members in the order of the document.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(All).map(Members)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(flag) => serializer.serialize_bool(*flag),
            Json::Text(text) => serializer.serialize_str(text),
            Json::Number(digits) => {
                let raw = RawValue::from_string(digits.clone()).map_err(ser::Error::custom)?;
                raw.serialize(serializer)
            }
            Json::Array(elements) => {
                let mut list = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements {
                    list.serialize_element(element)?;
                }
                list.end()
            }
            Json::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::Text(text)
    }
}

impl From<bool> for Json {
    fn from(flag: bool) -> Json {
        Json::Bool(flag)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Json {
        Json::Number(number.to_string())
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Json {
        Json::Number(number.to_string())
    }
}

impl From<Vec<Json>> for Json {
    fn from(elements: Vec<Json>) -> Json {
        Json::Array(elements)
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Json {
        value.map_or(Json::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn order_and_digits_survive() {
        let text = r#"{"z":1.10,"a":[12345678901234567890123,1e2,-0,true,null],"m":{"é":"\n"}}"#;
        assert_eq!(
            Json::read(text).map(|json| json.write()).ok().as_deref(),
            Some(text)
        );
    }

    #[test]
    fn nonsense_and_depth_are_refused() {
        let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
        for wrong in ["", "{", "{\"a\":}", "[1,]", "nul", "1 2", deep.as_str()] {
            assert!(Json::read(wrong).is_err(), "{wrong}");
        }
    }
}
