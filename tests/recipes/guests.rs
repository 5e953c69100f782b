//! A knowledge base and what is not its own: entries of others, uploads that are gone, folders of the same name.

use super::{ok, sh};
use crate::scene::Scene;

const SYNC: &str = "$R/knowledge-base handbook folder";

/// A folder with one file in it.
fn folder(scene: &Scene) {
    scene.ok("mkdir folder && echo 'Closed on Fridays.' >folder/a.txt");
}

#[test]
fn entries_of_somebody_else_are_left_and_named_in_a_line() {
    let scene = Scene::new();
    folder(&scene);
    scene.ok("oa-upload -q --keep --each notes.txt report.pdf | oa-index -q --one --name handbook --keep");
    for _ in 0..2 {
        let ran = ok(&scene, SYNC);
        let line = "2 entries are of somebody else; they are left\n";
        assert_eq!(ran.stderr.matches(line).count(), 1, "{}", ran.stderr);
        assert_eq!(scene.ledger().files.len(), 3);
    }
    scene.ok("echo 'Open on Fridays.' >folder/a.txt");
    ok(&scene, SYNC);
    let ledger = scene.ledger();
    assert_eq!((ledger.stores.len(), ledger.files.len()), (1, 3));
}

#[test]
fn an_upload_that_is_noted_and_gone_is_uploaded_again() {
    let scene = Scene::faulty("POST /vector_stores 400 x1");
    folder(&scene);
    sh(&scene, SYNC).is(7);
    assert_eq!(scene.ledger().files.len(), 1);
    // A run that was killed may have noted the last one by half.
    scene.ok("oa-list -q files | oa-delete -qr; printf '{\"paths\":' >>.local/state/oa-knowledge-base/handbook.uploaded");
    ok(&scene, SYNC);
    ok(&scene, SYNC);
    let ledger = scene.ledger();
    assert_eq!((ledger.stores.len(), ledger.files.len()), (1, 1));
    assert_eq!(ledger.of("POST /files").len(), 2);
}

#[test]
fn the_folder_is_the_one_that_is_named() {
    let scene = Scene::new();
    folder(&scene);
    scene.ok("mkdir -p other/folder && echo No >other/folder/b.txt");
    ok(&scene, &format!("export CDPATH=$PWD/other; {SYNC}"));
    let files = scene.ledger().files;
    assert_eq!(files.len(), 1);
    assert_eq!(files[0]["filename"], "a.txt");
}
