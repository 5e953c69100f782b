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

/// What the server was asked, with queries.
fn asked(scene: &Scene) -> Vec<String> {
    let requests = scene.ledger().requests.into_iter();
    let line = |r: crate::harness::Request| format!("{}?{}", &r.path[3..], r.query);
    requests.map(line).collect()
}

#[test]
fn a_server_that_gives_smaller_pages_is_asked_for_them() {
    let no = "400 message='limit must be between 1 and 1000'";
    let page = r#"{"object":"list","data":[{"id":"file-1","object":"file"}],"has_more":false}"#;
    for (refused, last) in [(1, "limit=1000"), (2, "limit=100"), (3, "")] {
        let scene = Scene::faulty(&format!("GET /files {no} x{refused}"));
        scene.mock.fault(&format!("GET /files 200 body='{page}'"));
        assert_eq!(scene.ok("oa-list files").record()["id"], "file-1");
        assert_eq!(asked(&scene).last().unwrap(), &format!("/files?{last}"));
    }
    let scene = Scene::faulty(&format!("GET /files {no}"));
    scene
        .sh("oa-list files")
        .is(7)
        .says(&["between 1 and 1000", "--page-size N"]);
    assert_eq!(asked(&scene).len(), 4);
    scene
        .sh("oa-list files --page-size 5000")
        .is(7)
        .says(&["--page-size N"]);
    assert_eq!(asked(&scene)[4..], ["/files?limit=5000"]);
    scene.sh("oa-list files --page-size 0").is(2);
    // Another refusal has another reason.
    let scene = Scene::faulty("GET /files 400 message='No.'");
    scene.sh("oa-list files").is(7);
    assert_eq!(asked(&scene).len(), 1);
}

#[test]
fn a_list_that_does_not_say_whether_it_goes_on_is_followed_until_nothing_new_comes() {
    let page = |ids: &[&str]| {
        let data: Vec<Value> = ids
            .iter()
            .map(|id| json!({"id": id, "object": "file"}))
            .collect();
        json!({"data": data})
    };
    for last in [page(&[]), page(&["file-2", "file-3"])] {
        let scene = Scene::new();
        for page in [page(&["file-1", "file-2"]), page(&["file-3"]), last.clone()] {
            scene
                .mock
                .fault(&format!("GET /files 200 body='{page}' x1"));
        }
        let ran = scene.ok("oa-list files");
        let ids: Vec<Value> = ran.records().iter().map(|r| r["id"].clone()).collect();
        assert_eq!(ids, ["file-1", "file-2", "file-3"]);
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
        assert_eq!(asked(&scene).len(), 3);
    }
}

#[test]
fn cursors_that_go_round_end_the_list_with_a_warning() {
    let page = |item: &str, last: &str| {
        format!(r#"{{"object":"list","has_more":true,"last_id":"{last}","data":[{item}]}}"#)
    };
    let (a, b) = (
        r#"{"id":"file-a","object":"file"}"#,
        r#"{"id":"file-b","object":"file"}"#,
    );
    let cases = [
        (vec![page(a, "file-a"), page(b, "file-b")], 2, 3),
        // Without ids a cursor that was there before is the only sign.
        (
            vec![
                page(r#"{"object":"file","n":1}"#, "x"),
                page(r#"{"object":"file","n":2}"#, "x"),
            ],
            2,
            2,
        ),
    ];
    for (pages, records, requests) in cases {
        let scene = Scene::new();
        for _ in 0..3 {
            for page in &pages {
                scene
                    .mock
                    .fault(&format!("GET /files 200 body='{page}' x1"));
            }
        }
        let ran = scene
            .ok("oa-list files")
            .says(&["warning", "may not be whole"]);
        assert_eq!(
            (ran.records().len(), asked(&scene).len()),
            (records, requests)
        );
    }
    let scene = Scene::faulty(r#"GET /files 200 body='{"data":[{"x":1}],"has_more":true}'"#);
    let ran = scene
        .sh("oa-list files")
        .is(6)
        .says(&["nothing in it has an id"]);
    assert_eq!(ran.record(), json!({"x": 1, "object": "file"}));
}

#[test]
fn an_element_that_does_not_say_what_it_is_is_told_by_the_list_it_was_in() {
    let rows = [
        ("files", "/files", "file"),
        ("stores", "/vector_stores", "vector_store"),
        ("batches", "/batches", "batch"),
        ("models", "/models", "model"),
    ];
    for (what, path, object) in rows {
        let body = r#"{"data":[{"id":"7thh8ha71oxc","size":1.10},"x"],"has_more":false}"#;
        let scene = Scene::faulty(&format!("GET {path} 200 body='{body}'"));
        let ran = scene.ok(&format!("oa-list {what}"));
        let line = format!(r#"{{"id":"7thh8ha71oxc","size":1.10,"object":"{object}"}}"#);
        assert_eq!(ran.stdout, line + "\n\"x\"\n");
    }
    let body = r#"{"data":[{"id":"7thh8ha71oxc"}],"has_more":false}"#;
    let scene = Scene::faulty(&format!("GET /files 200 body='{body}'"));
    scene.ok("oa-list files | oa-delete");
    assert_eq!(scene.ledger().requests[1].path, "/v1/files/7thh8ha71oxc");
}

#[test]
fn the_entries_of_a_store_are_listed_and_detached() {
    let scene = Scene::new();
    scene.ok("oa-upload -P assistants notes.txt | oa-index --interval 20ms >made");
    let id = scene.ok("jq -r .vector_store.id made").stdout;
    let list = format!("oa-list store-files {}", id.trim());
    let entry = scene.ok(&list).record();
    assert_eq!(
        (&entry["object"], &entry["vector_store_id"]),
        (&json!("vector_store.file"), &json!(id.trim()))
    );
    scene.ok(&format!("{list} | oa-delete"));
    assert_eq!(scene.ok(&list).stdout, "");
    assert_eq!(scene.ledger().files.len(), 1);
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn what_cannot_be_listed_is_a_usage_error() {
    let scene = Scene::new();
    for wrong in [
        "files --purpose user-data",
        "stores --purpose vision",
        "models --purpose vision",
        "store-files",
        "store-files ..",
        "files vs_1",
        "files --page-size many",
    ] {
        scene.sh(&format!("oa-list {wrong}")).is(2);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}
