//! A knowledge base: in step with its folder, whenever it was killed.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::Value;

use super::{ok, sh, start};
use crate::harness::Ledger;
use crate::scene::Scene;

const SYNC: &str = "$R/knowledge-base 'hand book' 'the folder'";

/// A folder with an odd name in it.
fn folder(scene: &Scene, count: usize) {
    scene.ok("mkdir -p 'the folder/sub'");
    for n in 0..count {
        scene.file(
            &format!("the folder/{n}.txt"),
            format!("Text number {n}.\n"),
        );
    }
    scene.file(
        "the folder/sub/\"odd\\\nname\".md",
        "The office is closed on Fridays.\n",
    );
}

/// Path and digest of every file of the folder.
fn wanted(scene: &Scene) -> BTreeSet<String> {
    let line = "cd 'the folder'; find . -type f -print0 | while IFS= read -rd '' f; do jq -nc --arg p \"${f#./}\" --arg s \"$(sha256sum <\"$f\" | cut -c 1-64)\" '[$p, $s]'; done";
    scene.ok(line).stdout.lines().map(str::to_owned).collect()
}

/// The same of the only store; no file may be left that is in none.
fn held(scene: &Scene) -> BTreeSet<String> {
    let ledger = scene.ledger();
    assert_eq!(ledger.stores.len(), 1, "{:?}", ledger.stores);
    let id = ledger.stores[0]["id"].as_str().unwrap();
    let line =
        format!("oa-list -q store-files {id} | jq -c '[.attributes.path, .attributes.sha256]'");
    let held: Vec<String> = scene.ok(&line).stdout.lines().map(str::to_owned).collect();
    assert_eq!(ledger.files.len(), held.len());
    let set: BTreeSet<String> = held.iter().cloned().collect();
    assert_eq!(set.len(), held.len(), "one is there twice");
    set
}

fn uploads(ledger: &Ledger) -> usize {
    ledger.of("POST /files").len()
}

fn end(scene: &Scene) {
    scene.ok("oa-list -q stores | oa-delete -q; oa-list -q files | oa-delete -qr");
    scene.nothing_left();
}

#[test]
fn a_folder_and_its_store_are_in_step_after_every_run() {
    let scene = Scene::new();
    folder(&scene, 5);
    let first = ok(&scene, SYNC).stdout;
    assert_eq!(held(&scene), wanted(&scene));
    assert_eq!(ok(&scene, SYNC).stdout, first);
    assert_eq!(uploads(&scene.ledger()), 6);
    scene.ok("cd 'the folder'; rm 0.txt; echo new >1.txt; mv 2.txt sub/; echo more >9.txt");
    assert_eq!(ok(&scene, SYNC).stdout, first);
    assert_eq!(held(&scene), wanted(&scene));
    assert_eq!(uploads(&scene.ledger()), 9);
    let files = scene.ledger().files;
    assert!(files.iter().all(|file| file["expires_at"].is_null()));
    let ran = ok(
        &scene,
        "$R/cited $(oa-list -q stores | jq -r .id) 'closed on Fridays'",
    );
    assert!(
        ran.stdout
            .contains("\n## Sources\n\n- _odd__name_.md (cited 1 times)\n")
            || ran.stdout.contains("(cited 1 times)"),
        "{}",
        ran.stdout
    );
    end(&scene);
}

#[test]
fn an_empty_folder_is_one_that_is_not_mounted() {
    let scene = Scene::new();
    scene.ok("mkdir 'the folder'");
    sh(&scene, SYNC).is(3).says(&["no file is there"]);
    folder(&scene, 1);
    ok(&scene, SYNC);
    scene.ok("rm -r 'the folder'/*");
    sh(&scene, SYNC).is(3);
    assert_eq!(held(&scene).len(), 2);
    end(&scene);
}

#[test]
fn a_base_that_was_killed_while_it_indexed_goes_on_and_uploads_nothing_twice() {
    for after in [1, 4] {
        let scene = Scene::with(&["--delay", "20ms"]);
        folder(&scene, 12);
        let running = start(&scene, &format!("exec {SYNC}"));
        let added = |ledger: &Ledger| {
            let all = ledger.requests.iter();
            let to_stores = all.filter(|r| r.method == "POST" && r.path.contains("/vector_stores"));
            to_stores.count()
        };
        scene
            .mock
            .until("files go into the store", |ledger| added(ledger) >= after);
        running.at_once(&[Signal::KILL]).killed();
        ok(&scene, SYNC);
        assert_eq!(held(&scene), wanted(&scene));
        assert_eq!(uploads(&scene.ledger()), 13);
        end(&scene);
    }
}

#[test]
fn a_base_that_was_killed_while_it_uploaded_uploads_only_what_was_under_way_again() {
    let scene = Scene::with(&["--delay", "20ms"]);
    folder(&scene, 40);
    let running = start(&scene, &format!("exec {SYNC}"));
    scene.mock.until("uploads", |ledger| uploads(ledger) >= 16);
    running.at_once(&[Signal::KILL]).killed();
    // What is gone before it got into the store goes from the server, too.
    scene.ok("rm 'the folder'/[0-9].txt");
    ok(&scene, SYNC);
    let ledger = scene.ledger();
    assert!(uploads(&ledger) <= 41 + 8, "{}", uploads(&ledger));
    let orphans = ledger.files.len() - wanted(&scene).len();
    assert!(orphans <= 8, "{orphans}");
    ok(
        &scene,
        "oa-list -q stores | jq -r .id | xargs oa-list -q store-files >entries",
    );
    assert_eq!(scene.read("entries").lines().count(), wanted(&scene).len());
    end(&scene);
}

#[test]
fn what_cannot_be_indexed_is_named_every_night_and_keeps_nobody_out() {
    let scene = Scene::faulty("POST /vector_stores/** end status=failed file=1.txt");
    folder(&scene, 3);
    for _ in 0..2 {
        let ran = sh(&scene, SYNC);
        assert_ne!(ran.status, 0);
        ran.says(&["1.txt"]);
        let held = held(&scene);
        assert_eq!(held.len(), 3, "{held:?}");
    }
    scene.mock.no_faults();
    ok(&scene, SYNC);
    assert_eq!(held(&scene), wanted(&scene));
    end(&scene);
}

#[test]
fn two_runs_at_a_time_are_one() {
    let scene = Scene::with(&["--delay", "50ms"]);
    folder(&scene, 2);
    let running = start(&scene, &format!("exec {SYNC}"));
    scene
        .mock
        .until("it began", |ledger| !ledger.requests.is_empty());
    sh(&scene, SYNC).is(1).says(&["another run is at it"]);
    running.finish().is(0);
    let stores: Vec<Value> = scene.ledger().stores;
    assert_eq!(stores.len(), 1);
    end(&scene);
}
