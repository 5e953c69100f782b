//! Secrets taken out of foreign text, in every shape that a server can echo.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::error::Error;
use crate::machine::lock;

/// A secret of fewer letters is a dummy for a local server, and would tear words apart.
const SHORTEST: usize = 8;
/// So many letters of a secret in a row give it away.
const RUN: usize = 12;
/// The same run in base64.
const RUN_64: usize = 16;
/// What stands in its place.
const MASK: &str = "***";

/// What must never be shown, as the pieces by which it is recognised.
#[derive(Default)]
pub struct Secrets {
    pieces: Mutex<Pieces>,
}

#[derive(Default)]
struct Pieces {
    runs: Runs,
    /// Of base64 in the standard alphabet, at each of the three offsets in its groups.
    encoded: Runs,
}

/// Pieces of one length, or whole secrets that are shorter.
#[derive(Default)]
struct Runs {
    pieces: HashSet<Vec<u8>>,
    lengths: Vec<usize>,
}

impl Runs {
    fn add(&mut self, secret: &[u8], length: usize) {
        let length = length.min(secret.len());
        if length == 0 {
            return;
        }
        self.pieces
            .extend(secret.windows(length).map(<[u8]>::to_vec));
        if !self.lengths.contains(&length) {
            self.lengths.push(length);
        }
    }

    /// Marks the letters that belong to one of the pieces.
    fn mark(&self, letters: &[u8], marks: &mut [bool]) {
        for length in &self.lengths {
            for (at, window) in letters.windows(*length).enumerate() {
                if self.pieces.contains(window) {
                    marks[at..at + length].fill(true);
                }
            }
        }
    }
}

impl Secrets {
    /// From now on this is taken out.
    pub fn add(&self, secret: &str) {
        lock(&self.pieces).add(secret);
    }

    /// The text without the secrets, wherever and in whatever shape they stand.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        lock(&self.pieces).redact(text)
    }

    /// The failure without the key, whichever part of it a server put the key into.
    #[must_use]
    pub fn redact_error(&self, mut error: Error) -> Error {
        error.message = self.redact(&error.message);
        let facts = &mut *error;
        let others = [
            &mut facts.code,
            &mut facts.param,
            &mut facts.request_id,
            &mut facts.hint,
            &mut facts.body,
        ];
        for text in others.into_iter().flatten() {
            *text = self.redact(text);
        }
        error
    }
}

impl Pieces {
    fn add(&mut self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        self.runs.add(secret.as_bytes(), RUN);
        for offset in 0..3 {
            let padded = [&b"  "[..offset.min(2)], secret.as_bytes()].concat();
            let encoded = STANDARD_NO_PAD.encode(padded);
            // The first and the last letters depend on what stands beside the secret.
            let inner = &encoded.as_bytes()[(offset * 4).div_ceil(3)..];
            let whole = secret.len().saturating_sub((3 - offset) % 3) / 3 * 4;
            let inner = &inner[..whole.min(inner.len())];
            if inner.len() >= SHORTEST {
                self.encoded.add(inner, RUN_64);
            }
        }
    }

    fn redact(&self, text: &str) -> String {
        if self.runs.lengths.is_empty() {
            return text.to_owned();
        }
        let mut hidden = vec![false; text.len()];
        self.hide(&plain(text), &mut hidden);
        if text.contains(['%', '\\', '&']) {
            self.hide(&unescaped(text), &mut hidden);
        }
        if !hidden.contains(&true) {
            return text.to_owned();
        }
        masked(text, &hidden)
    }

    fn hide(&self, letters: &[Letter], hidden: &mut [bool]) {
        let bytes: Vec<u8> = letters.iter().map(|(byte, _)| *byte).collect();
        let mut marks = vec![false; bytes.len()];
        self.runs.mark(&bytes, &mut marks);
        let standard: Vec<u8> = bytes.iter().map(|byte| standard(*byte)).collect();
        self.encoded.mark(&standard, &mut marks);
        for ((_, place), _) in letters.iter().zip(marks).filter(|(_, marked)| *marked) {
            hidden[place.clone()].fill(true);
        }
    }
}

/// A letter of base64 for addresses, as the standard alphabet has it.
fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// A byte and where it stands in the text.
type Letter = (u8, Range<usize>);

fn plain(text: &str) -> Vec<Letter> {
    let bytes = text.bytes().enumerate();
    bytes.map(|(at, byte)| (byte, at..at + 1)).collect()
}

/// Ways to write a letter by its number: how it begins, the base, how many digits, how it ends.
const ESCAPES: [(&str, u32, usize, &str); 5] = [
    ("%", 16, 2, ""),
    ("\\u", 16, 4, ""),
    ("\\x", 16, 2, ""),
    ("&#x", 16, 0, ";"),
    ("&#", 10, 0, ";"),
];

/// The text with `%73`, `\u0073`, `\x73`, `&#115;` and `\/` read.
fn unescaped(text: &str) -> Vec<Letter> {
    let mut letters = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        let (byte, length) = escape(rest).unwrap_or((rest[0], 1));
        letters.push((byte, at..at + length));
        at += length;
    }
    letters
}

fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    if rest.starts_with(b"\\/") {
        return Some((b'/', 2));
    }
    ESCAPES.iter().find_map(|(start, base, digits, end)| {
        let number = rest.strip_prefix(start.as_bytes())?;
        let count = match digits {
            0 => number.iter().take(8).position(|byte| *byte == b';')?,
            count => *count,
        };
        let text = std::str::from_utf8(number.get(..count)?).ok()?;
        let byte = u8::try_from(u32::from_str_radix(text, *base).ok()?).ok()?;
        Some((byte, start.len() + count + end.len()))
    })
}

fn masked(text: &str, hidden: &[bool]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut covered = false;
    for (at, c) in text.char_indices() {
        let hides = hidden[at..at + c.len_utf8()].contains(&true);
        if !hides {
            out.push(c);
        } else if !covered {
            out.push_str(MASK);
        }
        covered = hides;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    const KEY: &str = "sk-proj-Ab3_dE-fG9hIjK0lMnOpQrStUvWxYz";

    fn secrets() -> Secrets {
        let secrets = Secrets::default();
        secrets.add(KEY);
        secrets
    }

    #[test]
    fn a_key_is_taken_out_in_every_shape() {
        let secrets = secrets();
        let percent = KEY
            .bytes()
            .map(|b| format!("%{b:02x}"))
            .collect::<Vec<String>>()
            .concat();
        let unicode = KEY
            .bytes()
            .map(|b| format!("\\u{b:04X}"))
            .collect::<Vec<String>>()
            .concat();
        let entities = KEY
            .bytes()
            .map(|b| format!("&#{b};"))
            .collect::<Vec<String>>()
            .concat();
        for shape in [KEY, &percent, &unicode, &entities, &KEY.replace('-', "%2D")] {
            assert_eq!(
                secrets.redact(&format!("a {shape} b")),
                "a *** b",
                "{shape}"
            );
        }
        for half in [&KEY[..12], &KEY[9..25], &KEY[KEY.len() - 12..]] {
            assert_eq!(secrets.redact(&format!("a {half} b")), "a *** b", "{half}");
        }
    }

    #[test]
    fn no_run_of_a_key_is_left_in_base64_at_any_offset() {
        let secrets = secrets();
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "z", "zz"] {
                let text = format!("{before}{KEY}{after}");
                for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                    let shown = secrets.redact(&format!("<{encoded}>"));
                    assert!(shown.contains(MASK), "{shown}");
                    assert!(shown.len() < 24, "{shown}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let secrets = secrets();
        for text in ["", "sk-proj-", "50 % off \\u00e9 &amp; é", &KEY[..11]] {
            assert_eq!(secrets.redact(text), text);
        }
        secrets.add("dummy");
        assert_eq!(secrets.redact("a dummy"), "a dummy");
        secrets.add("password");
        assert_eq!(secrets.redact("a password b"), "a *** b");
    }
}
