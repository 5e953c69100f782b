//! The API's limits as one table (the rule, the number, its source, the way out) and the checks before an upload.

use crate::kind::{self, Kind};

/// One limit of the API.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// A short name of its own.
    pub name: &'static str,
    /// The last value allowed, in `unit`.
    pub limit: u64,
    /// What is counted: bytes, characters, pictures, seconds.
    pub unit: &'static str,
    /// `limit` is the least allowed, not the most.
    pub least: bool,
    /// The rule as a sentence.
    pub says: &'static str,
    /// Where the API states it: an endpoint of the reference, a schema of the specification, a guide.
    pub source: &'static str,
    /// What to do about it.
    pub way_out: &'static str,
}

impl Rule {
    /// If the value breaks the rule, what to say about `what`, without the way out:
    /// "report.pdf: 600000000 bytes; a file may have at most 536870912 (POST /files)".
    #[must_use]
    pub fn exceeded(&self, what: &str, value: u64) -> Option<String> {
        let broken = if self.least {
            value < self.limit
        } else {
            value > self.limit
        };
        broken.then(|| {
            format!(
                "{what}: {value} {}; {} ({})",
                self.unit, self.says, self.source
            )
        })
    }
}

/// One uploaded file, in bytes (512 MiB).
pub const UPLOAD_BYTES: Rule = Rule {
    name: "upload",
    limit: 536_870_912,
    unit: "bytes",
    least: false,
    says: "a file may have at most 536870912",
    source: "POST /files",
    way_out: "split it",
};

/// One uploaded file, in bytes: the least.
pub const EMPTY_FILE: Rule = Rule {
    name: "empty",
    limit: 1,
    unit: "bytes",
    least: true,
    says: "a file must have at least 1",
    source: "POST /files",
    way_out: "leave it out",
};

/// The input file of a batch, in bytes (200 MB).
pub const BATCH_BYTES: Rule = Rule {
    name: "batch",
    limit: 200_000_000,
    unit: "bytes",
    least: false,
    says: "a batch file may have at most 200000000",
    source: "POST /files",
    way_out: "split it into several batches",
};

/// All documents of one request together, in bytes, whether inline, by URL or by id (50 MB).
pub const REQUEST_DOCUMENT_BYTES: Rule = Rule {
    name: "request-documents",
    limit: 50_000_000,
    unit: "bytes",
    least: false,
    says: "all documents of a request together may have at most 50000000",
    source: "file inputs guide",
    way_out: "attach fewer, split them, or search them: oa-index, then oa-respond --file-search",
};

/// The `image_url` of one `input_image`, in characters: about 15 MiB of picture in base64.
pub const IMAGE_URL_CHARS: Rule = Rule {
    name: "image-url",
    limit: 20_971_520,
    unit: "characters",
    least: false,
    says: "an image_url may have at most 20971520",
    source: "InputImageContentParamAutoParam",
    way_out: "upload the picture with oa-upload and attach its id, or scale it down",
};

/// The `file_data` of one `input_file`, in characters: 52.5 MiB in base64.
pub const FILE_DATA_CHARS: Rule = Rule {
    name: "file-data",
    limit: 73_400_320,
    unit: "characters",
    least: false,
    says: "file_data may have at most 73400320",
    source: "InputFileContentParam",
    way_out: "split the file, or search it: oa-upload, oa-index, then oa-respond --file-search",
};

/// Pictures in one request.
pub const IMAGES_PER_REQUEST: Rule = Rule {
    name: "request-pictures",
    limit: 1_500,
    unit: "pictures",
    least: false,
    says: "a request may have at most 1500",
    source: "images and vision guide",
    way_out: "ask in several requests",
};

/// All pictures of one request together, in bytes (512 MB).
pub const IMAGE_BYTES_PER_REQUEST: Rule = Rule {
    name: "request-picture-bytes",
    limit: 512_000_000,
    unit: "bytes",
    least: false,
    says: "all pictures of a request together may have at most 512000000",
    source: "images and vision guide",
    way_out: "ask in several requests, or scale the pictures down",
};

/// The `text` of one `input_text`, in characters.
pub const TEXT_CHARS: Rule = Rule {
    name: "text",
    limit: 10_485_760,
    unit: "characters",
    least: false,
    says: "a text may have at most 10485760",
    source: "InputTextContentParam",
    way_out: "attach it as a file",
};

/// The least life of a file that expires, in seconds (1 hour).
pub const EXPIRY_SECONDS_MIN: Rule = Rule {
    name: "expiry-least",
    limit: 3_600,
    unit: "seconds",
    least: true,
    says: "a file lives at least 3600",
    source: "POST /files",
    way_out: "give 1h to 30d, or delete it when done: oa-delete",
};

/// The longest life of a file that expires, in seconds (30 days).
pub const EXPIRY_SECONDS_MAX: Rule = Rule {
    name: "expiry-most",
    limit: 2_592_000,
    unit: "seconds",
    least: false,
    says: "a file that expires lives at most 2592000",
    source: "POST /files",
    way_out: "give 1h to 30d, or keep it: --keep",
};

/// Every rule.
pub const RULES: &[&Rule] = &[
    &UPLOAD_BYTES,
    &EMPTY_FILE,
    &BATCH_BYTES,
    &REQUEST_DOCUMENT_BYTES,
    &IMAGE_URL_CHARS,
    &FILE_DATA_CHARS,
    &IMAGES_PER_REQUEST,
    &IMAGE_BYTES_PER_REQUEST,
    &TEXT_CHARS,
    &EXPIRY_SECONDS_MIN,
    &EXPIRY_SECONDS_MAX,
];

/// Why something should not be sent; `--force` turns it into a warning.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong; begins with what the user calls it.
    pub text: String,
    /// What to do about it.
    pub way_out: String,
}

impl Problem {
    fn new(path: &str, what: &str, way_out: impl Into<String>) -> Problem {
        Problem {
            text: format!("{path}: {what}"),
            way_out: way_out.into(),
        }
    }

    /// The problem that a value has with a rule, if any.
    #[must_use]
    pub fn of(rule: &Rule, what: &str, value: u64) -> Option<Problem> {
        let text = rule.exceeded(what, value)?;
        let way_out = rule.way_out.to_owned();
        Some(Problem { text, way_out })
    }
}

impl From<Problem> for (String, String) {
    fn from(problem: Problem) -> (String, String) {
        (problem.text, problem.way_out)
    }
}

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
                let (words, files) = kind::conversion(refused, file)?;
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
    fn every_rule_names_its_limit_and_stands_once() {
        for (at, rule) in RULES.iter().enumerate() {
            assert!(
                rule.says.ends_with(&format!(" {}", rule.limit)),
                "{}",
                rule.name
            );
            assert_eq!(
                RULES.iter().position(|other| other.name == rule.name),
                Some(at)
            );
        }
    }

    #[test]
    fn a_rule_is_broken_beyond_its_limit_only() {
        let says = "report.pdf: 50000001 bytes; all documents of a request together may have at most 50000000 \
            (file inputs guide)";
        let rule = &REQUEST_DOCUMENT_BYTES;
        assert_eq!(
            rule.exceeded("report.pdf", 50_000_001).as_deref(),
            Some(says)
        );
        assert_eq!(rule.exceeded("report.pdf", 50_000_000), None);
        assert_eq!(EXPIRY_SECONDS_MIN.exceeded("1h", 3_600), None);
        let says = "59m: 3540 seconds; a file lives at least 3600 (POST /files)";
        assert_eq!(
            EXPIRY_SECONDS_MIN.exceeded("59m", 3_540).as_deref(),
            Some(says)
        );
    }

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
