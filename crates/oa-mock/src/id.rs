//! Ids as the API makes them: a prefix and letters that nobody can guess.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A source of ids, none of which comes twice.
pub(crate) struct Ids {
    seed: u128,
    made: AtomicU64,
}

impl Ids {
    /// A source that differs from that of every other process.
    pub(crate) fn new() -> Ids {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos());
        Ids {
            seed: nanos ^ (u128::from(std::process::id()) << 64),
            made: AtomicU64::new(0),
        }
    }

    /// `file-` and 24 letters and digits.
    pub(crate) fn file(&self) -> String {
        let letters = self.digest().into_iter().take(24);
        let letters = letters.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        letters.fold("file-".to_owned(), |id, letter| id + &letter.to_string())
    }

    /// A prefix and `length` (at most 64) hexadecimal digits.
    pub(crate) fn hex(&self, prefix: &str, length: usize) -> String {
        let digits = hex(&self.digest());
        format!("{prefix}{}", &digits[..length.min(digits.len())])
    }

    fn digest(&self) -> [u8; 32] {
        let turn = self.made.fetch_add(1, Ordering::Relaxed);
        let bytes = [&self.seed.to_le_bytes()[..], &turn.to_le_bytes()[..]].concat();
        Sha256::digest(bytes).into()
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half & 15)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn ids_have_the_apis_form() {
        let ids = Ids::new();
        let (one, two) = (ids.file(), ids.file());
        assert_ne!(one, two);
        assert!(
            one.len() == 29 && one[5..].bytes().all(|b| b.is_ascii_alphanumeric()),
            "{one}"
        );
        assert_eq!(ids.hex("resp_", 48).len(), 53);
    }
}
