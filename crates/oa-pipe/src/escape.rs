//! Foreign text for a terminal: what is not seen itself, but does something, is written out.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;

/// Characters beside the control characters that are not seen, or that move what stands beside them.
const ACTIVE: [RangeInclusive<char>; 18] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff9}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e007f}',
    '\u{e0100}'..='\u{e01ef}',
];
/// Between two pictures it makes them one, as in a family.
const JOINER: char = '\u{200d}';

/// The text with such characters escaped, so that a file name or a server cannot drive a terminal or hide
/// words in it.
#[must_use]
pub fn escape(text: &str) -> String {
    written(text, |out, c| {
        let _ = match c {
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            c => write!(out, "\\u{{{:x}}}", u32::from(c)),
        };
    })
}

/// A word of the system as text, each byte that is no Unicode as `\xNN`.
#[must_use]
pub fn shown(word: &OsStr) -> String {
    let mut text = String::new();
    for chunk in word.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        let _ = write!(text, "{}", chunk.invalid().escape_ascii());
    }
    text
}

/// A text of several lines, escaped; line ends and tabs stay.
pub(crate) fn escape_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for part in text.split_inclusive(['\n', '\t']) {
        let words = part.trim_end_matches(['\n', '\t']);
        shown.push_str(&escape(words));
        shown.push_str(&part[words.len()..]);
    }
    shown
}

/// A line of JSON in characters that a terminal shows; it says the same.
pub(crate) fn escape_json(line: &str) -> String {
    // Such a character can stand in a string only.
    written(line, |out, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

/// The text, each active character of it as `write` has it.
fn written(text: &str, write: impl Fn(&mut String, char)) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if is_active(c) && !(c == JOINER && joins(&text[..at], &text[at + c.len_utf8()..])) {
            write(&mut out, c);
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a character is not shown itself, but does something to what is shown.
fn is_active(c: char) -> bool {
    c.is_control() || (c >= '\u{ad}' && ACTIVE.iter().any(|range| range.contains(&c)))
}

/// Whether pictures stand on both sides, that before it with its colour and style.
fn joins(before: &str, after: &str) -> bool {
    let picture = |c: char| matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    let mut before = before.chars().rev().take(3);
    before
        .find(|c| !matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}'))
        .is_some_and(picture)
        && after.starts_with(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            escape("a\x1b[31m\nb\u{202e}\u{e9}"),
            "a\\u{1b}[31m\\nb\\u{202e}\u{e9}"
        );
    }

    #[test]
    fn what_a_terminal_is_shown_does_nothing_to_it() {
        let text = "a\tb\n\n\x1b[31m\r\n";
        assert_eq!(escape_lines(text), "a\tb\n\n\\u{1b}[31m\\r\n");
        let line = "{\"a\":\"\u{9b}\u{202e}\u{e0041}\u{e9}\\\\\"}";
        assert_eq!(
            escape_json(line),
            "{\"a\":\"\\u009b\\u202e\\udb40\\udc41\u{e9}\\\\\"}"
        );
    }

    #[test]
    fn pictures_stay_and_hidden_letters_do_not() {
        for text in [
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{1f44d}\u{1f3fd}",
            "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
            "\u{4e2d}\u{6587} \u{e9}\u{301} \u{d55c}",
        ] {
            assert_eq!(escape(text), text);
        }
        assert_eq!(escape("a\u{200d}b\u{e0041}"), "a\\u{200d}b\\u{e0041}");
        assert_eq!(escape("\u{1f44d}\u{200d}x"), "\u{1f44d}\\u{200d}x");
    }
}
