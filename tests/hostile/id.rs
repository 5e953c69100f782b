//! An id from a record leads to its own place and nowhere else: one segment of a path, percent-encoded.

use serde_json::{Value, json};

use crate::harness::Request;
use crate::scene::{Scene, lines};

/// Ids that name something, whatever they look like.
const IDS: [&str; 16] = [
    "file-../../x",
    "file-/../../responses/resp_1",
    "../files",
    "...",
    "file-a?purpose=x",
    "file-a#b",
    "file-%2e%2e%2fx",
    "file-a b",
    "file-a\r\nX-Evil: 1",
    "file-a\u{0}",
    "file-é\u{202e}",
    "file-a/content",
    "file-a\\..\\b",
    "file-a;x=y",
    "http://evil.test/x",
    "bGl0ZWxsbTo/ab+cd/ef==",
];

/// What names nothing, or a folder.
const NONE: [&str; 3] = ["", ".", ".."];

/// A segment as RFC 3986 writes it: all but letters, digits, `-` and `_` is percent-encoded.
fn segment(id: &str) -> String {
    let write = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    id.bytes().map(write).collect()
}

/// Fails unless a request went to this place, with nothing that the id brought along.
fn leads(request: &Request, place: &str) {
    assert_eq!(format!("{} {}", request.method, request.path), place);
    assert_eq!(request.query, "", "{place}");
    assert!(!request.headers.contains_key("x-evil"), "{place}");
}

/// Records that name an id, the tool that takes them, and where its first request goes.
fn ways(id: &str) -> [(Value, &'static str, String); 8] {
    let of = |method: &str, folder: &str, tail: &str| {
        format!("{method} /v1/{folder}/{}{tail}", segment(id))
    };
    let response = json!({"response": {"id": id, "object": "response", "status": "in_progress"}});
    let done = json!({"response": {"id": id, "object": "response", "status": "completed"}});
    [
        (
            json!({"files": [{"id": id, "object": "file", "path": "a"}]}),
            "oa-delete",
            of("DELETE", "files", ""),
        ),
        (
            json!({"id": id, "object": "file"}),
            "oa-delete",
            of("DELETE", "files", ""),
        ),
        (
            json!({"id": id, "object": "vector_store"}),
            "oa-delete",
            of("DELETE", "vector_stores", ""),
        ),
        (
            json!({"vector_store": {"id": id, "object": "vector_store", "made": true}}),
            "oa-delete",
            of("DELETE", "vector_stores", ""),
        ),
        (
            response.clone(),
            "oa-delete",
            of("POST", "responses", "/cancel"),
        ),
        (done, "oa-delete --responses", of("DELETE", "responses", "")),
        (
            response,
            "oa-poll --deadline 50ms --interval 20ms",
            of("GET", "responses", ""),
        ),
        (
            json!({"vector_store": {"id": id, "object": "vector_store"}}),
            "oa-search -p why",
            of("POST", "vector_stores", "/search"),
        ),
    ]
}

#[test]
fn an_id_of_a_record_is_one_segment() {
    let scene = Scene::new();
    let mut seen = 0;
    for id in IDS {
        for (record, tool, place) in ways(id) {
            let ran = scene.feed(&lines(&[record]), &format!("{tool} --retries 0"));
            assert!(ran.status < 125 && ran.status != 101, "{}", ran.stderr);
            let ledger = scene.ledger();
            let new = &ledger.requests[seen..];
            assert!(!new.is_empty(), "{tool} asked nothing: {}", ran.stderr);
            leads(&new[0], &place);
            // What follows is about the same thing.
            let again = |request: &Request| request.path.contains(&segment(id));
            assert!(new.iter().all(again), "{:?}", ledger.asked());
            seen = ledger.requests.len();
        }
    }
}

#[test]
fn an_id_that_names_nothing_or_a_folder_is_an_input_error_and_never_sent() {
    let scene = Scene::new();
    for id in NONE {
        for (record, tool, _) in ways(id) {
            let ran = scene.feed(&lines(std::slice::from_ref(&record)), tool);
            // A response without an id may have ended; nothing is asked about it.
            let wanted = [3, if id.is_empty() { 0 } else { 3 }];
            assert!(
                wanted.contains(&ran.status),
                "{tool} {record}: {}",
                ran.stderr
            );
        }
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_string_that_looks_like_no_id_is_no_id() {
    let scene = Scene::new();
    for id in IDS.into_iter().chain(NONE) {
        for tool in ["oa-delete", "oa-poll --deadline 50ms"] {
            let ran = scene.feed(&json!(id).to_string(), tool).is(3);
            assert_eq!(ran.kinds(), ["input"], "{tool} {id:?}");
        }
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn an_id_that_a_server_makes_up_is_one_segment_too() {
    for id in IDS {
        let scene = Scene::new();
        let file = json!({"id": id, "object": "file", "bytes": 1, "created_at": 1, "expires_at": 9_999_999_999_u64, "filename": "a.md", "purpose": "user_data"});
        let response = json!({"id": id, "object": "response", "status": "queued"});
        let store = json!({"id": id, "object": "vector_store", "status": "completed"});
        for (path, body) in [
            ("/files", file),
            ("/responses", response),
            ("/vector_stores", store),
        ] {
            scene.mock.fault(&format!("POST {path} 200 body='{body}'"));
        }
        scene.sh("oa-upload notes.txt | oa-delete --retries 0");
        scene.sh("oa-respond -n -b -p why | oa-poll --interval 20ms --deadline 50ms");
        scene.sh("oa-upload notes.txt | oa-index --interval 20ms --retries 0");
        let ledger = scene.ledger();
        let places = ["files", "responses", "vector_stores"];
        let made = ledger.requests.iter().filter(|r| {
            let folder = r.path.strip_prefix("/v1/").unwrap();
            !(r.method == "POST" && places.contains(&folder))
        });
        let mut folders = Vec::new();
        for request in made {
            let (folder, rest) = request.path["/v1/".len()..].split_once('/').unwrap();
            let first = rest.split('/').next().unwrap();
            assert_eq!(first, segment(id), "{}", request.path);
            folders.push(folder.to_owned());
        }
        folders.dedup();
        assert_eq!(folders, places, "{id:?}");
    }
}
