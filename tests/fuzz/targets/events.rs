//! Any bytes as server-sent events: no panic, and the same events however the bytes arrive.
#![no_main]

use std::io::BufReader;

use libfuzzer_sys::fuzz_target;

#[path = "../../../crates/oa-respond/src/events.rs"]
mod events;

fn all(bytes: &[u8], buffer: usize) -> Vec<String> {
    let mut events = events::Events::new(BufReader::with_capacity(buffer, bytes));
    let mut seen = Vec::new();
    while let Ok(Some(event)) = events.next_event() {
        assert!(!event.data.trim().is_empty());
        seen.push(event.data + &event.name.unwrap_or_default());
    }
    seen
}

fuzz_target!(|bytes: &[u8]| {
    let seen = all(bytes, 1 << 16);
    assert_eq!(seen, all(bytes, 1));
    assert_eq!(seen, all(bytes, 5));
    let size: usize = seen.iter().map(String::len).sum();
    // A byte that is no UTF-8 becomes a character of three.
    assert!(size <= 3 * bytes.len());
});
