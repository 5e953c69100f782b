//! A JSON object kept whole: keys in their order, every value as the bytes it came in.

use std::borrow::Cow;
use std::fmt;

use oa_core::body::Body;
use oa_core::field::{pick, text_of};
use oa_core::lenient::string_length;
pub use oa_core::lenient::{compact, compacted};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Entries that are kept one by one. An object may have millions, each a few bytes long, and they must not cost a
/// hundred each.
const APART: usize = 64;

/// A key and its value.
pub(crate) type Entry = (String, Box<RawValue>);

/// A JSON object whose values are never parsed until somebody asks, so that digits, spelling, order
/// and repeated keys leave as they came. Values are compact: no white space outside strings.
#[derive(Clone, Default, Debug)]
pub struct Object {
    /// The first [`APART`] entries.
    entries: Vec<Entry>,
    /// Those behind them, as one object.
    rest: Option<Box<RawValue>>,
}

impl Object {
    /// Reads one object.
    ///
    /// # Errors
    /// What `serde_json` says of text that is no JSON object.
    pub fn parse(text: &str) -> serde_json::Result<Object> {
        serde_json::from_str(text)
    }

    /// The object that a value is; without any key, if it is none.
    #[must_use]
    pub fn of(raw: &RawValue) -> Object {
        Object::parse(raw.get()).unwrap_or_default()
    }

    /// The value of a key; the last one where it is repeated, as JSON readers agree. `null` counts as absent.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&RawValue> {
        let found = self.in_rest(key).or_else(|| {
            let found = self.entries.iter().rev().find(|(name, _)| name == key);
            found.map(|(_, value)| value.as_ref())
        });
        found.filter(|value| value.get() != "null")
    }

    /// The value that a key has behind the entries that are kept apart.
    fn in_rest(&self, key: &str) -> Option<&RawValue> {
        let mut value = [None];
        pick(self.rest.as_ref()?.get(), &[key], &mut value);
        value[0]
    }

    /// The string under a key, if it is one; what is no Unicode in it becomes U+FFFD.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(text_of)
    }

    /// Puts a value under a key, in its old place if it had one.
    pub fn set(&mut self, key: &str, value: Box<RawValue>) {
        if self.in_rest(key).is_none()
            && let Some(entry) = self.entries.iter_mut().rev().find(|(name, _)| name == key)
        {
            entry.1 = value;
            return;
        }
        let mut entries = self.take_entries();
        match entries.iter_mut().rev().find(|(name, _)| name == key) {
            Some(entry) => entry.1 = value,
            None => entries.push((key.to_owned(), value)),
        }
        *self = entries.into_iter().collect();
    }

    /// Puts anything that serialises under a key.
    pub fn put(&mut self, key: &str, value: &impl serde::Serialize) {
        self.set(key, raw(value));
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) {
        self.entries.retain(|(name, _)| name != key);
        if self.in_rest(key).is_some() {
            let entries = self.take_entries().into_iter();
            *self = entries.filter(|(name, _)| name != key).collect();
        }
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether anything but `null` stands in it.
    pub(crate) fn says_something(&self) -> bool {
        self.entries().any(|(_, value)| value.get() != "null")
    }

    /// Keys and values in their order.
    pub fn entries(&self) -> impl Iterator<Item = (Cow<'_, str>, &RawValue)> {
        let entries = self.entries.iter();
        let entries = entries.map(|(key, value)| (Cow::Borrowed(key.as_str()), value.as_ref()));
        let rest = self.rest.as_ref().map(|rest| Listed::of(rest));
        entries.chain(rest.into_iter().flat_map(|Listed(rest)| rest))
    }

    /// All entries, each by itself.
    pub(crate) fn take_entries(&mut self) -> Vec<Entry> {
        let mut entries = std::mem::take(&mut self.entries);
        if let Some(rest) = self.rest.take() {
            entries.extend(owned(&rest));
        }
        entries
    }

    /// Bytes of the object as one line of JSON, give or take what its keys escape.
    #[must_use]
    pub fn length(&self) -> usize {
        let entries = self.entries.iter();
        let entries = entries.map(|(key, value)| key.len() + value.get().len() + 4);
        let rest = self.rest.as_ref().map_or(0, |rest| rest.get().len());
        entries.sum::<usize>() + rest + 2
    }

    /// The object as one line of JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = String::with_capacity(self.length());
        for (at, (key, value)) in self.entries.iter().enumerate() {
            line.push(if at == 0 { '{' } else { ',' });
            push_key(&mut line, key);
            line.push_str(value.get());
        }
        if let Some(rest) = self.rest_inside() {
            line.push(',');
            line.push_str(rest);
        }
        line.push_str(if line.is_empty() { "{}" } else { "}" });
        line
    }

    /// The pieces of that line, no value of them copied.
    pub fn pieces(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let entries = self.entries.iter().enumerate();
        let entries = entries.flat_map(|(at, (name, value))| {
            let mut key = String::from(if at == 0 { "{" } else { "," });
            push_key(&mut key, name);
            [Cow::Owned(key), Cow::Borrowed(value.get())]
        });
        let rest = self.rest_inside();
        let rest = rest.map(|rest| [Cow::Borrowed(","), Cow::Borrowed(rest)]);
        let close = if self.entries.is_empty() { "{}" } else { "}" };
        entries
            .chain(rest.into_iter().flatten())
            .chain([Cow::Borrowed(close)])
    }

    /// What stands between the braces of the rest.
    fn rest_inside(&self) -> Option<&str> {
        let rest = self.rest.as_ref()?.get();
        rest.get(1..rest.len() - 1)
    }

    /// The object as a value for another one.
    #[must_use]
    pub fn to_raw(&self) -> Box<RawValue> {
        RawValue::from_string(self.to_line()).unwrap_or_default()
    }
}

impl From<&Object> for Body {
    fn from(object: &Object) -> Body {
        Body::text(&object.to_line())
    }
}

/// Writes a key and its colon.
fn push_key(line: &mut String, key: &str) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if key.bytes().all(plain) {
        line.extend(["\"", key, "\":"]);
    } else {
        line.extend([raw(&key).get(), ":"]);
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

/// The entries of a raw object, each on its own.
pub(crate) fn owned(raw: &RawValue) -> impl Iterator<Item = Entry> + use<'_> {
    let Listed(entries) = Listed::of(raw);
    entries
        .into_iter()
        .map(|(key, value)| (key.into_owned(), value.to_owned()))
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

/// A key as the text that it is.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Keys and raw values of an object.
#[derive(Default)]
struct Listed<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Listed<'a> {
    fn of(raw: &'a RawValue) -> Listed<'a> {
        serde_json::from_str(raw.get()).unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Listed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Listed<'a>, D::Error> {
        let mut listed = Listed::default();
        let add = |Key(key), value| listed.0.push((key, value));
        deserializer.deserialize_map(Entries(add))?;
        Ok(listed)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        let mut building = Building::default();
        let add = |Key(key): Key<'de>, value: &RawValue| {
            if building.entries.len() < APART {
                building.entries.push((key.into_owned(), compacted(value)));
            } else {
                building.behind(&key, &compact(value.get()));
            }
        };
        deserializer.deserialize_map(Entries(add))?;
        Ok(building.object())
    }
}

impl FromIterator<Entry> for Object {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Object {
        let mut building = Building::default();
        for (key, value) in entries {
            if building.entries.len() < APART {
                building.entries.push((key, value));
            } else {
                building.behind(&key, value.get());
            }
        }
        building.object()
    }
}

/// An object that comes entry by entry.
#[derive(Default)]
struct Building {
    entries: Vec<Entry>,
    rest: String,
}

impl Building {
    /// Adds an entry behind those that are kept apart.
    fn behind(&mut self, key: &str, value: &str) {
        self.rest.push(if self.rest.is_empty() { '{' } else { ',' });
        push_key(&mut self.rest, key);
        self.rest.push_str(value);
    }

    fn object(mut self) -> Object {
        let rest = (!self.rest.is_empty()).then(|| {
            self.rest.push('}');
            RawValue::from_string(self.rest).unwrap_or_default()
        });
        Object {
            entries: self.entries,
            rest,
        }
    }
}

/// Hands on the entries of an object one by one.
struct Entries<F>(F);

impl<'de, F: FnMut(Key<'de>, &'de RawValue)> Visitor<'de> for Entries<F> {
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
    fn strings_are_found_however_they_are_written() {
        let raw = object(r#"{"a":["b\u0041","\"}{",{"c":"\\"}],"d":""}"#).to_raw();
        let found: Vec<Cow<str>> = strings(&raw).collect();
        assert_eq!(found, ["a", "bA", "\"}{", "c", "\\", "d", ""]);
    }

    #[test]
    fn millions_of_keys_are_one_text_and_nothing_of_it_is_lost() {
        let key = |n: usize| format!("\"k{}\":{n}", n % 100);
        let keys: Vec<String> = (0..150).map(key).collect();
        let line = format!("{{{}}}", keys.join(","));
        let mut many = object(&line.replace(',', ", "));
        assert_eq!(many.to_line(), line);
        assert_eq!(many.entries().count(), 150);
        // The last one counts, wherever it stands.
        for (name, value) in [("k10", "110"), ("k49", "149"), ("k50", "50"), ("k99", "99")] {
            assert_eq!(many.get(name).map(RawValue::get), Some(value));
        }
        assert!(many.get("k100").is_none());
        for name in ["k0", "k99", "new"] {
            many.put(name, &"set");
            assert_eq!(many.text(name).as_deref(), Some("set"), "{name}");
            many.remove(name);
            assert!(many.get(name).is_none(), "{name}");
        }
        assert_eq!(many.entries().count(), 147);
    }
}
