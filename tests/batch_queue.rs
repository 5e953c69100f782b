//! oa-batch and a queue that holds so many tokens; signals, closed outputs and killed runs.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::batch::{BATCH, SUBMIT, answered, asked, each};
use crate::scene::Scene;

/// So many words of a question that its size is known.
fn long(count: usize, words: usize) -> String {
    asked(count).replace("Question", &"word ".repeat(words))
}

#[test]
fn a_part_that_the_queue_does_not_take_waits_until_one_of_ours_ends() {
    let scene = Scene::with(&["--queue-tokens", "1000", "--looks", "3"]);
    // Each part has some 300 tokens.
    let ran = scene
        .feed(
            &long(12, 140),
            &format!("{BATCH} --part-size 2 | oa-delete"),
        )
        .is(0);
    assert_eq!(
        each(&ran, "/n"),
        (1..=12).map(Value::from).collect::<Vec<_>>()
    );
    assert!(ran.stderr.contains("[queue] "), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("waits for the end of batch_"),
        "{}",
        ran.stderr
    );
    let ledger = scene.ledger();
    let completed = ledger.batches.iter().filter(|b| b["status"] == "completed");
    assert_eq!(completed.count(), 6);
    // The file of the requests is sent once, however often they are refused.
    assert_eq!(ledger.of("POST /files").len(), 6);
    scene.nothing_left();
}

#[test]
fn a_part_that_is_larger_than_the_queue_is_halved_until_it_fits() {
    let scene = Scene::with(&["--queue-tokens", "1000"]);
    let ran = scene
        .feed(&long(10, 140), &format!("{BATCH} | oa-delete"))
        .is(0);
    assert_eq!(
        each(&ran, "/n"),
        (1..=10).map(Value::from).collect::<Vec<_>>()
    );
    assert!(ran.stderr.contains("two halves"), "{}", ran.stderr);
    scene.nothing_left();
}

#[test]
fn a_request_that_is_larger_than_the_queue_is_refused_at_once() {
    let scene = Scene::with(&["--queue-tokens", "1000"]);
    let lines = long(1, 3000) + &asked(3);
    let ran = scene.feed(&lines, &format!("{BATCH} | oa-delete")).is(7);
    let kinds = each(&ran, "/error/kind");
    assert_eq!(
        kinds,
        [json!("refused"), Value::Null, Value::Null, Value::Null]
    );
    assert_eq!(ran.records()[0]["error"]["code"], "token_limit_exceeded");
    scene.nothing_left();
}

#[test]
fn what_the_queue_does_not_take_in_time_is_told_and_keeps_nothing_on_the_server() {
    let scene = Scene::with(&["--queue-tokens", "1000", "--looks", "0"]);
    let line = format!("{SUBMIT} --part-size 2 --deadline 2s");
    let ran = scene.feed(&long(10, 140), &line).is(124);
    let kinds = each(&ran, "/error/kind");
    let held = kinds.iter().filter(|kind| **kind == "deadline").count();
    assert_eq!(held, 6, "{kinds:?}");
    for record in ran.records() {
        assert_ne!(record.get("batch").is_some(), record.get("error").is_some());
    }
    let ledger = scene.ledger();
    assert_eq!(ledger.files.len(), 2);
}

#[test]
fn a_file_that_has_too_little_time_left_once_there_is_room_fails_its_record_and_no_other() {
    let scene = Scene::with(&["--queue-tokens", "1000", "--looks", "6"]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let soon = now.as_secs() + 25 * 3600 + 3;
    let file = format!(r#"{{"files":[{{"id":"file-1","expires_at":{soon}}}],"#);
    let lines = long(6, 140);
    let (first, rest) = lines.split_at(lines.match_indices('\n').nth(4).unwrap().0 + 1);
    let lines = first.to_owned() + &rest.replacen('{', &file, 1);
    let line = "oa-batch --interval 1s --part-size 3";
    let ran = scene.feed(&lines, line).is(3);
    let kinds = each(&ran, "/error/kind");
    assert_eq!(kinds[5], "input", "{}", ran.stderr);
    assert_eq!(kinds[..5], [const { Value::Null }; 5], "{}", ran.stderr);
    // Its request is not sent, and no file that holds it stays.
    let ledger = scene.ledger();
    let run = ledger.batches.iter().filter(|b| b["status"] == "completed");
    let run: u64 = run
        .map(|b| b["request_counts"]["total"].as_u64().unwrap())
        .sum();
    assert_eq!(run, 5);
    assert!(ledger.files.iter().all(|file| file["purpose"] != "batch"));
}

#[test]
fn a_run_that_was_cut_in_halves_is_known_again_in_its_halves() {
    let scene = Scene::with(&["--queue-tokens", "1000", "--looks", "4"]);
    let first = scene.feed(&long(5, 140), SUBMIT).is(0);
    let ran = scene.feed(&long(5, 140), SUBMIT).is(3);
    assert_eq!(ran.kinds(), ["input"; 5]);
    let made = scene.ledger().batches.len();
    let ran = scene
        .feed(&long(5, 140), &format!("{SUBMIT} --adopt"))
        .is(0);
    assert_eq!(each(&ran, "/batch"), each(&first, "/batch"));
    assert_eq!(scene.ledger().batches.len(), made);
}

#[test]
fn a_run_that_went_on_without_some_lines_is_known_again_without_them() {
    let scene = Scene::faulty("POST /batches end status=failed code=invalid_json_line line=2 x1");
    let first = scene.feed(&asked(4), SUBMIT).is(7);
    let ran = scene.feed(&asked(4), &format!("{SUBMIT} --adopt")).is(7);
    assert_eq!(each(&ran, "/batch"), each(&first, "/batch"));
    assert_eq!(each(&ran, "/error/code"), each(&first, "/error/code"));
    assert_eq!(scene.ledger().batches.len(), 2);
}

#[test]
fn ctrl_c_writes_every_record_with_its_batch_and_leaves_that_running() {
    let scene = Scene::with(&["--looks", "0"]);
    let line = format!("{BATCH} --part-size 2 <in | tee -i out");
    scene.file("in", asked(5));
    let running = scene.start(&line);
    scene
        .mock
        .until("a look", |ledger| ledger.statuses() == ["in_progress"; 3]);
    let ran = running.signal(Signal::INT).finish();
    for record in ran.records() {
        assert_eq!(record["error"]["kind"], "interrupted");
        assert_eq!(record["error"]["hint"], "oa-batch < FILE");
        assert!(record["batch"]["id"].is_string());
    }
    assert_eq!(
        ran.stderr.matches("interrupted").count(),
        1,
        "{}",
        ran.stderr
    );
    assert_eq!(scene.ledger().statuses(), ["in_progress"; 3]);
    let ran = scene.ok(&format!("{BATCH} --cancel <out"));
    assert_eq!(ran.records().len(), 5);
}

#[test]
fn ctrl_c_while_requests_are_sent_leaves_no_file_without_a_batch() {
    for rule in ["POST /files delay ms=400", "POST /batches delay ms=400"] {
        let scene = Scene::with(&["--looks", "0", "--fault", rule]);
        scene.file("in", asked(2));
        let running = scene.start(&format!("exec {BATCH} <in >out"));
        let path = rule.split(" delay").next().unwrap();
        scene.mock.until("a request", |l| l.of(path).len() == 1);
        let ran = running.signal(Signal::INT).finish();
        assert_eq!(ran.signal, Some(2), "{}", ran.stderr);
        let out = scene.ok("cat out");
        let ledger = scene.ledger();
        assert_eq!(ledger.files.len(), ledger.batches.len(), "{rule}");
        for record in out.records() {
            assert_eq!(record["error"]["kind"], "interrupted");
            assert_eq!(
                record["batch"]["id"],
                ledger
                    .batches
                    .first()
                    .map_or(Value::Null, |b| b["id"].clone())
            );
        }
    }
}

#[test]
fn a_reader_that_went_away_is_told_each_batch_once_and_they_go_on() {
    let scene = Scene::with(&["--looks", "0"]);
    let line = format!("cat in - | {SUBMIT} --part-size 3 | true");
    scene.file("in", asked(6));
    let ran = scene.sh(&format!("{line}; echo ${{PIPESTATUS[1]}}"));
    assert_eq!(ran.stdout.trim(), "141", "{}", ran.stderr);
    for batch in &scene.ledger().batches {
        let id = batch["id"].as_str().unwrap();
        let told = format!("Batch {id} goes on");
        assert_eq!(ran.stderr.matches(&told).count(), 1, "{}", ran.stderr);
        assert_ne!(batch["status"], "cancelling");
    }
}

#[test]
fn a_full_disk_loses_no_record() {
    let scene = Scene::new();
    let ran = scene.feed(&asked(3), &format!("{BATCH} >/dev/full")).is(1);
    let told = ran.stderr.lines().filter(|line| line.starts_with('{'));
    assert_eq!(told.count(), 3, "{}", ran.stderr);
}

#[test]
fn a_second_signal_names_what_is_left() {
    let scene = Scene::faulty("POST /batches stall");
    scene.file("in", asked(2));
    scene.ok("oa-upload notes.txt | jq -c '.request = {model: \"m\", input: \"why\"}' >>in");
    let running = scene.start(&format!("exec {BATCH} <in >out"));
    scene
        .mock
        .until("a creation", |l| l.of("POST /batches").len() == 1);
    let ran = running.signal_until_over(Signal::INT).finish();
    assert_eq!(ran.signal, Some(2));
    assert!(ran.stderr.contains("second signal"), "{}", ran.stderr);
    for file in &scene.ledger().files {
        let id = file["id"].as_str().unwrap();
        assert!(ran.stderr.contains(id), "{}", ran.stderr);
    }
}

#[test]
fn a_run_that_was_killed_goes_on_from_its_input_and_buys_nothing_twice() {
    for line in ["POST /files", "POST /batches", "GET /batches"] {
        let first = line == "GET /batches";
        let rule = format!("{line} stall skip={} x1", u8::from(!first));
        let scene = Scene::with(&["--fault", &rule, "--looks", "3"]);
        scene.file("in", asked(6));
        let tool = format!("{SUBMIT} --adopt --part-size 2 -o jobs <in");
        let running = scene.start(&format!("exec {tool}")).a_tool();
        let count = if first { 1 } else { 2 };
        scene.mock.until("a request", |l| l.of(line).len() >= count);
        running.at_once(&[Signal::KILL]).killed();
        scene.ok(&tool);
        let ran = scene.ok(&format!("{BATCH} <jobs | oa-delete"));
        assert_eq!(
            each(&ran, "/n"),
            (1..=6).map(Value::from).collect::<Vec<_>>()
        );
        answered(&ran);
        assert_eq!(scene.ledger().batches.len(), 3, "{line}");
    }
}

#[test]
fn what_a_killed_run_submitted_in_vain_is_taken_for_no_batch_that_runs() {
    let scene = Scene::with(&["--queue-tokens", "1000", "--looks", "3"]);
    scene.mock.fault("GET /batches/* stall");
    scene.file("in", long(12, 140));
    let tool = format!("{SUBMIT} --adopt --part-size 2 -o jobs <in");
    let running = scene.start(&format!("exec {tool}")).a_tool();
    scene
        .mock
        .until("all parts", |l| l.of("POST /batches").len() == 6);
    running.at_once(&[Signal::KILL]).killed();
    scene.mock.no_faults();
    let ran = scene.ok(&tool);
    assert!(!ran.stderr.contains("two halves"), "{}", ran.stderr);
    let ran = scene.ok(&format!("{BATCH} <jobs | oa-delete"));
    assert_eq!(ran.records().len(), 12);
    scene.nothing_left();
}
