//! oa-batch, asked again: what failed and nothing else, and all of it is cleaned up behind.

use serde_json::{Value, json};

use crate::batch::{BATCH, answered, asked, each};
use crate::scene::Scene;

/// The documented way to try again.
const AGAIN: &str = "jq -c 'del(.error)' out.failed";

#[test]
fn what_failed_is_asked_again_and_the_files_of_both_batches_go() {
    for rule in [
        "LINE /responses 500 x1",
        "LINE /responses 500 x2",
        "LINE /responses 429 x2",
    ] {
        let scene = Scene::faulty(rule);
        scene.ok("oa-upload --each -q notes.txt report.pdf | oa-respond --dry-run -p why >asked");
        let ran = scene.sh(&format!("{BATCH} -o out <asked"));
        assert_ne!(ran.status, 0, "{rule}");
        let ran = scene.ok(&format!("{AGAIN} | {BATCH} -o rest; oa-delete <rest"));
        assert_eq!(each(&ran, "/response/status"), ["completed", "completed"]);
        assert_eq!(scene.ledger().batches.len(), 2, "{rule}");
        scene.nothing_left();
    }
}

#[test]
fn a_batch_of_which_every_request_failed_is_no_answer_that_was_bought() {
    let scene = Scene::faulty("LINE /responses 500 x2");
    scene.feed(&asked(2), BATCH).is(7);
    let ran = scene.feed(&asked(2), &format!("{BATCH} --adopt")).is(0);
    answered(&ran);
}

#[test]
fn every_hint_of_a_failed_request_is_a_command_that_asks_it_anew() {
    for rule in [
        "LINE /responses 500 x1",
        "LINE /responses 429 x1",
        "LINE /responses zero x1",
        "LINE /responses missing x1",
        "LINE /responses end status=failed code=server_error x1",
    ] {
        let scene = Scene::faulty(rule);
        let ran = scene.feed(&asked(2), &format!("{BATCH} -o out"));
        assert_ne!(ran.status, 0, "{rule}");
        let failed = scene.ok("cat out.failed").records().remove(0);
        let hint = failed["error"]["hint"].as_str().expect(rule).to_owned();
        let (_, command) = hint.split_once(": ").expect(rule);
        let command = command
            .replace("FILE", "out.failed")
            .replace("oa-batch", BATCH);
        let ran = scene.ok(&command);
        assert_eq!(each(&ran, "/n"), [1, 2].map(Value::from), "{rule}");
        answered(&ran);
    }
}

#[test]
fn a_part_that_no_batch_takes_leaves_what_the_record_knew() {
    let scene = Scene::faulty("LINE /responses 500 x1");
    scene.feed(&asked(1), &format!("{BATCH} -o out")).is(7);
    scene.mock.fault("POST /batches 400");
    let ran = scene
        .sh(&format!("set -o pipefail; {AGAIN} | {BATCH} | tee rest"))
        .is(7);
    assert_eq!(ran.record()["batch"]["collected"], true);
    scene.mock.no_faults();
    scene.sh("oa-delete <rest").is(7);
    scene.nothing_left();
}

#[test]
fn an_empty_question_is_found_before_anything_is_sent() {
    let scene = Scene::new();
    for input in [json!(""), json!(" \n"), json!([]), Value::Null] {
        let record = json!({"request": {"model": "m", "input": input}});
        let ran = scene.feed(&record.to_string(), BATCH).is(3);
        assert_eq!(ran.kinds(), ["input"]);
    }
    assert!(scene.ledger().of("POST /files").is_empty());
}

/// The line of an answer in a Batch's file.
fn line(name: &str, status: &str, text: &str) -> String {
    let content = json!([{"type": "output_text", "text": text}]);
    let body = json!({"id": format!("resp_{name}"), "status": status,
        "output": [{"type": "message", "content": content}]});
    json!({"custom_id": name, "response": {"status_code": 200, "body": body}}).to_string()
}

/// A server whose files of answers are this, and two requests.
fn answers(lines: &str) -> Scene {
    let raw = lines.replace('\n', "\\n");
    Scene::faulty(&format!("GET /files/*/content 200 raw='{raw}'"))
}

#[test]
fn an_answer_that_was_paid_for_is_never_thrown_away_for_its_wrapping() {
    let good = line("2", "completed", "second") + "\n";
    let first = line("1", "completed", "first");
    for bad in [
        first.replacen("{\"id\"", "{\"temperature\":NaN,\"id\"", 1),
        format!("\u{feff}{first}"),
        format!("{first},"),
        format!("{first} and more"),
    ] {
        let scene = answers(&format!("{bad}\n{good}"));
        let ran = scene.feed(&asked(2), BATCH).is(0);
        let texts = each(&ran, "/output_text");
        assert_eq!(texts, [json!("first"), json!("second")], "{bad}");
    }
}

#[test]
fn an_answer_that_is_not_final_is_no_success() {
    let lines = [
        line("1", "in_progress", ""),
        line("2", "completed", "second"),
    ]
    .join("\n");
    let ran = answers(&lines).feed(&asked(2), BATCH).is(8);
    assert_eq!(each(&ran, "/error/kind"), [json!("failed"), Value::Null]);
}

#[test]
fn a_file_without_an_answer_ends_the_wait_and_not_the_batch() {
    let scene = Scene::faulty("GET /files/*/content html");
    let ran = scene.feed(&asked(2), &format!("{BATCH} -o out")).is(6);
    assert!(ran.stderr.contains("holds no answer"), "{}", ran.stderr);
    scene.mock.no_faults();
    let ran = scene.ok(&format!("{BATCH} <out.failed"));
    answered(&ran);
    assert_eq!(scene.ledger().batches.len(), 1);
}

#[test]
fn a_disk_without_room_for_the_answers_fails_their_records_and_the_batch_stays() {
    let scene = Scene::new();
    scene.file("in", asked(2000));
    // The records have room, their answers have not.
    let ran = scene.sh(&format!("ulimit -f 1000; {BATCH} <in >out"));
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("TMPDIR"), "{}", ran.stderr);
    let ran = scene.ok("head -1 out");
    let error = ran.record()["error"].clone();
    assert_eq!(
        (&error["kind"], &error["retryable"]),
        (&json!("input"), &json!(true))
    );
    let ran = scene.ok(&format!("{BATCH} <out"));
    assert_eq!(ran.records().len(), 2000);
    assert_eq!(scene.ledger().batches.len(), 2);
}

#[test]
fn the_same_failure_of_many_records_is_told_a_few_times() {
    let scene = Scene::faulty("LINE /responses 500");
    let ran = scene.feed(&asked(50), &format!("{BATCH} -q")).is(7);
    assert_eq!(ran.kinds().len(), 50);
    assert_eq!(ran.stderr.lines().count(), 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("47 more records"), "{}", ran.stderr);
}

#[test]
fn the_first_failure_stops_what_is_not_sent_where_that_is_wanted() {
    let scene = Scene::faulty("POST /batches 400 x1");
    let line = format!("{BATCH} --fail-fast --part-size 1");
    let ran = scene.feed(&asked(4), &line).is(7);
    assert_eq!(ran.kinds(), ["refused", "skipped", "skipped", "skipped"]);
    assert!(scene.ledger().batches.is_empty());
}

#[test]
fn answers_that_a_batch_has_and_its_files_have_not_are_not_bought_again() {
    let scene = Scene::faulty(r#"GET /batches/* but patch={"output_file_id":null}"#);
    let ran = scene.feed(&asked(2), &format!("{BATCH} -o out")).is(8);
    drop(ran);
    let ran = scene.ok("cat out.failed");
    assert_eq!(each(&ran, "/error/retryable"), [json!(false), json!(false)]);
    let hint = ran.records()[0]["error"]["hint"].clone();
    assert!(hint.as_str().unwrap().contains("may be paid for"), "{hint}");
    // The next run sees that they were bought.
    scene.mock.no_faults();
    scene
        .mock
        .fault(r#"GET /batches but patch={"output_file_id":null}"#);
    scene.feed(&asked(2), BATCH).is(3);
    assert_eq!(scene.ledger().of("POST /batches").len(), 1);
}

#[test]
fn an_output_that_is_cut_is_fetched_again() {
    let scene = Scene::faulty("GET /files/*/content 200 raw='{\"custom_id\":\"1\",\"resp' x2");
    let ran = scene.feed(&asked(2), &format!("{BATCH} | oa-delete")).is(0);
    answered(&ran);
    scene.nothing_left();
}
