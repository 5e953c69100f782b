//! Ids: the server's word for one of its things, sent as one segment of a path.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};

/// An id as a server made it, whatever it looks like: the API's `file-…`, a proxy's 400 characters of base64
/// with `/`, `+` and `=`. It reaches a path only as one percent-encoded segment, so that nothing in it can
/// change where a request goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// Takes a server's word.
    ///
    /// # Errors
    /// `input` for what names nothing, or a folder: the empty text, `.` and `..`, which a server, or something
    /// before it, reads as another path even where they are percent-encoded.
    pub fn parse(text: &str) -> Result<Id> {
        match text {
            "" => Err(Error::input("an empty text is no id")),
            "." | ".." => Err(Error::input(format!("`{text}` is no id"))),
            _ => Ok(Id(text.to_owned())),
        }
    }

    /// The id as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the last segment of a path: `/files` and `file-1` make `/files/file-1`.
    #[must_use]
    pub fn under(&self, folder: &str) -> String {
        format!("{folder}/{}", encode(&self.0))
    }
}

impl FromStr for Id {
    type Err = Error;

    fn from_str(text: &str) -> Result<Id> {
        Id::parse(text)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an id begins, and the `object` that it names.
const PREFIXES: [(&str, &str); 7] = [
    ("file-", "file"),
    ("file_", "file"),
    ("resp_", "response"),
    ("resp-", "response"),
    ("vs_", "vector_store"),
    ("batch_", "batch"),
    ("batch-", "batch"),
];

/// The `object` of what a text names, if it looks like an id of the API.
#[must_use]
pub fn kind_of(text: &str) -> Option<&'static str> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let fits = |rest: &str| !rest.is_empty() && rest.bytes().all(letter);
    let found = PREFIXES
        .iter()
        .find(|(prefix, _)| text.strip_prefix(prefix).is_some_and(fits));
    found.map(|(_, kind)| *kind)
}

/// Ids as texts, for a body.
#[must_use]
pub fn texts(ids: &[Id]) -> Vec<&str> {
    ids.iter().map(Id::as_str).collect()
}

/// Ids for a message, a blank between them.
#[must_use]
pub fn joined(ids: &[Id]) -> String {
    texts(ids).join(" ")
}

/// A path with the fields of a query that there are: `/files?limit=100`.
#[must_use]
pub fn query(path: &str, fields: &[(&str, Option<&str>)]) -> String {
    let mut address = path.to_owned();
    for (key, value) in fields {
        if let Some(value) = value {
            let mark = if address.contains('?') { '&' } else { '?' };
            let _ = write!(address, "{mark}{key}={}", encode(value));
        }
    }
    address
}

/// Letters of a segment that must not stand there as they are: `.` is one of them, for the sake of `..`.
const UNSAFE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// A text as one segment of a path, or as one value of a query.
#[must_use]
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNSAFE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_segment_whatever_it_looks_like() {
        for (text, path) in [
            ("file-a_B9", "/files/file-a_B9"),
            ("file-../x?#%", "/files/file-%2E%2E%2Fx%3F%23%25"),
            ("a+b/c==", "/files/a%2Bb%2Fc%3D%3D"),
            ("é", "/files/%C3%A9"),
        ] {
            let id = Id::parse(text).map(|id| id.under("/files"));
            assert_eq!(id.ok().as_deref(), Some(path));
        }
        for text in ["", ".", ".."] {
            assert!(Id::parse(text).is_err(), "{text}");
        }
    }
}
