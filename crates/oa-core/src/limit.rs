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

/// The id of a file, in characters.
pub const FILE_ID_CHARS: Rule = Rule {
    name: "file-id",
    limit: 64,
    unit: "characters",
    least: false,
    says: "a file id may have at most 64",
    source: "InputImageContent",
    way_out: "write ./NAME for a local file of such a name",
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
    &FILE_ID_CHARS,
    &EXPIRY_SECONDS_MIN,
    &EXPIRY_SECONDS_MAX,
];

/// Why a file should not be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong; begins with the file's name and a colon.
    pub text: String,
    /// What to do about it.
    pub way_out: String,
    /// `--force` may turn it into a warning.
    pub forceable: bool,
}

impl Problem {
    fn forceable(text: String, way_out: String) -> Self {
        Self {
            text,
            way_out,
            forceable: true,
        }
    }
}

fn broken(rule: &Rule, name: &str, value: u64) -> Option<Problem> {
    let text = rule.exceeded(name, value)?;
    Some(Problem::forceable(text, rule.way_out.into()))
}

/// Everything that speaks against uploading a file, from its name, length, first 512 to 1,024 bytes and
/// purpose: at most one problem of size and one of type; an empty file has that problem only.
#[must_use]
pub fn upload_problems(name: &str, bytes: u64, head: &[u8], purpose: &str) -> Vec<Problem> {
    if let Some(problem) = broken(&EMPTY_FILE, name, bytes) {
        return vec![Problem {
            forceable: false,
            ..problem
        }];
    }
    let size = if purpose == "batch" {
        &BATCH_BYTES
    } else {
        &UPLOAD_BYTES
    };
    let kind = picture_problem(name, head, purpose)
        .or_else(|| conflict_problem(name, head))
        .or_else(|| purpose_problem(name, purpose));
    broken(size, name, bytes).into_iter().chain(kind).collect()
}

fn picture_problem(name: &str, head: &[u8], purpose: &str) -> Option<Problem> {
    if !matches!(purpose, "vision" | "user_data" | "assistants") {
        return None;
    }
    let refused = kind::refused_picture(name, head)?;
    let text = format!(
        "{name}: a {} picture; the API accepts PNG, JPEG, WEBP and GIF (images and vision guide)",
        refused.extension.to_ascii_uppercase()
    );
    let way_out = match kind::sniff(head) {
        Some(found) if found.attach => renamed(found),
        _ => format!("convert it first: {}", refused.convert.unwrap_or_default()),
    };
    Some(Problem::forceable(text, way_out))
}

/// A container may hold anything, so only its owner knows the right name.
fn renamed(found: &Kind) -> String {
    match found.extension {
        "docx" | "doc" => "give it the name it should have: --filename NAME".into(),
        extension => format!("give it the right name: --filename NAME.{extension}"),
    }
}

fn conflict_problem(name: &str, head: &[u8]) -> Option<Problem> {
    let text = format!("{name}: {}", kind::conflict(name, head)?);
    Some(Problem::forceable(text, kind::sniff(head).map(renamed)?))
}

fn purpose_problem(name: &str, purpose: &str) -> Option<Problem> {
    let jsonl = kind::of_name(name).is_some_and(|kind| kind.extension == "jsonl");
    let (text, way_out) = match purpose {
        "vision" if !kind::is_picture(name) => (
            "purpose vision is for PNG, JPEG, WEBP and GIF (images and vision guide)",
            "upload it with --purpose user_data",
        ),
        "batch" | "fine-tune" | "evals" if !jsonl => (
            "this purpose is for JSON lines, in a file called .jsonl (POST /files)",
            "give it the name it should have: --filename NAME.jsonl",
        ),
        _ => return None,
    };
    Some(Problem::forceable(
        format!("{name}: {text}"),
        way_out.into(),
    ))
}

/// What should be known about a file that can be uploaded: a `user_data` document too large to attach.
#[must_use]
pub fn upload_warnings(name: &str, bytes: u64, purpose: &str) -> Vec<String> {
    if purpose != "user_data" || kind::is_picture(name) {
        return Vec::new();
    }
    let searched = kind::of_name(name).is_none_or(|kind| kind.search);
    let use_left = if searched {
        "can be searched but not attached"
    } else {
        "cannot be attached"
    };
    let warning = |text| format!("{text}: it {use_left}");
    REQUEST_DOCUMENT_BYTES
        .exceeded(name, bytes)
        .map(warning)
        .into_iter()
        .collect()
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
            "convert it first: heif-convert in.heic out.jpg",
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
            ("a.jpg", 9, heic, "vision", vec![convert]),
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
            let problems = upload_problems(name, bytes, head, purpose);
            let found: Vec<_> = problems
                .iter()
                .map(|problem| problem.way_out.as_str())
                .collect();
            assert_eq!(found, expected, "{name} {bytes} {purpose}");
            assert!(
                problems
                    .iter()
                    .all(|problem| problem.forceable == (bytes > 0))
            );
            assert!(
                problems
                    .iter()
                    .all(|problem| problem.text.starts_with(name))
            );
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
            let warnings = upload_warnings(name, bytes, purpose);
            let end = warnings.first().and_then(|text| text.rsplit(": ").next());
            assert_eq!(end, expected, "{name} {bytes} {purpose}");
        }
    }
}
