//! Make: one line, and stages that lose nothing.

use rustix::process::Signal;

use super::{documents, ok, sh, start};
use crate::harness::Ledger;
use crate::scene::Scene;

/// What stands in every summary, in order: the digest of the file that was read for it.
fn read(scene: &Scene, count: usize) -> Vec<String> {
    let digest = |text: &str| text.rsplit(' ').next().unwrap().trim().to_owned();
    let names = (0..count).map(|n| format!("{n}.summary.txt"));
    names.map(|name| digest(&scene.read(&name))).collect()
}

fn digests(scene: &Scene, count: usize) -> Vec<String> {
    let all = scene.ok(&format!(
        "for n in $(seq 0 {}); do sha256sum <$n.pdf; done",
        count - 1
    ));
    let first = |line: &str| line.split(' ').next().unwrap().to_owned();
    all.stdout.lines().map(first).collect()
}

fn bought(ledger: &Ledger) -> usize {
    ledger.responses.len()
}

#[test]
fn make_asks_for_what_is_not_there_and_for_nothing_twice() {
    let scene = Scene::new();
    scene.ok("rm report.pdf");
    documents(&scene, 10);
    ok(&scene, "make -s -j8 -f $R/Makefile");
    assert_eq!(read(&scene, 10), digests(&scene, 10));
    ok(&scene, "make -s -j8 -f $R/Makefile");
    assert_eq!(bought(&scene.ledger()), 10);
    ok(
        &scene,
        "touch -d '1 minute' 3.pdf; make -s -j8 -f $R/Makefile",
    );
    assert_eq!(bought(&scene.ledger()), 11);
    scene.nothing_left();
}

#[test]
fn a_summary_that_failed_is_not_there_and_make_says_so() {
    let scene = Scene::faulty("POST /responses 400 x1");
    ok(&scene, "! make -s -f $R/Makefile");
    assert!(!scene.path("report.summary.txt").exists());
    ok(&scene, "make -s -f $R/Makefile");
    assert!(scene.path("report.summary.txt").exists());
    scene.nothing_left();
}

/// Interrupts twelve files on their way through the stages, and lets them go on.
fn interrupted(options: &[&str], when: impl Fn(&Ledger) -> bool) {
    let scene = Scene::with(options);
    scene.ok("rm report.pdf");
    documents(&scene, 12);
    let running = start(&scene, "exec make -j8 -f $R/staged.mk");
    scene.mock.until("it is the moment", when);
    let ran = running.at_once(&[Signal::INT]).finish();
    assert_ne!(ran.status, 0);
    ok(&scene, "make -j8 -f $R/staged.mk");
    assert_eq!(read(&scene, 12), digests(&scene, 12));
    let ledger = scene.ledger();
    assert_eq!(bought(&ledger), 12, "{}", ran.stderr);
    assert_eq!(ledger.of("POST /files").len(), 12);
    scene.nothing_left();
}

#[test]
fn ctrl_c_while_answers_are_waited_for_loses_nothing_that_was_paid_for() {
    interrupted(&["--looks", "6"], |ledger| {
        bought(ledger) >= 8 && ledger.of("GET /responses/*").len() >= 8
    });
}

#[test]
fn ctrl_c_while_questions_are_on_their_way_loses_nothing_that_was_paid_for() {
    interrupted(&["--delay", "200ms"], |ledger| {
        ledger.of("POST /responses").len() >= 4
    });
}

#[test]
fn ctrl_c_while_files_are_on_their_way_uploads_none_of_them_twice() {
    interrupted(&["--delay", "200ms"], |ledger| {
        ledger.of("POST /files").len() >= 4
    });
}

#[test]
fn a_stage_that_failed_goes_on_with_what_it_has() {
    let scene = Scene::faulty("POST /responses 400 x1");
    ok(&scene, "! make -s -f $R/staged.mk");
    assert!(scene.path("report.asked.jsonl.failed").exists());
    ok(&scene, "make -s -f $R/staged.mk");
    assert!(!scene.path("report.asked.jsonl.failed").exists());
    let ledger = scene.ledger();
    assert_eq!(ledger.of("POST /files").len(), 1);
    assert_eq!(ledger.of("POST /responses").len(), 2);
    scene.nothing_left();
}

#[test]
fn what_may_have_been_bought_is_not_bought_again_by_make() {
    let scene = Scene::faulty("POST /responses cut when=work x1");
    sh(&scene, "make -s -f $R/staged.mk").is(2);
    let ran = sh(&scene, "make -s -f $R/staged.mk").is(2);
    ran.says(&["Error 10"]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
    ok(&scene, "oa-delete -q <report.asked.jsonl.failed || true");
}
