//! Any two objects: merged as RFC 7396 says, by a second implementation.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oa_pipe::object::Object;
use serde_json::Value;

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let target = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// The same value without repeated keys, which RFC 7396 does not speak of.
fn plain(text: &str) -> Option<(Object, Value)> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.is_object().then_some(())?;
    Some((Object::parse(&value.to_string()).ok()?, value))
}

fuzz_target!(|input: (&str, &str)| {
    let (Some((mut object, mut value)), Some((patch, expected))) = (plain(input.0), plain(input.1)) else {
        return;
    };
    object.merge(&patch).unwrap();
    merge(&mut value, &expected);
    let merged: Value = serde_json::from_str(&object.to_line()).unwrap();
    assert_eq!(merged, value);
});
