//! Any body under any status: a message that is never empty, never longer than the body and a little, and
//! never drives a terminal; and whatever is read from a body that is no JSON is JSON, and no larger than it can be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oa_pipe::escape::escape;
use oa_pipe::object::compact;
use oa_core::reply::{Expect, Received};

fuzz_target!(|input: (u16, Option<String>, bool, Vec<u8>)| {
    let (status, location, beginning, body) = input;
    let size = body.len() + location.as_ref().map_or(0, String::len);
    let reply = |body: &[u8]| Received {
        status: 200 + status % 400,
        request_id: location.clone(),
        location: location.clone(),
        body: body.to_vec(),
        cut: None,
        beginning,
    };
    let plain = |text: &str| text.to_owned();
    let error = reply(&body).error(&plain);
    assert!(!error.message.is_empty());
    assert!(error.message.len() <= 3 * size + 200);
    assert!(!escape(&error.to_string()).contains(char::is_control));
    let expected = [
        Expect::Object("file"),
        Expect::Response,
        Expect::List,
        Expect::Deleted,
    ];
    for expect in expected {
        let object = match reply(&body).expect(expect, &plain) {
            Ok(understood) => {
                if !understood.mended && expect == Expect::Response {
                    let text = std::str::from_utf8(&body).expect("JSON is text");
                    assert_eq!(understood.object.get(), compact(text));
                }
                Some(understood.object)
            }
            Err(complaint) => {
                assert!(!complaint.words.is_empty());
                complaint.part
            }
        };
        // Whatever was put right is JSON of one line.
        if let Some(object) = object {
            assert!(!object.get().contains('\n'));
            assert!(object.get().len() <= 3 * size + 32);
            assert!(serde_json::from_str::<serde::de::IgnoredAny>(object.get()).is_ok());
        }
    }
});
