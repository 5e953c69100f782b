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
