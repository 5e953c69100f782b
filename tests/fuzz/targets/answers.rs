//! Any body under any status: a message that is never empty, never longer than the body and a little, and
//! never drives a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oa_core::escape::escape;
use oa_core::reply::{Expect, Reply};

fuzz_target!(|input: (u16, Option<String>, Vec<u8>)| {
    let (status, location, body) = input;
    let size = body.len() + location.as_ref().map_or(0, String::len);
    let reply = Reply {
        status: 200 + status % 400,
        request_id: location.clone(),
        location,
        body,
        cut: None,
    };
    let error = reply.error();
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
        let object = match reply.expect(expect) {
            Ok(understood) => Some(understood.object),
            Err(complaint) => {
                assert!(!complaint.words.is_empty());
                complaint.part
            }
        };
        // Whatever was put right is JSON of one line.
        if let Some(object) = object {
            assert!(!object.get().contains('\n'));
            assert!(serde_json::from_str::<serde::de::IgnoredAny>(object.get()).is_ok());
        }
    }
});
