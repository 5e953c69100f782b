//! What a page says that no command line does: a row for each tool, for each key of a record, for each variable.

use clap::Command;
use oa_pipe::arguments::Arguments;

/// A name and what it means.
pub(crate) type Row = (&'static str, &'static str);

/// When the pages were last looked through.
pub(crate) const DATE: &str = "2026-11-28";

/// A tool, and the keys of a record that it looks at and that it sets.
pub(crate) struct Tool {
    pub(crate) command: fn() -> Command,
    pub(crate) reads: &'static [&'static str],
    pub(crate) writes: &'static [&'static str],
}

impl Tool {
    pub(crate) fn name(&self) -> String {
        (self.command)().get_name().to_owned()
    }
}

/// All tools, in the order of the pipe.
pub(crate) const TOOLS: [Tool; 8] = [
    tool::<oa_upload::Args>(&["paths", "files"], &["files"]),
    tool::<oa_index::Args>(&["files", "attributes"], &["vector_store"]),
    tool::<oa_respond::Args>(
        &[
            "prompt",
            "request",
            "files",
            "vector_store",
            "response",
            "batch",
        ],
        &[
            "response",
            "output_text",
            "citations",
            "previous",
            "window",
            "input_tokens",
            "request",
        ],
    ),
    tool::<oa_batch::Args>(
        &["request", "batch", "response"],
        &["batch", "response", "output_text", "citations"],
    ),
    tool::<oa_poll::Args>(
        &["response", "window", "batch"],
        &["response", "output_text", "citations"],
    ),
    tool::<oa_search::Args>(&["prompt", "vector_store", "files"], &["results"]),
    tool::<oa_delete::Args>(
        &["files", "vector_store", "response", "batch", "output_text"],
        &[],
    ),
    tool::<oa_list::Args>(&[], &[]),
];

const fn tool<A: Arguments>(
    reads: &'static [&'static str],
    writes: &'static [&'static str],
) -> Tool {
    Tool {
        command: oa_pipe::command::<A>,
        reads,
        writes,
    }
}

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
pub(crate) const VARIABLES: [Row; 9] = [
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
    (
        "TMPDIR",
        "The folder where the bytes of a pipe are kept while they are sent. Nobody else sees them there.",
    ),
];

/// Variables that stand for an option of some tool.
pub(crate) const OWN_VARIABLES: [Row; 1] = [("OA_MODEL", "The model, where no option names one.")];

/// Files that every tool writes.
pub(crate) const FILES: [Row; 2] = [
    (
        "FILE",
        "What -o names. It appears whole, in place of what stood there, and only if every record ended well.",
    ),
    (
        "FILE.failed",
        "All records of a run in which one failed. What was done and paid for goes on from there; a later success removes it.",
    ),
];

/// Programs of others that the tools go well with.
pub(crate) const FRIENDS: [&str; 4] = ["jq", "make", "xargs", "parallel"];
