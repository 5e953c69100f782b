//! A content part: what a message is about, as the API takes it.

use std::borrow::Cow;

use oa_kinds::kind;
use percent_encoding::percent_decode_str;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// How parts are written.
#[derive(Clone)]
pub(crate) struct Style {
    pub(crate) detail: Option<String>,
    pub(crate) image_field: String,
    pub(crate) force: bool,
}

/// One part.
pub(crate) struct Part<'a> {
    /// Its keys with their texts, in the order in which people write them.
    texts: Vec<(&'a str, Cow<'a, str>)>,
    /// What comes up to its end will come again.
    ends_prefix: bool,
}

/// Marks the end of what the provider's cache is to hold (API reference, `PromptCacheBreakpointParam`).
#[derive(Serialize)]
struct Breakpoint {
    mode: &'static str,
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        let mut map = json.serialize_map(None)?;
        for (key, text) in &self.texts {
            map.serialize_entry(key, text)?;
        }
        if self.ends_prefix {
            let mode = "explicit";
            map.serialize_entry("prompt_cache_breakpoint", &Breakpoint { mode })?;
        }
        map.end()
    }
}

impl<'a> Part<'a> {
    fn new(kind: &'a str) -> Part<'a> {
        Part {
            texts: vec![("type", Cow::Borrowed(kind))],
            ends_prefix: false,
        }
    }

    /// A text.
    pub(crate) fn text(text: &'a str) -> Part<'a> {
        Part::new("input_text").with("text", text)
    }

    /// A picture under its field; `detail` is always said, because servers that validate strictly demand it.
    pub(crate) fn picture(field: &'a str, what: String, style: &'a Style) -> Part<'a> {
        let detail = style.detail.as_deref().unwrap_or("auto");
        let part = Part::new("input_image").with(field, what);
        part.with("detail", detail)
    }

    /// A document under its field; `detail` only where it is asked for and means something (the pages of a PDF).
    pub(crate) fn document(field: &'a str, what: String, name: &str, style: &'a Style) -> Part<'a> {
        let part = Part::new("input_file").with(field, what);
        let pdf = kind::extension(name).is_some_and(|ext| ext.eq_ignore_ascii_case("pdf"));
        let detail = style.detail.as_deref();
        match detail.filter(|detail| pdf && *detail != "original") {
            Some(detail) => part.with("detail", detail),
            None => part,
        }
    }

    /// The same with its name in front.
    pub(crate) fn named(mut self, name: &'a str) -> Part<'a> {
        self.texts.insert(1, ("filename", name.into()));
        self
    }

    /// What comes up to the end of this part will come again, with another question.
    pub(crate) fn end_prefix(&mut self) {
        self.ends_prefix = true;
    }

    fn with(mut self, key: &'a str, text: impl Into<Cow<'a, str>>) -> Part<'a> {
        self.texts.push((key, text.into()));
        self
    }
}

/// What stands behind the last slash of an address, percent-decoded: its end says what the server will get.
pub(crate) fn last_segment(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let segment = path.rsplit_once('/').map_or("", |(_, segment)| segment);
    let segment = percent_decode_str(segment);
    segment.decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_of_an_address_is_its_name() {
        for (url, name) in [
            ("https://a.b/c/x.PNG?y=/z.pdf#w", "x.PNG"),
            ("https://a.b/x%2Epn%67", "x.png"),
            ("https://a.b/x%zz%", "x%zz%"),
            ("https://a.b/x.png/", ""),
            ("https://a.png", ""),
            ("HTTPS://a.png?x.png", ""),
        ] {
            assert_eq!(last_segment(url), name, "{url}");
        }
    }
}
