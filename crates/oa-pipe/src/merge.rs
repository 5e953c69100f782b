//! JSON Merge Patch (RFC 7396), and how deep a request may be.

use std::collections::HashMap;

use oa_core::lenient::string_length;
use serde_json::value::RawValue;

use crate::object::{Entry, Object, owned};

/// How deep lists and objects of a request may lie in each other: deeper is an attack on the stack. It is also as
/// deep as common JSON readers go.
const DEPTH: usize = 127;

impl Object {
    /// Merges a JSON Merge Patch (RFC 7396) over this object: objects at every depth, `null` removes.
    ///
    /// # Errors
    /// A patch that is nested deeper than any request.
    pub fn merge(&mut self, patch: &Object) -> anyhow::Result<()> {
        patch.check_depth()?;
        *self = merged(self.take_entries(), patch.clone().take_entries());
        Ok(())
    }

    /// Whether it is nested no deeper than any request.
    ///
    /// # Errors
    /// It is.
    pub fn check_depth(&self) -> anyhow::Result<()> {
        let values = self.entries().map(|(_, value)| depth(value.get()));
        let deepest = values.max().unwrap_or_default() + 1;
        anyhow::ensure!(deepest <= DEPTH, "nested deeper than {DEPTH} levels");
        Ok(())
    }
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
    Object::of_entries(slots.into_iter().flatten().collect())
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
            let target = below.map(|old| owned(&old).collect()).unwrap_or_default();
            Some(merged(target, owned(&patch).collect()).to_raw())
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        Object::parse(text).unwrap_or_default()
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
