//! A JSON value that keeps the order of its keys and the digits of its numbers.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

/// Deeper documents are refused, so that none can exhaust the stack.
const DEPTH: usize = 128;

/// Every object carries this, so that a program which rounds numbers or drops unknown members is found out.
const FOREIGN: &str = r#"{"big":12345678901234567890123,"decimal":1.10,"exponent":1e2}"#;

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

    /// A value as it is written.
    pub(crate) fn of(value: &impl Serialize) -> Json {
        let text = serde_json::to_string(value).unwrap_or_default();
        Json::read(&text).unwrap_or(Json::Null)
    }

    /// An object with its members in this order.
    pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
        Json::Object(members.map(|(key, value)| (key.to_owned(), value)).into())
    }

    /// The list of these values.
    pub(crate) fn list<T: Into<Json>>(values: impl IntoIterator<Item = T>) -> Json {
        Json::Array(values.into_iter().map(Into::into).collect())
    }

    /// The object, marked as one of this server.
    pub(crate) fn marked(mut self) -> Json {
        self.set("x_mock", Json::read(FOREIGN).unwrap_or(Json::Null));
        self
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

    /// The members of a member that is an object.
    pub(crate) fn members_of(&self, key: &str) -> &[(String, Json)] {
        self.member(key).map(Json::members).unwrap_or_default()
    }

    /// The elements of an array; none of anything else.
    pub(crate) fn elements(&self) -> &[Json] {
        match self {
            Json::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The elements of a member that is an array.
    pub(crate) fn elements_of(&self, key: &str) -> &[Json] {
        self.member(key).map(Json::elements).unwrap_or_default()
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
        self.member(key)?.text()
    }

    /// A member that is such a number.
    pub(crate) fn number_of<T: FromStr>(&self, key: &str) -> Option<T> {
        match self.member(key)? {
            Json::Number(digits) => digits.parse().ok(),
            _ => None,
        }
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
    pub(crate) fn set(&mut self, key: &str, value: impl Into<Json>) {
        let Json::Object(members) = self else { return };
        match members.iter_mut().find(|(name, _)| name == key) {
            Some(member) => member.1 = value.into(),
            None => members.push((key.to_owned(), value.into())),
        }
    }

    /// Merges a patch into it (RFC 7396): objects at every depth, null removes.
    pub(crate) fn merge(&mut self, patch: Json) {
        let Json::Object(members) = patch else {
            *self = patch;
            return;
        };
        if !matches!(self, Json::Object(_)) {
            *self = Json::object([]);
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
            let Members(members) = serde_json::from_str::<Members<&RawValue>>(text)?;
            let each = members.into_iter();
            let each = each.map(|(key, value)| Ok((key, read(value, depth + 1)?)));
            Json::Object(each.collect::<serde_json::Result<_>>()?)
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            let each = elements.into_iter().map(|one| read(one, depth + 1));
            Json::Array(each.collect::<serde_json::Result<_>>()?)
        }
        Some(b'"') => Json::Text(serde_json::from_str(text)?),
        Some(b't' | b'f') => Json::Bool(text == "true"),
        Some(b'n') | None => Json::Null,
        Some(_) => Json::Number(text.to_owned()),
    })
}

/// An object's members in the order of the document.
pub(crate) struct Members<T>(pub(crate) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for All<T> {
            type Value = Members<T>;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let members = std::iter::from_fn(|| map.next_entry().transpose());
                members.collect::<Result<_, _>>().map(Members)
            }
        }
        deserializer.deserialize_map(All(PhantomData))
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(flag) => serializer.serialize_bool(*flag),
            Json::Text(text) => serializer.serialize_str(text),
            Json::Number(digits) => RawValue::from_string(digits.clone())
                .map_err(S::Error::custom)?
                .serialize(serializer),
            Json::Array(elements) => serializer.collect_seq(elements),
            Json::Object(members) => serializer.collect_map(members.iter().map(|(k, v)| (k, v))),
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl From<&String> for Json {
    fn from(text: &String) -> Json {
        Json::Text(text.clone())
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
