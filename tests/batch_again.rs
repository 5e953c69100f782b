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
