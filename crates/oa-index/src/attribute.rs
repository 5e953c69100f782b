//! What is said about the files of a vector store: `KEY=VALUE`, and the limits of the API on it.

use oa_pipe::object::Object;
use oa_pipe::search::value;
use serde_json::Value;

/// Keys that one file may have (`VectorStoreFileAttributes`).
const MOST_KEYS: usize = 16;
/// Characters of a key.
const KEY_CHARS: usize = 64;
/// Characters of a string.
const TEXT_CHARS: usize = 512;

/// `KEY=VALUE`.
///
/// # Errors
/// What is missing, or which limit of the API it breaks.
pub(crate) fn pair(text: &str) -> Result<(String, Value), String> {
    let (key, text) = text
        .split_once('=')
        .ok_or("write KEY=VALUE, as in type=blog")?;
    let value = value(text);
    check_one(key, &value)?;
    Ok((key.to_owned(), value))
}

/// Whether the API takes these attributes.
///
/// # Errors
/// The key that it would refuse, and why.
pub(crate) fn check(attributes: &Object) -> Result<(), String> {
    if attributes.entries().count() > MOST_KEYS {
        return Err(format!("attributes: a file may have at most {MOST_KEYS}"));
    }
    attributes.entries().try_for_each(|(key, raw)| {
        let value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
        check_one(&key, &value)
    })
}

fn check_one(key: &str, value: &Value) -> Result<(), String> {
    let length = key.chars().count();
    if !(1..=KEY_CHARS).contains(&length) {
        return Err(format!(
            "attribute `{key}`: a key has 1 to {KEY_CHARS} characters"
        ));
    }
    match value {
        Value::Number(_) | Value::Bool(_) => Ok(()),
        Value::String(text) if text.chars().count() <= TEXT_CHARS => Ok(()),
        Value::String(_) => Err(format!(
            "attribute `{key}`: a text may have at most {TEXT_CHARS} characters"
        )),
        _ => Err(format!(
            "attribute `{key}`: a text, a number or a boolean is expected"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_booleans_are_recognised() {
        let cases = [
            ("a=blog", r#""blog""#),
            ("a=2024", "2024"),
            ("a=-1.5", "-1.5"),
            ("a=true", "true"),
            ("a=\"2024\"", r#""2024""#),
            ("a=", r#""""#),
            ("a=b=c", r#""b=c""#),
            ("a=[1]", r#""[1]""#),
            ("a=null", r#""null""#),
        ];
        for (text, json) in cases {
            let value = pair(text).map(|(_, value)| value.to_string());
            assert_eq!(value.as_deref(), Ok(json), "{text}");
        }
        assert!(pair("a").is_err());
        assert!(pair("=1").is_err());
        assert!(pair(&format!("a={}", "x".repeat(513))).is_err());
    }
}
