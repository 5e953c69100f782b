//! The API's limits as one table (the rule, the number, its source, the way out).

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
    pub(crate) fn new(path: &str, what: &str, way_out: impl Into<String>) -> Problem {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
