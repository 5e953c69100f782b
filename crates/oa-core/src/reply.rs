//! What an HTTP answer comes to: the API's object, or an error in the words of whoever answered.

use serde_json::Number;
use serde_json::value::RawValue;

use crate::error::{Error, Kind};
use crate::field::{Fields, text_of};
use crate::lenient;
use crate::object::{Object, raw_array};
use crate::record;

/// 429s that no waiting mends.
const QUOTA_CODES: [&str; 5] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
];

/// What an answer with a good status must be. Objects are known by what was asked for and by their `id`: the word
/// in `object` differs from server to server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// An object with an id; the word for it in a message, e.g. `file`.
    Object(&'static str),
    /// A Response: an object with an id, or, from servers that leave it out, with `status` or `output`.
    Response,
    /// The same, asked for by its id, so that it need not say that again: its `status` or `file_counts` will do.
    Known(&'static str),
    /// An object with `data`.
    List,
    /// A JSON object that is no other object and does not say `"deleted":false`; or nothing at all.
    Deleted,
}

/// An HTTP answer as far as it came.
#[derive(Debug, Default)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The header `x-request-id`.
    pub request_id: Option<String>,
    /// The header `Location`.
    pub location: Option<String>,
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// Why the rest of the body did not come, if so.
    pub cut: Option<String>,
}

/// The object of a reply that is what was asked for.
#[derive(Debug)]
pub struct Understood {
    /// The object on one line.
    pub object: Box<RawValue>,
    /// What is no JSON in the reply was put right.
    pub mended: bool,
}

/// Why a reply is not what was asked for.
#[derive(Debug, Default)]
pub struct Complaint {
    /// What is wrong with it; the server's own sentence where it gave one.
    pub words: String,
    /// The server's own `code`.
    pub code: Option<String>,
    /// What came of the object before the reply broke off.
    pub part: Option<Box<RawValue>>,
}

impl Reply {
    fn object(&self) -> Option<Object> {
        let found = lenient::object(&self.body).filter(|found| found.whole);
        found.map(|found| found.object)
    }

    /// Whether the body is a JSON object, so that the API itself spoke.
    #[must_use]
    pub fn is_json(&self) -> bool {
        !self.body.trim_ascii_start().starts_with(b"[") && self.object().is_some()
    }

    /// Whether the body is a page for people.
    #[must_use]
    pub fn is_html(&self) -> bool {
        let head = self.body.trim_ascii_start();
        let head = String::from_utf8_lossy(&head[..head.len().min(512)]).to_lowercase();
        head.starts_with('<') && (head.contains("<html") || head.contains("<!doctype"))
    }

    /// The first 200 characters of the body, for a message; of an HTML page its title.
    fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let text = if self.is_html() {
            title(&text).unwrap_or_else(|| "an HTML page".to_owned())
        } else {
            text.into_owned()
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        words.join(" ").chars().take(200).collect()
    }

    /// The object that was asked for.
    ///
    /// # Errors
    /// What is wrong with the answer, and what came of it.
    pub fn expect(&self, expect: Expect) -> Result<Understood, Complaint> {
        if expect == Expect::Deleted && self.cut.is_none() && self.body.trim_ascii().is_empty() {
            let object = crate::object::raw(&serde_json::json!({"deleted": true}));
            return Ok(Understood {
                object,
                mended: false,
            });
        }
        if let Some(list) = self.list(expect) {
            return Ok(list);
        }
        let Some(found) = lenient::object(&self.body) else {
            return Err(self.no_object());
        };
        let object = found.object;
        if !found.whole {
            let why = self.cut.as_deref().unwrap_or("it ends inside its JSON");
            return Err(Complaint {
                words: format!("the answer broke off: {why}"),
                code: None,
                part: (!object.is_empty()).then(|| object.to_raw()),
            });
        }
        match self.complaint(&object, expect) {
            Some(complaint) => Err(complaint),
            None => Ok(Understood {
                object: object.to_raw(),
                mended: found.mended,
            }),
        }
    }

    /// A list without an object around it.
    fn list(&self, expect: Expect) -> Option<Understood> {
        if expect != Expect::List || !self.body.trim_ascii_start().starts_with(b"[") {
            return None;
        }
        let text = std::str::from_utf8(&self.body).ok()?.trim();
        let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        let mut object = Object::default();
        object.set("data", raw_array(items));
        Some(Understood {
            object: object.to_raw(),
            mended: false,
        })
    }

    fn no_object(&self) -> Complaint {
        let words = match (self.excerpt(), &self.cut) {
            (_, Some(why)) => format!("the answer broke off: {why}"),
            (excerpt, None) if excerpt.is_empty() => "the answer is empty".to_owned(),
            (excerpt, None) => format!("the answer is no JSON object: {excerpt}"),
        };
        Complaint {
            words,
            ..Complaint::default()
        }
    }

    /// What speaks against this object.
    fn complaint(&self, object: &Object, expect: Expect) -> Option<Complaint> {
        let has = |key: &str| object.get(key).is_some();
        let id = object.text("id").is_some_and(|id| !id.is_empty());
        let fault = object.get("error").is_some_and(says_something);
        let deleted = object.get("deleted").map(RawValue::get);
        let other = other_kind(object, expect);
        let known = match expect {
            _ if other.is_some() => false,
            Expect::Response => id || has("status") || has("output"),
            Expect::Object(_) => id && !fault,
            Expect::Known(_) => (id || has("status") || has("file_counts")) && !fault,
            Expect::List => object.get("data").is_some_and(|d| d.get().starts_with('[')),
            Expect::Deleted => {
                deleted != Some("false") && !fault && (deleted.is_some() || !has("object"))
            }
        };
        if known {
            return None;
        }
        let words = self.words();
        if let Some(message) = words.said {
            return Some(Complaint {
                words: message,
                code: words.code,
                part: None,
            });
        }
        let words = match expect {
            _ if other.is_some() => format!("the answer is a {}", other.unwrap_or_default()),
            Expect::Object(it) | Expect::Known(it) => format!("the answer is a {it} without an id"),
            Expect::Response => format!("the answer is no Response: {}", self.excerpt()),
            Expect::List => "the answer is no list".to_owned(),
            Expect::Deleted if deleted == Some("false") => {
                "the answer says that it was not deleted".to_owned()
            }
            Expect::Deleted => format!("the answer is no deletion: {}", self.excerpt()),
        };
        Some(Complaint {
            words,
            ..Complaint::default()
        })
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
        match self.status {
            401 | 403 => Kind::Auth,
            429 if words.is_quota() => Kind::Quota,
            429 => Kind::RateLimit,
            407 => Kind::Network,
            _ if words.json => Kind::Refused,
            _ => Kind::Network,
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
            (Kind::Network, 407) => {
                "a proxy wants to know who asks: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"
            }
            (Kind::Refused, 300..400) => {
                "redirects are not followed, because the key would go along; set OPENAI_BASE_URL to the address that answers"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn words(&self) -> Words {
        if let (300..400, Some(location)) = (self.status, &self.location) {
            let message = format!("redirected to {location}");
            return Words::plain(message);
        }
        let excerpt = match self.excerpt() {
            text if text.is_empty() => "an answer without a body".to_owned(),
            text => text,
        };
        let mut words = match self.object() {
            Some(object) => Words::of(&object),
            None => Words::default(),
        };
        words.json = self.is_json();
        words.message = words.said.clone().unwrap_or(excerpt);
        words
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
    /// The server's own sentence, or what its answer looks like.
    message: String,
    /// The server's own sentence.
    said: Option<String>,
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
}

/// Where servers put their sentence: the first of these that says something.
const SENTENCES: [&str; 5] = ["error", "message", "detail", "title", "msg"];
/// How deep a sentence is looked for.
const SENTENCE_DEPTH: u8 = 4;

/// The sentence that a value is, or that stands in it, wherever this server puts it.
#[must_use]
pub fn sentence(raw: &RawValue) -> Option<String> {
    sentence_in(raw, SENTENCE_DEPTH)
}

fn sentence_in(raw: &RawValue, depth: u8) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    match raw.get().as_bytes().first() {
        Some(b'"') => text_of(raw).filter(|text| !text.trim().is_empty()),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
            sentence_in(items.first()?, depth)
        }
        Some(b'{') => {
            let fields = Fields::of(raw);
            // The message of an error, before an error inside it.
            let keys = SENTENCES[1..].iter().chain(&SENTENCES[..1]);
            keys.filter_map(|key| fields.get::<&RawValue>(key))
                .find_map(|value| sentence_in(value, depth))
        }
        _ => None,
    }
}

impl Words {
    fn plain(message: String) -> Words {
        Words {
            message,
            ..Words::default()
        }
    }

    /// The server's own sentence, wherever this server puts it.
    fn of(object: &Object) -> Words {
        let raw = object.to_raw();
        let outer = Fields::of(&raw);
        let inner = outer.get::<&RawValue>("error");
        let fields = match inner {
            Some(inner) if inner.get().starts_with('{') => Fields::of(inner),
            _ => Fields::of(&raw),
        };
        let word = |key: &str| {
            fields
                .text(key)
                .or_else(|| Some(fields.get::<Number>(key)?.to_string()))
        };
        let said = SENTENCES
            .iter()
            .filter_map(|key| outer.get::<&RawValue>(key))
            .find_map(sentence);
        Words {
            said,
            kind: word("type"),
            code: word("code").filter(|code| !code.is_empty()),
            param: word("param").filter(|param| !param.is_empty()),
            ..Words::default()
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

/// The kind of thing that an object is, where it is none that was asked for: its id and its `object` agree on it.
fn other_kind(object: &Object, expect: Expect) -> Option<&'static str> {
    let wanted = match expect {
        Expect::Response => "response",
        Expect::Object(kind) | Expect::Known(kind) => kind,
        Expect::List | Expect::Deleted => return None,
    };
    let named = record::kind_of_id(&object.text("id")?)?;
    (named != wanted && object.text("object").as_deref() == Some(named)).then_some(named)
}

/// Whether a value under `error` is one.
fn says_something(raw: &RawValue) -> bool {
    !matches!(raw.get(), "\"\"" | "false" | "{}" | "[]" | "0")
}

/// The title of an HTML page.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let from = lower.find("<title")?;
    let from = from + lower[from..].find('>')? + 1;
    let to = from + lower[from..].find('<')?;
    let title = page.get(from..to)?.trim();
    (!title.is_empty()).then(|| format!("HTML page \u{201c}{title}\u{201d}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec(),
            ..Reply::default()
        }
    }

    #[test]
    fn there_are_always_words() {
        for (body, words) in [
            ("", "an answer without a body"),
            (" \n", "an answer without a body"),
            (
                r#"{"error":{"message":"\ud800"}}"#,
                "\u{fffd}\u{fffd}\u{fffd}",
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
                "an HTML page",
            ),
            (
                502,
                "<!DOCTYPE html><TITLE lang=en>Bad\n gateway</title>",
                Kind::Network,
                "HTML page \u{201c}Bad gateway\u{201d}",
            ),
            (503, "", Kind::Network, "an answer without a body"),
            (403, "<html>", Kind::Auth, "an HTML page"),
            (429, "", Kind::RateLimit, "an answer without a body"),
            (407, r#"{"message":"m"}"#, Kind::Network, "m"),
            (400, r#"{"error":["a","b"]}"#, Kind::Refused, "a"),
            (400, r#"[{"error":{"message":"m"}}]"#, Kind::Network, "m"),
            (
                422,
                r#"{"detail":[{"loc":[1],"msg":"d"}]}"#,
                Kind::Refused,
                "d",
            ),
            (
                400,
                r#"{"error":{"code":7},"message":"m"}"#,
                Kind::Refused,
                "m",
            ),
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
            (Expect::Deleted, " \n", true),
            (Expect::Deleted, "{\"error\":{\"code\":403}}", false),
            (file, r#"{"id":"file-1","error":{"message":"m"}}"#, false),
            (file, r#"{"id":"file-1","error":null,"object":"odd"}"#, true),
            (Expect::Response, r#"{"status":"completed"}"#, true),
            (Expect::Response, r#"{"id":"resp_1","error":{}}"#, true),
            (Expect::Response, r#"{"error":{"message":"m"}}"#, false),
            (Expect::Response, r#"{"choices":[]}"#, false),
            (Expect::List, r#"[{"id":"file-1"}]"#, true),
        ];
        for (expect, body, good) in cases {
            assert_eq!(reply(200, body).expect(expect).is_ok(), good, "{body}");
        }
    }
}
