//! A record as the line that is written of it.

use std::borrow::Cow;

use crate::escape::escape_json;
use crate::object::Object;

/// Bytes of a line that is large.
const LARGE: usize = 1 << 20;

/// A line as it is written: in one piece, so that the lines of several processes do not mix, unless it is so large that
/// it would mix all the same and a second copy of it may not fit in memory.
pub(super) fn line_of(object: &Object, on_screen: bool) -> Vec<Cow<'_, str>> {
    if object.length() > LARGE && !on_screen {
        return object.pieces().chain([Cow::Borrowed("\n")]).collect();
    }
    let mut line = object.to_line();
    if on_screen {
        line = escape_json(&line);
    }
    line.push('\n');
    vec![Cow::Owned(line)]
}

pub(super) fn length(pieces: &[Cow<str>]) -> usize {
    pieces.iter().map(|piece| piece.len()).sum()
}
