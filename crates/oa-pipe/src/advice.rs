//! What people type first, and what to type instead.

use crate::shell::word;

/// How a file of records goes in whose name was typed, if it was.
pub(super) fn records(tool: &str, typed: &str) -> Option<String> {
    let named = [".json", ".jsonl"].iter().any(|end| typed.ends_with(end));
    named.then(|| redirected(tool, typed))
}

/// How the records of a file go in.
pub(super) fn redirected(tool: &str, file: &str) -> String {
    format!("its records: {tool} < {}", word(file))
}

/// What to do where this word was typed that means nothing to the tool, and that one after it.
pub(super) fn of(tool: &str, typed: &str, next: &str) -> Option<String> {
    let file = match next {
        "" => "FILE".to_owned(),
        file => word(file),
    };
    Some(match typed {
        "-f" | "--file" | "--files" | "-i" | "--input" | "--input-file" => {
            format!("records come on stdin: {tool} < {file}")
        }
        "--json" | "--jsonl" | "--ndjson" => "records are JSON already; leave it out".to_owned(),
        "--api-key" | "--apikey" | "--token" => {
            "a key is never an argument: export OPENAI_API_KEY=…, or name its file: --api-key-file"
                .to_owned()
        }
        "-p" | "--prompt" | "-m" | "--model" => {
            format!("oa-respond asks: … | oa-respond {typed} {file} | …")
        }
        _ => return None,
    })
}
