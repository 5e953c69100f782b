//! Cleaning up: what the pipe made and only that, every id once, answers never spoiled.

use serde_json::{Value, json};

use crate::scene::{Scene, lines};

/// Uploads three files; their ids.
fn three(scene: &Scene) -> Vec<String> {
    let ids =
        scene.ok("oa-upload -j 1 report.pdf figure.png notes.txt | tee made | jq -r '.files[].id'");
    ids.stdout.lines().map(str::to_owned).collect()
}

fn gone(id: &str) -> Value {
    json!({"id": id, "object": "file", "deleted": true})
}

#[test]
fn records_pass_unchanged_and_their_files_go() {
    let scene = Scene::new();
    three(&scene);
    let ran = scene.ok("oa-delete <made");
    assert_eq!(ran.stdout, scene.read("made"));
    assert_eq!(scene.ledger().of("DELETE /files/*").len(), 3);
    scene.nothing_left();
}

#[test]
fn ids_as_arguments_and_on_stdin_are_deleted_and_answered() {
    let scene = Scene::new();
    let ids = three(&scene);
    let ran = scene.ok(&format!("oa-delete -j 1 {} {}", ids[0], ids[1]));
    assert_eq!(ran.records(), [gone(&ids[0]), gone(&ids[1])]);
    let ran = scene.feed(&format!("\"{}\"", ids[2]), "oa-delete").is(0);
    assert_eq!(ran.records(), [gone(&ids[2])]);
    scene.nothing_left();
}

#[test]
fn bare_objects_and_lists_given_to_delete_itself_are_deleted() {
    let scene = Scene::new();
    let ids = three(&scene);
    let ran = scene.ok("oa-list files | oa-delete -j 1");
    assert_eq!(ran.records().len(), 3);
    for id in &ids {
        assert!(ran.records().contains(&gone(id)), "{}", ran.stdout);
    }
    scene.nothing_left();
}

#[test]
fn deleting_twice_is_success() {
    let scene = Scene::new();
    let ids = three(&scene);
    scene.ok("oa-delete <made");
    scene.ok("oa-delete <made");
    scene.ok(&format!("oa-delete {}", ids[0]));
    scene.nothing_left();
}

#[test]
fn files_that_the_pipe_did_not_make_are_left_alone_and_named() {
    let scene = Scene::new();
    let ids = three(&scene);
    let line = "jq -c '{files: [.files[0], (.files[1:][] | del(.path))]}' made | oa-respond -p why | oa-delete";
    let ran = scene.sh(line).says(&[&ids[1], &ids[2]]);
    assert_eq!(ran.record()["response"]["status"], "completed");
    let left: Vec<Value> = scene
        .ledger()
        .files
        .iter()
        .map(|f| f["id"].clone())
        .collect();
    assert_eq!(left, ids[1..]);
    scene.ok("oa-list files | oa-delete");
    scene.nothing_left();
}

#[test]
fn a_lifted_file_that_was_asked_about_is_not_deleted() {
    let scene = Scene::new();
    three(&scene);
    let line = "oa-list files | jq -c 'select(.filename == \"notes.txt\")' | oa-respond -p why | oa-delete";
    scene.sh(line).says(&["file-"]);
    assert_eq!(scene.ledger().files.len(), 3);
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn shared_files_are_deleted_once_and_at_the_end() {
    let scene = Scene::new();
    three(&scene);
    let line = "cat made made made | oa-respond -p why | oa-delete -j 1";
    assert_eq!(scene.ok(line).records().len(), 3);
    let asked = scene.ledger().asked();
    assert_eq!(asked[3..6], ["POST /responses"; 3]);
    assert_eq!(asked[6..], ["DELETE /files/*"; 3]);
    scene.nothing_left();
}

#[test]
fn now_deletes_after_each_record() {
    let scene = Scene::new();
    three(&scene);
    scene.file("other.txt", "other\n");
    let line = "mkfifo up down; oa-delete --now <up >down & exec 3>up 4<down; cat made >&3; read -r first <&4; until [ -z \"$(oa-list files)\" ]; do :; done; exec 3>&-; wait";
    scene.ok(line);
    scene.nothing_left();
}

#[test]
fn a_dry_run_says_what_would_go() {
    let scene = Scene::new();
    let ids = three(&scene);
    let bytes: u64 = scene
        .ledger()
        .files
        .iter()
        .map(|f| f["bytes"].as_u64().unwrap())
        .sum();
    let ran = scene.ok("oa-delete --dry-run <made").says(&[
        &ids[0],
        &ids[1],
        &ids[2],
        "3",
        &bytes.to_string(),
    ]);
    assert_eq!(ran.stdout, scene.read("made"));
    assert_eq!(scene.ledger().of("DELETE /files/*").len(), 0);
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn stored_responses_go_only_when_asked_for() {
    let scene = Scene::new();
    let done = scene.ok("oa-respond -n -p why").stdout;
    scene.feed(&done, "oa-delete").is(0);
    assert_eq!(scene.ledger().responses.len(), 1);
    scene.feed(&done, "oa-delete --responses").is(0);
    assert_eq!(scene.ledger().responses.len(), 0);
    let id = scene.ok("oa-respond -n -p why | jq -r .response.id").stdout;
    scene.ok(&format!("oa-delete {id}"));
    assert_eq!(scene.ledger().responses.len(), 0);
    let bare = scene.ok("oa-respond -n -p why | jq -c .response").stdout;
    scene.feed(&bare, "oa-delete").is(0);
    assert_eq!(scene.ledger().responses.len(), 0);
    let talk = scene.ok("oa-respond -n -p why | oa-respond -c -p how | oa-respond -c -p when");
    assert_eq!(scene.ledger().responses.len(), 3);
    scene.feed(&talk.stdout, "oa-delete --responses").is(0);
    assert_eq!(scene.ledger().responses.len(), 0);
}

#[test]
fn a_failed_deletion_goes_on_with_the_rest_and_names_what_stays() {
    let scene = Scene::new();
    let ids = three(&scene);
    scene.mock.fault(&format!("DELETE /files/{} 403", ids[1]));
    let ran = scene
        .sh("oa-delete <made")
        .is(1)
        .says(&["oa-delete: ", &ids[1]]);
    assert_eq!(ran.stdout, scene.read("made"));
    assert_eq!(scene.ledger().files.len(), 1);
    scene.mock.no_faults();
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn what_is_no_id_is_named_and_never_sent() {
    let scene = Scene::new();
    for wrong in ["report.pdf", "../file-1", "file-a/../../x", ".", "..", ""] {
        let ran = scene.sh(&format!("oa-delete file-1 -- '{wrong}'"));
        assert!([2, 3].contains(&ran.status), "{wrong}: {}", ran.stderr);
        ran.says(&["oa-delete: ", wrong]);
    }
    // What stands beside it may go.
    let paths: Vec<String> = scene
        .ledger()
        .requests
        .into_iter()
        .map(|r| r.path)
        .collect();
    assert!(
        paths.iter().all(|path| path == "/v1/files/file-1"),
        "{paths:?}"
    );
}

#[test]
fn failed_records_are_cleaned_up_like_all_others() {
    let scene = Scene::new();
    three(&scene);
    let error = "{\"tool\":\"x\",\"kind\":\"refused\",\"message\":\"m\",\"retryable\":false}";
    scene
        .sh(&format!("jq -c '.error = {error}' made | oa-delete"))
        .is(7);
    scene.nothing_left();
}

#[test]
fn an_id_that_would_leave_its_path_is_sent_as_one_segment() {
    let scene = Scene::new();
    let record = |id: &str| json!({"files": [{"id": id, "path": "x"}]});
    let rows = [
        ("../responses/x", "%2E%2E%2Fresponses%2Fx"),
        ("file-1/content", "file-1%2Fcontent"),
        ("file-1?x", "file-1%3Fx"),
        ("file-1#", "file-1%23"),
        ("a b", "a%20b"),
        ("file-\n1", "file-%0A1"),
    ];
    let mut records: Vec<Value> = rows.iter().map(|(id, _)| record(id)).collect();
    let ran = scene.feed(&lines(&records), "oa-delete -j 1").is(0);
    assert_eq!(ran.records(), records);
    let sent: Vec<String> = scene
        .ledger()
        .requests
        .into_iter()
        .map(|r| r.path)
        .collect();
    let wanted = rows.map(|(_, segment)| format!("/v1/files/{segment}"));
    assert_eq!(sent, wanted);
    records = vec![record(""), record("."), record("..")];
    let ran = scene.feed(&lines(&records), "oa-delete").is(3);
    let files = |records: &[Value]| {
        records
            .iter()
            .map(|r| r["files"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(files(&ran.records()), files(&records));
    assert_eq!(scene.ledger().requests.len(), wanted.len());
}

#[test]
fn an_id_of_another_shape_needs_its_kind_and_goes_as_what_it_is_said_to_be() {
    let scene = Scene::new();
    for id in ["assistant-7", "7thh8ha71oxc", "a/b=="] {
        let ran = scene.sh(&format!("oa-delete file-1 {id}")).is(2);
        ran.says(&[
            id,
            "--as file, response, vector_store or batch",
            "oa-delete < FILE",
        ]);
    }
    let file = scene.sh("oa-delete report.pdf").is(2);
    file.says(&["oa-delete < report.pdf"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
    // It wins over what an id looks like.
    for (kind, path) in [
        ("file", "/v1/files/"),
        ("response", "/v1/responses/"),
        ("vector_store", "/v1/vector_stores/"),
    ] {
        let scene = Scene::faulty("DELETE /*/* 204");
        scene.ok(&format!(
            "touch assistant-7; oa-delete -j 1 --as {kind} assistant-7 vs_1 a/b=="
        ));
        let given = lines(&[
            json!("assistant-7"),
            json!({"id": "vs_1"}),
            json!([{"id": "a/b=="}]),
        ]);
        scene
            .feed(&given, &format!("oa-delete -j 1 --as {kind}"))
            .is(0);
        let sent: Vec<String> = scene
            .ledger()
            .requests
            .into_iter()
            .map(|r| r.path)
            .collect();
        let ids = ["assistant-7", "vs_1", "a%2Fb%3D%3D"].repeat(2);
        assert_eq!(
            sent,
            ids.iter()
                .map(|id| format!("{path}{id}"))
                .collect::<Vec<_>>()
        );
    }
    // An object that says what it is goes as that.
    let scene = Scene::faulty("DELETE /*/* 204");
    let typed = json!({"object": "vector_store", "id": "x"});
    scene.feed(&typed.to_string(), "oa-delete --as file").is(0);
    assert_eq!(scene.ledger().asked(), ["DELETE /vector_stores/x"]);
}

#[test]
fn what_says_nothing_of_itself_is_an_error_and_never_a_silent_success() {
    let file = json!({"id": "file_1", "type": "file", "filename": "a.pdf"});
    let odd = json!({"id": "7thh8ha71oxc", "filename": "a.pdf"});
    // As a list without `object`, as an array, one a line.
    let shapes = |element: &Value| {
        [
            json!({"data": [element], "has_more": false, "first_id": null}),
            json!([element]),
            element.clone(),
        ]
    };
    for given in shapes(&file) {
        let scene =
            Scene::faulty("DELETE /files/* 200 body='{\"id\":\"file_1\",\"deleted\":true}'");
        let ran = scene.feed(&given.to_string(), "oa-delete").is(0);
        assert_eq!(ran.record(), json!({"id": "file_1", "deleted": true}));
        assert_eq!(
            scene.ledger().requests[0].path,
            "/v1/files/file_1",
            "{given}"
        );
    }
    for given in shapes(&odd) {
        let scene = Scene::new();
        let ran = scene
            .feed(&given.to_string(), "oa-delete")
            .is(3)
            .says(&["--as file"]);
        let mut record = ran.record();
        let error = record.as_object_mut().unwrap().remove("error").unwrap();
        assert_eq!((&record, &error["kind"]), (&odd, &json!("input")));
        scene.feed(&given.to_string(), "oa-delete --as file").is(0);
        assert_eq!(scene.ledger().requests[0].path, "/v1/files/7thh8ha71oxc");
    }
    // A record of the user's own keys passes.
    let scene = Scene::new();
    for own in [json!({"id": 7, "x": 1}), json!({"x": 1})] {
        let ran = scene.feed(&own.to_string(), "oa-delete").is(0);
        assert_eq!(ran.record(), own);
    }
    // What was deleted is no order to delete.
    let gone = json!({"id": "file_1", "deleted": true});
    scene.feed(&gone.to_string(), "oa-delete").is(3);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn an_entry_of_a_store_is_detached_and_its_file_deleted_only_on_demand() {
    let entry = json!({"object": "vector_store.file", "id": "file-1", "vector_store_id": "vs_1"});
    let scene = Scene::new();
    scene.feed(&entry.to_string(), "oa-delete").is(0);
    assert_eq!(scene.ledger().asked(), ["DELETE /vector_stores/*/files/*"]);
    let scene = Scene::new();
    scene
        .feed(&json!([entry]).to_string(), "oa-delete --files")
        .is(0);
    let both = ["DELETE /vector_stores/*/files/*", "DELETE /files/*"];
    assert_eq!(scene.ledger().asked(), both);
    let scene = Scene::new();
    let lost = json!({"object": "vector_store.file", "id": "file-1"});
    let ran = scene.feed(&lost.to_string(), "oa-delete --files").is(3);
    ran.says(&["file-1: the entry does not say of which store"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn an_empty_answer_is_a_deletion_and_an_error_is_none_whatever_its_status() {
    for status in [200, 202, 204] {
        let scene = Scene::faulty(&format!("DELETE /responses/* {status} body=''"));
        let ran = scene
            .ok("oa-delete resp_1")
            .says(&["[delete] response_id=resp_1\n"]);
        assert_eq!(ran.record(), json!({"deleted": true}));
        assert_eq!(scene.ledger().requests.len(), 1);
    }
    for body in [
        r#"{"error":{"message":"Not yours."}}"#,
        r#"{"error":"Not yours."}"#,
    ] {
        let scene = Scene::faulty(&format!("DELETE /files/* 200 body='{body}'"));
        let ran = scene.sh("oa-delete file-1 --retries 0").is(1);
        ran.says(&["oa-delete: file-1: not deleted: ", "Not yours."]);
    }
}
