//! A JSON object kept whole: keys in their order, every value as the bytes it came in.

use std::borrow::Cow;

use oa_core::body::Body;
use oa_core::field::{entries, pick, text_of};
pub use oa_core::lenient::{compact, compacted};
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
        Object::parse_small(text, usize::MAX)
    }

    /// The same without values of so many bytes and more.
    ///
    /// # Errors
    /// As [`Object::parse`].
    pub(crate) fn parse_small(text: &str, most: usize) -> serde_json::Result<Object> {
        let (mut apart, mut rest) = (Vec::new(), String::new());
        entries(text, |Key(key), value| match value.get().len() {
            length if length >= most => {}
            _ if apart.len() < APART => apart.push((key.into_owned(), compacted(value))),
            _ => write(&mut rest, &key, &compact(value.get())),
        })?;
        Ok(Object::of_parts(apart, rest))
    }

    /// An object of these entries.
    pub(crate) fn of_entries(mut apart: Vec<Entry>) -> Object {
        let mut rest = String::new();
        for (key, value) in apart.split_off(apart.len().min(APART)) {
            write(&mut rest, &key, value.get());
        }
        Object::of_parts(apart, rest)
    }

    /// `rest` is an object without its last bracket.
    fn of_parts(entries: Vec<Entry>, mut rest: String) -> Object {
        let rest = (!rest.is_empty()).then(|| {
            rest.push('}');
            RawValue::from_string(rest).unwrap_or_default()
        });
        Object { entries, rest }
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
        *self = Object::of_entries(entries);
    }

    /// Puts anything that serialises under a key.
    pub fn put(&mut self, key: &str, value: &impl serde::Serialize) {
        self.set(key, raw(value));
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) {
        let apart = self.entries.iter().any(|(name, _)| name == key);
        if apart || self.in_rest(key).is_some() {
            let mut entries = self.take_entries();
            entries.retain(|(name, _)| name != key);
            *self = Object::of_entries(entries);
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
        entries.chain(self.rest.iter().flat_map(|rest| listed(rest)))
    }

    /// All entries, each by itself.
    pub(crate) fn take_entries(&mut self) -> Vec<Entry> {
        let mut entries = std::mem::take(&mut self.entries);
        if let Some(rest) = self.rest.take() {
            entries.extend(owned(&rest));
        }
        entries
    }

    /// Bytes of the object as one line of JSON, but for those that escapes add to keys.
    #[must_use]
    pub fn length(&self) -> usize {
        let entries = self.entries.iter();
        let entries: usize = entries
            .map(|(key, value)| key.len() + value.get().len() + 4)
            .sum();
        let rest = self.rest.as_ref().map_or(0, |rest| rest.get().len() - 1);
        entries.max(1) + rest + 1
    }

    /// The object as one line of JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = String::with_capacity(self.length() + 1);
        self.pieces().for_each(|piece| line.push_str(&piece));
        line
    }

    /// The pieces of that line, none of them copied that need not be.
    pub fn pieces(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let entries = self.entries.iter().enumerate();
        let entries = entries.flat_map(|(index, (key, value))| {
            let open = if index == 0 { "{\"" } else { ",\"" };
            let [open, close, value] = [open, "\":", value.get()].map(Cow::Borrowed);
            [open, escaped(key), close, value]
        });
        let rest = self.rest.iter().flat_map(|rest| {
            let inner = rest.get().get(1..rest.get().len() - 1);
            [Cow::Borrowed(","), Cow::Borrowed(inner.unwrap_or_default())]
        });
        let close = if self.entries.is_empty() { "{}" } else { "}" };
        entries.chain(rest).chain([Cow::Borrowed(close)])
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

/// Anything that serialises, as a raw value; `null` where it does not.
pub fn raw(value: &impl serde::Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_default()
}

/// A text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> Cow<'_, str> {
    let plain = |byte| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let written = raw(&text);
    let inner = written.get().get(1..written.get().len() - 1);
    Cow::Owned(inner.unwrap_or_default().to_owned())
}

/// Writes an entry behind those that stand there.
fn write(out: &mut String, key: &str, value: &str) {
    out.push_str(if out.is_empty() { "{\"" } else { ",\"" });
    out.push_str(&escaped(key));
    out.push_str("\":");
    out.push_str(value);
}

/// A raw JSON array of raw values.
pub fn raw_array<'a>(items: impl IntoIterator<Item = &'a RawValue>) -> Box<RawValue> {
    let items: Vec<&str> = items.into_iter().map(RawValue::get).collect();
    RawValue::from_string(format!("[{}]", items.join(","))).unwrap_or_default()
}

/// The entries of a raw object, each on its own.
pub(crate) fn owned(raw: &RawValue) -> impl Iterator<Item = Entry> + use<'_> {
    let entries = listed(raw).into_iter();
    entries.map(|(key, value)| (key.into_owned(), value.to_owned()))
}

/// A key as the text that it is.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Keys and raw values of an object.
fn listed(raw: &RawValue) -> Vec<(Cow<'_, str>, &RawValue)> {
    let mut listed = Vec::new();
    // What is no object has none.
    let _ = entries(raw.get(), |Key(key), value| listed.push((key, value)));
    listed
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
