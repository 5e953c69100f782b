//! Lines on stderr; a stderr that nobody reads is no reason to stop.

use std::io::{self, Write};
use std::time::Duration;

/// Writes a line with the program's name in front.
pub(crate) fn line(text: &str) {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    let _ = writeln!(io::stderr(), "oa-mock: {clean}");
}

/// One line per request: `oa-mock: POST /v1/files 200 3ms`.
pub(crate) fn request(method: &str, path: &str, status: u16, took: Duration) {
    let status = if status == 0 {
        "cut".to_owned()
    } else {
        status.to_string()
    };
    line(&format!("{method} {path} {status} {}ms", took.as_millis()));
}
