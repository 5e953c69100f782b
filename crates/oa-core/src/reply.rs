//! What an HTTP answer comes to: the API's object, or an error in the words of whoever answered.

use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;

use crate::error::{Error, Kind};
pub use crate::expect::Expect;
use crate::expect::{is_known, other_kind};
use crate::field::Fields;
use crate::lenient::{self, Found};
pub use crate::words::sentence;
use crate::words::{Words, title};

/// What a request was answered with.
#[derive(Debug)]
pub struct Reply {
    /// The object exactly as it came, on one line.
    pub object: Box<RawValue>,
    /// When the server wants to be asked again.
    pub poll_after: Option<Duration>,
    /// The time of the server's clock, where it tells.
    pub date: Option<SystemTime>,
}

/// An HTTP answer as far as it came.
#[derive(Debug, Default)]
pub struct Received {
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
    /// The body is longer; nobody needs the rest.
    pub beginning: bool,
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
    /// The reply itself.
    pub reply: Received,
}

/// Takes secrets out of foreign text.
pub type Redact<'a> = &'a dyn Fn(&str) -> String;

/// Bytes of a reply that may have been paid for and was not understood, which are kept; fewer of a page.
const KEPT: usize = 1 << 20;
const KEPT_OF_PAGE: usize = 4 << 10;
/// Bytes that a secret takes at most, however it is written.
const SECRET: usize = 64 << 10;

/// Characters of a body that are quoted, and bytes of it in which they are looked for.
const EXCERPT: usize = 200;
const HEAD: usize = 8 << 10;

impl Received {
    fn object(&self) -> Option<Box<RawValue>> {
        if self.beginning {
            return lenient::beginning(&self.body);
        }
        let (found, _) = lenient::object(self.body.clone());
        found.filter(|found| found.whole).map(|found| found.object)
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

    /// The body as far as it is worth keeping where it was not understood. Secrets go before it is cut.
    #[must_use]
    pub fn kept(&self, redact: Redact) -> String {
        let most = if self.is_html() { KEPT_OF_PAGE } else { KEPT };
        let body = &self.body[..self.body.len().min(most + SECRET)];
        let body = redact(&String::from_utf8_lossy(body));
        String::from_utf8_lossy(&body.as_bytes()[..body.len().min(most)]).into_owned()
    }

    /// The first 200 characters of the body, for a message; of an HTML page its title. Secrets go before it is cut.
    fn excerpt(&self, redact: Redact) -> String {
        let head = &self.body[..self.body.len().min(HEAD)];
        let text = redact(&String::from_utf8_lossy(head));
        let text = if self.is_html() {
            title(&text).unwrap_or_else(|| "an HTML page".to_owned())
        } else {
            text
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        words.join(" ").chars().take(EXCERPT).collect()
    }

    /// The object that was asked for.
    ///
    /// # Errors
    /// What is wrong with the answer, and what came of it.
    pub fn expect(mut self, expect: Expect, redact: Redact) -> Result<Found, Box<Complaint>> {
        if let Some(found) = self.plain(expect) {
            return Ok(found);
        }
        let (found, body) = lenient::object(std::mem::take(&mut self.body));
        self.body = body;
        match found {
            None => {
                let words = self.no_object(redact);
                Err(self.complaint(words))
            }
            Some(found) if !found.whole => {
                let why = self.cut.as_deref().unwrap_or("it ends inside its JSON");
                let words = format!("the answer broke off: {why}");
                let mut complaint = self.complaint(words);
                complaint.part = Some(found.object).filter(|part| part.get() != "{}");
                Err(complaint)
            }
            Some(found) if is_known(&found.object, expect) => Ok(found),
            Some(found) => Err(self.another(found.object, expect, redact)),
        }
    }

    /// An answer without an object that is what was asked for all the same: nothing where something was deleted, a
    /// list without an object around it.
    fn plain(&self, expect: Expect) -> Option<Found> {
        let body = self.body.trim_ascii();
        let object = match expect {
            Expect::Deleted if self.cut.is_none() && body.is_empty() => {
                "{\"deleted\":true}".to_owned()
            }
            Expect::List if body.starts_with(b"[") => {
                format!("{{\"data\":{}}}", std::str::from_utf8(body).ok()?)
            }
            _ => return None,
        };
        lenient::strict(object)
    }

    fn complaint(self, words: String) -> Box<Complaint> {
        Box::new(Complaint {
            words,
            reply: self,
            ..Complaint::default()
        })
    }

    fn no_object(&self, redact: Redact) -> String {
        match (self.excerpt(redact), &self.cut) {
            (_, Some(why)) => format!("the answer broke off: {why}"),
            (excerpt, None) if excerpt.is_empty() => "the answer is empty".to_owned(),
            (excerpt, None) => format!("the answer is no JSON object: {excerpt}"),
        }
    }

    /// What speaks against an object that is not what was asked for.
    fn another(mut self, object: Box<RawValue>, expect: Expect, redact: Redact) -> Box<Complaint> {
        let said = Words::of(&object);
        let other = other_kind(&object, expect);
        let kept = Fields::of(&object, &["deleted"]).get("deleted") == Some(false);
        // A reply that was mended is at hand as it came.
        if self.body.is_empty() {
            self.body = Box::<str>::from(object).into_string().into_bytes();
        }
        let words = match (said.said, expect) {
            (Some(words), _) => words,
            (None, _) if other.is_some() => {
                format!("the answer is a {}", other.unwrap_or_default())
            }
            (None, Expect::Object(it) | Expect::Known(it)) => {
                format!("the answer is a {it} without an id")
            }
            (None, Expect::Response) => {
                format!("the answer is no Response: {}", self.excerpt(redact))
            }
            (None, Expect::List) => "the answer is no list".to_owned(),
            (None, Expect::Count) => "the answer counts no input_tokens".to_owned(),
            (None, Expect::Bytes) => "the answer is no file".to_owned(),
            (None, Expect::Deleted) if kept => "the answer says that it was not deleted".to_owned(),
            (None, Expect::Deleted) => {
                format!("the answer is no deletion: {}", self.excerpt(redact))
            }
        };
        let mut complaint = self.complaint(words);
        complaint.code = said.code;
        complaint
    }

    /// The failure that an answer with a bad status is.
    #[must_use]
    pub fn error(&self, redact: Redact) -> Error {
        let (words, message) = self.words(redact);
        let too_large = self.status == 429 && words.is_too_large();
        let mut error = Error::new(self.kind(&words), message);
        error.status = Some(self.status);
        error.code = words.code;
        error.param = words.param;
        error.request_id.clone_from(&self.request_id);
        error.retryable = match error.kind {
            Kind::RateLimit => !too_large,
            Kind::Network | Kind::Refused => matches!(self.status, 408 | 409 | 500..),
            _ => false,
        };
        error.hint = self.hint(error.kind, too_large);
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
            _ if self.is_json() => Kind::Refused,
            _ => Kind::Network,
        }
    }

    fn hint(&self, kind: Kind, too_large: bool) -> Option<String> {
        let hint = match (kind, self.status) {
            (Kind::Auth, 401) => {
                "check the key in OPENAI_API_KEY, and that OPENAI_BASE_URL is its server"
            }
            (Kind::Auth, _) => {
                "the key is known, but may not do this; check its project and permissions"
            }
            (Kind::Quota, _) => "add credit or raise the spend limit; waiting does not help",
            (Kind::RateLimit, _) if too_large => {
                "no waiting helps: attach less, or search instead of attaching"
            }
            (Kind::RateLimit, _) => "ask again later, or allow a longer wait: --max-wait",
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

    /// What the answer says, and its sentence, or what it looks like.
    fn words(&self, redact: Redact) -> (Words, String) {
        if let (300..400, Some(location)) = (self.status, &self.location) {
            return (Words::default(), format!("redirected to {location}"));
        }
        let object = self.object();
        let words = object.map_or_else(Words::default, |object| Words::of(&object));
        let message = words.said.clone().unwrap_or_else(|| {
            let excerpt = Some(self.excerpt(redact)).filter(|text| !text.is_empty());
            excerpt.unwrap_or_else(|| "an answer without a body".to_owned())
        });
        (words, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Received {
        Received {
            status,
            body: body.as_bytes().to_vec(),
            ..Received::default()
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
            assert_eq!(reply(500, body).error(&str::to_owned).message, words);
        }
        let odd = reply(500, r#"{"error":{"message":"\ud800"}}"#);
        assert_eq!(odd.error(&str::to_owned).kind, Kind::Refused);
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
            let error = reply(status, body).error(&str::to_owned);
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
            (Expect::Count, r#"{"input_tokens":7}"#, true),
            (Expect::Count, r#"{"input_tokens":"7"}"#, false),
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
            assert_eq!(
                reply(200, body).expect(expect, &str::to_owned).is_ok(),
                good,
                "{body}"
            );
        }
    }
}
