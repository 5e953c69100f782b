//! What a record says of its answer: the text once it is final, and each file that it cites once.

use serde_json::json;

use crate::scene::Scene;

#[test]
fn a_response_that_is_not_final_has_no_text_yet() {
    let scene = Scene::new();
    let record = scene.ok("oa-respond -n -b -p why").record();
    let keys: Vec<&String> = record.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["response"]);
    let line = "oa-poll --deadline 50ms --interval 20ms";
    scene.mock.fault("GET /responses/* 503");
    let ran = scene.feed(&record.to_string(), line).is(124);
    let record = ran.record();
    let keys: Vec<&String> = record.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["error", "response"]);
}

#[test]
fn a_file_that_is_cited_twice_stands_once_with_its_count() {
    let scene = Scene::new();
    let cited = |id: &str, name: &str, index: u8| json!({"type": "file_citation", "file_id": id, "filename": name, "index": index});
    let notes = [
        cited("file-1", "a.md", 1),
        cited("file-2", "b.md", 2),
        cited("file-1", "a.md", 3),
    ];
    let part = json!({"type": "output_text", "text": "a b a", "annotations": notes});
    let message = json!({"type": "message", "role": "assistant", "content": [part]});
    let answer =
        json!({"id": "resp_1", "object": "response", "status": "completed", "output": [message]});
    let rule = format!("POST /responses 200 body='{answer}'");
    scene.mock.fault(&rule);
    let record = json!({"files": [{"id": "file-1", "path": "docs/a.md", "filename": "a.md"}]});
    let ran = scene.feed(&record.to_string(), "oa-respond -p why").is(0);
    let wanted = json!([
        {"type": "file_citation", "file_id": "file-1", "filename": "a.md", "path": "docs/a.md", "count": 2},
        {"type": "file_citation", "file_id": "file-2", "filename": "b.md", "count": 1},
    ]);
    assert_eq!(ran.record()["citations"], wanted);
    let ran = scene.feed("{}", "oa-respond -p why").is(0);
    assert_eq!(ran.record()["citations"][0].get("path"), None);
    scene.mock.no_faults();
    let ran = scene.feed("{}", "oa-respond -p why").is(0);
    assert_eq!(
        ran.record().get("citations"),
        None,
        "none where there is none"
    );
}
