//! Lines on stderr; a stderr that nobody reads is no reason to stop.

use std::io::{self, Write};
use std::time::Duration;

use hyper::http::request::Parts;

use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::objects::model::AS_OF;

/// Writes a line with the program's name in front.
pub(crate) fn line(text: &str) {
    let clean: String = text
        .chars()
        .map(|c| if is_shown(c) { c } else { '\u{fffd}' })
        .collect();
    let _ = writeln!(io::stderr(), "oa-mock: {clean}");
}

/// A failure and its causes, as people say them.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    let said = error.chain().map(|cause| match cause.downcast_ref() {
        Some(cause) => plain(cause),
        None => cause.to_string(),
    });
    said.collect::<Vec<_>>().join(": ")
}

/// What the system says is wrong, without its number.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// Whether a character is one that is seen where it stands, and does nothing else.
fn is_shown(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\') || c.escape_debug().len() == 1
}

/// One line per request, where they are logged: `oa-mock: POST /v1/files 200 3ms`.
pub(crate) fn request(mock: &Mock, head: &Parts, status: u16, took: Duration) {
    if !mock.settings.log {
        return;
    }
    let status = if status == 0 {
        "cut".to_owned()
    } else {
        status.to_string()
    };
    let (method, path, took) = (&head.method, head.uri.path(), took.as_millis());
    line(&format!("{method} {path} {status} {took}ms"));
}

/// Says of what was refused that a newer API may take it, so that nobody takes this server's word for the API's.
pub(crate) fn newer(mock: &Mock, error: &ApiError) {
    if error.newer && !mock.settings.quiet {
        line(&format!(
            "not in the API as of {AS_OF}, which is all that is known here (--lenient lets it pass): {}",
            error.message
        ));
    }
}
