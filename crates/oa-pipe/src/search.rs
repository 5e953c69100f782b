//! The options of a search, for a model and without one; filters as users write them and as the API takes them.

use oa_core::{Error, Result};
use serde_json::{Value, json};

/// What is searched for, and how much of it.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Search")]
pub struct Search {
    /// Find at most that many passages, 1 to 50
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = clap::value_parser!(u8).range(1..=50))]
    pub max_num_results: Option<u8>,
    /// Search only files whose attribute K is V
    ///
    /// Also != > >= < <= in place of =. Of several, all must hold.
    #[arg(long, value_name = "K=V", value_parser = comparison)]
    pub filter: Vec<Value>,
    /// The same as a tree of the API: and, or, in
    #[arg(long, value_name = "JSON", hide_short_help = true)]
    pub filter_json: Option<String>,
}

impl Search {
    /// Whether any of them was said.
    #[must_use]
    pub fn is_said(&self) -> bool {
        self.max_num_results.is_some() || !self.filter.is_empty() || self.filter_json.is_some()
    }

    /// All filters as one.
    ///
    /// # Errors
    /// `usage` where the JSON is no filter.
    pub fn filters(&self) -> Result<Option<Value>> {
        let tree = self.filter_json.as_deref().map(tree).transpose();
        let tree = tree.map_err(|why| Error::usage(format!("--filter-json: {why}")))?;
        Ok(all(self.filter.iter().cloned().chain(tree).collect()))
    }
}

/// How users write a comparison, and the API's word for it; longer ones first.
const SIGNS: [(&str, &str); 6] = [
    ("!=", "ne"),
    (">=", "gte"),
    ("<=", "lte"),
    ("=", "eq"),
    (">", "gt"),
    ("<", "lt"),
];
/// Comparisons of the API (`ComparisonFilter`).
const COMPARISONS: [&str; 8] = ["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"];
/// Ways to join filters (`CompoundFilter`).
const JOINTS: [&str; 2] = ["and", "or"];

/// A value as users write it: a number, `true`, `false`, a JSON string, or any other text as it is.
#[must_use]
pub fn value(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::String(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// One comparison, `KEY=VALUE`, `!=`, `>`, `>=`, `<` or `<=`; the value as in [`value`].
///
/// # Errors
/// How to write one.
pub fn comparison(text: &str) -> std::result::Result<Value, String> {
    let how = "write KEY=VALUE, or != > >= < <= in place of =";
    let at = text.find(['!', '=', '<', '>']).ok_or(how)?;
    let (key, rest) = text.split_at(at);
    let found = SIGNS
        .iter()
        .find_map(|(sign, word)| Some((word, rest.strip_prefix(sign)?)));
    let (word, value) = found.ok_or(how)?;
    if key.is_empty() {
        return Err(how.to_owned());
    }
    Ok(json!({"type": word, "key": key, "value": self::value(value)}))
}

/// A filter as the API takes it, comparisons and compounds at any depth.
///
/// # Errors
/// Which part is none, and why.
pub fn tree(text: &str) -> std::result::Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    check(&value)?;
    Ok(value)
}

fn check(filter: &Value) -> std::result::Result<(), String> {
    let kind = filter["type"].as_str().unwrap_or_default();
    let wrong = |what: &str| Err(format!("{what}: {filter}"));
    if JOINTS.contains(&kind) {
        return match filter["filters"].as_array() {
            Some(filters) if !filters.is_empty() => filters.iter().try_for_each(check),
            _ => wrong("`filters` must be an array with at least one filter"),
        };
    }
    if !COMPARISONS.contains(&kind) {
        return wrong("`type` must be eq, ne, gt, gte, lt, lte, in, nin, and, or");
    }
    if filter["key"].as_str().is_none_or(str::is_empty) {
        return wrong("`key` must name an attribute");
    }
    let listed = matches!(kind, "in" | "nin");
    match &filter["value"] {
        Value::Array(_) if listed => Ok(()),
        Value::String(_) | Value::Number(_) | Value::Bool(_) if !listed => Ok(()),
        _ if listed => wrong("`value` must be an array"),
        _ => wrong("`value` must be a text, a number or a boolean"),
    }
}

/// All of these at once; `None` for none.
#[must_use]
pub fn all(mut filters: Vec<Value>) -> Option<Value> {
    match filters.len() {
        0 | 1 => filters.pop(),
        _ => Some(json!({"type": "and", "filters": filters})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_written_as_people_think_them() {
        let cases = [
            (
                "type=blog",
                Some(json!({"type":"eq","key":"type","value":"blog"})),
            ),
            (
                "year>=2024",
                Some(json!({"type":"gte","key":"year","value":2024})),
            ),
            (
                "year<2024",
                Some(json!({"type":"lt","key":"year","value":2024})),
            ),
            (
                "draft!=true",
                Some(json!({"type":"ne","key":"draft","value":true})),
            ),
            (
                "a=b>=c",
                Some(json!({"type":"eq","key":"a","value":"b>=c"})),
            ),
            ("type", None),
            ("=blog", None),
            ("a!b", None),
        ];
        for (text, filter) in cases {
            assert_eq!(comparison(text).ok(), filter, "{text}");
        }
    }

    #[test]
    fn trees_are_checked_at_every_depth() {
        let good = r#"{"type":"or","filters":[{"type":"in","key":"a","value":[1]},{"type":"eq","key":"b","value":"c"}]}"#;
        assert!(tree(good).is_ok());
        for bad in [
            "[]",
            "{",
            r#"{"type":"and","filters":[]}"#,
            r#"{"type":"like","key":"a","value":1}"#,
            r#"{"type":"eq","value":1}"#,
            r#"{"type":"in","key":"a","value":1}"#,
            r#"{"type":"or","filters":[{"type":"eq","key":"a","value":null}]}"#,
        ] {
            assert!(tree(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn several_must_all_hold() {
        assert_eq!(all(vec![]), None);
        assert_eq!(all(vec![json!(1)]), Some(json!(1)));
        assert_eq!(
            all(vec![json!(1), json!(2)]),
            Some(json!({"type":"and","filters":[1,2]}))
        );
    }
}
