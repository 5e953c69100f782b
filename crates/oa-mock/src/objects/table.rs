//! One table for what a request may hold, and what is wrong with one that holds something else, in the API's words.

use serde::Deserialize;

use crate::json::{Json, Members};
use crate::objects::error::ApiError;
use crate::objects::value::{self, join, listed, missing, wrong_type};

/// The API's closed objects by name; those of whole bodies have the name of the request.
pub(crate) struct Table {
    kinds: Vec<(String, Kind)>,
    /// Whether members of the older guide are known.
    older_guide: bool,
    /// Whether members that nobody knows may pass.
    lenient: bool,
}

/// What a value has to be.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Any,
    String,
    /// A string of at most so many characters.
    Text(usize),
    /// The id of a file.
    Id,
    /// One of these words.
    Words(String),
    Flag,
    Integer(i64, i64),
    Decimal(f64, f64),
    /// An object with any members.
    Open,
    /// Up to 16 values of a kind by name; the text says what is expected.
    Map(String, Box<Kind>),
    /// An object with these members and no others.
    Object(Members<Kind>),
    List(Box<Kind>),
    /// A list of at least and at most so many elements.
    Few(usize, usize, Box<Kind>),
    /// An object whose `type` chooses its other members; the first text is the type of those that name none.
    Variants(String, Members<Kind>),
    /// The first kind whose JSON type fits; the text names them all.
    Either(String, Vec<Kind>),
    /// What has this name in the table.
    #[serde(untagged)]
    Named(String),
}

/// Signs behind the name of a member; without one it may be missing or null.
const SIGNS: [char; 3] = [REQUIRED, OPTIONAL, OLDER];
const REQUIRED: char = '!';
/// It may be missing, but not null.
const OPTIONAL: char = '?';
/// Only servers of an older guide know it.
const OLDER: char = '~';

fn bare(name: &str) -> &str {
    name.trim_end_matches(SIGNS)
}

impl Table {
    /// Reads the table.
    pub(crate) fn read(older_guide: bool, lenient: bool) -> serde_json::Result<Table> {
        let Members(kinds) = serde_json::from_str(include_str!("table.json"))?;
        Ok(Table {
            kinds,
            older_guide,
            lenient,
        })
    }

    /// Checks a value at `path` (empty: the body itself) against what has this name.
    pub(crate) fn check(&self, name: &str, value: &Json, path: &str) -> Result<(), ApiError> {
        self.value(self.named(name), value, path)
    }

    fn named(&self, name: &str) -> &Kind {
        let found = self.kinds.iter().find(|(other, _)| other == name);
        found.map_or(&Kind::Any, |(_, kind)| self.resolved(kind))
    }

    fn resolved<'a>(&'a self, kind: &'a Kind) -> &'a Kind {
        match kind {
            Kind::Named(name) => self.named(name),
            kind => kind,
        }
    }

    fn value(&self, kind: &Kind, value: &Json, path: &str) -> Result<(), ApiError> {
        let kind = self.resolved(kind);
        if !self.fits(kind, value) {
            return Err(wrong_type(path, &self.expected(kind), value));
        }
        match (kind, value) {
            (Kind::Text(most), Json::Text(text)) => value::length(path, text, *most),
            (Kind::Id, Json::Text(text)) => value::id(path, text),
            (Kind::Words(words), Json::Text(text)) => value::word(path, text, words),
            (Kind::Integer(least, most), Json::Number(n)) => value::integer(path, n, *least, *most),
            (Kind::Decimal(least, most), Json::Number(n)) => value::decimal(path, n, *least, *most),
            (Kind::Map(_, kind), _) => self.map(kind, value.members(), path),
            (Kind::Object(Members(fields)), _) => self.object(fields, value.members(), path, ""),
            (Kind::List(kind), _) => self.elements(kind, value.elements(), path),
            (Kind::Few(least, most, kind), _) => {
                value::count(path, value.elements().len(), *least, *most)?;
                self.elements(kind, value.elements(), path)
            }
            (Kind::Variants(standard, kinds), _) => self.variant(standard, &kinds.0, value, path),
            (Kind::Either(_, kinds), _) => match kinds.iter().find(|kind| self.fits(kind, value)) {
                Some(kind) => self.value(kind, value, path),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Checks members; the tag, by which this object was chosen, is known already.
    fn object(
        &self,
        fields: &[(String, Kind)],
        members: &[(String, Json)],
        path: &str,
        tag: &str,
    ) -> Result<(), ApiError> {
        let given = |name: &str| members.iter().any(|(key, _)| key == bare(name));
        let mut needed = fields.iter().filter(|(name, _)| name.ends_with(REQUIRED));
        if let Some((name, _)) = needed.find(|(name, _)| !given(name)) {
            return Err(missing(&join(path, bare(name))));
        }
        let known = |key: &str| {
            let mut known = fields.iter().filter(|(name, _)| bare(name) == key);
            known.find(|(name, _)| self.older_guide || !name.ends_with(OLDER))
        };
        let keys = members.iter().map(|(key, _)| key);
        for key in keys.filter(|key| known(key).is_none() && *key != tag) {
            let older = fields.iter().any(|(name, _)| bare(name) == key);
            self.unknown(&join(path, key), older)?;
        }
        for (key, value) in members {
            if let Some((name, kind)) = known(key)
                && (*value != Json::Null || name.ends_with(SIGNS))
            {
                self.value(kind, value, &join(path, key))?;
            }
        }
        Ok(())
    }

    /// Refuses a member: of the older guide, or one that a newer API may know.
    fn unknown(&self, path: &str, older: bool) -> Result<(), ApiError> {
        match (older, self.lenient) {
            (true, _) => Err(value::unknown(path)),
            (false, true) => Ok(()),
            (false, false) => Err(value::unknown(path).newer()),
        }
    }

    /// Up to 16 members, with names of up to 64 characters.
    fn map(&self, kind: &Kind, members: &[(String, Json)], path: &str) -> Result<(), ApiError> {
        value::properties(path, members.len())?;
        for (key, _) in members {
            value::length(&join(path, key), key, 64)?;
        }
        let mut members = members.iter();
        members.try_for_each(|(key, value)| self.value(kind, value, &join(path, key)))
    }

    fn elements(&self, kind: &Kind, elements: &[Json], path: &str) -> Result<(), ApiError> {
        let mut all = elements.iter().enumerate();
        all.try_for_each(|(n, element)| self.value(kind, element, &format!("{path}[{n}]")))
    }

    fn variant(
        &self,
        standard: &str,
        kinds: &[(String, Kind)],
        value: &Json,
        path: &str,
    ) -> Result<(), ApiError> {
        let at = join(path, "type");
        let name = match value.member("type") {
            None if standard.is_empty() => return Err(missing(&at)),
            None => standard,
            Some(Json::Text(name)) => name,
            Some(other) => return Err(wrong_type(&at, "a string", other)),
        };
        let is = |names: &str| names.split(' ').any(|one| one == name);
        if let Some((_, kind)) = kinds.iter().find(|(names, _)| is(names)) {
            return match self.resolved(kind) {
                Kind::Object(Members(fields)) => self.object(fields, value.members(), path, "type"),
                _ => Ok(()),
            };
        }
        let names: Vec<&str> = kinds.iter().map(|(names, _)| names.as_str()).collect();
        value::word(&at, name, &names.join(" "))
    }

    fn fits(&self, kind: &Kind, value: &Json) -> bool {
        match (self.resolved(kind), value) {
            (Kind::Integer(..), Json::Number(digits)) => digits.parse::<i64>().is_ok(),
            (Kind::Either(_, kinds), _) => kinds.iter().any(|kind| self.fits(kind, value)),
            (Kind::String | Kind::Text(_) | Kind::Id | Kind::Words(_), Json::Text(_))
            | (Kind::Any, _)
            | (Kind::Flag, Json::Bool(_))
            | (Kind::Decimal(..), Json::Number(_))
            | (Kind::List(_) | Kind::Few(..), Json::Array(_)) => true,
            (Kind::Open | Kind::Map(..) | Kind::Object(_) | Kind::Variants(..), value) => {
                matches!(value, Json::Object(_))
            }
            _ => false,
        }
    }

    fn expected(&self, kind: &Kind) -> String {
        let words = match self.resolved(kind) {
            Kind::Words(words) => return format!("one of {}", listed(words, "or")),
            Kind::Either(names, _) => return format!("one of {names}"),
            Kind::Map(name, _) => name,
            Kind::Flag => "a boolean",
            Kind::Integer(..) => "an integer",
            Kind::Decimal(..) => "a decimal",
            Kind::Open | Kind::Object(_) | Kind::Variants(..) => "an object",
            Kind::List(kind) | Kind::Few(_, _, kind) => match self.resolved(kind) {
                Kind::Variants(..) | Kind::Object(_) | Kind::Open => "an array of objects",
                _ => "an array of strings",
            },
            _ => "a string",
        };
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use super::{Kind, Table};
    use crate::json::Json;

    fn refusal(body: &str, older_guide: bool) -> Option<(String, String, String)> {
        let body = Json::read(body).expect(body);
        let error = Table::read(older_guide, false)
            .expect("the table")
            .check("POST /responses", &body, "")
            .err()?;
        Some((
            error.code.unwrap_or_default(),
            error.param.unwrap_or_default(),
            error.message,
        ))
    }

    #[test]
    fn requests_are_refused_in_the_apis_words() {
        let rows = [
            (
                "{}",
                "missing_required_parameter",
                "model",
                "Missing required parameter: 'model'.",
            ),
            (
                r#"{"model":"m","max_tokens":1}"#,
                "unknown_parameter",
                "max_tokens",
                "Unknown parameter: 'max_tokens'.",
            ),
            (
                r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"x","mime_type":1}]}]}"#,
                "unknown_parameter",
                "input[0].content[0].mime_type",
                "Unknown parameter: 'input[0].content[0].mime_type'.",
            ),
            (
                r#"{"model":"m","temperature":"hot"}"#,
                "invalid_type",
                "temperature",
                "Invalid type for 'temperature': expected a decimal, but got a string instead.",
            ),
            (
                r#"{"model":"m","max_output_tokens":5}"#,
                "integer_below_min_value",
                "max_output_tokens",
                "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 5 instead.",
            ),
            (
                r#"{"model":"m","text":{"verbosity":"loud"}}"#,
                "invalid_value",
                "text.verbosity",
                "Invalid value: 'loud'. Supported values are: 'low', 'medium', and 'high'.",
            ),
        ];
        for (body, code, param, message) in rows {
            let wanted = (code.to_owned(), param.to_owned(), message.to_owned());
            assert_eq!(refusal(body, false), Some(wanted), "{body}");
        }
    }

    #[test]
    fn the_older_guide_knows_one_name_more() {
        let body = r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_file_id":"file-1"}]}]}"#;
        assert_eq!(refusal(body, true), None);
        assert_eq!(
            refusal(body, false).map(|r| r.0).as_deref(),
            Some("unknown_parameter")
        );
    }

    #[test]
    fn every_name_in_the_table_is_one_of_it() {
        let table = Table::read(false, false).expect("the table");
        let mut left: Vec<&Kind> = table.kinds.iter().map(|(_, kind)| kind).collect();
        while let Some(kind) = left.pop() {
            match kind {
                Kind::Named(name) => {
                    let known = table.kinds.iter().any(|(other, _)| other == name);
                    assert!(known, "{name}");
                }
                Kind::Map(_, kind) | Kind::List(kind) | Kind::Few(_, _, kind) => left.push(kind),
                Kind::Object(members) | Kind::Variants(_, members) => {
                    left.extend(members.0.iter().map(|(_, kind)| kind));
                }
                Kind::Either(_, kinds) => left.extend(kinds),
                _ => {}
            }
        }
    }
}
