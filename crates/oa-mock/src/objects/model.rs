//! Models: which there are, until when, and what a name says of one.

use crate::json::Json;
use crate::objects::error::ApiError;

/// The day up to which this server knows the API.
pub(crate) const AS_OF: &str = "26 Nov 2026";

/// The example of the API's reference; a clock would make every start another server.
const CREATED: u64 = 1_686_935_002;

/// Every model that is known: its id, and the day of its shutdown where one is announced.
fn known() -> Vec<(String, Option<String>)> {
    serde_json::from_str(include_str!("models.json")).unwrap_or_default()
}

/// All Model objects.
pub(crate) fn all() -> Vec<Json> {
    let rows = known().into_iter();
    rows.map(|(id, end)| object(&id, end)).collect()
}

/// The Model object of a name, which may be that of a snapshot.
pub(crate) fn find(name: &str) -> Option<Json> {
    let family = family(name);
    let row = known().into_iter().find(|(id, _)| id == family);
    row.map(|(_, end)| object(name, end))
}

fn object(id: &str, shutdown: Option<String>) -> Json {
    Json::object([
        ("id", id.into()),
        ("object", "model".into()),
        ("created", CREATED.into()),
        ("owned_by", "system".into()),
        ("shutdown_date", shutdown.into()),
    ])
    .marked()
}

/// `gpt-5.2-2025-12-11` is a snapshot of `gpt-5.2`.
fn family(name: &str) -> &str {
    let shape = |day: &str| day.chars().zip("-0000-00-00".chars()).all(is_like);
    let at = name.len().saturating_sub(11);
    match name.split_at_checked(at) {
        Some((family, day)) if shape(day) => family,
        _ => name,
    }
}

fn is_like((c, sign): (char, char)) -> bool {
    (sign == '0' && c.is_ascii_digit()) || c == sign
}

/// Refuses a model that is none. Names that do not begin with `gpt-` or `o` and a digit are anybody's.
pub(crate) fn check(body: &Json, lenient: bool) -> Result<(), ApiError> {
    let Some(name) = body.text_of("model") else {
        return Ok(());
    };
    let rest = name.strip_prefix("gpt-").or(name.strip_prefix('o'));
    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let foreign = !rest.is_some_and(digit);
    if !name.is_empty() && (foreign || lenient || find(name).is_some()) {
        return Ok(());
    }
    let message = format!("The requested model '{name}' does not exist.");
    let error = ApiError::invalid("model_not_found", "model", message);
    Err(if name.is_empty() {
        error
    } else {
        error.newer()
    })
}

/// `gpt-6.2-sol` is of version 6.2; a name that says none is older than all.
pub(crate) fn version(body: &Json) -> (u32, u32) {
    let name = body.text_of("model").unwrap_or_default();
    let Some(rest) = name.strip_prefix("gpt-") else {
        return (0, 0);
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
    let digits = &rest[..end.unwrap_or(rest.len())];
    let (major, minor) = digits.split_once('.').unwrap_or((digits, "0"));
    (major.parse().unwrap_or(0), minor.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{check, find, version};
    use crate::json::Json;

    fn body(name: &str) -> Json {
        Json::object([("model", name.into())])
    }

    #[test]
    fn names_tell_what_they_are() {
        for (name, wanted) in [
            ("gpt-6.2-sol", (6, 2)),
            ("gpt-6-luna", (6, 0)),
            ("gpt-5.2-2025-12-11", (5, 2)),
            ("gpt-4o", (4, 0)),
            ("gpt-oss-120b", (0, 0)),
            ("m", (0, 0)),
        ] {
            assert_eq!(version(&body(name)), wanted, "{name}");
        }
    }

    #[test]
    fn only_names_that_look_like_openais_have_to_be_known() {
        for (name, good) in [
            ("gpt-5.2", true),
            ("gpt-5.2-2025-12-11", true),
            ("gpt-5.2-2025-12-1", false),
            ("gpt-5.2-mini", false),
            ("gpt-7", false),
            ("o3", true),
            ("o3-mini", false),
            ("", false),
            ("m", true),
            ("gpt-x", true),
            ("gpt-oss-120b", true),
            ("ollama", true),
            ("ä", true),
        ] {
            assert_eq!(check(&body(name), false).is_ok(), good, "{name}");
            assert_eq!(check(&body(name), true).is_ok(), !name.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_snapshot_ends_with_its_model() {
        let end = |name: &str| find(name).and_then(|model| model.get("shutdown_date").cloned());
        assert_eq!(end("gpt-5-2025-08-07"), Some("2026-12-11".into()));
        assert_eq!(end("gpt-5.2"), None);
        assert_eq!(find("gpt-7"), None);
    }
}
