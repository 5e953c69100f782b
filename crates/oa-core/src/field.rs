//! Fields of an API object, each read by itself: one that does not fit never hides the others.
//!
//! Servers differ in small things (`"bytes":"12"`, half of an emoji at the end of a text), and an id that is
//! lost over such a thing is a file that nobody deletes or an answer that was paid for in vain.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_json::value::RawValue;

use crate::id::Id;

/// What is looked at of an object; the object itself travels as it came.
pub trait Look<'a>: Sized {
    /// The keys that are looked at. All others are passed over, whatever stands there and however much of it.
    const KEYS: &'static [&'static str];

    /// Takes what there is; everything may be absent.
    fn look(fields: &Fields<'a>) -> Self;

    /// Reads it from a value; what is no object has nothing.
    #[must_use]
    fn read(raw: &'a RawValue) -> Self {
        Self::look(&Fields::of(raw, Self::KEYS))
    }
}

/// Keys that are looked at in one object, at most.
const MOST: usize = 12;

/// Some keys of an object with their raw values, to be asked one by one.
pub struct Fields<'a> {
    keys: &'static [&'static str],
    /// In the order of `keys`; the last one where a key is repeated.
    values: [Option<&'a RawValue>; MOST],
}

impl<'a> Fields<'a> {
    /// These keys of this value; nothing if it is no object.
    #[must_use]
    pub fn of(raw: &'a RawValue, keys: &'static [&'static str]) -> Fields<'a> {
        debug_assert!(keys.len() <= MOST, "more keys than places");
        let mut values = [None; MOST];
        pick(raw.get(), keys, &mut values);
        Fields { keys, values }
    }

    /// The value of a key. What is `null` or does not fit counts as absent.
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
    #[must_use]
    pub fn word(&self, key: &str) -> Option<String> {
        let number = || self.get::<Number>(key).map(|number| number.to_string());
        let text = self.text(key).filter(|text| !text.trim().is_empty());
        text.or_else(number)
    }

    /// The `id` of the object, where it can be sent.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        self.given_id()?.ok()
    }

    /// The `id` that the object gives, if it gives one, or why it cannot be sent.
    #[must_use]
    pub fn given_id(&self) -> Option<crate::error::Result<Id>> {
        let text = self.text("id").filter(|text| !text.is_empty());
        text.map(|text| Id::parse(&text))
    }

    /// The object under a key.
    #[must_use]
    pub fn object<T: Look<'a>>(&self, key: &str) -> Option<T> {
        self.raw(key).map(T::read)
    }

    /// The value of a key as it came.
    #[must_use]
    pub fn raw(&self, key: &str) -> Option<&'a RawValue> {
        let place = self.keys.iter().position(|own| *own == key);
        debug_assert!(place.is_some(), "{key} is not among the keys");
        let value = self.values.get(place?).copied().flatten();
        value.filter(|value| value.get() != "null")
    }
}

/// Finds the values of some keys of an object, in the order of the keys; the last one where a key is repeated.
pub fn pick<'a>(json: &'a str, keys: &[&str], values: &mut [Option<&'a RawValue>]) {
    // What is no object has none of them.
    let _ = entries(json, |Name(key), value| {
        let place = keys.iter().position(|own| own.as_bytes() == &*key);
        if let Some(place) = place.and_then(|place| values.get_mut(place)) {
            *place = Some(value);
        }
    });
}

/// A key of which it does not matter whether it is Unicode.
struct Name<'a>(Cow<'a, [u8]>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Name<'a>, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_bytes<E: Error>(self, key: &'de [u8]) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(key)))
            }

            fn visit_bytes<E: Error>(self, key: &[u8]) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(key.to_owned())))
            }
        }
        json.deserialize_bytes(Bytes)
    }
}

/// Hands on the entries of an object in their order, each key as `K` reads it.
///
/// # Errors
/// What `serde_json` says of text that is no JSON object.
pub fn entries<'a, K: Deserialize<'a>>(
    json: &'a str,
    take: impl FnMut(K, &'a RawValue),
) -> serde_json::Result<()> {
    struct Entries<F, K>(F, PhantomData<K>);
    impl<'de, K: Deserialize<'de>, F: FnMut(K, &'de RawValue)> Visitor<'de> for Entries<F, K> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            while let Some((key, value)) = map.next_entry()? {
                (self.0)(key, value);
            }
            Ok(())
        }
    }
    let mut json = serde_json::Deserializer::from_str(json);
    json.deserialize_map(Entries(take, PhantomData))?;
    json.end()
}

/// Hands on each element of an array, without keeping any; nothing of what is no array.
pub fn each<'a>(json: &'a RawValue, take: impl FnMut(&'a RawValue)) {
    struct Each<F>(F);
    impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Each<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON array")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
            while let Some(item) = items.next_element()? {
                (self.0)(item);
            }
            Ok(())
        }
    }
    let mut json = serde_json::Deserializer::from_str(json.get());
    // A raw value is JSON; what is no array has no elements.
    let _ = json.deserialize_seq(Each(take));
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
    let text = raw.get();
    if text.starts_with('"') && !text.contains('\\') {
        return text.get(1..text.len() - 1).map(str::to_owned);
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
        let text = r#"{"id":"file-0","id":"file-1","bytes":"12","n":1.5,"name":null,"list":[{"id":"a"},7]}"#;
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap_or_default();
        let fields = Fields::of(&raw, &["id", "bytes", "n", "name", "list"]);
        assert_eq!(fields.text("id").as_deref(), Some("file-1"));
        assert_eq!(fields.get::<u64>("bytes"), None);
        assert_eq!(fields.get::<u64>("n"), None);
        assert_eq!(fields.text("name"), None);
        let mut ids = Vec::new();
        each(fields.raw("list").unwrap_or(&raw), |item| {
            ids.push(Fields::of(item, &["id"]).text("id"));
        });
        assert_eq!(ids, [Some("a".to_owned()), None]);
    }

    #[test]
    fn a_key_is_known_however_it_is_spelled_and_hides_no_other() {
        let text = r#"{"\ud800":1,"i\u0064":"x","":[1]}"#;
        let raw: Box<RawValue> = serde_json::from_str(text).unwrap_or_default();
        assert_eq!(Fields::of(&raw, &["id"]).text("id").as_deref(), Some("x"));
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
