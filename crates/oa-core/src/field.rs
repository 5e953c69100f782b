//! Fields of an API object, each read by itself: one that does not fit never hides the others.
//!
//! Servers differ in small things (`"bytes":"12"`, half of an emoji at the end of a text), and an id that is
//! lost over such a thing is a file that nobody deletes or an answer that was paid for in vain.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Number;
use serde_json::value::RawValue;

use crate::id::Id;

/// What is looked at of an object; the object itself travels as it came.
pub trait Look {
    /// Takes what there is; everything may be absent.
    fn look(fields: &Fields) -> Self;
}

/// Keys and raw values of an object, to be asked one by one.
pub struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The fields of this value; none if it is no object.
    #[must_use]
    pub fn of(raw: &'a RawValue) -> Fields<'a> {
        serde_json::from_str(raw.get()).unwrap_or(Fields(Vec::new()))
    }

    /// The value of a key; the last one where it is repeated. What is `null` or does not fit counts as absent.
    #[must_use]
    pub fn get<T: Deserialize<'a>>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.raw(key)?.get()).ok()
    }

    /// The text under a key.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        text_of(self.raw(key)?)
    }

    /// The text or number under a key, as a word.
    pub(crate) fn word(&self, key: &str) -> Option<String> {
        let number = || self.get::<Number>(key).map(|number| number.to_string());
        let text = self.text(key).filter(|text| !text.trim().is_empty());
        text.or_else(number)
    }

    /// Keys and values, each on its own.
    pub(crate) fn into_entries(self) -> Vec<(String, Box<RawValue>)> {
        let fields = self.0.into_iter();
        fields.map(|(key, value)| (key, value.to_owned())).collect()
    }

    /// Whether anything but `null` stands in it.
    pub(crate) fn say_something(&self) -> bool {
        self.0.iter().any(|(_, value)| value.get() != "null")
    }

    /// The `id` of the object, where it can be sent.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        Id::parse(&self.text("id")?).ok()
    }

    /// The object under a key.
    #[must_use]
    pub fn object<T: Look>(&self, key: &str) -> Option<T> {
        Some(T::look(&Fields::of(self.raw(key)?)))
    }

    /// The objects of the array under a key.
    #[must_use]
    pub fn list<T: Look>(&self, key: &str) -> Option<Vec<T>> {
        let items: Vec<&RawValue> = self.get(key)?;
        Some(
            items
                .iter()
                .map(|item| T::look(&Fields::of(item)))
                .collect(),
        )
    }

    /// The value of a key as it came.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().rev().find(|(name, _)| name == key);
        found
            .map(|(_, value)| *value)
            .filter(|value| value.get() != "null")
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields<'de>, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// The text that a JSON string is; half a surrogate pair in it, which is no Unicode, becomes U+FFFD.
#[must_use]
pub fn text_of(raw: &RawValue) -> Option<String> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
    // serde_json checks surrogates only where it is asked for a text, not where it is asked for bytes.
    let mut json = serde_json::Deserializer::from_str(raw.get());
    json.deserialize_bytes(Text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_that_does_not_fit_hides_no_other() {
        struct Id(Option<String>);
        impl Look for Id {
            fn look(fields: &Fields) -> Id {
                Id(fields.text("id"))
            }
        }
        let text = r#"{"id":"file-0","id":"file-1","bytes":"12","n":1.5,"name":null,"list":[{"id":"a"},7]}"#;
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap_or_default();
        let fields = Fields::of(&raw);
        assert_eq!(fields.text("id").as_deref(), Some("file-1"));
        assert_eq!(fields.get::<u64>("bytes"), None);
        assert_eq!(fields.get::<u64>("n"), None);
        assert_eq!(fields.text("name"), None);
        let ids = fields.list("list").unwrap_or_default();
        let ids: Vec<Option<String>> = ids.into_iter().map(|Id(id)| id).collect();
        assert_eq!(ids, [Some("a".to_owned()), None]);
    }

    #[test]
    fn half_an_emoji_does_not_cost_the_text() {
        for (json, text) in [
            (r#""plain""#, Some("plain")),
            (r#""\ud83d\ude00 \u00e9""#, Some("😀 é")),
            (r#""a\ud83d""#, Some("a\u{fffd}\u{fffd}\u{fffd}")),
            ("7", None),
            ("[1]", None),
        ] {
            let raw: Box<RawValue> = serde_json::from_str(json).unwrap_or_default();
            assert_eq!(text_of(&raw).as_deref(), text, "{json}");
        }
    }
}
