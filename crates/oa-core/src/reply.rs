//! What an HTTP answer comes to: the API's object, or an error in the words of whoever answered.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Error, Kind};
use crate::object::{Object, compact};

/// 429s that no waiting mends.
const QUOTA_CODES: [&str; 5] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
];

/// What an answer with a good status must be.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    /// An object of this kind with an id, e.g. `file`.
    Object(&'static str),
    /// An object with `data`.
    List,
    /// A JSON object that is no other object and does not say `"deleted":false`; or nothing at all with 204.
    Deleted,
}

/// An HTTP answer that was read whole.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The header `x-request-id`.
    pub request_id: Option<String>,
    /// The header `Location`.
    pub location: Option<String>,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

impl Reply {
    fn object(&self) -> Option<Object> {
        let text = std::str::from_utf8(&self.body).ok()?;
        Object::parse(text.trim()).ok()
    }

    /// Whether the body is a JSON object, so that the API itself spoke.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.object().is_some()
    }

    /// The first 200 characters of the body, for a message.
    fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let words: Vec<&str> = text.split_whitespace().collect();
        words.join(" ").chars().take(200).collect()
    }

    /// The object that was asked for.
    ///
    /// # Errors
    /// What is wrong with the answer, in a few words.
    pub fn expect(&self, expect: Expect) -> Result<Box<RawValue>, String> {
        if self.status == 204 && matches!(expect, Expect::Deleted) {
            return Ok(crate::object::raw(&serde_json::json!({"deleted": true})));
        }
        let Some(object) = self.object() else {
            return Err(match self.excerpt() {
                excerpt if excerpt.is_empty() => "the answer is empty".to_owned(),
                excerpt => format!("the answer is no JSON object: {excerpt}"),
            });
        };
        let said = object.text("object");
        let deleted = object.get("deleted").map(RawValue::get);
        let complaint = match expect {
            Expect::Object(kind) if said.as_deref().is_some_and(|said| said != kind) => {
                Some(format!(
                    "the answer is a `{}`, not a `{kind}`",
                    said.unwrap_or_default()
                ))
            }
            Expect::Object(kind) if object.text("id").is_none_or(|id| id.is_empty()) => {
                Some(format!("the answer is a {kind} without an id"))
            }
            Expect::List if object.get("data").is_none_or(|d| !d.get().starts_with('[')) => {
                Some("the answer is no list".to_owned())
            }
            Expect::Deleted if deleted == Some("false") => {
                Some("the answer says that it was not deleted".to_owned())
            }
            Expect::Deleted if deleted.is_none() && said.is_some() => Some(format!(
                "the answer is a `{}`, not a deletion",
                said.unwrap_or_default()
            )),
            _ => None,
        };
        if let Some(complaint) = complaint {
            Err(complaint)
        } else {
            let text = String::from_utf8_lossy(&self.body);
            RawValue::from_string(compact(text.trim())).map_err(|error| error.to_string())
        }
    }

    /// The failure that an answer with a bad status is.
    #[must_use]
    pub fn error(&self) -> Error {
        let words = self.words();
        let mut error = Error::new(self.kind(&words), words.message.clone());
        error.status = Some(self.status);
        error.code = words.code;
        error.param = words.param;
        error.request_id.clone_from(&self.request_id);
        error.retryable = match error.kind {
            Kind::RateLimit => true,
            Kind::Network | Kind::Refused => matches!(self.status, 408 | 409 | 500..),
            _ => false,
        };
        error.hint = self.hint(error.kind);
        error
    }

    fn kind(&self, words: &Words) -> Kind {
        if (300..400).contains(&self.status) {
            return Kind::Refused;
        }
        if !words.json {
            return Kind::Network;
        }
        match self.status {
            401 | 403 => Kind::Auth,
            429 if words.is_quota() => Kind::Quota,
            429 => Kind::RateLimit,
            _ => Kind::Refused,
        }
    }

    fn hint(&self, kind: Kind) -> Option<String> {
        let hint = match (kind, self.status) {
            (Kind::Auth, 401) => {
                "check the key in OPENAI_API_KEY, and that OPENAI_BASE_URL is its server"
            }
            (Kind::Auth, _) => {
                "the key is known, but may not do this; check its project and permissions"
            }
            (Kind::Quota, _) => "add credit or raise the spend limit; waiting does not help",
            (Kind::RateLimit, _) => "wait, or ask less at a time (-j)",
            (Kind::Refused, 300..400) => {
                "redirects are not followed, because the key would go along; set OPENAI_BASE_URL to the address that answers"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn words(&self) -> Words {
        if let (300..400, Some(location)) = (self.status, &self.location) {
            return Words {
                message: format!("redirected to {location}"),
                ..Words::default()
            };
        }
        let excerpt = self.excerpt();
        let excerpt = match excerpt.as_str() {
            "" => "an answer without a body",
            excerpt => excerpt,
        };
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => Words::of(&object, excerpt),
            _ => Words {
                // An object with a text that is no Unicode is the API's all the same.
                json: self.is_json(),
                message: excerpt.to_owned(),
                ..Words::default()
            },
        }
    }

    /// Whether the answer says that money is the matter.
    #[must_use]
    pub fn is_quota(&self) -> bool {
        self.status == 429 && self.words().is_quota()
    }
}

#[derive(Default)]
struct Words {
    json: bool,
    message: String,
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
}

impl Words {
    /// The server's own sentence, wherever this server puts it.
    fn of(object: &serde_json::Map<String, Value>, excerpt: &str) -> Words {
        let inner = object.get("error").and_then(Value::as_object);
        let text = |value: Option<&Value>| match value {
            Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let field = |key: &str| text(inner.unwrap_or(object).get(key));
        let message = field("message")
            .or_else(|| text(object.get("error")))
            .or_else(|| text(object.get("message")))
            .or_else(|| text(object.get("detail")))
            .or_else(|| text(object.get("title")));
        Words {
            json: true,
            message: message.unwrap_or_else(|| excerpt.to_owned()),
            kind: field("type"),
            code: field("code"),
            param: field("param"),
        }
    }

    fn is_quota(&self) -> bool {
        let words = [self.kind.as_deref(), self.code.as_deref()];
        words
            .into_iter()
            .flatten()
            .any(|word| QUOTA_CODES.contains(&word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            request_id: None,
            location: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn there_are_always_words() {
        for (body, words) in [
            ("", "an answer without a body"),
            (" \n", "an answer without a body"),
            (
                r#"{"error":{"message":"\ud800"}}"#,
                r#"{"error":{"message":"\ud800"}}"#,
            ),
        ] {
            assert_eq!(reply(500, body).error().message, words);
        }
        let odd = reply(500, r#"{"error":{"message":"\ud800"}}"#);
        assert_eq!(odd.error().kind, Kind::Refused);
    }

    #[test]
    fn the_servers_own_sentence_is_found_wherever_it_stands() {
        let cases = [
            (
                400,
                r#"{"error":{"message":"m","code":"c"}}"#,
                Kind::Refused,
                "m",
            ),
            (401, r#"{"error":{"message":"m"}}"#, Kind::Auth, "m"),
            (
                429,
                r#"{"error":{"message":"m","type":"insufficient_quota"}}"#,
                Kind::Quota,
                "m",
            ),
            (
                429,
                r#"{"error":{"message":"m","code":"rate_limit_exceeded"}}"#,
                Kind::RateLimit,
                "m",
            ),
            (400, r#"{"error":"text"}"#, Kind::Refused, "text"),
            (400, r#"{"message":"m"}"#, Kind::Refused, "m"),
            (422, r#"{"detail":"d"}"#, Kind::Refused, "d"),
            (500, r#"{"title":"t"}"#, Kind::Refused, "t"),
            (500, r#"{"x":1}"#, Kind::Refused, r#"{"x":1}"#),
            (
                502,
                "<html> Bad\n gateway</html>",
                Kind::Network,
                "<html> Bad gateway</html>",
            ),
            (503, "", Kind::Network, "an answer without a body"),
        ];
        for (status, body, kind, message) in cases {
            let error = reply(status, body).error();
            assert_eq!((error.kind, error.message.as_str()), (kind, message));
        }
    }

    #[test]
    fn a_good_status_with_the_wrong_body_is_no_success() {
        let file = Expect::Object("file");
        let cases = [
            (file, r#"{"object":"file","id":"file-1"}"#, true),
            (file, r#"{"id":"file_1","type":"file"}"#, true),
            (file, r#"{"object":"list","data":[]}"#, false),
            (file, r#"{"object":"file"}"#, false),
            (file, "<html>", false),
            (file, "", false),
            (file, r#"{"object":"file","id"#, false),
            (Expect::List, r#"{"data":[]}"#, true),
            (Expect::List, r#"{"object":"file"}"#, false),
            (Expect::Deleted, r#"{"id":"file-1","deleted":true}"#, true),
            (Expect::Deleted, r#"{"id":"file-1","deleted":false}"#, false),
            (Expect::Deleted, r#"{"object":"file","deleted":true}"#, true),
            (Expect::Deleted, r#"{"object":"list","data":[]}"#, false),
            (Expect::Deleted, "{}", true),
            (Expect::Deleted, "", false),
        ];
        for (expect, body, good) in cases {
            assert_eq!(reply(200, body).expect(expect).is_ok(), good, "{body}");
        }
    }
}
