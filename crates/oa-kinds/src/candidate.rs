//! The checks before an upload: what speaks against a file, and what to do about it.

use crate::kind::{self, Kind};
use crate::limit::{BATCH_BYTES, EMPTY_FILE, Problem, REQUEST_DOCUMENT_BYTES, UPLOAD_BYTES};
use crate::stored::conversion;

/// A file that is about to be sent, as far as the rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// What the user calls it.
    pub path: &'a str,
    /// The name that it would be stored under without the `.txt` that text gets: an SVG is a picture all the same.
    pub name: &'a str,
    /// Its size.
    pub bytes: u64,
    /// Its first 512 to 1,024 bytes.
    pub head: &'a [u8],
    /// What it is for; a purpose of the API.
    pub purpose: &'a str,
    /// How a command is written that a shell is to read.
    pub quoted: fn(&str, &[String]) -> String,
}

impl Candidate<'_> {
    /// Everything that speaks against sending it: at most one problem of size and one of type; an empty file has
    /// that problem only.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        if let Some(problem) = Problem::of(&EMPTY_FILE, self.path, self.bytes) {
            return vec![problem];
        }
        let size = if self.purpose == "batch" {
            &BATCH_BYTES
        } else {
            &UPLOAD_BYTES
        };
        let kind = self
            .picture_problem()
            .or_else(|| self.conflict_problem())
            .or_else(|| self.purpose_problem());
        let size = Problem::of(size, self.path, self.bytes);
        size.into_iter().chain(kind).collect()
    }

    fn picture_problem(&self) -> Option<Problem> {
        if !matches!(self.purpose, "vision" | "user_data" | "assistants") {
            return None;
        }
        let refused = kind::refused_picture(self.name, self.head)?;
        let what = format!(
            "a {} picture; the API accepts PNG, JPEG, WEBP and GIF (images and vision guide)",
            refused.extension.to_ascii_uppercase()
        );
        let file = if self.path == "-" {
            self.name
        } else {
            self.path
        };
        let way_out = match kind::sniff(self.head) {
            Some(found) if found.attach => renamed(found),
            _ => {
                let (words, files) = conversion(refused, file)?;
                format!("convert it first: {}", (self.quoted)(words, &files))
            }
        };
        Some(Problem::new(self.path, &what, way_out))
    }

    fn conflict_problem(&self) -> Option<Problem> {
        let what = kind::conflict(self.name, self.head)?;
        let found = kind::sniff(self.head)?;
        Some(Problem::new(self.path, &what, renamed(found)))
    }

    fn purpose_problem(&self) -> Option<Problem> {
        let jsonl = kind::of_name(self.name).is_some_and(|kind| kind.extension == "jsonl");
        let (what, way_out) = match self.purpose {
            "vision" if !kind::is_picture(self.name) => (
                "purpose vision is for PNG, JPEG, WEBP and GIF (images and vision guide)",
                "upload it with --purpose user_data",
            ),
            "batch" | "fine-tune" | "evals" if !jsonl => (
                "this purpose is for JSON lines, in a file called .jsonl (POST /files)",
                "give it the name it should have: --filename NAME.jsonl",
            ),
            _ => return None,
        };
        Some(Problem::new(self.path, what, way_out))
    }

    /// What should be known about it although it can be uploaded: a `user_data` document too large to attach.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        if self.purpose != "user_data" || kind::is_picture(self.name) {
            return None;
        }
        let searched = kind::of_name(self.name).is_none_or(|kind| kind.search);
        let use_left = if searched {
            "can be searched but not attached"
        } else {
            "cannot be attached"
        };
        let text = REQUEST_DOCUMENT_BYTES.exceeded(self.path, self.bytes)?;
        Some(format!("{text}: it {use_left}"))
    }
}

/// A container may hold anything, so only its owner knows the right name.
fn renamed(found: &Kind) -> String {
    match found.extension {
        "docx" | "doc" => "give it the name it should have: --filename NAME".into(),
        extension => format!("give it the right name: --filename NAME.{extension}"),
    }
}

/// A type that no question, or no search, takes, by the name that is stored: better said now than when the file
/// is used.
#[must_use]
pub fn use_problem(path: &str, stored: &str, purpose: &str) -> Option<Problem> {
    let kind = kind::of_name(stored);
    let (what, way_out) = match purpose {
        "user_data" if !kind.is_some_and(|kind| kind.attach) => (
            "neither text nor a type that a question takes (file inputs guide)",
            match kind.map(|kind| kind.extension) {
                Some("zip" | "gz" | "tgz") => "unpack it and send what it holds",
                Some("mp3" | "m4a" | "mp4" | "mov") => "send what is said in it, as text",
                _ => "convert it to PDF or text",
            },
        ),
        "assistants" if !kind.is_some_and(|kind| kind.search) => (
            "file search does not take this type (file search guide)",
            "convert it to PDF or Markdown, or store it as text: --filename NAME.txt",
        ),
        _ => return None,
    };
    Some(Problem::new(path, what, way_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

    #[test]
    fn problems_are_found_before_anything_is_sent() {
        let heic: &[u8] = b"\0\0\0\x10ftypheic\0\0\0\0";
        let (convert, rename) = (
            "convert it first: heif-convert dir/a.heic dir/a.jpg",
            "give it the right name: --filename NAME.png",
        );
        let jsonl = "give it the name it should have: --filename NAME.jsonl";
        for (name, bytes, head, purpose, expected) in [
            ("a.pdf", 9, b"%PDF-1.7".as_slice(), "user_data", vec![]),
            ("a.pdf", 0, b"", "batch", vec!["leave it out"]),
            ("a.pdf", 536_870_912, b"%PDF-1.7", "user_data", vec![]),
            (
                "a.pdf",
                536_870_913,
                b"%PDF-1.7",
                "user_data",
                vec!["split it"],
            ),
            ("a.pdf", 9, PNG, "user_data", vec![rename]),
            (
                "a.pdf",
                536_870_913,
                PNG,
                "user_data",
                vec!["split it", rename],
            ),
            (
                "a.jpg",
                9,
                heic,
                "vision",
                vec!["convert it first: heif-convert dir/a.jpg dir/a-new.jpg"],
            ),
            ("a.heic", 9, heic, "user_data", vec![convert]),
            ("a.heic", 9, heic, "evals", vec![jsonl]),
            ("a.heic", 9, PNG, "user_data", vec![rename]),
            (
                "a.txt",
                9,
                b"x",
                "vision",
                vec!["upload it with --purpose user_data"],
            ),
            ("a.png", 9, PNG, "vision", vec![]),
            ("a.json", 9, b"{}", "batch", vec![jsonl]),
            ("a.JSONL", 9, b"{}", "fine-tune", vec![]),
            (
                "a.jsonl",
                200_000_001,
                b"{}",
                "batch",
                vec!["split it into several batches"],
            ),
            ("a.jsonl", 200_000_001, b"{}", "evals", vec![]),
            ("Makefile", 9, b"all:", "user_data", vec![]),
        ] {
            let path = format!("dir/{name}");
            let file = Candidate {
                path: &path,
                name,
                bytes,
                head,
                purpose,
                quoted: |words, files| format!("{words} {}", files.join(" ")),
            };
            let problems = file.problems();
            let (texts, found): (Vec<String>, Vec<String>) =
                problems.into_iter().map(<(String, String)>::from).unzip();
            assert_eq!(found, expected, "{name} {bytes} {purpose}");
            let named = texts
                .iter()
                .all(|text| text.starts_with(&format!("{path}: ")));
            assert!(named, "{texts:?}");
        }
    }

    #[test]
    fn a_document_too_large_to_attach_is_a_warning() {
        for (name, bytes, purpose, expected) in [
            ("a.pdf", 50_000_000, "user_data", None),
            (
                "a.pdf",
                50_000_001,
                "user_data",
                Some("it can be searched but not attached"),
            ),
            (
                "a.xlsx",
                50_000_001,
                "user_data",
                Some("it cannot be attached"),
            ),
            ("a.png", 50_000_001, "user_data", None),
            ("a.pdf", 50_000_001, "assistants", None),
        ] {
            let file = Candidate {
                path: name,
                name,
                bytes,
                head: b"",
                purpose,
                quoted: |words, files| format!("{words} {}", files.join(" ")),
            };
            let warning = file.warning();
            let end = warning.as_deref().and_then(|text| text.rsplit(": ").next());
            assert_eq!(end, expected, "{name} {bytes} {purpose}");
        }
    }
}
