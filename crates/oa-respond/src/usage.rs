//! What may stand together on the command line of a question, and what people type first.

use std::ffi::OsStr;
use std::path::Path;

use oa_core::{Error, Result};
use oa_pipe::glance::Glance;
use oa_pipe::object::Object;
use oa_pipe::shell::word;

use crate::args::Args;
use crate::layers::Layer;
use crate::search::FileSearch;

/// Options that take a file, and so the bytes of stdin.
const FILES: [&str; 5] = [
    "prompt_file",
    "instructions_file",
    "schema",
    "request-file",
    "attach",
];

/// Fields of the body that have no option of their own (API reference, POST /responses).
const FIELDS: [&str; 16] = [
    "temperature",
    "top_p",
    "top_logprobs",
    "tools",
    "tool_choice",
    "max_tool_calls",
    "parallel_tool_calls",
    "service_tier",
    "metadata",
    "truncation",
    "include",
    "conversation",
    "previous_response_id",
    "prompt_cache_key",
    "safety_identifier",
    "user",
];

/// How many arguments take the bytes of stdin.
pub(crate) fn stdin_users(args: &Args) -> usize {
    let files = [&args.prompt_file, &args.instructions_file, &args.schema];
    let files = files.into_iter().flatten().chain(args.layers.files());
    let files = files.chain(&args.attach);
    files.filter(|name| *name == "-").count()
}

/// Whether a command line that is wrong reads records all the same.
pub(crate) fn reads(glance: &Glance) -> bool {
    !glance.has("null_input") && !glance.values(&FILES).any(|name| name == OsStr::new("-"))
}

/// Looks at what no single option shows.
pub(crate) fn check(args: &Args) -> Result<()> {
    let waits = match (args.background, &args.window) {
        (true, _) => Some("-b".to_owned()),
        (false, window) => window.as_ref().map(|window| format!("-w {window}")),
    };
    if let Some(option) = waits.filter(|_| args.text && !args.stream) {
        let message = format!("-t has nothing to write straight after {option}");
        return Err(Error::usage(message).hint(format!("… {option} | oa-poll -t")));
    }
    for layer in &args.layers.0 {
        if let Layer::Json(json) = layer {
            let read = Object::parse(json.trim());
            read.map_err(|error| Error::usage(format!("--request: not a JSON object: {error}")))?;
        }
    }
    FileSearch::read(args).map(drop)
}

/// What to do where this word was typed that means nothing here, and that one after it.
pub(crate) fn advice(typed: &str, next: &str) -> Option<String> {
    if !typed.starts_with('-') {
        return Some(bare(typed));
    }
    let field = typed.trim_start_matches('-').replace('-', "_");
    if FIELDS.contains(&field.as_str()) {
        return Some(format!("--request {}", word(&patch(&field, next))));
    }
    let value = |name: &str| match next {
        "" => name.to_owned(),
        next => word(next),
    };
    Some(match typed {
        "-f" | "--file" | "--files" | "--input" | "--image" => {
            format!(
                "attach it: oa-respond -n -p QUESTION -a {} -t",
                value("FILE")
            )
        }
        "--json" => "records are JSON already; for an answer in JSON: --schema FILE, or \
                     --request '{\"text\":{\"format\":{\"type\":\"json_object\"}}}'"
            .to_owned(),
        "--max-tokens" => format!("--max-output-tokens {}", value("N")),
        "-s" | "--system" => format!("--instructions {}", value("TEXT")),
        _ => return None,
    })
}

/// The body's field with this value: JSON where it is such, else a text.
fn patch(field: &str, value: &str) -> String {
    let text = || oa_pipe::object::raw(&value).get().to_owned();
    let json = match value {
        "" => "VALUE".to_owned(),
        value => Object::parse(&format!("{{\"\":{value}}}"))
            .map_or_else(|_| text(), |_| value.to_owned()),
    };
    format!("{{\"{field}\":{json}}}")
}

/// What to do with a word that belongs to no option: it is what to ask about, or the question.
fn bare(typed: &str) -> String {
    let named = |text: &str| {
        let end = text.rsplit_once('.').map_or("", |(_, end)| end);
        text.contains('/') || (!end.is_empty() && end.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    let blank = typed.contains(char::is_whitespace);
    let id = oa_pipe::lift::looks_like_id(typed);
    if id || Path::new(typed).exists() || (!blank && named(typed)) {
        format!("attach it: oa-respond -n -p QUESTION -a {} -t", word(typed))
    } else {
        format!(
            "a question goes with -p: oa-respond -p {}, and without records -n -t",
            word(typed)
        )
    }
}
