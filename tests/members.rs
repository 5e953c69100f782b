//! Files on their way into a store that somebody takes away, or that several records name.

use serde_json::json;

use crate::scene::Scene;

/// Two records of the same file, with the attributes `a` that stand here.
fn twice(scene: &Scene, first: u8, second: u8) {
    scene.ok("oa-upload -P assistants notes.txt >made");
    scene.ok(&format!(
        "for a in {first} {second}; do jq -c \".attributes = {{a: $a}}\" made; done >both"
    ));
}

#[test]
fn a_file_that_goes_while_it_is_indexed_is_named_and_not_waited_for() {
    let scene = Scene::with(&["--looks", "1000"]);
    let running = scene.start(
        "oa-upload -P assistants notes.txt | oa-index --interval 10ms --deadline 30s | oa-delete",
    );
    scene.mock.until("a look", |l| {
        !l.of("GET /vector_stores/*/file_batches/*").is_empty()
    });
    let id = scene.ledger().files[0]["id"].as_str().unwrap().to_owned();
    scene.mock.expire(&id);
    let ran = running.finish().is(8);
    assert_eq!(
        ran.record()["error"]["message"],
        "1 of 1 files were not indexed: notes.txt: it is in the store no more"
    );
    scene.nothing_left();
}

#[test]
fn a_file_of_two_records_goes_into_their_store_once() {
    let scene = Scene::new();
    twice(&scene, 1, 1);
    let ran = scene.ok("oa-index --name n --one --interval 10ms <both | oa-delete");
    assert_eq!(ran.kinds(), ["", ""]);
    let ledger = scene.ledger();
    let sent = ledger.of("POST /vector_stores/*/file_batches");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].json()["file_ids"].as_array().unwrap().len(), 1);
    scene.nothing_left();
}

#[test]
fn a_file_of_which_two_records_say_different_things_is_refused_before_it_is_sent() {
    let scene = Scene::new();
    twice(&scene, 1, 2);
    let ran = scene
        .sh("oa-index --name n --one --interval 10ms --deadline 30s <both | oa-delete")
        .is(3);
    assert_eq!(ran.kinds(), ["", "input"]);
    let ledger = scene.ledger();
    let sent = ledger.of("POST /vector_stores/*/file_batches");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].json()["attributes"], json!({"a": 1}));
    scene.nothing_left();
}
