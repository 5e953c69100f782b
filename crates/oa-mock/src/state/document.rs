//! Files as text: what can be read of them, cut into passages that overlap.

use crate::state::file::File;

/// Texts that file search takes.
const TEXTS: &[&str] = &[
    ".c", ".cpp", ".cs", ".css", ".go", ".html", ".java", ".js", ".json", ".md", ".php", ".py",
    ".rb", ".sh", ".tex", ".ts", ".txt",
];

/// Documents that file search takes.
const DOCUMENTS: &[&str] = &[".doc", ".docx", ".pdf", ".pptx"];

/// As many characters of a document, one after the other, are taken for text.
const RUN: usize = 4;

/// A text and its passages in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Document {
    pub(crate) text: String,
    pub(crate) passages: Vec<String>,
}

/// Why a file cannot be searched: a code and a message of the API.
pub(crate) type Trouble = (&'static str, &'static str);

const UNSUPPORTED: Trouble = ("unsupported_file", "The file type is not supported.");
const INVALID: Trouble = ("invalid_file", "The file could not be parsed.");

/// How long passages are, in tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Chunking {
    pub(crate) size: usize,
    pub(crate) overlap: usize,
}

impl Document {
    /// Reads a file; documents are not parsed, but what is printable in them is found.
    pub(crate) fn read(file: &File, chunking: Chunking) -> Result<Document, Trouble> {
        let kind = file.extension();
        let text = if TEXTS.contains(&kind) {
            let whole = file.content.len() as u64 == file.bytes;
            decode(&file.content, whole)
        } else if DOCUMENTS.contains(&kind) {
            Some(printable(&file.content))
        } else {
            return Err(UNSUPPORTED);
        };
        let text = text.filter(|text| !text.trim().is_empty()).ok_or(INVALID)?;
        Ok(Document {
            passages: cut(&text, chunking),
            text,
        })
    }
}

/// UTF-8, of which ASCII is a part, or UTF-16 with its mark; the end of a text that was not kept whole may
/// be half a letter.
fn decode(bytes: &[u8], whole: bool) -> Option<String> {
    let units = |from: fn([u8; 2]) -> u16| {
        let pairs = bytes[2..].chunks_exact(2);
        let units: Vec<u16> = pairs.map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => {
            let text = match std::str::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) if !whole && error.error_len().is_none() => {
                    std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
                }
                Err(_) => return None,
            };
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            (!text.contains('\0')).then(|| text.to_owned())
        }
    }
}

/// The printable ASCII of a document, one run a line.
fn printable(bytes: &[u8]) -> String {
    let runs = bytes.split(|byte| !(b' '..=b'~').contains(byte));
    let long = runs.filter(|run| run.len() >= RUN);
    let lines: Vec<_> = long.map(String::from_utf8_lossy).collect();
    lines.join("\n")
}

/// Cuts a text so that each passage but the first begins with the end of the one before; words stand for tokens.
fn cut(text: &str, chunking: Chunking) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    let step = chunking.size.saturating_sub(chunking.overlap).max(1);
    let more = words.len().saturating_sub(chunking.size).div_ceil(step);
    let starts = (0..=more).map(|n| n * step);
    let passages = starts.map(|start| {
        let end = words.len().min(start + chunking.size);
        words[start..end].concat().trim().to_owned()
    });
    passages.collect()
}

#[cfg(test)]
mod tests {
    use super::{Chunking, cut, decode, printable};

    const SMALL: Chunking = Chunking {
        size: 4,
        overlap: 2,
    };

    #[test]
    fn passages_overlap_and_cover_the_text() {
        let text = "one two three four five six seven";
        let wanted = [
            "one two three four",
            "three four five six",
            "five six seven",
        ];
        assert_eq!(cut(text, SMALL), wanted);
        assert_eq!(cut("one", SMALL), ["one"]);
        assert_eq!(cut("one two three four", SMALL), ["one two three four"]);
    }

    #[test]
    fn texts_are_decoded() {
        let text = |bytes: &[u8], whole| decode(bytes, whole);
        assert_eq!(text("\u{feff}é".as_bytes(), true).as_deref(), Some("é"));
        assert_eq!(text(b"\xff\xfeh\0i\0", true).as_deref(), Some("hi"));
        assert_eq!(text(b"\xfe\xff\0h\0i", true).as_deref(), Some("hi"));
        assert_eq!(text(b"h\0i\0", true), None);
        assert_eq!(text(b"caf\xe9", true), None);
        assert_eq!(text(b"caf\xc3", true), None);
        assert_eq!(text(b"caf\xc3", false).as_deref(), Some("caf"));
    }

    #[test]
    fn documents_show_what_is_printable() {
        assert_eq!(
            printable(b"%PDF-1.4\n\x00\x01abc\x02(Hello) Tj\xff"),
            "%PDF-1.4\n(Hello) Tj"
        );
    }
}
