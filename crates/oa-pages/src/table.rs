//! What a page says that no command line does: a row for each tool, for each key of a record, for each variable.

use clap::Command;
use oa_pipe::arguments::Arguments;
use oa_pipe::command;

/// A name and what it means.
pub(crate) type Row = (&'static str, &'static str);

/// When the pages were last looked through.
pub(crate) const DATE: &str = "2026-11-28";

/// A tool: the keys of a record that it looks at and that it sets, how it can end, and what it keeps in TMPDIR.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) command: fn() -> Command,
    pub(crate) reads: &'static [&'static str],
    pub(crate) writes: &'static [&'static str],
    /// Exit statuses of its own beside those of every tool.
    pub(crate) ends: &'static [&'static str],
    /// What TMPDIR means to it; empty: nothing.
    pub(crate) keeps: &'static str,
}

/// All tools, in the order of the pipe.
pub(crate) const TOOLS: [Tool; 8] = [
    Tool {
        name: oa_upload::Args::TOOL,
        command: command::<oa_upload::Args>,
        reads: &["paths", "files"],
        writes: &["files"],
        ends: &["3", "10", "11"],
        keeps: BYTES,
    },
    Tool {
        name: oa_index::Args::TOOL,
        command: command::<oa_index::Args>,
        reads: &["files", "attributes"],
        writes: &["vector_store"],
        ends: &["3", "8", "10", "11", "124"],
        keeps: "",
    },
    Tool {
        name: oa_respond::Args::TOOL,
        command: command::<oa_respond::Args>,
        reads: &[
            "paths",
            "prompt",
            "request",
            "files",
            "vector_store",
            "response",
            "batch",
        ],
        writes: &[
            "response",
            "output_text",
            "citations",
            "previous",
            "window",
            "input_tokens",
            "request",
        ],
        ends: &["3", "8", "9", "10", "11", "124"],
        keeps: BYTES,
    },
    Tool {
        name: oa_batch::Args::TOOL,
        command: command::<oa_batch::Args>,
        reads: &["request", "batch", "response"],
        writes: &["batch", "response", "output_text", "citations"],
        ends: &["3", "8", "9", "10", "11", "124"],
        keeps: "The folder where records and answers are kept until they are written. Nobody else sees them there.",
    },
    Tool {
        name: oa_poll::Args::TOOL,
        command: command::<oa_poll::Args>,
        reads: &["response", "window", "batch"],
        writes: &["response", "output_text", "citations"],
        ends: &["3", "8", "9", "11", "124"],
        keeps: "",
    },
    Tool {
        name: oa_search::Args::TOOL,
        command: command::<oa_search::Args>,
        reads: &["prompt", "vector_store", "files"],
        writes: &["results"],
        ends: &["3", "11"],
        keeps: "",
    },
    Tool {
        name: oa_delete::Args::TOOL,
        command: command::<oa_delete::Args>,
        reads: &["files", "vector_store", "response", "batch", "output_text"],
        writes: &[],
        ends: &["3", "8", "11"],
        keeps: "",
    },
    Tool {
        name: oa_list::Args::TOOL,
        command: command::<oa_list::Args>,
        reads: &[],
        writes: &[],
        ends: &[],
        keeps: "",
    },
];

const BYTES: &str = "The folder where the bytes of a pipe are kept while they are sent. Nobody else sees them there.";

/// Exit statuses of every tool.
pub(crate) const ENDS: [&str; 9] = ["0", "1", "2", "4", "5", "6", "7", "129, 130, 143", "141"];
/// What some of them mean where no record is read.
pub(crate) const LISTED: [Row; 2] = [
    ("0", "the list was written"),
    ("1", "part of the list could not be written"),
];
/// The status that speaks of an option, and what it means where there is none.
pub(crate) const LATE: Row = (
    "124",
    "deadline: an hour went by after the connection was lost, and the response still ran",
);

/// Values of options that models may know more of, so that a tool takes any.
pub(crate) const VALUES: [(&str, &[&str]); 1] = [(
    "reasoning_effort",
    &["none", "minimal", "low", "medium", "high", "xhigh", "max"],
)];

/// The keys of a record.
pub(crate) const KEYS: [Row; 15] = [
    (
        "paths",
        "A text or an array of texts: local files to be uploaded.",
    ),
    (
        "prompt",
        "The question of this record; it wins over that of an option.",
    ),
    (
        "request",
        "An object that is merged over the body of the request (RFC 7396); of --dry-run, the whole body.",
    ),
    (
        "attributes",
        "An object that says what the files are, to filter by.",
    ),
    (
        "files",
        "The File objects as the API gave them. One that carries `path` was uploaded by the pipe.",
    ),
    (
        "vector_store",
        "The vector store as the API gave it; `made` says that the pipe made it, `shared` how many records share it.",
    ),
    (
        "batch",
        "The Batch that the request of this record is part of, and its `custom_id` there.",
    ),
    (
        "window",
        "The completion window that was asked for: 2h or 8h.",
    ),
    ("response", "The Response object as the API gave it."),
    (
        "output_text",
        "The answer: the text of the messages of the response, without commentary.",
    ),
    ("citations", "What the answer cites, each file once."),
    (
        "previous",
        "An array of the earlier Response objects of this record.",
    ),
    ("input_tokens", "How many tokens the question has."),
    ("results", "The passages that were found."),
    (
        "error",
        "Why the record failed: `tool`, `kind`, `message` and `retryable`, and what else is known. A record that has one is only passed on.",
    ),
];

/// Variables that every tool reads.
pub(crate) const VARIABLES: [Row; 8] = [
    ("OPENAI_API_KEY", "The key. No option takes it."),
    (
        "OPENAI_API_KEY_FILE",
        "A file to read the key from, where OPENAI_API_KEY is not set.",
    ),
    ("OPENAI_BASE_URL", "The address of the API, with /v1."),
    (
        "OPENAI_ORG_ID, OPENAI_PROJECT_ID",
        "The organization and the project that are charged.",
    ),
    (
        "OPENAI_CUSTOM_HEADERS",
        "More headers of each request, a line each: Name: value.",
    ),
    ("OA_QUIET", "1 is as good as -q."),
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY",
        "The proxy, and the hosts that are reached without it. The same in small letters.",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "Certificates to trust in place of those of the system.",
    ),
];

/// Variables that stand for an option of some tool.
pub(crate) const OWN_VARIABLES: [Row; 1] = [("OA_MODEL", "The model, where no option names one.")];

/// The file that every tool writes.
pub(crate) const FILE: Row = (
    "FILE",
    "What -o names. It appears whole, in place of what stood there, and only if everything ended well.",
);
/// The one that is left of records.
pub(crate) const FAILED: Row = (
    "FILE.failed",
    "All records of a run in which one failed. What was done and paid for goes on from there; a later success removes it.",
);

/// Programs of others that the tools go well with.
pub(crate) const FRIENDS: [&str; 4] = ["jq", "make", "xargs", "parallel"];
