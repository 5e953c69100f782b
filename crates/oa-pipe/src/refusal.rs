//! What should not be sent, and is sent where the user forces it.

use oa_core::{Error, Result};

use crate::log::Log;

/// Refuses for the first of these problems, each with its way out; where the user forces it, all of them are
/// warnings.
///
/// # Errors
/// `input`, with the way out.
pub fn refuse<P: Into<(String, String)>>(
    problems: impl IntoIterator<Item = P>,
    force: bool,
    log: &Log,
) -> Result<()> {
    for problem in problems {
        let (text, way_out) = problem.into();
        if !force {
            let way_out = format!("{way_out}; --force sends it all the same");
            return Err(Error::input(text).hint(way_out));
        }
        log.warning(&text);
    }
    Ok(())
}
