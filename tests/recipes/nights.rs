//! Batches overnight: what was reached is kept, whatever happens.

use rustix::process::Signal;

use super::{documents, ok, sh, start};
use crate::harness::Ledger;
use crate::scene::Scene;

const BEGIN: &str = "printf '%s\\n' *.pdf | $R/overnight answers.jsonl -p Why";

fn batches(ledger: &Ledger) -> usize {
    ledger.of("POST /batches").len()
}

/// Each document has the answer that read it.
fn answered(scene: &Scene, count: usize) {
    let line = "jq -e '.files[0].filename as $f | .output_text | contains($f)' answers.jsonl";
    assert_eq!(scene.ok(line).stdout, "true\n".repeat(count));
    let line = "ls answers.jsonl?* 2>&1 || true";
    assert!(scene.ok(line).stdout.contains("No such file"));
    scene.nothing_left();
}

fn folder(options: &[&str], count: usize) -> Scene {
    let scene = Scene::with(options);
    scene.ok("rm report.pdf");
    documents(&scene, count);
    scene
}

#[test]
fn files_are_answered_overnight() {
    let scene = folder(&[], 5);
    ok(&scene, BEGIN);
    assert_eq!(batches(&scene.ledger()), 1);
    answered(&scene, 5);
}

#[test]
fn a_night_that_is_interrupted_or_killed_goes_on_and_buys_nothing_twice() {
    for signal in [Signal::INT, Signal::KILL] {
        let scene = folder(&["--looks", "6"], 4);
        let running = start(&scene, &BEGIN.replace("| $R", "| exec $R"));
        scene
            .mock
            .until("a look", |ledger| !ledger.of("GET /batches/*").is_empty());
        let end = running.at_once(&[signal]).killed();
        assert_eq!(end, Some(signal.as_raw()));
        ok(&scene, "$R/overnight answers.jsonl -p Why");
        let ledger = scene.ledger();
        assert_eq!(batches(&ledger), 1, "{signal:?}");
        assert_eq!(ledger.of("POST /files").len(), 5);
        answered(&scene, 4);
    }
}

#[test]
fn what_did_not_go_up_is_all_that_goes_up_again() {
    let scene = folder(&["--fault", "POST /files stall when=before skip=3"], 6);
    let running = start(&scene, &BEGIN.replace("| $R", "| exec $R"));
    scene.mock.until("three are there", |ledger| {
        ledger.files.len() == 3 && ledger.of("POST /files").len() > 3
    });
    assert_eq!(running.at_once(&[Signal::INT]).finish().status, 130);
    scene.mock.no_faults();
    let before = scene.ledger().of("POST /files").len();
    ok(&scene, "$R/overnight answers.jsonl -p Why");
    // Three documents and the requests of the Batch.
    assert_eq!(scene.ledger().of("POST /files").len(), before + 3 + 1);
    answered(&scene, 6);
}

#[test]
fn a_night_is_over_when_nothing_more_comes_of_another_one() {
    let scene = folder(&["--fault", "LINE /responses 500 x1"], 3);
    sh(&scene, BEGIN).is(7);
    assert!(!scene.path("answers.jsonl").exists());
    ok(&scene, "$R/overnight answers.jsonl -p Why").says(&["requests=1\n"]);
    assert_eq!(batches(&scene.ledger()), 2);
    answered(&scene, 3);
}

#[test]
fn an_answer_that_will_not_come_says_why() {
    let scene = folder(&["--fault", "LINE /responses 400 message='not this' x1"], 3);
    sh(&scene, BEGIN).is(7);
    let line = "jq -r '.error.message // \"answered\"' answers.jsonl | sort | uniq -c";
    let said = scene.ok(line).stdout;
    assert!(
        said.contains("2 answered") && said.contains("not this"),
        "{said}"
    );
    scene.nothing_left();
}
