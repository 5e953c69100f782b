//! Files on their way into a store that somebody takes away.

use crate::scene::Scene;

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
