//! Listing: one object a line, all pages, ready for the next tool.

use serde_json::{Value, json};

use crate::scene::Scene;

#[test]
fn files_are_listed_one_a_line_as_the_server_gave_them() {
    let scene = Scene::new();
    scene.ok("oa-upload -j 1 report.pdf figure.png notes.txt >made");
    let mut listed = scene.ok("oa-list files").records();
    let mut held = scene.ledger().files;
    let id = |v: &Value| v["id"].to_string();
    listed.sort_by_key(id);
    held.sort_by_key(id);
    assert_eq!(listed, held);
    scene.ok("oa-delete <made");
    assert_eq!(scene.ok("oa-list files").stdout, "");
    scene.nothing_left();
}

#[test]
fn files_can_be_listed_by_purpose() {
    let scene = Scene::new();
    scene.ok("oa-upload report.pdf figure.png notes.txt >made");
    let names = |purpose: &str| {
        let listed = scene
            .ok(&format!("oa-list files --purpose {purpose}"))
            .records();
        let mut names: Vec<Value> = listed.iter().map(|f| f["filename"].clone()).collect();
        names.sort_by_key(Value::to_string);
        names
    };
    assert_eq!(names("vision"), ["figure.png"]);
    assert_eq!(names("user_data"), ["notes.txt", "report.pdf"]);
    assert_eq!(names("batch"), [""; 0]);
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn a_list_is_chosen_with_jq_and_deleted() {
    let scene = Scene::new();
    scene.ok("oa-upload report.pdf figure.png notes.txt >made");
    scene.ok("oa-list files | jq -c 'select(.filename | endswith(\".pdf\"))' | oa-delete");
    assert_eq!(scene.ledger().files.len(), 2);
    scene.ok("oa-list files | oa-delete >answers");
    scene.nothing_left();
}

#[test]
fn a_wrong_answer_is_no_empty_list() {
    for (fault, status) in [
        ("html", 6),
        ("empty", 6),
        ("cut-json", 6),
        ("401", 4),
        ("404", 7),
    ] {
        let scene = Scene::faulty(&format!("GET /files {fault}"));
        let ran = scene.sh("oa-list files --retries 0").is(status);
        assert_eq!(
            ran.stdout
                .lines()
                .filter(|l| !l.contains("\"error\""))
                .count(),
            0,
            "{fault}"
        );
    }
}

#[test]
fn a_cursor_that_comes_back_ends_the_list() {
    let page = json!({"object": "list", "has_more": true, "first_id": "file-1", "last_id": "file-1",
        "data": [{"id": "file-1", "object": "file", "filename": "a.txt"}]});
    let scene = Scene::faulty(&format!("GET /files 200 body='{page}'"));
    let ran = scene.sh("oa-list files");
    assert_eq!(
        ran.records().iter().filter(|r| r["id"] == "file-1").count(),
        1
    );
    assert!(scene.ledger().requests.len() <= 3);
}

#[test]
fn pages_are_followed_to_the_end() {
    let scene = Scene::new();
    let page = |id: &str, more: bool| {
        json!({"object": "list", "has_more": more, "last_id": id,
        "data": [{"id": id, "object": "file"}]})
    };
    for (id, more) in [("file-1", true), ("file-2", true), ("file-3", false)] {
        scene
            .mock
            .fault(&format!("GET /files 200 body='{}' x1", page(id, more)));
    }
    let ids: Vec<Value> = scene
        .ok("oa-list files")
        .records()
        .iter()
        .map(|r| r["id"].clone())
        .collect();
    assert_eq!(ids, ["file-1", "file-2", "file-3"]);
    let ledger = scene.ledger();
    let after: Vec<bool> = ledger
        .requests
        .iter()
        .map(|r| r.query.contains("after=file-"))
        .collect();
    assert_eq!(after, [false, true, true]);
}
