//! JSON as it comes from servers that are not strict about it: read for what it is.
//!
//! A reply that was paid for is not thrown away for its wrapping: a byte order mark, NaN, broken UTF-8, a
//! line end inside a string, something behind the value; and where it was cut, the fields that came.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// An object that was found in a reply.
#[derive(Debug)]
pub struct Found {
    /// The object on one line.
    pub object: Box<RawValue>,
    /// It had to be mended: what was no JSON is `null`, U+FFFD or left out.
    pub mended: bool,
    /// False: the reply broke off inside it; these are the fields that came.
    pub whole: bool,
}

/// The object that these bytes are, or the only element of the array that they are. The bytes come back unless they
/// have become the object itself, of which there is only one copy, because it may be large.
#[must_use]
pub fn object(bytes: Vec<u8>) -> (Option<Found>, Vec<u8>) {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) if is_object(&text) => return (strict(text), Vec::new()),
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let text = String::from_utf8_lossy(&bytes);
    let found = Mender::new(start(&text)).mend();
    (found, bytes)
}

/// The object that begins so: what is open at the end is closed behind the last whole value.
#[must_use]
pub fn beginning(bytes: &[u8]) -> Option<Box<RawValue>> {
    let text = String::from_utf8_lossy(bytes);
    let mut mender = Mender::new(start(&text));
    mender.deep = true;
    mender.mend().map(|found| found.object)
}

fn is_object(text: &str) -> bool {
    let text = text.trim_ascii();
    text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// JSON as it stands, on one line.
pub(crate) fn strict(text: String) -> Option<Found> {
    let line = match compact(&text) {
        Cow::Owned(line) => line,
        Cow::Borrowed(_) => text,
    };
    Some(Found {
        object: RawValue::from_string(line).ok()?,
        mended: false,
        whole: true,
    })
}

/// Where the object of a text may begin.
fn start(text: &str) -> &str {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    text.strip_prefix('[').map_or(text, str::trim_start)
}

/// Walks over JSON and writes it anew, with what is no JSON put right.
#[derive(Default)]
struct Mender<'a> {
    rest: &'a str,
    out: String,
    /// The closing bracket of everything that is open.
    open: Vec<char>,
    /// A value, not a key, comes next.
    value: bool,
    /// Length of `out` behind the last whole field, and how many brackets are open there.
    sure: (usize, usize),
    /// Fields of what lies inside count, too.
    deep: bool,
}

impl<'a> Mender<'a> {
    fn new(text: &'a str) -> Mender<'a> {
        Mender {
            rest: text,
            out: String::with_capacity(text.len()),
            sure: (1, 1),
            ..Mender::default()
        }
    }

    fn mend(mut self) -> Option<Found> {
        if !self.rest.starts_with('{') {
            return None;
        }
        while let Some(c) = self.rest.chars().next() {
            let length = match c {
                '"' => self.string(),
                '{' | '[' => self.begin(c),
                '}' | ']' => {
                    self.end(c)?;
                    if self.open.is_empty() {
                        return self.found(true);
                    }
                    1
                }
                ',' | ':' => self.between(c),
                c if c.is_whitespace() => c.len_utf8(),
                _ => self.word(),
            };
            self.rest = &self.rest[length..];
        }
        let (length, open) = self.sure;
        self.out.truncate(length);
        self.out.extend(self.open[..open].iter().rev());
        self.found(false)
    }

    fn found(self, whole: bool) -> Option<Found> {
        Some(Found {
            object: RawValue::from_string(self.out).ok()?,
            mended: true,
            whole,
        })
    }

    /// A value has ended.
    fn settle(&mut self) {
        if self.value && (self.deep || self.open.len() == 1) {
            self.sure = (self.out.len(), self.open.len());
        }
    }

    fn begin(&mut self, c: char) -> usize {
        self.out.push(c);
        self.open.push(if c == '{' { '}' } else { ']' });
        self.value = c == '[';
        if self.deep {
            self.sure = (self.out.len(), self.open.len());
        }
        1
    }

    fn end(&mut self, c: char) -> Option<()> {
        (self.open.pop()? == c).then_some(())?;
        self.out.push(c);
        self.value = true;
        self.settle();
        Some(())
    }

    fn between(&mut self, c: char) -> usize {
        if c == ',' {
            // A number or a word is whole once something follows it.
            self.settle();
        }
        self.value = c == ':' || self.open.last() == Some(&']');
        self.out.push(c);
        1
    }

    /// Length of the string that begins here; one that is not finished takes all that is left.
    fn string(&mut self) -> usize {
        self.out.push('"');
        // What stands before `from` was copied.
        let (mut from, mut at) = (1, 1);
        let bytes = self.rest.as_bytes();
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    self.out.push_str(&self.rest[from..=at]);
                    self.settle();
                    return at + 1;
                }
                b'\\' => at += 1,
                0..=31 => {
                    self.out.push_str(&self.rest[from..at]);
                    self.out.push_str(match byte {
                        b'\n' => "\\n",
                        b'\r' => "\\r",
                        b'\t' => "\\t",
                        _ => "\u{fffd}",
                    });
                    from = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        self.out.push_str(self.rest.get(from..).unwrap_or_default());
        self.rest.len()
    }

    /// Length of a number or a literal; what JSON has no word for becomes `null`.
    fn word(&mut self) -> usize {
        let end = |c: char| c.is_whitespace() || ",:[]{}\"".contains(c);
        let length = self.rest.find(end).unwrap_or(self.rest.len());
        let word = &self.rest[..length];
        let bare = word.trim_start_matches(['-', '+']);
        let is = |name: &&str| bare.eq_ignore_ascii_case(name);
        let unknown = ["nan", "infinity", "inf"].iter().any(is);
        self.out.push_str(if unknown { "null" } else { word });
        length
    }
}

/// JSON text without the white space outside its strings, so that a record stays one line.
#[must_use]
pub fn compact(json: &str) -> Cow<'_, str> {
    let mut out = String::new();
    // What stands before `from` was copied to `out`, if anything had to be.
    let (mut from, mut at) = (0, 0);
    let told = |byte: &u8| matches!(byte, b'"' | b' ' | b'\t' | b'\n' | b'\r');
    while let Some(next) = json.as_bytes()[at..].iter().position(told) {
        at += next;
        if json.as_bytes()[at] == b'"' {
            at += string_length(&json[at..]);
            continue;
        }
        out.reserve(json.len() - from);
        out.push_str(&json[from..at]);
        at += 1;
        from = at;
    }
    if from == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(&json[from..]);
    Cow::Owned(out)
}

/// A value of its own, on one line.
#[must_use]
pub fn compacted(value: &RawValue) -> Box<RawValue> {
    if !value.get().starts_with(['{', '[']) {
        return value.to_owned();
    }
    match compact(value.get()) {
        Cow::Borrowed(_) => value.to_owned(),
        Cow::Owned(text) => RawValue::from_string(text).unwrap_or_default(),
    }
}

/// Length of the JSON string that `text` begins with, quotes included.
#[must_use]
pub fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<(String, bool)> {
        let (found, _) = object(bytes.to_vec());
        found.map(|found| (found.object.get().to_owned(), found.whole))
    }

    #[test]
    fn what_is_no_json_is_put_right() {
        let cases: [(&[u8], &str); 9] = [
            (br#" {"a": 1} "#, r#"{"a":1}"#),
            (b"\xef\xbb\xbf{\"a\":1}", r#"{"a":1}"#),
            (
                br#"{"a":NaN,"b":[-Infinity,+Infinity,1]}"#,
                r#"{"a":null,"b":[null,null,1]}"#,
            ),
            (b"{\"a\":\"x\xffy\"}", "{\"a\":\"x\u{fffd}y\"}"),
            (br#"{"a":1}{"b":2}"#, r#"{"a":1}"#),
            (b"{\"a\":1}\n\0\0", r#"{"a":1}"#),
            (b"{\"a\":\"x\ny\"}", r#"{"a":"x\ny"}"#),
            (br#"[{"a":1}]"#, r#"{"a":1}"#),
            (br#"{"NaN":"NaN \" NaN"}"#, r#"{"NaN":"NaN \" NaN"}"#),
        ];
        for (bytes, text) in cases {
            let read = read(bytes);
            assert_eq!(read, Some((text.to_owned(), true)));
        }
    }

    #[test]
    fn of_a_reply_that_was_cut_the_whole_fields_are_kept() {
        let cases: [(&str, &str); 9] = [
            (r#"{"id":"file-1","bytes":12"#, r#"{"id":"file-1"}"#),
            (r#"{"id":"file-1"#, "{}"),
            (r#"{"id":"file-1""#, r#"{"id":"file-1"}"#),
            (r#"{"a":1,"id":"#, r#"{"a":1}"#),
            (r#"{"a":{"b":1},"c":[1,"#, r#"{"a":{"b":1}}"#),
            (r#"{"a":{"id":"x""#, "{}"),
            (r#"{"a":"x\"#, "{}"),
            (r#"{"a":1,"b"#, r#"{"a":1}"#),
            ("{", "{}"),
        ];
        for (cut, text) in cases {
            assert_eq!(
                read(cut.as_bytes()),
                Some((text.to_owned(), false)),
                "{cut}"
            );
        }
    }

    #[test]
    fn a_beginning_is_closed_behind_its_last_whole_value() {
        for (text, closed) in [
            (
                r#"{"error":{"code":"c","message":"m","z":[0,1,2"#,
                r#"{"error":{"code":"c","message":"m","z":[0,1]}}"#,
            ),
            (r#"{"error":{"message":"m"#, r#"{"error":{}}"#),
            (r#"{"a":[{"b":"#, r#"{"a":[{}]}"#),
            (r#"{"a":"b"}"#, r#"{"a":"b"}"#),
        ] {
            let read = beginning(text.as_bytes());
            let read = read.as_deref().map(RawValue::get);
            assert_eq!(read, Some(closed), "{text}");
        }
        assert!(beginning(b"<html>").is_none());
    }

    #[test]
    fn what_is_no_object_is_none() {
        for text in [
            "",
            "null",
            "<html>",
            "data: {}",
            "[1]",
            "{]",
            "{\"a\":1]",
            "{a:1}",
        ] {
            assert!(read(text.as_bytes()).is_none(), "{text}");
        }
    }
}
