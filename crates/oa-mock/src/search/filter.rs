//! Filters of a search: read once, then held against the attributes of each file.

use std::cmp::Ordering;

use crate::json::Json;
use crate::objects::error::ApiError;
use crate::objects::table::Table;
use crate::objects::value::{self, join, missing, wrong_type};

const NAMES: &str = "eq ne gt gte lt lte in nin and or";

/// A filter.
#[derive(Debug)]
pub(crate) enum Filter {
    Every(Vec<Filter>),
    Some(Vec<Filter>),
    Compare {
        key: String,
        operator: String,
        value: Json,
    },
}

impl Filter {
    /// Reads the member `filters` of a search, if it has one.
    pub(crate) fn of(table: &Table, search: &Json, path: &str) -> Result<Option<Filter>, ApiError> {
        let read = |filter| Filter::read(table, filter, &join(path, "filters"));
        search.get("filters").map(read).transpose()
    }

    fn read(table: &Table, filter: &Json, path: &str) -> Result<Filter, ApiError> {
        let at = join(path, "type");
        let operator = match filter.member("type") {
            None => return Err(missing(&at)),
            Some(Json::Text(operator)) => operator.as_str(),
            Some(other) => return Err(wrong_type(&at, "a string", other)),
        };
        value::word(&at, operator, NAMES)?;
        if !["and", "or"].contains(&operator) {
            table.check("comparison", filter, path)?;
            return Filter::compare(filter, operator, path);
        }
        table.check("compound", filter, path)?;
        let inner = filter.elements_of("filters").iter().enumerate();
        let read = |(n, filter)| Filter::read(table, filter, &format!("{path}.filters[{n}]"));
        let inner = inner.map(read).collect::<Result<_, _>>()?;
        Ok(match operator {
            "and" => Filter::Every(inner),
            _ => Filter::Some(inner),
        })
    }

    fn compare(filter: &Json, operator: &str, path: &str) -> Result<Filter, ApiError> {
        let value = filter.member("value").cloned().unwrap_or(Json::Null);
        let at = join(path, "value");
        let list = matches!(value, Json::Array(_));
        match (operator, list) {
            ("in" | "nin", false) => return Err(wrong_type(&at, "an array", &value)),
            ("in" | "nin", true) | (_, false) => {}
            (_, true) => {
                let expected = "one of a string, number, or boolean";
                return Err(wrong_type(&at, expected, &value));
            }
        }
        Ok(Filter::Compare {
            key: filter.text_of("key").unwrap_or_default().to_owned(),
            operator: operator.to_owned(),
            value,
        })
    }

    /// Whether a file with these attributes passes. An attribute that is not there equals nothing.
    pub(crate) fn passes(&self, attributes: &Json) -> bool {
        match self {
            Filter::Every(inner) => inner.iter().all(|filter| filter.passes(attributes)),
            Filter::Some(inner) => inner.iter().any(|filter| filter.passes(attributes)),
            Filter::Compare {
                key,
                operator,
                value,
            } => {
                let given = attributes.get(key);
                let order = |value: &Json| given.and_then(|given| order(given, value));
                let among = || {
                    let mut values = value.elements().iter();
                    values.any(|value| order(value) == Some(Ordering::Equal))
                };
                match operator.as_str() {
                    "in" => among(),
                    "nin" => !among(),
                    "ne" => order(value) != Some(Ordering::Equal),
                    operator => order(value).is_some_and(|order| holds(operator, order)),
                }
            }
        }
    }
}

fn holds(operator: &str, order: Ordering) -> bool {
    match operator {
        "gt" => order.is_gt(),
        "gte" => order.is_ge(),
        "lt" => order.is_lt(),
        "lte" => order.is_le(),
        _ => order.is_eq(),
    }
}

/// How two values of the same type follow each other.
fn order(one: &Json, two: &Json) -> Option<Ordering> {
    match (one, two) {
        (Json::Number(one), Json::Number(two)) => {
            let (one, two): (f64, f64) = (one.parse().ok()?, two.parse().ok()?);
            one.partial_cmp(&two)
        }
        (Json::Text(one), Json::Text(two)) => Some(one.cmp(two)),
        (Json::Bool(one), Json::Bool(two)) => Some(one.cmp(two)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use super::Filter;
    use crate::json::Json;
    use crate::objects::table::Table;

    fn json(text: &str) -> Json {
        Json::read(text).expect(text)
    }

    fn read(filter: &str) -> Result<Option<Filter>, String> {
        let search = json(&format!(r#"{{"filters":{filter}}}"#));
        let table = Table::read(false, false).expect("the table");
        Filter::of(&table, &search, "").map_err(|error| error.message)
    }

    #[test]
    fn files_pass_by_their_attributes() {
        let attributes = json(r#"{"year":2024,"region":"EU","final":true,"part":1.0}"#);
        let rows = [
            (r#"{"type":"eq","key":"year","value":2024.0}"#, true),
            (r#"{"type":"eq","key":"year","value":"2024"}"#, false),
            (r#"{"type":"ne","key":"region","value":"US"}"#, true),
            (r#"{"type":"ne","key":"nothing","value":1}"#, true),
            (r#"{"type":"eq","key":"nothing","value":1}"#, false),
            (r#"{"type":"gt","key":"year","value":2023}"#, true),
            (r#"{"type":"gt","key":"year","value":2024}"#, false),
            (r#"{"type":"gte","key":"year","value":2024}"#, true),
            (r#"{"type":"lt","key":"part","value":1.5}"#, true),
            (r#"{"type":"lte","key":"region","value":"EU"}"#, true),
            (r#"{"type":"in","key":"region","value":["US","EU"]}"#, true),
            (r#"{"type":"nin","key":"year","value":[2024]}"#, false),
            (r#"{"type":"eq","key":"final","value":true}"#, true),
            (
                r#"{"type":"or","filters":[{"type":"eq","key":"year","value":1},{"type":"and","filters":[{"type":"eq","key":"region","value":"EU"},{"type":"eq","key":"final","value":true}]}]}"#,
                true,
            ),
            (
                r#"{"type":"and","filters":[{"type":"eq","key":"year","value":1},{"type":"eq","key":"region","value":"EU"}]}"#,
                false,
            ),
        ];
        for (filter, wanted) in rows {
            let read = read(filter).expect(filter).expect(filter);
            assert_eq!(read.passes(&attributes), wanted, "{filter}");
        }
    }

    #[test]
    fn wrong_filters_are_refused() {
        for (filter, word) in [
            ("{}", "filters.type"),
            (
                r#"{"type":"is","key":"a","value":1}"#,
                "'nin', 'and', and 'or'",
            ),
            (r#"{"type":"eq","key":"a"}"#, "filters.value"),
            (r#"{"type":"eq","key":"a","value":1,"x":1}"#, "filters.x"),
            (r#"{"type":"eq","key":"a","value":[1]}"#, "filters.value"),
            (r#"{"type":"eq","key":"a","value":null}"#, "filters.value"),
            (r#"{"type":"in","key":"a","value":1}"#, "filters.value"),
            (
                r#"{"type":"in","key":"a","value":[true]}"#,
                "filters.value[0]",
            ),
            (
                r#"{"type":"and","filters":[{"type":"eq"}]}"#,
                "filters.filters[0].key",
            ),
        ] {
            let message = read(filter).expect_err(filter);
            assert!(message.contains(word), "{filter}: {message}");
        }
    }
}
