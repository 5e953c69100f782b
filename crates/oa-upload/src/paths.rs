//! Paths that were named as arguments, and what people name instead of them.

use std::ffi::OsString;

use oa_core::{Error, Result};
use oa_pipe::escape::shown;
use oa_pipe::lift::{Incoming, looks_like_id};
use oa_pipe::object::Object;
use oa_pipe::plan::Source;
use oa_pipe::record::Record;
use oa_pipe::shell::command;

/// The records of the arguments; standard input where there are none.
///
/// # Errors
/// `usage` where `-` or the name does not go with the paths.
pub(crate) fn source(paths: &[OsString], renamed: bool, each: bool) -> Result<Source> {
    let from_stdin = paths.iter().filter(|path| *path == "-").count();
    if from_stdin > 1 {
        return Err(Error::usage("`-` can be read once only"));
    }
    if from_stdin == 1 && !renamed {
        return Err(Error::usage(
            "`-` needs --filename NAME, because the stored name decides what the API accepts",
        ));
    }
    if renamed && paths.len() != 1 {
        return Err(Error::usage(
            "--filename names one file; give exactly one PATH",
        ));
    }
    Ok(match paths {
        [] => Source::Stdin,
        paths if each => Source::Given(paths.chunks(1).map(of_paths).collect()),
        paths => Source::Given(vec![of_paths(paths)]),
    })
}

/// The record of paths that were named; one that no record can hold is named in its problem.
fn of_paths(paths: &[OsString]) -> Incoming {
    let names: Vec<String> = paths.iter().map(|path| shown(path)).collect();
    let mut object = Object::default();
    object.put("paths", &names);
    let problem = paths.iter().find_map(|path| match path.to_str() {
        Some("") => Some(Error::input("an empty path; is a variable unset?")),
        Some(_) => None,
        None => Some(
            Error::input(format!("{}: the name is not UTF-8", shown(path)))
                .hint("rename it, or send its bytes: oa-upload --filename NAME - < FILE"),
        ),
    });
    Incoming {
        record: Record::new(object),
        bare: None,
        problem,
    }
}

/// What to type where a word means nothing to this tool.
pub(crate) fn advice(typed: &str, next: &str) -> Option<String> {
    let file = if next.is_empty() { "FILE" } else { next };
    let named = ["-f", "--file", "--files", "-i", "--input"].contains(&typed);
    named.then(|| format!("name the files: {}", command("oa-upload", [file])))
}

/// What to do with a word that is no path, but something else that people upload.
pub(crate) fn meant(path: &str) -> Option<String> {
    if let Some(local) = path.strip_prefix("file://") {
        return Some(format!(
            "a file by its path: {}",
            command("oa-upload", [local])
        ));
    }
    let attach = command("oa-respond -n -p QUESTION -a", [path]);
    if path.contains("://") {
        let fetch = command("curl -O", [path]);
        Some(format!(
            "fetch it: {fetch}; or attach its address: {attach}"
        ))
    } else if looks_like_id(path) {
        Some(format!("an id is on the server already: {attach}"))
    } else {
        None
    }
}
