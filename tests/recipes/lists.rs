//! Lists that change between two runs: GNU parallel's of files, Slurm's of tasks.

use super::{are_there, documents, ok, sh};
use crate::scene::{PDF, Ran, Scene};

fn asked(scene: &Scene) -> usize {
    scene.ledger().of("POST /responses").len()
}

#[test]
fn parallel_asks_about_each_file_that_has_no_answer() {
    let scene = Scene::new();
    if !are_there(&scene, "parallel") {
        return;
    }
    documents(&scene, 3);
    ok(&scene, "$R/with-parallel Why 1.pdf 2.pdf");
    ok(&scene, "$R/with-parallel Why [0-9].pdf");
    ok(&scene, "$R/with-parallel Why [0-9].pdf");
    assert_eq!(asked(&scene), 3);
    assert!(scene.path("0.pdf.json").exists());
    ok(&scene, "rm *.pdf.json; $R/with-parallel How [0-9].pdf");
    let answers = scene.ok("jq -r .output_text [0-9].pdf.json").stdout;
    assert_eq!(answers.matches("was asked \"How\"").count(), 3, "{answers}");
    scene.nothing_left();
}

#[test]
fn parallel_takes_a_hyphen_for_a_name_before_anything_is_paid() {
    let scene = Scene::new();
    if !are_there(&scene, "parallel") {
        return;
    }
    scene.file("-o x.pdf", PDF);
    for _ in 0..2 {
        ok(&scene, "$R/with-parallel Why '-o x.pdf' report.pdf");
    }
    assert!(scene.path("-o x.pdf.json").exists());
    assert_eq!(asked(&scene), 2);
    scene.nothing_left();
}

/// A task as Slurm would run it: its number, and of the array's numbers how many, the least and the greatest.
fn task(number: u32, [count, least, greatest]: [u32; 3]) -> String {
    format!(
        "SLURM_ARRAY_TASK_ID={number} SLURM_ARRAY_TASK_COUNT={count} SLURM_ARRAY_TASK_MIN={least} SLURM_ARRAY_TASK_MAX={greatest} $R/slurm-array jobs.jsonl"
    )
}

fn run(scene: &Scene, number: u32, array: [u32; 3]) -> Ran {
    sh(scene, &task(number, array))
}

fn jobs(scene: &Scene, count: usize) {
    documents(scene, count);
    scene.ok(
        "jq -nc '$ARGS.positional[] | {paths: ., prompt: \"Why?\"}' --args [0-9].pdf >jobs.jsonl",
    );
}

#[test]
fn an_array_that_would_leave_records_out_is_refused() {
    let scene = Scene::new();
    jobs(&scene, 4);
    let wrong = [
        (3, [1, 3, 3]),
        (1, [4, 1, 4]),
        (4, [4, 1, 4]),
        (2, [4, 0, 6]),
    ];
    for (number, array) in wrong {
        let ran = run(&scene, number, array).is(2);
        ran.says(&["the first array has to be whole and to begin with 0"]);
        assert_eq!(scene.ok("ls answers* || true").stdout, "");
    }
    run(&scene, 0, [4, 0, 3]).is(0);
    for (number, array) in [(1, [3, 0, 2]), (5, [1, 5, 5]), (4, [4, 1, 4])] {
        let ran = run(&scene, number, array).is(2);
        ran.says(&["the records were cut for --array=0-3"]);
    }
    assert_eq!(asked(&scene), 1);
    // A task by itself has the records that it would have in the whole array.
    for number in 1..4 {
        run(&scene, number, [1, number, number]).is(0);
    }
    let answers = "cat answers-[0-3].jsonl | jq -r .paths | sort | uniq | wc -l";
    assert_eq!(scene.ok(answers).stdout, "4\n");
    scene.nothing_left();
}

#[test]
fn a_task_that_was_cancelled_with_answers_in_hand_goes_on_and_ends() {
    let scene = Scene::new();
    jobs(&scene, 4);
    // Two are answered before the task ends.
    scene.mock.fault("POST /responses 400 skip=2 x2");
    run(&scene, 0, [1, 0, 0]).is(7);
    let failed = scene.read("answers-0.jsonl.failed");
    assert_eq!(failed.matches("\"output_text\":").count(), 2, "{failed}");
    // It is cancelled before anything is begun: what is answered is passed on as interrupted, too.
    let error = r#"{tool: "oa-upload", kind: "interrupted", message: "not begun", retryable: true, signal: 15}"#;
    let line = format!(
        "jq -c '.error = {error}' answers-0.jsonl.failed >x && mv x answers-0.jsonl.failed"
    );
    scene.ok(&line);
    run(&scene, 0, [1, 0, 0]).is(0);
    assert_eq!(scene.read("answers-0.jsonl").lines().count(), 4);
    assert_eq!(asked(&scene), 6);
    scene.nothing_left();
}
