//! What several records share: it goes when all of them have come, and what one keeps is kept for all.

use serde_json::{Value, json};

use crate::scene::{Ran, Scene, lines};

/// Three records of one file each in one store, in `made`.
fn shared(scene: &Scene) -> String {
    scene.file("b.txt", "b\n").file("c.txt", "c\n");
    scene.ok(concat!(
        "oa-upload -j 1 --each -P assistants notes.txt b.txt c.txt ",
        "| oa-index --one --name all --interval 20ms ",
        "| jq -c '.vector_store.shared = 3' >made"
    ));
    scene
        .ok("head -n 1 made | jq -r .vector_store.id")
        .stdout
        .trim()
        .to_owned()
}

fn stays(scene: &Scene) {
    let ledger = scene.ledger();
    assert_eq!(
        (ledger.stores.len(), ledger.files.len()),
        (1, 3),
        "{:?}",
        ledger.asked()
    );
}

#[test]
fn a_store_that_records_share_goes_with_the_last_of_them() {
    let scene = Scene::new();
    let id = shared(&scene);
    let ran = scene.ok("oa-delete <made");
    assert_eq!(ran.stdout, scene.read("made"));
    assert!(
        !ran.stderr.contains(&format!("{id}: kept")),
        "{}",
        ran.stderr
    );
    scene.nothing_left();
}

#[test]
fn a_store_stays_with_its_files_where_a_record_that_shares_it_did_not_come() {
    for some in [
        "head -n 2 made",
        "head -n 1 made",
        "cat made made | grep -v c.txt",
    ] {
        let scene = Scene::new();
        let id = shared(&scene);
        let ran = scene.ok(&format!("{some} >some; oa-delete <some"));
        assert_eq!(ran.stdout, scene.read("some"));
        assert_eq!(
            ran.stderr.matches(&format!("{id}: kept")).count(),
            1,
            "{}",
            ran.stderr
        );
        stays(&scene);
        // The command that the line names deletes them.
        let (_, command) = ran.stderr.split_once("; `").expect(&ran.stderr);
        let (command, _) = command.split_once('`').unwrap();
        assert!(
            command.starts_with(&format!("oa-delete {id} file-")),
            "{command}"
        );
        scene.ok(command);
        let left = scene.ledger();
        let came = if some.contains("-n 1") { 1 } else { 2 };
        assert_eq!((left.stores.len(), left.files.len()), (0, 3 - came));
    }
}

#[test]
fn now_leaves_a_shared_store_and_its_files_to_the_end() {
    let scene = Scene::new();
    shared(&scene);
    scene.ok("mkfifo up; oa-upload report.pdf >own; oa-delete --now <up >down & exec 3>up; cat made own >&3; until [ $(oa-list files | wc -l) = 3 ]; do :; done; exec 3>&-; wait");
    let deleted: Vec<String> = scene.ledger().asked();
    let at = |line: &str| deleted.iter().position(|asked| asked == line);
    assert!(
        at("DELETE /files/*") < at("DELETE /vector_stores/*"),
        "{deleted:?}"
    );
    scene.nothing_left();
}

#[test]
fn an_id_that_was_named_goes_whoever_shares_it() {
    let scene = Scene::new();
    let id = shared(&scene);
    scene.ok(&format!("(echo '\"{id}\"'; head -n 1 made) | oa-delete"));
    let left = scene.ledger();
    assert_eq!((left.stores.len(), left.files.len()), (0, 2));
}

#[test]
fn what_a_pending_record_keeps_is_kept_for_all() {
    let scene = Scene::new();
    scene.ok("oa-upload -j 1 notes.txt report.pdf >made; oa-respond -b -p why <made >pending");
    scene.ok("jq -c '.files += [.files[0] | .id = \"file-x\"]' made >final");
    for order in ["pending final", "final pending"] {
        let ran = scene.ok(&format!("cat {order} | oa-delete --keep-pending"));
        assert_eq!(ran.records().len(), 2);
        assert_eq!(scene.ledger().files.len(), 2, "{order}");
    }
    let file = scene.ok("jq -r .files[0].id made").stdout;
    let line = format!(
        "(cat pending; echo '\"{}\"') | oa-delete --keep-pending",
        file.trim()
    );
    scene.ok(&line).says(&[&format!("{}: kept", file.trim())]);
    assert_eq!(scene.ledger().files.len(), 2);
    scene.ok("oa-poll --interval 20ms <pending | oa-delete --keep-pending");
    scene.nothing_left();
}

#[test]
fn a_store_that_a_pending_record_keeps_keeps_its_files() {
    let scene = Scene::new();
    shared(&scene);
    let line = "(head -n 1 made | oa-respond -b -p why --file-search; tail -n 2 made) | oa-delete --keep-pending";
    scene.ok(line);
    stays(&scene);
}

/// A record with one file that the pipe made and one that it did not, in a store that it only added to.
fn added() -> Value {
    json!({
        "files": [{"id": "file-1", "path": "a.txt"}, {"id": "file-2"}],
        "vector_store": {"id": "vs_1", "made": false},
    })
}

fn clean(faults: &[&str]) -> (Ran, Vec<String>) {
    let scene = Scene::new();
    for fault in faults {
        scene.mock.fault(fault);
    }
    let ran = scene.feed(&lines(&[added()]), "oa-delete --retries 0");
    (ran, scene.ledger().asked())
}

#[test]
fn from_a_store_that_was_only_added_to_only_what_the_pipe_made_is_detached() {
    let gone = "DELETE /files/* 200 body='{\"deleted\":true}'";
    let (ran, asked) = clean(&[gone]);
    let ran = ran.is(0).says(&["file-2: left alone"]);
    assert_eq!(ran.record(), added());
    let wanted = ["DELETE /vector_stores/*/files/*", "DELETE /files/*"];
    assert_eq!(asked, wanted);
    // A step that failed does not count once what it was for is gone.
    let refused = "DELETE /vector_stores/*/files/* 400 message='No such entry.'";
    let (ran, asked) = clean(&[refused, gone]);
    let ran = ran.is(0);
    assert!(!ran.stderr.contains("not de"), "{}", ran.stderr);
    assert_eq!(asked, wanted);
    let (ran, _) = clean(&[refused, "DELETE /files/* 400"]);
    ran.is(1).says(&[
        "file-1: not detached: No such entry.",
        "file-1: not deleted: ",
    ]);
}

#[test]
fn from_a_store_that_the_pipe_made_nothing_is_detached() {
    let scene = Scene::new();
    shared(&scene);
    scene.ok("oa-delete <made");
    let ledger = scene.ledger();
    assert_eq!(ledger.of("DELETE /vector_stores/*/files/*").len(), 0);
    assert_eq!(ledger.of("DELETE /vector_stores/*").len(), 1);
}
