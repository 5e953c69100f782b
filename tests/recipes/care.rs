//! Recipes in careless hands: names that are commands, keys of others, checks that give nothing, files without an age.

use super::ok;
use crate::scene::{PDF, Scene};

/// Names that a shell, or make itself, would take for something else.
const NAMES: [&str; 14] = [
    "x`touch${IFS}PWNED`",
    "y$(touch${IFS}PWNED)",
    "q'\"'\"\";touch${IFS}PWNED;'",
    "a&touch${IFS}PWNED&",
    "b;touch${IFS}PWNED",
    "-x",
    "c=d",
    "e:f",
    "g#h",
    "i%j",
    "n|o",
    "${HOME}",
    "$$z,y(",
    "p<q>r\\",
];

fn make(makefile: &str) {
    let scene = Scene::new();
    scene.ok("rm report.pdf");
    for name in NAMES {
        scene.file(&format!("{name}.pdf"), PDF);
    }
    let line = format!("make -s -j4 -f $R/{makefile}");
    ok(&scene, &line);
    for name in NAMES {
        let text = scene.read(&format!("{name}.summary.txt"));
        assert!(text.contains("sha256 efa87f93"), "{name}: {text}");
    }
    assert!(!scene.path("PWNED").exists());
    ok(&scene, &line);
    assert_eq!(scene.ledger().of("POST /responses").len(), NAMES.len());
    scene.nothing_left();
}

#[test]
fn no_name_of_a_file_is_a_command_of_make() {
    make("Makefile");
}

#[test]
fn no_name_of_a_file_is_a_command_of_a_stage() {
    make("staged.mk");
}

#[test]
fn no_name_of_a_file_is_a_command_of_a_stage_that_goes_on() {
    let scene = Scene::faulty("POST /responses 400 x1");
    scene.ok("rm report.pdf");
    let name = "x'`touch${IFS}PWNED`";
    scene.file(&format!("{name}.pdf"), PDF);
    ok(&scene, "! make -s -f $R/staged.mk");
    assert!(scene.path(&format!("{name}.asked.jsonl.failed")).exists());
    ok(&scene, "make -s -f $R/staged.mk");
    assert_eq!(scene.ledger().of("POST /files").len(), 1);
    assert!(!scene.path("PWNED").exists());
    scene.nothing_left();
}
