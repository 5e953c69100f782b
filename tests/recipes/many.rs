//! Past one machine: GNU parallel, Snakemake, a Slurm array. What is not installed is skipped; `scripts/test` says it.

use rustix::process::Signal;

use super::{are_there, documents, ok, sh, start};
use crate::scene::{PDF, Scene};

#[test]
fn parallel_runs_a_process_for_each_file_and_goes_on_where_it_stopped() {
    let scene = Scene::faulty("POST /responses 400 x1");
    if !are_there(&scene, "parallel") {
        return;
    }
    documents(&scene, 6);
    scene.file("o'd \"d\".pdf", PDF);
    let line = "$R/with-parallel \"It's \\\"what\\\"?\" [0-9].pdf o*.pdf";
    assert_eq!(sh(&scene, line).status, 1);
    assert_eq!(scene.ok("ls *.json | wc -l").stdout, "6\n");
    ok(&scene, line);
    assert_eq!(scene.ok("ls *.json | wc -l").stdout, "7\n");
    assert_eq!(scene.ledger().of("POST /responses").len(), 8);
    let asked = scene.ok("jq -r .output_text o*.json").stdout;
    assert!(
        asked.starts_with(r#"gpt-5.2 was asked "It's \"what\"?""#),
        "{asked}"
    );
    scene.nothing_left();
}

/// A server for ssh that runs commands as this user, with two names for it, and what parallel needs to reach it.
const SSHD: &str = include_str!("sshd.sh");
/// A Slurm of one node, as `slurm/slurm.conf` says.
const SLURM: &str = include_str!("slurm.sh");

/// Ends what runs beside a test, whatever comes of it.
struct Beside<'a>(&'a Scene);

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        self.0.sh("kill $(cat ssh/pid slurm/*.pid)");
    }
}

fn is_root(scene: &Scene) -> bool {
    scene.ok("id -u").stdout == "0\n"
}

#[test]
fn ctrl_c_on_parallel_lets_every_process_clean_up() {
    let scene = Scene::with(&[
        "--delay",
        "100ms",
        "--fault",
        "POST /responses stall when=before",
    ]);
    if !are_there(&scene, "parallel") {
        return;
    }
    documents(&scene, 9);
    let running = start(&scene, "exec $R/with-parallel Why [0-9].pdf");
    scene.mock.until("eight ask", |ledger| {
        ledger.of("POST /responses").len() == 8
    });
    running.at_once(&[Signal::INT]).finish();
    // Parallel itself is gone by then.
    scene
        .mock
        .until("files go", |ledger| ledger.files.is_empty());
}

#[test]
fn parallel_sends_files_to_other_machines_and_brings_answers_back() {
    let scene = Scene::new();
    if !are_there(&scene, "parallel sshd ssh rsync") || !is_root(&scene) {
        return;
    }
    documents(&scene, 4);
    let _ends = Beside(&scene);
    scene.ok(SSHD);
    let line = "export PARALLEL_SSH=$PWD/ssh/via PARALLEL='--sshlogin 2/one,2/two --workdir ...'; $R/with-parallel Why [0-9].pdf";
    let ran = ok(&scene, line);
    assert_eq!(
        scene.ok("ls *.json | wc -l").stdout,
        "4\n",
        "{}",
        ran.stderr
    );
    let hosts = scene
        .ok("tail -n +2 answers.log | cut -f 2 | sort | uniq -c | wc -l")
        .stdout;
    assert_eq!(hosts, "2\n", "{}", scene.read("answers.log"));
    scene.nothing_left();
}

#[test]
fn snakemake_asks_for_what_is_not_there_and_retries_what_failed() {
    let scene = Scene::faulty("POST /responses 400 x1");
    if !are_there(&scene, "snakemake") {
        return;
    }
    scene.file("o'd d.pdf", PDF);
    let line = "snakemake -q -s $R/Snakefile --cores 2 --resources api=1";
    ok(&scene, line);
    for name in ["report", "o'd d"] {
        assert!(
            scene
                .read(&format!("{name}.summary.txt"))
                .contains("sha256"),
            "{name}"
        );
    }
    ok(&scene, line);
    assert_eq!(scene.ledger().of("POST /responses").len(), 3);
    scene.nothing_left();
}

const JOBS: &str =
    "jq -nc '$ARGS.positional[] | {paths: ., prompt: \"Why?\"}' --args [0-9].pdf >jobs.jsonl";

/// Runs every task of an array as Slurm would, one after the other.
const TASKS: &str = "for n in 0 1 2; do SLURM_ARRAY_TASK_ID=$n SLURM_ARRAY_TASK_COUNT=3 $R/slurm-array jobs.jsonl || echo $n; done";

#[test]
fn the_tasks_of_an_array_share_the_records_and_go_on_where_they_stopped() {
    let scene = Scene::faulty("POST /responses 400 x1");
    documents(&scene, 8);
    scene.ok(
        "jq -nc '$ARGS.positional[] | {paths: ., prompt: \"Why?\"}' --args [0-9].pdf >jobs.jsonl",
    );
    assert_eq!(ok(&scene, TASKS).stdout.lines().count(), 1);
    assert_eq!(ok(&scene, TASKS).stdout, "");
    let answers = scene
        .ok("cat answers-[0-9].jsonl | jq -r .paths | sort")
        .stdout;
    let wanted: Vec<String> = (0..8).map(|n| format!("{n}.pdf")).collect();
    assert_eq!(answers.lines().collect::<Vec<_>>(), wanted);
    assert_eq!(scene.ledger().of("POST /responses").len(), 9);
    scene.nothing_left();
}

#[test]
fn slurm_runs_the_tasks_of_an_array_and_lets_those_that_are_cancelled_clean_up() {
    let scene = Scene::with(&["--looks", "0"]);
    if !are_there(&scene, "sbatch slurmctld slurmd munged") || !is_root(&scene) {
        return;
    }
    documents(&scene, 8);
    let _ends = Beside(&scene);
    scene.ok(&format!("{JOBS}; {SLURM}"));
    let submit = "export SLURM_CONF=$PWD/slurm/slurm.conf; sbatch --parsable --array=0-3%4";
    ok(
        &scene,
        &format!("{submit} --wait $R/slurm-array jobs.jsonl"),
    );
    assert_eq!(scene.ok("cat answers-[0-3].jsonl | wc -l").stdout, "8\n");
    scene.nothing_left();
    scene.ok("rm answers-*");
    scene.mock.fault("POST /responses stall when=before");
    let job = ok(&scene, &format!("{submit} $R/slurm-array jobs.jsonl")).stdout;
    scene.mock.until("all ask", |ledger| {
        ledger.of("POST /responses").len() >= 8 + 8
    });
    let job = job.trim();
    ok(
        &scene,
        &format!(
            "export SLURM_CONF=$PWD/slurm/slurm.conf; scancel {job}; while squeue -h | grep -q .; do sleep 0.1; done"
        ),
    );
    scene
        .mock
        .until("files go", |ledger| ledger.files.is_empty());
}
