//! The completion window that a body asks for, and files that must live until it is over.

use std::time::Duration;

use oa_core::field::Fields;
use oa_core::{Error, Result};
use oa_pipe::duration::duration;
use oa_pipe::file::File;
use oa_pipe::object::Object;
use oa_pipe::shell::command;

/// Where a body says how soon an answer is wanted (API reference, POST /responses).
pub(crate) const OPTIONS: &str = "background_options";
pub(crate) const WINDOW: &str = "completion_window";
/// The window that is none.
const NONE: &str = "soonest";

/// The window that a body asks for, in the API's word.
pub(crate) fn window(body: &Object) -> Option<String> {
    let options = body.get(OPTIONS)?;
    let window = Fields::of(options, &[WINDOW]).text(WINDOW)?;
    (window != NONE).then_some(window)
}

/// Refuses a file that the API has forgotten by now, or will have before the window is over.
pub(crate) fn expiry(file: &File, window: Option<&str>) -> Result<()> {
    let needed = window.and_then(|window| duration(window).ok());
    if !file.expires_within(needed.unwrap_or_default()) {
        return Ok(());
    }
    let (label, id) = (file.label(), file.name());
    let expired = file.expires_within(Duration::ZERO);
    let (why, again, upload) = match window.filter(|_| !expired) {
        None => ("has expired".to_owned(), "upload it again", "oa-upload"),
        Some(window) => (
            format!("expires before the window of {window} is over"),
            "upload it again, to live longer",
            "oa-upload --expires-after 72h",
        ),
    };
    let hint = match file.path.as_deref() {
        Some(path) if path != "-" => format!("{again}: {}", command(upload, [path])),
        _ => again.to_owned(),
    };
    Err(Error::input(format!("{label}: the uploaded file {id} {why}")).hint(hint))
}
