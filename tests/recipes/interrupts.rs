//! Ctrl-C while answers come: what was bought is written, in whole lines.

use rustix::process::Signal;

use super::{documents, ok, sh, start};
use crate::scene::{PDF, PNG, Ran, Running, Scene};

/// A server at which one question in five gets its answer, and all others wait.
fn halting() -> Scene {
    Scene::faulty("POST /responses stall when=before skip=5")
}

/// Presses Ctrl-C when five answers are there and something is asked that gets none.
fn pressed(scene: &Scene, running: Running) -> Ran {
    scene.mock.until("five are answered", |ledger| {
        ledger.responses.len() == 5 && ledger.of("POST /responses").len() > 5
    });
    let ran = running.at_once(&[Signal::INT]).finish();
    // Of the signal, not by a status: so that a loop around it stops, too.
    assert_eq!(ran.signal, Some(Signal::INT.as_raw()), "{}", ran.stderr);
    scene.nothing_left();
    ran
}

#[test]
fn ctrl_c_leaves_every_answer_of_many_files_in_whole_lines() {
    let scene = halting();
    documents(&scene, 12);
    let running = start(&scene, "exec $R/many-files Why [0-9].pdf 10.pdf 11.pdf");
    let records = pressed(&scene, running).records();
    let answered = records.iter().filter(|record| record["answer"].is_string());
    assert_eq!((answered.count(), records.len()), (5, 12));
}

#[test]
fn ctrl_c_leaves_every_caption_in_whole_rows() {
    let scene = halting();
    scene.ok("mkdir holiday");
    for n in 0..12 {
        scene.file(&format!("holiday/{n}.png"), PNG);
    }
    let ran = pressed(&scene, start(&scene, "exec $R/captions holiday"));
    let answered = ran.stdout.matches("input_image ").count();
    assert_eq!(answered, 5, "{}", ran.stdout);
    let whole = ran.stdout.ends_with('\n') && ran.stdout.matches('"').count().is_multiple_of(2);
    assert!(whole, "{}", ran.stdout);
}

#[test]
fn ctrl_c_leaves_every_answer_of_many_questions() {
    let scene = halting();
    scene.ok("seq 12 >questions");
    let line = "exec $R/many-questions report.pdf <questions";
    let ran = pressed(&scene, start(&scene, line));
    assert_eq!(ran.stdout.matches("was asked").count(), 5, "{}", ran.stdout);
}

#[test]
fn ctrl_c_leaves_the_latex_that_was_bought() {
    let scene = Scene::with(&["--looks", "1", "--fault", "GET /responses/* stall skip=5"]);
    documents(&scene, 8);
    let running = start(&scene, "exec $R/pdf-to-latex [0-9].pdf");
    scene.mock.until("some are read", |ledger| {
        ledger.of("GET /responses/*").len() > 5
    });
    let ran = running.at_once(&[Signal::INT]).finish();
    assert_eq!(ran.signal, Some(Signal::INT.as_raw()), "{}", ran.stderr);
    let completed = scene
        .ledger()
        .statuses()
        .iter()
        .filter(|status| **status == "completed")
        .count();
    let written = scene.ok("cat *.tex | grep -c sha256").stdout;
    assert!(completed > 0);
    assert_eq!(written, format!("{completed}\n"), "{}", ran.stderr);
    assert_eq!(scene.ok("ls *.new | wc -l").stdout, "0\n");
    scene.nothing_left();
}

#[test]
fn latex_that_cannot_be_written_is_said_and_leaves_no_file() {
    let scene = Scene::new();
    scene.file("other.pdf", PDF);
    scene.ok("ln -s /dev/full report.tex.new");
    let ran = sh(&scene, "$R/pdf-to-latex report.pdf other.pdf").is(1);
    ran.says(&["report.tex: cannot be written", "input_file report.pdf"]);
    assert!(!scene.path("report.tex").exists());
    assert!(scene.read("other.tex").contains("sha256"));
}

#[test]
fn answers_through_a_filter_come_in_the_order_of_the_files() {
    let scene = Scene::faulty("GET /responses/* delay ms=1500 x1");
    documents(&scene, 4);
    let ran = ok(&scene, "$R/filter-in-the-pipe [0-9].pdf");
    let named = ran.stdout.lines().filter(|line| line.contains(".pdf "));
    let named: Vec<&str> = named.map(|line| &line[11..16]).collect();
    assert_eq!(
        named,
        ["0.pdf", "1.pdf", "2.pdf", "3.pdf"],
        "{}",
        ran.stdout
    );
}
