//! A key in foreign text, in any shape: no run of it is left, and text without it stays.
#![no_main]

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use libfuzzer_sys::fuzz_target;
use oa_pipe::log::{Level, Log};

/// A run of the key that gives it away.
const RUN: usize = 12;

fn each(key: &str, write: impl Fn(u8) -> String) -> String {
    key.bytes().map(write).collect::<Vec<_>>().concat()
}

fuzz_target!(|input: (&[u8], String, String, u8, u8, u8)| {
    let (seed, before, after, shape, from, length) = input;
    let key: String = seed.iter().map(|b| char::from(b'!' + b % 94)).collect();
    // Escapes that a key holds itself are read as such.
    if key.len() < 16 || key.len() > 200 || key.contains(['%', '\\', '&']) {
        return;
    }
    let log = Log::new("oa-fuzz", Level::Quiet);
    log.keep_secret(&key);
    let from = usize::from(from) % (key.len() - RUN);
    let run = (RUN + usize::from(length)).min(key.len() - from);
    let part = &key[from..from + run];
    let said = match shape % 7 {
        0 => key.clone(),
        1 => part.to_owned(),
        2 => each(&key, |b| format!("%{b:02x}")),
        3 => each(&key, |b| format!("\\u{b:04X}")),
        4 => each(&key, |b| format!("&#{b};")),
        5 => STANDARD.encode(format!("{before}{key}{after}")),
        _ => URL_SAFE.encode(format!("{before}{key}{after}")),
    };
    let text = format!("{before} {said} {after}");
    let shown = log.redact(&text);
    for window in said.as_bytes().windows(if shape % 7 < 2 { RUN } else { RUN * 6 }) {
        let window = std::str::from_utf8(window).unwrap();
        assert!(shape % 7 >= 5 || !shown.contains(window), "{key} {text} {shown}");
    }
    assert!(shown.contains("***"), "{key} {text} {shown}");
    for window in key.as_bytes().windows(RUN) {
        assert!(!shown.contains(std::str::from_utf8(window).unwrap()), "{key} {text} {shown}");
    }
    assert_eq!(log.redact(&shown), shown, "what is hidden is hidden");
    // A key that no input holds by chance, nor because it was seen in an earlier one.
    let mut hasher = DefaultHasher::new();
    before.hash(&mut hasher);
    let number = u128::from(hasher.finish()).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let other = Log::new("oa-fuzz", Level::Quiet);
    other.keep_secret(&format!("{number:040x}"));
    assert_eq!(other.redact(&before), before);
});
