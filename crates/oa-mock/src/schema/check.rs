//! Holds a JSON body against a table and says what is wrong in the API's words.

use crate::objects::error::ApiError;
use crate::objects::json::Json;
use crate::schema::value::{self, join, listed, missing_parameter, wrong_type};

/// What a value has to be.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Any,
    /// A string of at most so many characters.
    Text(usize),
    /// The id of a file.
    Id,
    /// One of these words.
    Word(&'static str),
    Flag,
    Integer(i64, i64),
    Decimal(f64, f64),
    /// Up to 16 short strings by name.
    Metadata,
    /// Up to 16 short strings, numbers and booleans by name.
    Attributes,
    /// An object with any members.
    Open,
    /// An object with these members and no others.
    Closed(&'static [Field]),
    List(&'static Kind),
    /// A list of at least and at most so many elements.
    Few(usize, usize, &'static Kind),
    /// An object whose `type` chooses its members; the first text is the type of those that name none.
    Variants(&'static str, &'static [Variant]),
    /// The first kind whose JSON type fits; the text names them all.
    Either(&'static str, &'static [Kind]),
}

/// Values of `type` and the members that go with them; `None`: any.
pub(crate) type Variant = (&'static str, Option<&'static [Field]>);

/// A member of a closed object.
pub(crate) struct Field {
    name: &'static str,
    kind: Kind,
    need: Need,
}

#[derive(Clone, Copy, PartialEq)]
enum Need {
    Optional,
    Nullable,
    Required,
    Older,
}

const fn field(name: &'static str, kind: Kind, need: Need) -> Field {
    Field { name, kind, need }
}

/// A member that may be missing.
pub(crate) const fn opt(name: &'static str, kind: Kind) -> Field {
    field(name, kind, Need::Optional)
}

/// A member that may be missing or null.
pub(crate) const fn null(name: &'static str, kind: Kind) -> Field {
    field(name, kind, Need::Nullable)
}

/// A member that has to be there.
pub(crate) const fn must(name: &'static str, kind: Kind) -> Field {
    field(name, kind, Need::Required)
}

/// A member that only servers of an older guide know.
pub(crate) const fn older(name: &'static str, kind: Kind) -> Field {
    field(name, kind, Need::Older)
}

/// Whether members of the older guide are known.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    pub(crate) older_guide: bool,
}

impl Check {
    /// Checks the members of an object at `path` (empty: the body itself).
    pub(crate) fn object(
        self,
        fields: &[Field],
        object: &Json,
        path: &str,
    ) -> Result<(), ApiError> {
        let missing =
            |field: &&Field| field.need == Need::Required && object.member(field.name).is_none();
        if let Some(field) = fields.iter().find(missing) {
            return Err(missing_parameter(&join(path, field.name)));
        }
        let named = |key: &String| {
            let known = fields.iter().find(|field| field.name == key);
            known.filter(|field| field.need != Need::Older || self.older_guide)
        };
        if let Some((key, _)) = object
            .members()
            .iter()
            .find(|(key, _)| named(key).is_none())
        {
            return Err(value::unknown(&join(path, key)));
        }
        for (key, value) in object.members() {
            match named(key) {
                Some(field) if *value != Json::Null || field.need != Need::Nullable => {
                    self.value(field.kind, value, &join(path, key))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn value(self, kind: Kind, value: &Json, path: &str) -> Result<(), ApiError> {
        if !fits(kind, value) {
            return Err(wrong_type(path, &expected(kind), value));
        }
        match (kind, value) {
            (Kind::Text(most), Json::Text(text)) => value::length(path, text, most),
            (Kind::Id, Json::Text(text)) => value::id(path, text),
            (Kind::Word(words), Json::Text(text)) => value::word(path, text, words),
            (Kind::Integer(least, most), Json::Number(digits)) => {
                value::integer(path, digits, least, most)
            }
            (Kind::Decimal(least, most), Json::Number(digits)) => {
                value::decimal(path, digits, least, most)
            }
            (Kind::Metadata, Json::Object(members)) => value::metadata(path, members),
            (Kind::Attributes, Json::Object(members)) => value::attributes(path, members),
            (Kind::Closed(fields), _) => self.object(fields, value, path),
            (Kind::List(kind), Json::Array(elements)) => self.elements(*kind, elements, path),
            (Kind::Few(least, most, kind), Json::Array(elements)) => {
                value::count(path, elements.len(), least, most)?;
                self.elements(*kind, elements, path)
            }
            (Kind::Variants(standard, variants), _) => {
                self.variant(standard, variants, value, path)
            }
            (Kind::Either(_, kinds), _) => match kinds.iter().find(|kind| fits(**kind, value)) {
                Some(kind) => self.value(*kind, value, path),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn elements(self, kind: Kind, elements: &[Json], path: &str) -> Result<(), ApiError> {
        let mut all = elements.iter().enumerate();
        all.try_for_each(|(n, element)| self.value(kind, element, &format!("{path}[{n}]")))
    }

    fn variant(
        self,
        standard: &str,
        variants: &[Variant],
        value: &Json,
        path: &str,
    ) -> Result<(), ApiError> {
        let at = join(path, "type");
        let name = match value.member("type") {
            None if standard.is_empty() => return Err(missing_parameter(&at)),
            None => standard,
            Some(Json::Text(name)) => name,
            Some(other) => return Err(wrong_type(&at, "a string", other)),
        };
        let is = |variants: &str| variants.split(' ').any(|variant| variant == name);
        match variants.iter().find(|(variants, _)| is(variants)) {
            Some((_, Some(fields))) => self.object(fields, value, path),
            Some((_, None)) => Ok(()),
            None => {
                let names: Vec<_> = variants.iter().map(|(variants, _)| *variants).collect();
                value::word(&at, name, &names.join(" "))
            }
        }
    }
}

fn fits(kind: Kind, value: &Json) -> bool {
    match kind {
        Kind::Any => true,
        Kind::Text(_) | Kind::Id | Kind::Word(_) => matches!(value, Json::Text(_)),
        Kind::Flag => matches!(value, Json::Bool(_)),
        Kind::Integer(..) => matches!(value, Json::Number(digits) if digits.parse::<i64>().is_ok()),
        Kind::Decimal(..) => matches!(value, Json::Number(_)),
        Kind::Metadata | Kind::Attributes | Kind::Open | Kind::Closed(_) | Kind::Variants(..) => {
            matches!(value, Json::Object(_))
        }
        Kind::List(_) | Kind::Few(..) => matches!(value, Json::Array(_)),
        Kind::Either(_, kinds) => kinds.iter().any(|kind| fits(*kind, value)),
    }
}

fn expected(kind: Kind) -> String {
    match kind {
        Kind::Text(_) | Kind::Id | Kind::Any => "a string".to_owned(),
        Kind::Word(words) => format!("one of {}", listed(words, "or")),
        Kind::Flag => "a boolean".to_owned(),
        Kind::Integer(..) => "an integer".to_owned(),
        Kind::Decimal(..) => "a decimal".to_owned(),
        Kind::Metadata => "a metadata object".to_owned(),
        Kind::Attributes | Kind::Open | Kind::Closed(_) | Kind::Variants(..) => {
            "an object".to_owned()
        }
        Kind::List(kind) | Kind::Few(_, _, kind) => match kind {
            Kind::Variants(..) | Kind::Closed(_) | Kind::Open => "an array of objects".to_owned(),
            _ => "an array of strings".to_owned(),
        },
        Kind::Either(names, _) => format!("one of {names}"),
    }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test may panic")]
mod tests {
    use super::Check;
    use crate::objects::json::Json;
    use crate::schema::request::RESPONSE;

    fn refusal(body: &str, older_guide: bool) -> Option<(String, String, String)> {
        let body = Json::read(body).expect(body);
        let error = Check { older_guide }.object(RESPONSE, &body, "").err()?;
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
}
