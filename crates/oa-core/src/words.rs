//! The words of whoever answered: where servers put their sentence, and what kind of trouble it tells of.

use serde_json::value::RawValue;

use crate::field::{Fields, each, text_of};

/// 429s that no waiting mends.
const QUOTA_CODES: [&str; 5] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
];

/// What an answer says.
#[derive(Default)]
pub(crate) struct Words {
    /// The server's own sentence.
    pub(crate) said: Option<String>,
    kind: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
}

/// Where servers put their sentence: the first of these that says something.
static SENTENCES: [&str; 5] = ["error", "message", "detail", "title", "msg"];
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
            let mut first = None;
            each(raw, |item| first = first.or(Some(item)));
            sentence_in(first?, depth)
        }
        Some(b'{') => {
            let fields = Fields::of(raw, &SENTENCES);
            // The message of an error, before an error inside it.
            let keys = SENTENCES[1..].iter().chain(&SENTENCES[..1]);
            keys.filter_map(|key| fields.raw(key))
                .find_map(|value| sentence_in(value, depth))
        }
        _ => None,
    }
}

impl Words {
    /// The server's own sentence, wherever this server puts it.
    pub(crate) fn of(object: &RawValue) -> Words {
        let outer = Fields::of(object, &SENTENCES);
        let inner = outer.raw("error");
        let inner = inner.filter(|inner| inner.get().starts_with('{'));
        let fields = Fields::of(inner.unwrap_or(object), &["type", "code", "param"]);
        let mut values = SENTENCES.iter().filter_map(|key| outer.raw(key));
        Words {
            said: values.find_map(sentence),
            kind: fields.word("type"),
            code: fields.word("code"),
            param: fields.word("param"),
        }
    }

    /// Whether the request alone is more than the limit, so that no wait helps.
    pub(crate) fn is_too_large(&self) -> bool {
        let said = self.said.as_deref();
        said.is_some_and(|said| said.contains("must be reduced"))
    }

    pub(crate) fn is_quota(&self) -> bool {
        let words = [self.kind.as_deref(), self.code.as_deref()];
        words
            .into_iter()
            .flatten()
            .any(|word| QUOTA_CODES.contains(&word))
    }
}

/// Whether a value under `error` is one.
pub(crate) fn says_something(raw: &RawValue) -> bool {
    !matches!(raw.get(), "\"\"" | "false" | "{}" | "[]" | "0")
}

/// The title of an HTML page.
pub(crate) fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let from = lower.find("<title")?;
    let from = from + lower[from..].find('>')? + 1;
    let to = from + lower[from..].find('<')?;
    let title = page.get(from..to)?.trim();
    (!title.is_empty()).then(|| format!("HTML page \u{201c}{title}\u{201d}"))
}
