//! What the seeds write as `try … finally`: whatever happens, nothing is left on the server.

use serde_json::{Value, json};

use crate::scene::Scene;

/// The whole pipe without waiting.
const ASK: &str = "oa-upload report.pdf figure.png notes.txt | oa-respond -p why | oa-delete";
/// The whole pipe with waiting.
const WAIT: &str =
    "oa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms | oa-delete";

#[test]
fn an_upload_that_fails_half_way_takes_its_files_with_it() {
    let scene = Scene::faulty("POST /files 400 skip=2");
    let ran = scene.sh("oa-upload -j 1 report.pdf figure.png notes.txt | tee made | oa-delete");
    let record = ran.is(7).record();
    assert_eq!(
        record["paths"],
        json!(["report.pdf", "figure.png", "notes.txt"])
    );
    let files = record["files"].as_array().unwrap();
    let paths: Vec<&Value> = files.iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["report.pdf", "figure.png"]);
    assert_eq!(record["error"]["kind"], "refused");
    assert_eq!(scene.ledger().of("DELETE /files/*").len(), 2);
    scene.nothing_left();
}

#[test]
fn all_paths_are_checked_before_the_first_upload() {
    let scene = Scene::new();
    let ran = scene.sh("oa-upload report.pdf no-such.pdf | oa-respond -p why | oa-delete");
    let record = ran.is(3).says(&["no-such.pdf"]).record();
    assert_eq!(record["paths"], json!(["report.pdf", "no-such.pdf"]));
    assert_eq!(record["error"]["kind"], "input");
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_missing_file_does_not_stop_the_others() {
    let scene = Scene::new();
    let line = "oa-upload --each report.pdf no-such.pdf notes.txt | oa-respond -p why | oa-delete";
    let ran = scene.sh(line).is(3);
    assert_eq!(ran.kinds(), ["", "input", ""]);
    scene.nothing_left();
}

#[test]
fn after_a_refused_request_the_files_go() {
    let scene = Scene::faulty("POST /responses 400 code=unknown_parameter");
    let record = scene.sh(ASK).is(7).record();
    assert_eq!(record["error"]["code"], "unknown_parameter");
    assert_eq!(scene.ledger().of("DELETE /files/*").len(), 3);
    scene.nothing_left();
}

#[test]
fn after_a_failed_response_the_files_go() {
    for (end, status) in [
        ("failed", 8),
        ("incomplete", 9),
        ("cancelled", 8),
        ("refusal", 8),
    ] {
        for line in [ASK, WAIT] {
            let scene = Scene::faulty(&format!("POST /responses end status={end}"));
            let record = scene.sh(line).is(status).record();
            assert!(record["response"]["id"].is_string(), "{record}");
            scene.nothing_left();
        }
    }
}

#[test]
fn after_a_deadline_the_response_is_cancelled_and_the_files_go() {
    let scene = Scene::with(&["--looks", "0"]);
    let line = "oa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms --deadline 200ms | oa-delete";
    let ran = scene.sh(line).is(124);
    let record = ran.record();
    assert_eq!(record["error"]["kind"], "deadline");
    let id = record["response"]["id"].as_str().unwrap();
    assert_eq!(record["error"]["hint"], format!("oa-poll {id}"));
    assert_eq!(scene.ledger().statuses(), ["cancelled"]);
    scene.nothing_left();
}

#[test]
fn a_response_that_still_runs_is_cancelled_and_counts_as_failed() {
    let scene = Scene::with(&["--looks", "0"]);
    let ran = scene.sh("oa-upload notes.txt | oa-respond -b -p why | oa-delete");
    let ran = ran.is(8).says(&["oa-poll"]);
    let error = &ran.record()["error"];
    assert_eq!(
        (&error["tool"], &error["kind"]),
        (&json!("oa-delete"), &json!("failed"))
    );
    assert!(
        error["hint"].as_str().unwrap().contains("oa-poll"),
        "{error}"
    );
    assert_eq!(scene.ledger().statuses(), ["cancelled"]);
    let asked = scene.ledger().asked();
    let last = &asked[asked.len() - 2..];
    assert_eq!(last, ["POST /responses/*/cancel", "DELETE /files/*"]);
    scene.nothing_left();
}

#[test]
fn keep_pending_leaves_response_and_files_for_later() {
    let scene = Scene::new();
    let line = "oa-upload notes.txt | oa-respond -b -p why | oa-delete --keep-pending >job.json";
    scene.ok(line);
    assert_eq!(scene.ledger().files.len(), 1);
    assert_eq!(scene.ledger().statuses(), ["queued"]);
    let record = scene
        .ok("oa-poll --interval 20ms <job.json | oa-delete")
        .record();
    assert_eq!(record["response"]["status"], "completed");
    scene.nothing_left();
}

#[test]
fn keep_pending_still_removes_what_is_final() {
    let scene = Scene::new();
    scene.ok("oa-upload notes.txt | oa-respond -p why | oa-delete --keep-pending");
    scene.nothing_left();
}

#[test]
fn what_is_already_gone_was_deleted_with_success() {
    let scene = Scene::new();
    let record = scene
        .ok("oa-upload notes.txt report.pdf | tee made")
        .record();
    scene
        .mock
        .expire(record["files"][0]["id"].as_str().unwrap());
    let ran = scene.ok("oa-delete <made");
    assert_eq!(ran.stdout, scene.read("made"));
    scene.nothing_left();
}

#[test]
fn a_failed_deletion_is_named_and_never_spoils_an_answer() {
    let scene = Scene::faulty("DELETE /files/* 400");
    let ran = scene
        .sh("oa-upload notes.txt | oa-respond -p why | oa-delete")
        .is(1);
    let record = ran.record();
    assert_eq!(record["error"], Value::Null);
    let id = record["files"][0]["id"].as_str().unwrap().to_owned();
    ran.says(&[&id]);
    scene.mock.no_faults();
    scene.ok(&format!("oa-delete {id}"));
    scene.nothing_left();
}

#[test]
fn one_failed_deletion_does_not_stop_the_others() {
    let scene = Scene::faulty("DELETE /files/* 400 x1");
    let ran = scene.sh("oa-upload report.pdf figure.png notes.txt | oa-delete | tee made");
    assert_eq!(ran.record()["files"].as_array().unwrap().len(), 3);
    assert_eq!(scene.ledger().of("DELETE /files/*").len(), 3);
    assert_eq!(scene.ledger().files.len(), 1);
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn every_uploaded_file_expires_by_itself_so_that_kill_9_leaves_nothing_for_ever() {
    let scene = Scene::faulty("POST /responses stall");
    let running =
        scene.start("echo $$ >group; oa-upload notes.txt | oa-respond -p why | oa-delete");
    scene.mock.until("a file is there", |l| l.files.len() == 1);
    let killed = scene.sh("kill -9 -- -$(cat group)");
    assert_eq!(killed.status, 0);
    assert_eq!(running.killed(), Some(9));
    let file = &scene.ledger().files[0];
    let age = file["expires_at"].as_i64().unwrap() - file["created_at"].as_i64().unwrap();
    assert_eq!(age, 72 * 3600);
    scene.ok(&format!("oa-delete {}", file["id"]));
    scene.nothing_left();
}

#[test]
fn what_upload_could_not_hand_over_it_deletes() {
    let scene = Scene::faulty("POST /files delay ms=300");
    let ran = scene.ok("oa-upload notes.txt | true; echo ${PIPESTATUS[0]}");
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.contains("panic")),
        ("141\n", false)
    );
    let asked = scene.ledger().asked();
    assert_eq!(asked, ["POST /files", "DELETE /files/*"]);
    scene.nothing_left();
}

#[test]
fn head_takes_the_first_record_and_upload_deletes_the_others() {
    let scene = Scene::faulty("POST /files delay ms=400 skip=1");
    let ran =
        scene.ok("oa-upload --each -j 1 notes.txt report.pdf figure.png | head -n1 | oa-delete");
    assert_eq!(ran.record()["files"][0]["path"], "notes.txt");
    scene.nothing_left();
}

#[test]
fn the_tools_after_upload_write_records_to_stderr_when_nobody_reads_them() {
    let scene = Scene::faulty("POST /responses delay ms=300");
    let line = "oa-upload notes.txt | oa-respond -p why | true; echo ${PIPESTATUS[1]}";
    let ran = scene.ok(line);
    assert_eq!(ran.stdout, "141\n");
    let record = ran.stderr.lines().find(|line| line.starts_with('{'));
    let record: Value = serde_json::from_str(record.expect("a record on stderr")).unwrap();
    assert_eq!(record["response"]["status"], "completed");
    let ran = scene.feed(&record.to_string(), "oa-delete").is(0);
    assert_eq!(ran.record(), record);
    scene.nothing_left();
}

#[test]
fn delete_finishes_its_deletions_when_nobody_reads_its_records() {
    let scene = Scene::new();
    let line =
        "oa-upload notes.txt report.pdf >made; oa-delete <made | true; echo ${PIPESTATUS[0]}";
    scene.ok(line);
    scene.nothing_left();
}

#[test]
fn where_all_is_gone_that_should_live_one_warning_says_so() {
    let file = |id: &str, end: Value| json!({"id": id, "path": "a", "expires_at": end});
    let record = |files: &[Value]| json!({"files": files}).to_string();
    let late = json!(9_999_999_999_u64);
    let scene = Scene::new();
    for end in [Value::Null, json!(0), json!(-1), late.clone()] {
        let files = ["file-1", "file-2"].map(|id| file(id, end.clone()));
        let ran = scene.feed(&record(&files), "oa-delete -q -j 1").is(0);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        ran.says(&[
            "oa-delete: warning: file-1 and 1 more: not found",
            "project",
        ]);
    }
    // What expired, and what was only named, may well be gone; and where anything is there, this is the place.
    let alive = scene.ok("oa-upload notes.txt | jq -r .files[].id").stdout;
    let mixed = [file("file-1", late.clone()), file(alive.trim(), late)];
    for files in [
        &[file("file-1", json!(1))],
        &[json!({"id": "file-1"})],
        &mixed[..],
    ] {
        let ran = scene.feed(&record(files), "oa-delete").is(0);
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    }
    let ran = scene
        .ok("oa-delete file-1")
        .says(&["file_id=file-1 status=gone"]);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    scene.nothing_left();
}

#[test]
fn a_deletion_that_was_done_at_an_attempt_before_is_no_warning() {
    let scene = Scene::faulty("DELETE /files/* cut when=answer x1");
    let ran = scene.ok("oa-upload notes.txt | oa-delete");
    assert_eq!(scene.ledger().of("DELETE /files/*").len(), 2);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

#[test]
fn a_store_that_is_gone_although_it_should_live_is_warned_of_too() {
    let scene = Scene::new();
    let record = json!({"vector_store": {"id": "vs_1", "made": true}});
    let ran = scene.feed(&record.to_string(), "oa-delete").is(0);
    ran.says(&["warning: vs_1: not found"]);
}

#[test]
fn upload_says_as_well_that_what_it_takes_back_is_not_there() {
    let scene = Scene::faulty("POST /files delay ms=300");
    scene.mock.fault("DELETE /files/* 404");
    let ran = scene.ok("oa-upload -q notes.txt report.pdf | true; echo ${PIPESTATUS[0]}");
    assert_eq!(ran.stdout, "141\n");
    ran.says(&["oa-upload: warning: file-", " and 1 more: not found"]);
}

#[test]
fn an_expiry_of_nothing_is_none() {
    for end in [0, -1] {
        let body =
            json!({"id": "file-1", "object": "file", "filename": "notes.txt", "expires_at": end});
        let scene = Scene::faulty(&format!("POST /files 200 body='{body}'"));
        scene.mock.fault("DELETE /files/* 204");
        scene
            .mock
            .fault("POST /responses 200 body='{\"id\":\"resp_1\",\"output\":[]}'");
        let ran = scene.ok("oa-upload notes.txt | oa-respond -p why | oa-delete");
        ran.says(&["the server ignored `expires_after`; file-1 stays"]);
    }
}
