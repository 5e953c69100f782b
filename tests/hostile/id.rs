//! An id from a record leads to its own place and nowhere else.

use serde_json::json;

use crate::harness::Request;
use crate::scene::{Scene, lines};

const IDS: [&str; 16] = [
    "file-../../x",
    "file-/../../responses/resp_1",
    "../files",
    "..",
    ".",
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
];

/// Fails if a request left the folder that it belongs to.
fn stays(request: &Request, folders: &[&str]) {
    let path = &request.path;
    let tail = folders
        .iter()
        .find_map(|folder| path.strip_prefix(&format!("/v1/{folder}/")));
    let tail = tail.unwrap_or_else(|| panic!("{path}"));
    let tail = tail.strip_suffix("/cancel").unwrap_or(tail);
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_%".contains(c);
    assert!(tail.chars().all(safe), "{path}");
    assert_eq!(request.query, "", "{path}");
    assert!(!request.headers.contains_key("x-evil"), "{path}");
}

#[test]
fn ids_of_records_and_arguments_stay_one_segment() {
    let scene = Scene::new();
    for id in IDS {
        let files = json!({"files": [{"id": id, "object": "file", "path": "a"}]});
        let response =
            json!({"response": {"id": id, "object": "response", "status": "in_progress"}});
        let store = json!({"vector_store": {"id": id, "object": "vector_store", "made": true}});
        let bare = json!({"id": id, "object": "file"});
        scene
            .file("files", lines(&[files]))
            .file("bare", lines(&[bare]));
        scene
            .file("response", lines(&[response]))
            .file("store", lines(&[store]));
        scene
            .file("string", lines(&[json!(id)]))
            .file(".id", id.replace('\0', "\u{1}"));
        let tools = [
            "oa-delete <files",
            "oa-delete <bare",
            "oa-delete <string",
            "oa-delete <response",
            "oa-delete --responses <response",
            "oa-delete <store",
            "oa-delete -- \"$(cat .id)\"",
            "oa-poll --deadline 50ms --interval 20ms <response",
            "oa-poll --deadline 50ms --interval 20ms <string",
            "oa-poll --deadline 50ms --interval 20ms -- \"$(cat .id)\"",
            "oa-respond -p why --check-files <files",
        ];
        for tool in tools {
            let ran = scene.sh(&format!("{tool} --retries 0"));
            assert!(
                ran.status < 125 && ran.status != 101,
                "{tool} {id:?}: {}",
                ran.stderr
            );
        }
    }
    let ledger = scene.ledger();
    for request in &ledger.requests {
        stays(request, &["files", "responses", "vector_stores"]);
    }
}

#[test]
fn ids_that_a_server_makes_up_stay_one_segment_too() {
    for id in IDS {
        let body = json!({"id": id, "object": "file", "bytes": 1, "created_at": 1, "expires_at": 9_999_999_999_u64, "filename": "a", "purpose": "user_data"});
        let scene = Scene::new();
        scene.file("rule", format!("POST /files 200 body='{body}'"));
        scene.mock.fault(&scene.read("rule"));
        let ran = scene.sh("oa-upload notes.txt | oa-delete --retries 0");
        assert!(ran.status < 125, "{id:?}: {}", ran.stderr);
        let ledger = scene.ledger();
        for request in ledger.requests.iter().filter(|r| r.method != "POST") {
            stays(request, &["files"]);
        }
    }
}
