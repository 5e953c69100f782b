//! The multipart form (RFC 7578) as a body.

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};

use crate::body::{Body, Segment};
use crate::local::Local;

/// A form that is put together part by part.
pub struct Form {
    boundary: String,
    segments: Vec<Segment>,
}

impl Default for Form {
    fn default() -> Form {
        Form::new()
    }
}

impl Form {
    /// An empty form with a boundary that no file contains by accident.
    #[must_use]
    pub fn new() -> Form {
        Form {
            boundary: format!("oa-{}", random_word()),
            segments: Vec::new(),
        }
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Form {
        let head = self.head(name, "");
        self.segments
            .push(Segment::text(&format!("{head}\r\n{value}\r\n")));
        self
    }

    /// Adds a file under the name that the server is to store.
    #[must_use]
    pub fn file(mut self, name: &str, filename: &str, mime: &str, file: Local) -> Form {
        let more = format!("; filename=\"{}\"", quoted(filename));
        let head = self.head(name, &more);
        let text = format!("{head}Content-Type: {mime}\r\n\r\n");
        self.segments.extend([
            Segment::text(&text),
            Segment::File(file),
            Segment::text("\r\n"),
        ]);
        self
    }

    /// The body and its Content-Type.
    #[must_use]
    pub fn finish(mut self) -> (Body, String) {
        let end = format!("--{}--\r\n", self.boundary);
        self.segments.push(Segment::text(&end));
        let content_type = format!("multipart/form-data; boundary={}", self.boundary);
        (Body::new(self.segments), content_type)
    }

    fn head(&self, name: &str, more: &str) -> String {
        let boundary = &self.boundary;
        let name = quoted(name);
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n")
    }
}

/// A name inside quotes, so that none can break out of its header: `"`, CR and LF as browsers send them,
/// other controls and `\` (which servers read in different ways) as `_`.
#[must_use]
pub fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' | '\r' | '\n' => {
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            '\\' => out.push('_'),
            c if c.is_control() => out.push('_'),
            c => out.push(c),
        }
    }
    out
}

/// 32 hexadecimal digits that nobody can foresee.
#[must_use]
pub fn random_word() -> String {
    let word = || RandomState::new().hash_one(0_u8);
    format!("{:016x}{:016x}", word(), word())
}

/// A number in 0..1 that differs from process to process and from call to call.
#[must_use]
pub fn jitter() -> f64 {
    let word = random_word();
    let digits = u32::from_str_radix(&word[..6], 16).unwrap_or(0);
    f64::from(digits) / f64::from(0x100_0000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_jitter_is_a_fraction() {
        assert!((0..100).all(|_| (0.0..1.0).contains(&jitter())));
    }

    #[test]
    fn names_cannot_break_out_of_their_header() {
        let cases = [
            ("a\"b.pdf", "a%22b.pdf"),
            ("a\r\nX-Evil: 1", "a%0D%0AX-Evil: 1"),
            ("tab\tback\\slash", "tab_back_slash"),
            ("Prüfung 第1.pdf", "Prüfung 第1.pdf"),
        ];
        for (name, sent) in cases {
            assert_eq!(quoted(name), sent);
        }
    }

    #[test]
    fn a_form_is_what_the_standard_says() -> std::io::Result<()> {
        let local = Local::spooled("x", tempfile::tempfile()?)?;
        let form = Form::new().field("purpose", "user_data");
        let (body, content_type) = form.file("file", "a.txt", "text/plain", local).finish();
        let boundary = content_type.replace("multipart/form-data; boundary=", "");
        let mut text = String::new();
        body.open().0.read_to_string(&mut text)?;
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nuser_data\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
             Content-Type: text/plain\r\n\r\n\r\n--{boundary}--\r\n"
        );
        assert_eq!(text, expected);
        Ok(())
    }
}
