//! oa-batch: requests by the thousand, answered by Batches of the API and joined again.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::scene::{Ran, Scene};

/// The tool, looking often.
pub(crate) const BATCH: &str = "oa-batch --interval 20ms";
/// The same up to the acceptance of all parts.
pub(crate) const SUBMIT: &str = "oa-batch --interval 20ms --submit";

/// Questions that are ready to be sent, one a line, each with its number in `n`.
pub(crate) fn asked(count: usize) -> String {
    let mut lines = String::new();
    for n in 1..=count {
        let request = json!({"model": "m", "input": format!("Question {n}")});
        let _ = writeln!(lines, "{}", json!({"n": n, "request": request}));
    }
    lines
}

/// The values of a key in all records.
pub(crate) fn each(ran: &Ran, path: &str) -> Vec<Value> {
    let records = ran.records();
    let values = records.iter().map(|record| record.pointer(path).cloned());
    values.map(Option::unwrap_or_default).collect()
}

fn numbers(count: u64) -> Vec<Value> {
    (1..=count).map(Value::from).collect()
}

/// Whether every record has the answer to its own question.
pub(crate) fn answered(ran: &Ran) {
    for record in ran.records() {
        let text = record["output_text"].as_str().expect("an answer");
        let question = record["request"]["input"].as_str().expect("a question");
        assert!(text.contains(&format!("{question:?}")), "{record}");
    }
}

#[test]
fn one_word_more_in_the_pipe_and_nothing_is_left() {
    let scene = Scene::new();
    for n in 1..=5 {
        scene.file(&format!("{n}.txt"), format!("note {n}"));
    }
    let ran = scene.ok(&format!(
        "oa-upload --each [1-5].txt | oa-respond --dry-run -p 'What?' | {BATCH} | oa-delete"
    ));
    let paths: Vec<Value> = (1..=5).map(|n| json!(format!("{n}.txt"))).collect();
    assert_eq!(each(&ran, "/files/0/path"), paths);
    for record in ran.records() {
        let name = record["files"][0]["filename"].as_str().unwrap();
        assert!(record["output_text"].as_str().unwrap().contains(name));
        assert_eq!(record["response"]["status"], "completed");
        assert_eq!(record["batch"]["collected"], true);
        assert!(record.get("error").is_none());
    }
    assert_eq!(scene.ledger().of("POST /responses").len(), 0);
    scene.nothing_left();
}

#[test]
fn answers_come_in_the_order_of_the_input_over_all_parts_and_models() {
    let scene = Scene::new();
    let mut lines = asked(20);
    for n in [2, 3, 7, 20] {
        let (from, to) = (
            format!("Question {n}\",\"model\":\"m\""),
            format!("Question {n}\",\"model\":\"o\""),
        );
        assert!(lines.contains(&from));
        lines = lines.replace(&from, &to);
    }
    let ran = scene
        .feed(&lines, &format!("{BATCH} --part-size 6 | oa-delete"))
        .is(0);
    assert_eq!(each(&ran, "/n"), numbers(20));
    answered(&ran);
    // 16 of one model in parts of 6, 4 of the other.
    let ledger = scene.ledger();
    assert_eq!(ledger.batches.len(), 4);
    let mut models: Vec<&str> = ledger
        .batches
        .iter()
        .map(|b| b["model"].as_str().unwrap())
        .collect();
    models.sort_unstable();
    assert_eq!(models, ["m", "m", "m", "o"]);
    scene.nothing_left();
}

#[test]
fn a_record_says_which_batch_it_waits_for_and_that_is_all_it_takes_to_go_on() {
    let scene = Scene::new();
    let ran = scene
        .feed(&asked(5), &format!("{SUBMIT} --part-size 2 -o jobs.jsonl"))
        .is(0);
    assert_eq!(ran.stdout, "");
    let jobs = scene.ok("cat jobs.jsonl");
    let ledger = scene.ledger();
    for (n, record) in jobs.records().iter().enumerate() {
        let batch = &record["batch"];
        let made = ledger.batches.iter().find(|made| made["id"] == batch["id"]);
        let made = made.expect("a Batch");
        assert_eq!(batch["custom_id"], (n + 1).to_string());
        assert_eq!(batch["input_file_id"], made["input_file_id"]);
        assert_eq!(batch["part"], made["metadata"]["oa_part"]);
        assert_eq!(batch["part"].as_str().unwrap().len(), 64);
        assert_eq!(batch["shared"], if n == 4 { 1 } else { 2 });
        assert_eq!(
            (&batch["made"], &batch["collected"]),
            (&json!(true), &Value::Null)
        );
        assert!(record.get("response").is_none() && record.get("error").is_none());
    }
    // Any number of times, anywhere.
    for _ in 0..2 {
        let ran = scene.ok(&format!("{BATCH} <jobs.jsonl | tee out.jsonl"));
        assert_eq!(each(&ran, "/n"), numbers(5));
        assert!(each(&ran, "/batch/collected").iter().all(|is| *is == true));
        answered(&ran);
    }
    assert_eq!(scene.ledger().batches.len(), 3);
    scene.ok("oa-delete <out.jsonl");
    scene.nothing_left();
}

#[test]
fn the_file_of_the_requests_is_what_the_api_takes_and_goes_with_the_end_of_its_batch() {
    let scene = Scene::new();
    scene.feed(&asked(3), BATCH).is(0);
    let left = scene.ledger().files;
    assert!(left.iter().all(|file| file["purpose"] == "batch_output"));
    assert_eq!(left.len(), 1);
    let scene = Scene::new();
    scene.feed(&asked(3), &format!("{BATCH} | oa-delete")).is(0);
    let ledger = scene.ledger();
    let upload = ledger.of("POST /files")[0].clone();
    assert_eq!(upload.part("purpose").text.as_deref(), Some("batch"));
    let name = upload.part("file").filename.clone().unwrap();
    assert!(
        name.starts_with("oa-batch-")
            && name.rsplit_once('.').is_some_and(|(_, end)| end == "jsonl"),
        "{name}"
    );
    assert_eq!(
        upload.part("expires_after[seconds]").text.as_deref(),
        Some("259200")
    );
    let body = ledger.of("POST /batches")[0].json();
    assert_eq!(body["endpoint"], "/v1/responses");
    assert_eq!(body["completion_window"], "24h");
    let week = json!({"anchor": "created_at", "seconds": 7 * 86400});
    assert_eq!(body["output_expires_after"], week);
    let asked = ledger.asked();
    let place = |line: &str| asked.iter().position(|asked| asked == line).expect(line);
    let (made, gone) = (place("POST /batches"), place("DELETE /files/*"));
    assert!(made < gone);
    scene.nothing_left();
}

#[test]
fn all_of_stdin_is_read_before_anything_is_sent() {
    let scene = Scene::new();
    let line = format!(
        "mkfifo in; {BATCH} <in & exec 3>in; cat >&3; oa-list batches; oa-list files; exec 3>&-; wait"
    );
    let ran = scene.feed(&asked(3), &line).is(0);
    assert_eq!(ran.records().len(), 3);
    answered(&ran);
}

#[test]
fn records_that_share_a_request_all_get_its_answer() {
    let scene = Scene::new();
    scene
        .feed(&asked(2), &format!("{SUBMIT} -o jobs.jsonl"))
        .is(0);
    let ran = scene.ok(&format!(
        "jq -c '., (.copy = true)' jobs.jsonl | {BATCH} | oa-delete"
    ));
    assert_eq!(each(&ran, "/n"), [1, 1, 2, 2].map(Value::from));
    answered(&ran);
    scene.nothing_left();
}

#[test]
fn what_has_an_answer_passes_and_what_failed_is_passed_on() {
    let scene = Scene::new();
    scene.ok("oa-respond -n -p why >done; jq -c '.error = {\"tool\":\"oa-respond\",\"kind\":\"refused\",\"message\":\"no\",\"retryable\":false}' done >failed");
    let ran = scene
        .sh(&format!(
            "cat done failed - <<<'{}' | {BATCH}",
            asked(1).trim()
        ))
        .is(7);
    assert_eq!(ran.records().len(), 3);
    assert_eq!(ran.records()[0], scene.ok("cat done").record());
    assert_eq!(ran.records()[1], scene.ok("cat failed").record());
    assert_eq!(ran.records()[2]["n"], 1);
}

#[test]
fn what_no_batch_takes_is_an_input_error_with_the_way_out() {
    let scene = Scene::new();
    let batch = |more: &str| format!(r#"{{"batch":{{"made":true{more}}}}}"#);
    let rows = [
        (r#"{"prompt":"why"}"#.to_owned(), "oa-respond --dry-run"),
        (
            r#"{"request":{"input":"why"}}"#.to_owned(),
            "oa-respond --dry-run",
        ),
        (
            r#"{"request":{"model":"m"}}"#.to_owned(),
            "oa-respond --dry-run",
        ),
        (
            r#"{"request":{"model":"m","input":"why","stream":true}}"#.to_owned(),
            "del(.request.stream)",
        ),
        (
            r#"{"request":{"model":"m","input":"why","background":true}}"#.to_owned(),
            "del(.request.background)",
        ),
        (
            r#"{"request":{"model":"m","input":"why","background_options":{}}}"#.to_owned(),
            "del(.request.background_options)",
        ),
        (batch(r#","id":"batch_1""#), "oa-batch wrote"),
        (
            r#"{"response":{"id":"resp_1","status":"queued"}}"#.to_owned(),
            "oa-poll",
        ),
    ];
    for (record, way_out) in rows {
        let line = format!("{BATCH} --again");
        let ran = scene.feed(&format!("{record}\n{}", asked(1)), &line).is(3);
        let records = ran.records();
        let error = &records[0]["error"];
        assert_eq!(error["kind"], "input", "{record}");
        assert!(error["hint"].as_str().unwrap().contains(way_out), "{error}");
        assert_eq!(records[1]["response"]["status"], "completed");
    }
}

#[test]
fn an_older_answer_is_gone_before_the_new_one_is_asked_for() {
    let scene = Scene::faulty("LINE /responses 400");
    let old = asked(1).replace("{\"n\"", "{\"output_text\":\"old\",\"citations\":[],\"batch\":{\"id\":\"batch_1\",\"custom_id\":\"9\",\"collected\":true},\"n\"");
    let record = scene.feed(&old, BATCH).is(7).record();
    assert!(record.get("output_text").is_none() && record.get("citations").is_none());
    assert_ne!(record["batch"]["id"], "batch_1");
    assert_eq!(record["batch"]["custom_id"], "1");
}

#[test]
fn a_file_that_expires_before_the_day_is_over_fails_its_record_and_no_other() {
    let scene = Scene::new();
    scene.ok("oa-upload --expires-after 24h report.pdf >a; oa-upload notes.txt >b");
    let ran = scene
        .sh(&format!(
            "cat a b | oa-respond --dry-run -p why | {BATCH} | oa-delete"
        ))
        .is(3);
    let kinds: Vec<Value> = each(&ran, "/error/kind");
    assert_eq!(kinds, [json!("input"), Value::Null]);
    assert_eq!(ran.records()[1]["response"]["status"], "completed");
    scene.nothing_left();
}

#[test]
fn text_of_answers_is_written_in_the_order_of_the_input() {
    let scene = Scene::new();
    let ran = scene
        .feed(&asked(3), &format!("{BATCH} -t --part-size 1"))
        .is(0);
    let places = (1..=3).map(|n| ran.stdout.find(&format!("\"Question {n}\"")).unwrap());
    assert!(places.is_sorted(), "{}", ran.stdout);
    scene.feed(&asked(3), &format!("{SUBMIT} -t")).is(2);
}

#[test]
fn a_cancelled_batch_gives_what_was_answered_and_that_is_success() {
    let scene = Scene::with(&["--looks", "0"]);
    scene
        .feed(&asked(4), &format!("{SUBMIT} -o jobs.jsonl"))
        .is(0);
    let ran = scene.ok(&format!("{BATCH} --cancel <jobs.jsonl | tee out.jsonl"));
    let got: Vec<bool> = ran
        .records()
        .iter()
        .map(|record| record.get("response").is_some())
        .collect();
    assert_eq!(got, [true, true, false, false]);
    for record in ran.records() {
        assert_eq!(record["batch"]["collected"], true);
        assert!(record.get("error").is_none());
    }
    assert_eq!(scene.ledger().statuses(), ["cancelled"]);
    // Asked anew where that is wanted.
    scene.mock.no_faults();
    scene.ok("oa-delete <out.jsonl");
    scene.nothing_left();
    let ran = scene.feed(&asked(1), &format!("{BATCH} --cancel")).is(3);
    assert_eq!(ran.kinds(), ["input"]);
}

#[test]
fn a_failed_line_can_be_asked_again_and_nothing_else_is() {
    let scene = Scene::faulty("LINE /responses 500 skip=1 x1");
    scene
        .feed(&asked(3), &format!("{BATCH} -o out.jsonl"))
        .is(7);
    let failed = scene.ok("cat out.jsonl.failed");
    let kinds = each(&failed, "/error/kind");
    assert_eq!(kinds, [Value::Null, json!("refused"), Value::Null]);
    let ran = scene.ok(&format!(
        "jq -c 'del(.error)' out.jsonl.failed | {BATCH} | oa-delete"
    ));
    answered(&ran);
    let ledger = scene.ledger();
    let totals: Vec<&Value> = ledger
        .batches
        .iter()
        .map(|b| &b["request_counts"]["total"])
        .collect();
    assert_eq!(totals, [&json!(3), &json!(1)]);
}

#[test]
fn a_poll_in_the_pipe_names_the_tool_that_waits_for_batches() {
    let scene = Scene::new();
    let ran = scene.feed(&asked(1), &format!("{SUBMIT} | oa-poll")).is(3);
    assert_eq!(ran.record()["error"]["hint"], "oa-batch");
    // And that is no reason not to go on.
    let ran = scene.feed(&ran.stdout, BATCH).is(0);
    answered(&ran);
}

#[test]
fn a_batch_that_is_named_is_cancelled_and_its_requests_go() {
    let scene = Scene::with(&["--looks", "0"]);
    let ran = scene.feed(&asked(2), SUBMIT).is(0);
    let id = ran.records()[0]["batch"]["id"].clone();
    scene.ok(&format!("oa-delete {}", id.as_str().unwrap()));
    scene.nothing_left();
}
