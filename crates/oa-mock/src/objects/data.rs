//! Data URLs: what they hold, as a size and a digest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::id::hex;
use crate::json::Json;

/// Longer ones are not kept: the ledger of a test with 50 MB files would be larger than the test.
const LONGEST_KEPT: usize = 4 << 20;

/// What a data URL holds.
#[derive(Debug, PartialEq)]
pub(crate) struct Data {
    pub(crate) mime: String,
    pub(crate) bytes: usize,
    pub(crate) sha256: String,
}

impl Data {
    /// Reads `data:<mime>;base64,<data>`.
    pub(crate) fn read(url: &str) -> Option<Data> {
        let (mime, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
        let bytes = STANDARD.decode(data).ok()?;
        Some(Data {
            mime: mime.to_owned(),
            bytes: bytes.len(),
            sha256: hex(&Sha256::digest(&bytes)),
        })
    }
}

/// Replaces long data URLs by `data:<mime>;base64,<sha256>:<n bytes>`.
pub(crate) fn shorten(json: Json) -> Json {
    match json {
        Json::Text(text) if text.len() > LONGEST_KEPT => Json::Text(short(&text).unwrap_or(text)),
        Json::Array(elements) => Json::Array(elements.into_iter().map(shorten).collect()),
        Json::Object(members) => {
            let short = members
                .into_iter()
                .map(|(key, value)| (key, shorten(value)));
            Json::Object(short.collect())
        }
        other => other,
    }
}

/// Whether a document may hold something to shorten.
pub(crate) fn is_long(length: usize) -> bool {
    length > LONGEST_KEPT
}

fn short(url: &str) -> Option<String> {
    let Data {
        mime,
        bytes,
        sha256,
    } = Data::read(url)?;
    Some(format!("data:{mime};base64,{sha256}:{bytes} bytes"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use super::{Data, LONGEST_KEPT, shorten};
    use crate::json::Json;

    #[test]
    fn data_urls_are_read() {
        let data = Data::read("data:text/plain;base64,aGVsbG8=").expect("a data URL");
        assert_eq!((data.mime.as_str(), data.bytes), ("text/plain", 5));
        assert!(data.sha256.starts_with("2cf24dba"));
        for wrong in [
            "aGVsbG8=",
            "data:text/plain,hello",
            "data:text/plain;base64,a$",
        ] {
            assert_eq!(Data::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_long_ones_are_shortened() {
        let long = format!("data:a/b;base64,{}", "AAAA".repeat(LONGEST_KEPT / 4));
        let list = Json::Array(vec!["data:a/b;base64,AAAA".into(), long.into()]);
        let short = shorten(list).write();
        assert!(
            short.starts_with(r#"["data:a/b;base64,AAAA","data:a/b;base64,"#),
            "{short}"
        );
        assert!(short.ends_with(":3145728 bytes\"]"), "{short}");
    }
}
