//! A multipart form: files become sizes and digests while they arrive, other fields become text.

use bytes::Bytes;
use multer::Multipart;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::id::hex;
use crate::state::file::has_lines;

/// More of a field that is no file is counted and hashed, but not kept.
const MOST_TEXT: usize = 1 << 20;

/// More of a file is not kept, either: tests upload hundreds of megabytes, and nobody searches them.
const MOST_CONTENT: usize = 8 << 20;

/// The requests of a Batch are kept whole.
const MOST_LINES: usize = 200 << 20;

/// Parts of a form; the API knows seven.
const MOST_PARTS: usize = 100;

/// One part of a form.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) text: Option<String>,
    /// What a file holds, up to a limit.
    #[serde(skip)]
    pub(crate) content: Bytes,
}

impl Part {
    /// The part as the ledger shows it, without its content.
    pub(crate) fn shown(&self) -> Part {
        Part {
            content: Bytes::new(),
            ..self.clone()
        }
    }

    /// Bytes that it takes there, about.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.filename, &self.content_type, &self.text];
        let texts = texts.into_iter().flatten().map(String::len);
        256 + self.name.len() + texts.sum::<usize>()
    }
}

/// Reads every part of a form.
pub(crate) async fn read(mut form: Multipart<'_>) -> multer::Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    while let Some(field) = form.next_field().await? {
        if parts.len() == MOST_PARTS {
            let limit = MOST_PARTS as u64;
            return Err(multer::Error::StreamSizeExceeded { limit });
        }
        let kept: usize = parts.iter().map(|part| part.content.len()).sum();
        parts.push(read_part(field, kept).await?);
    }
    Ok(parts)
}

/// Reads a part, and keeps no more of it than there is room beside what is `kept` of the others.
async fn read_part(mut field: multer::Field<'_>, kept: usize) -> multer::Result<Part> {
    let header = |name: &str| {
        field
            .headers()
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let disposition = header("content-disposition").unwrap_or_default();
    let content_type = header("content-type");
    let filename = parameter(&disposition, "filename");
    let most = match &filename {
        Some(name) if has_lines(name) => MOST_LINES,
        Some(_) => MOST_CONTENT,
        None => MOST_TEXT,
    };
    let room = (most.max(MOST_CONTENT) + MOST_TEXT).saturating_sub(kept);
    let mut content = Content::default();
    while let Some(chunk) = field.chunk().await? {
        content.add(&chunk, most.min(room));
    }
    let text = || String::from_utf8_lossy(&content.kept).into_owned();
    Ok(Part {
        name: parameter(&disposition, "name").unwrap_or_default(),
        content_type,
        bytes: content.bytes,
        sha256: hex(&content.digest.finalize()),
        text: filename.is_none().then(text),
        content: content.kept.into(),
        filename,
    })
}

#[derive(Default)]
struct Content {
    digest: Sha256,
    bytes: u64,
    kept: Vec<u8>,
}

impl Content {
    fn add(&mut self, chunk: &Bytes, most: usize) {
        self.digest.update(chunk);
        self.bytes += chunk.len() as u64;
        let room = most.saturating_sub(self.kept.len()).min(chunk.len());
        self.kept.extend_from_slice(&chunk[..room]);
    }
}

/// A parameter of a `Content-Disposition`: quoted, with `\"` (curl) or `%22` (browsers, httpx) for quotes.
pub(crate) fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after.trim_start());
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after.split_once(';').map_or("", |(_, after)| after);
    }
}

/// The value at the start of a text, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (unescape(&value), &quoted[at + 1..]),
            '\\' if matches!(letters.peek(), Some((_, '"' | '\\'))) => {
                value.extend(letters.next().map(|(_, c)| c));
            }
            _ => value.push(letter),
        }
    }
    (unescape(&value), "")
}

/// Only what HTML escapes in names of parts; any other `%` is a percent sign.
fn unescape(value: &str) -> String {
    value
        .replace("%22", "\"")
        .replace("%0D", "\r")
        .replace("%0A", "\n")
}

#[cfg(test)]
mod tests {
    use super::parameter;

    #[test]
    fn names_of_parts_are_read() {
        let rows = [
            (
                r#"form-data; name="file"; filename="a.txt""#,
                "file",
                Some("a.txt"),
            ),
            (
                r#"form-data; name="file"; filename="a;b=c.txt""#,
                "file",
                Some("a;b=c.txt"),
            ),
            (
                r#"form-data; name="file"; filename="a \"b\" \\ c""#,
                "file",
                Some("a \"b\" \\ c"),
            ),
            (
                r#"form-data; name="file"; filename="%22q%22 100%.txt""#,
                "file",
                Some("\"q\" 100%.txt"),
            ),
            (
                r#"form-data; filename="日本.pdf"; name="file""#,
                "file",
                Some("日本.pdf"),
            ),
            (
                r#"form-data; name="expires_after[anchor]""#,
                "expires_after[anchor]",
                None,
            ),
            (
                "form-data; name=file; filename=plain.txt",
                "file",
                Some("plain.txt"),
            ),
        ];
        for (header, name, filename) in rows {
            assert_eq!(parameter(header, "name").as_deref(), Some(name), "{header}");
            assert_eq!(
                parameter(header, "filename").as_deref(),
                filename,
                "{header}"
            );
        }
    }
}
