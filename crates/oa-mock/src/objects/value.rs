//! Single values of a request: what is wrong with them, in the API's words.

use std::fmt::Display;

use crate::json::Json;
use crate::objects::error::ApiError;

/// `input[0].content` and `type` make `input[0].content.type`.
pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn got(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(digits) if digits.parse::<i128>().is_ok() => "an integer",
        Json::Number(_) => "a decimal",
        Json::Text(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

/// A parameter that nobody knows.
pub(crate) fn unknown(path: &str) -> ApiError {
    ApiError::invalid(
        "unknown_parameter",
        path,
        format!("Unknown parameter: '{path}'."),
    )
}

/// A parameter that is not there.
pub(crate) fn missing(path: &str) -> ApiError {
    let message = format!("Missing required parameter: '{path}'.");
    ApiError::invalid("missing_required_parameter", path, message)
}

/// A value of another JSON type.
pub(crate) fn wrong_type(path: &str, expected: &str, value: &Json) -> ApiError {
    let message = format!(
        "Invalid type for '{path}': expected {expected}, but got {} instead.",
        got(value)
    );
    ApiError::invalid("invalid_type", path, message)
}

fn wrong(code: &str, path: &str, what: &str) -> ApiError {
    ApiError::invalid(code, path, format!("Invalid '{path}': {what}"))
}

/// Refuses a string of too many characters.
pub(crate) fn length(path: &str, text: &str, most: usize) -> Result<(), ApiError> {
    if text.len() <= most || text.chars().count() <= most {
        return Ok(());
    }
    let count = text.chars().count();
    let what = format!(
        "string too long. Expected a string with maximum length {most}, but got a string with length {count} instead."
    );
    Err(wrong("string_above_max_length", path, &what))
}

/// Refuses what cannot be the id of a file.
pub(crate) fn id(path: &str, text: &str) -> Result<(), ApiError> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if text.chars().all(good) {
        return length(path, text, 64);
    }
    let what = format!(
        "'{text}'. Expected an ID that contains letters, numbers, underscores, or dashes, but this value contained additional characters."
    );
    Err(wrong("invalid_value", path, &what))
}

/// Refuses a string that is none of these words.
pub(crate) fn word(path: &str, text: &str, words: &str) -> Result<(), ApiError> {
    if words.split(' ').any(|word| word == text) {
        return Ok(());
    }
    let message = format!(
        "Invalid value: '{text}'. Supported values are: {}.",
        listed(words, "and")
    );
    Err(ApiError::invalid("invalid_value", path, message))
}

/// `'a', 'b', and 'c'`.
pub(crate) fn listed(words: &str, last: &str) -> String {
    let quoted: Vec<_> = words.split(' ').map(|word| format!("'{word}'")).collect();
    match quoted.as_slice() {
        [one, two] => format!("{one} {last} {two}"),
        [first @ .., end] if !first.is_empty() => format!("{}, {last} {end}", first.join(", ")),
        all => all.concat(),
    }
}

/// Refuses an integer outside a range.
pub(crate) fn integer(path: &str, digits: &str, least: i64, most: i64) -> Result<(), ApiError> {
    let value = digits.parse().unwrap_or(i64::MAX);
    range((path, "integer", digits), value, least, most)
}

/// Refuses a number outside a range.
pub(crate) fn decimal(path: &str, digits: &str, least: f64, most: f64) -> Result<(), ApiError> {
    let value = digits.parse().unwrap_or(f64::MAX);
    range((path, "decimal", digits), value, least, most)
}

fn range<T: Copy + PartialOrd + Display>(
    (path, kind, got): (&str, &str, &str),
    value: T,
    least: T,
    most: T,
) -> Result<(), ApiError> {
    let (side, limit, sign, bound) = match (value < least, value > most) {
        (true, _) => ("below", "minimum", ">=", least),
        (_, true) => ("above", "maximum", "<=", most),
        _ => return Ok(()),
    };
    let what = format!(
        "{kind} {side} {limit} value. Expected a value {sign} {bound}, but got {got} instead."
    );
    let code = format!("{kind}_{side}_{}_value", &limit[..3]);
    Err(wrong(&code, path, &what))
}

/// Refuses a list of too few or too many elements.
pub(crate) fn count(path: &str, count: usize, least: usize, most: usize) -> Result<(), ApiError> {
    let (code, what) = if count < least {
        let what = format!(
            "empty array. Expected an array with minimum length {least}, but got an empty array instead."
        );
        ("empty_array", what)
    } else if count > most {
        let what = format!(
            "array too long. Expected an array with maximum length {most}, but got an array with length {count} instead."
        );
        ("array_above_max_length", what)
    } else {
        return Ok(());
    };
    Err(wrong(code, path, &what))
}

/// Refuses an object of too many members.
pub(crate) fn properties(path: &str, count: usize) -> Result<(), ApiError> {
    if count <= 16 {
        return Ok(());
    }
    let what = format!(
        "too many properties. Expected an object with at most 16 properties, but got an object with {count} properties instead."
    );
    Err(wrong("object_above_max_properties", path, &what))
}

/// Refuses members of which exactly one of these may be there, if another number was given.
pub(crate) fn one_of(path: &str, given: usize, keys: &str) -> Result<(), ApiError> {
    let (what, code, how) = match given {
        1 => return Ok(()),
        0 => ("Missing mutually", "missing_mutually", "providing exactly"),
        _ => ("Mutually", "mutually", "only providing"),
    };
    let keys = listed(keys, "or");
    let message =
        format!("{what} exclusive parameters: '{path}'. Ensure you are {how} one of: {keys}.");
    let code = format!("{code}_exclusive_parameters");
    Err(ApiError::invalid(&code, path, message))
}
