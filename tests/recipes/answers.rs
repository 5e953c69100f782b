//! Single jobs: what comes out is of use as it is.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{ok, sh, start};
use crate::scene::{PDF, PNG, Scene};

#[test]
fn structured_answers_are_checked_and_what_fails_the_check_is_taken_up_again() {
    let scene = Scene::new();
    let schema = json!({
        "type": "object", "properties": {"total": {"type": "integer"}},
        "required": ["total"], "additionalProperties": false,
    });
    scene.file("schema.json", schema.to_string());
    let ran = ok(
        &scene,
        "$R/structured schema.json '.total == 0' report.pdf notes.txt",
    );
    let answers: Vec<Value> = ran.records().iter().map(|r| r["answer"].clone()).collect();
    assert_eq!(answers, [json!({"total": 0}), json!({"total": 0})]);
    let before = scene.ledger().requests.len();
    sh(&scene, "$R/structured schema.json '.total >' report.pdf").is(3);
    assert_eq!(scene.ledger().requests.len(), before);
    let ran = sh(
        &scene,
        "$R/structured schema.json '.total.x > 0' report.pdf >all.jsonl",
    )
    .is(8);
    ran.says(&["the check does not hold"]);
    ok(
        &scene,
        "$R/retry-failed all.jsonl --schema schema.json -p again",
    );
    assert!(!scene.read("all.jsonl").contains("\"error\":{\"tool\""));
    assert_eq!(scene.ledger().of("POST /responses").len(), 4);
    scene.nothing_left();
}

#[test]
fn an_answer_that_failed_its_check_takes_its_old_answer_with_it() {
    let scene = Scene::new();
    scene.file(
        "schema.json",
        "{\"type\":\"object\",\"properties\":{},\"required\":[],\"additionalProperties\":false}",
    );
    sh(
        &scene,
        "$R/structured schema.json false report.pdf >all.jsonl",
    )
    .is(8);
    ok(
        &scene,
        "$R/retry-failed all.jsonl --schema schema.json -p again",
    );
    ok(
        &scene,
        "jq -en 'all(inputs; has(\"output_text\") and (has(\"answer\") | not))' all.jsonl",
    );
    let check = "jq -en 'all(inputs | .output_text | fromjson; type == \"object\")' all.jsonl";
    ok(&scene, check);
    scene.nothing_left();
}

#[test]
fn where_nothing_is_to_be_tried_again_nothing_is_done() {
    let scene = Scene::faulty("POST /responses 400 x1");
    let line = "oa-upload report.pdf | oa-respond -p Why | oa-delete";
    sh(&scene, &format!("{line} >failed.jsonl")).is(7);
    ok(&scene, &format!("{line} >good.jsonl"));
    let before = scene.ledger().requests.len();
    for (name, status) in [("good", 0), ("failed", 1)] {
        let ran = sh(&scene, &format!("$R/retry-failed {name}.jsonl -p Why")).is(status);
        let wanted = format!(
            "retry-failed: {name}.jsonl: nothing in it is to be tried again; nothing was done\n"
        );
        assert_eq!(ran.stderr, wanted);
    }
    assert_eq!(scene.ledger().requests.len(), before);
}

#[test]
fn without_an_answer_there_are_no_sources() {
    let scene = Scene::new();
    let ran = sh(&scene, "$R/cited vs_none Why");
    assert_ne!(ran.status, 0);
    assert_eq!(ran.stdout, "");
    ran.says(&["oa-respond: "]);
}

#[test]
fn what_git_cannot_compare_is_said_in_a_sentence_and_not_sent() {
    let scene = Scene::new();
    scene.file("rules.md", "No tabs.\n");
    let ran = sh(&scene, "$R/review-diff rules.md HEAD").is(2);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    let line = "git init -q . && git config user.email a@b && git config user.name a && git commit -q --allow-empty -m one && $R/review-diff rules.md nowhere";
    let ran = sh(&scene, line).is(2).says(&["review-diff: ", "nowhere"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(scene.ledger().requests.is_empty());
}

#[test]
fn a_log_without_totals_costs_nobody_knows_what() {
    let scene = Scene::new();
    let ran = sh(&scene, "echo '[upload] path=x' | $R/cost 1 1 1").is(1);
    ran.says(&["cost: no [total] line"]);
}

#[test]
fn only_what_failed_is_tried_again() {
    let scene = Scene::faulty("POST /responses end status=failed skip=1 x1");
    let line = "oa-upload --each report.pdf figure.png notes.txt gone.pdf | oa-respond -p Why | oa-delete -o all.jsonl";
    assert_ne!(sh(&scene, line).status, 0);
    assert!(!scene.path("all.jsonl").exists());
    sh(&scene, "$R/retry-failed all.jsonl -p Why").is(3);
    let ledger = scene.ledger();
    assert_eq!(ledger.of("POST /responses").len(), 4);
    assert_eq!(ledger.of("POST /files").len(), 4);
    scene.file("gone.pdf", PDF);
    scene.ok("jq -c 'del(.error)' all.jsonl.failed >all.new; mv all.new all.jsonl.failed");
    ok(&scene, "$R/retry-failed all.jsonl -p Why");
    let text = scene.read("all.jsonl");
    let paths: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["paths"][0].to_string())
        .collect();
    assert_eq!(
        paths,
        [
            "\"report.pdf\"",
            "\"figure.png\"",
            "\"notes.txt\"",
            "\"gone.pdf\""
        ]
    );
    assert_eq!(scene.ledger().of("POST /responses").len(), 5);
    scene.nothing_left();
}

#[test]
fn ctrl_c_takes_no_record_from_what_is_tried_again() {
    let scene = Scene::faulty("POST /responses end status=failed x20");
    scene.ok("for n in $(seq 20); do echo $n >$n.txt; done");
    let line = "oa-upload --each *.txt | oa-respond -j 8 -p Why | oa-delete -o all.jsonl";
    sh(&scene, line).is(8);
    scene.mock.no_faults();
    scene.mock.fault("POST /files stall when=before skip=8");
    scene.file("said", "");
    let line = "exec $R/retry-failed all.jsonl -j 8 -p Why 2>said";
    let running = start(&scene, line);
    // What is interrupted while it is asked may be bought, and is not tried again: here nothing is.
    let last = Cell::new((0, Instant::now()));
    scene
        .mock
        .until("files go up, and all others are answered", |ledger| {
            let asked = ledger.of("POST /responses").len();
            let answered = scene.read("said").matches("status=completed").count();
            if last.get().0 != asked {
                last.set((asked, Instant::now()));
            }
            let quiet = last.get().1.elapsed() > Duration::from_millis(500);
            quiet && asked == 21 + answered && ledger.of("POST /files").len() > 21 + 8
        });
    running.at_once(&[Signal::INT]).finish().is(130);
    assert_eq!(scene.read("all.jsonl.failed").lines().count(), 21);
    scene.mock.no_faults();
    ok(&scene, "$R/retry-failed all.jsonl -j 8 -p Why");
    assert_eq!(scene.read("all.jsonl").lines().count(), 21);
    scene.nothing_left();
}

#[test]
fn a_change_is_reviewed_by_the_rules_in_a_file() {
    let scene = Scene::new();
    scene.file("rules.md", "No tabs.\n");
    let git = "git -c init.defaultBranch=main init -q repo && cd repo && git config user.email a@b && git config user.name a && echo one >a && git add a && git commit -qm one && echo two >a";
    scene.ok(git);
    let ran = ok(&scene, "cd repo; $R/review-diff ../rules.md");
    let lines: Vec<&str> = ran.stdout.lines().skip(1).collect();
    assert!(
        lines[0].starts_with("input_file rules.md 9 bytes"),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("input_file change.diff "), "{lines:?}");
    ok(
        &scene,
        "cd repo; git commit -qam two; $R/review-diff ../rules.md",
    )
    .says(&["no difference"]);
    ok(&scene, "cd repo; $R/review-diff ../rules.md HEAD~1...HEAD");
    assert_eq!(scene.ledger().of("POST /responses").len(), 2);
}

#[test]
fn a_picture_becomes_latex_beside_it() {
    let scene = Scene::new();
    scene.file("my diagram.png", PNG);
    ok(&scene, "$R/picture-to-latex 'my diagram.png'");
    let text = scene.read("my diagram.tex");
    assert!(
        text.contains("input_image my diagram.png 70 bytes"),
        "{text}"
    );
    scene.mock.fault("POST /responses 400");
    scene.ok("rm *.tex");
    sh(&scene, "$R/picture-to-latex 'my diagram.png'").is(7);
    assert!(!scene.path("my diagram.tex").exists());
    scene.nothing_left();
}

#[test]
fn pdfs_become_latex_in_the_background_each_beside_itself() {
    let scene = Scene::new();
    scene.ok("mkdir 'a.b'");
    let odd = "a.b/x 'y\"\nz.pdf";
    scene.file(odd, PDF);
    let line = "$R/pdf-to-latex report.pdf gone.pdf $'a.b/x \\'y\"\\nz.pdf'";
    sh(&scene, line).is(3).says(&["gone.pdf"]);
    for name in ["report.tex", "a.b/x 'y\"\nz.tex"] {
        assert!(scene.read(name).contains("542 bytes sha256"), "{name}");
    }
    assert!(!scene.path("gone.tex").exists());
    let asked = scene.ledger();
    assert!(
        asked
            .of("POST /responses")
            .iter()
            .all(|r| r.json()["background"] == true)
    );
    scene.nothing_left();
}

#[test]
fn the_total_of_a_log_tells_what_a_run_cost() {
    let scene = Scene::new();
    scene.file("long.txt", "x".repeat(60_000));
    let run = "oa-upload long.txt 2>run.log | jq -c '.prompt = (\"One?\", \"Two?\")' | oa-respond 2>>run.log | oa-delete >all.jsonl 2>>run.log";
    scene.ok(run);
    let cost = ok(&scene, "$R/cost 2 0.5 10 <run.log").record();
    let usage = "[.response.usage] | map([.input_tokens, .input_tokens_details.cached_tokens, .output_tokens])[]";
    let sums = scene
        .ok(&format!(
            "jq -c '{usage}' all.jsonl | jq -sc 'transpose | map(add)'"
        ))
        .record();
    let sums: Vec<f64> = sums
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_f64().unwrap())
        .collect();
    assert_eq!(cost["records"], 2);
    assert!(sums[1] > 3000.0, "{sums:?}");
    let dollars = ((sums[0] - sums[1]) * 2.0 + sums[1] * 0.5 + sums[2] * 10.0) / 1e6;
    assert!(
        (cost["dollars"].as_f64().unwrap() - dollars).abs() < 1e-9,
        "{cost}"
    );
    scene.nothing_left();
}

#[test]
fn files_are_deleted_by_their_age() {
    let scene = Scene::new();
    scene.ok("oa-upload -q --each report.pdf notes.txt");
    scene.mock.fault("GET /files but patch={\"data\":[]} x1");
    ok(&scene, "$R/clean-up 7");
    ok(&scene, "$R/clean-up 7");
    assert_eq!(scene.ledger().files.len(), 2);
    ok(&scene, "$R/clean-up -1 --dry-run");
    assert_eq!(scene.ledger().files.len(), 2);
    ok(&scene, "$R/clean-up -1");
    scene.nothing_left();
}

#[test]
fn answers_that_a_signal_kept_from_being_passed_on_are_not_bought_again() {
    let scene = Scene::new();
    let line = "oa-upload --each notes.txt report.pdf | oa-respond -p Why | oa-delete >all";
    ok(&scene, line);
    let error = r#"{"tool":"oa-upload","kind":"interrupted","message":"","retryable":true}"#;
    scene.ok(&format!("jq -c '.error = {error}' all >all.jsonl"));
    ok(&scene, "$R/retry-failed all.jsonl -p Why");
    assert_eq!(scene.ledger().of("POST /responses").len(), 2);
}

#[test]
fn a_batch_that_is_waited_for_is_left_to_oa_batch() {
    let scene = Scene::with(&["--looks", "9"]);
    let line = "oa-upload notes.txt | oa-respond --dry-run -p Why | oa-batch --deadline 1s -o all";
    sh(&scene, line).is(124);
    let ran = sh(&scene, "$R/retry-failed all -p Why").is(2);
    ran.says(&["all.failed: records wait for a Batch: oa-batch -o FILE <all.failed"]);
    assert_eq!(scene.ledger().of("POST /batches/*/cancel").len(), 0);
}
