//! A failure as it travels: the record's `error`.

use oa_core::error::{signal_name, signal_number};
use oa_core::{Error, Kind};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The record's `error`: `tool`, `kind`, `message` and `retryable` always, the others where known.
#[must_use]
pub fn to_json(error: &Error, tool: &str) -> Box<RawValue> {
    // A map of serde_json sorts its keys, so the object is put together in the documented order.
    let parts = [
        ("tool", json!(tool)),
        ("kind", json!(error.kind.word())),
        ("message", json!(error.message)),
        ("status", json!(error.status)),
        ("code", json!(error.code)),
        ("param", json!(error.param)),
        ("request_id", json!(error.request_id)),
        ("signal", json!(error.signal.map(signal_name))),
        ("retryable", json!(error.retryable)),
        ("hint", json!(error.hint)),
        ("body", json!(error.body)),
    ];
    let known = parts.iter().filter(|(_, value)| !value.is_null());
    let text: Vec<String> = known.map(|(k, v)| format!("\"{k}\":{v}")).collect();
    RawValue::from_string(format!("{{{}}}", text.join(","))).unwrap_or_default()
}

/// What a record's `error` says; an `error` that is not ours counts as `refused`.
#[must_use]
pub fn from_json(value: &Value) -> Error {
    let empty = Map::new();
    let object = value.as_object().unwrap_or(&empty);
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = text("kind").map_or(Kind::Refused, |word| Kind::of_word(&word));
    let message = text("message").or_else(|| {
        let words = value.as_str().or_else(|| value.get(0)?.as_str());
        words.map(str::to_owned)
    });
    let message = message.unwrap_or_else(|| value.to_string());
    let mut error = Error::new(kind, message);
    error.retryable = object.get("retryable") == Some(&Value::Bool(true));
    error.signal = object.get("signal").and_then(|signal| match signal {
        Value::String(name) => signal_number(name),
        other => other.as_i64().and_then(|n| i32::try_from(n).ok()),
    });
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::exit_status;

    #[test]
    fn an_error_comes_back_as_it_went() {
        let error = Error::interrupted(15).hint("oa-poll resp_1");
        let json: Value =
            serde_json::from_str(to_json(&error, "oa-poll").get()).unwrap_or_default();
        let back = from_json(&json);
        assert_eq!(
            (back.kind, back.signal, exit_status(&back)),
            (Kind::Interrupted, Some(15), 143)
        );
    }

    #[test]
    fn an_unknown_kind_counts_as_refused() {
        let error = from_json(&json!("no such thing"));
        assert_eq!((error.kind, exit_status(&error)), (Kind::Refused, 7));
    }
}
