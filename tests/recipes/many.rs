//! Past one machine: GNU parallel, Snakemake, a Slurm array. What is not installed is skipped; `scripts/test` says it.

use super::{are_there, documents, ok, sh};
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
const SSHD: &str = r#"
    mkdir -p ssh/one /run/sshd && cd ssh
    ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f key
    cp key.pub authorized
    port=$(jq -n 'now * 1000 % 20000 + 20000 | floor')
    printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $PWD/host" "AuthorizedKeysFile $PWD/authorized" \
      'StrictModes no' 'PermitRootLogin yes' 'UsePAM no' "PidFile $PWD/pid" \
      "SetEnv PATH=$PATH OPENAI_BASE_URL=$OPENAI_BASE_URL OPENAI_API_KEY=$OPENAI_API_KEY" >sshd_config
    printf '%s\n' 'Host one two' 'HostName 127.0.0.1' "Port $port" "IdentityFile $PWD/key" 'IdentitiesOnly yes' \
      'StrictHostKeyChecking no' "UserKnownHostsFile $PWD/known" 'LogLevel ERROR' >config
    /usr/sbin/sshd -f sshd_config -E log
    printf '#!/bin/sh\nexec ssh -F %s/config "$@"\n' "$PWD" >via && chmod +x via
    cd .. && for try in $(seq 100); do ssh/via one true && break; sleep 0.1; done"#;

#[test]
fn parallel_sends_files_to_other_machines_and_brings_answers_back() {
    let scene = Scene::new();
    if !are_there(&scene, "parallel sshd ssh rsync") || scene.ok("id -u").stdout != "0\n" {
        return;
    }
    documents(&scene, 4);
    scene.ok(SSHD);
    let line = "export PARALLEL_SSH=$PWD/ssh/via PARALLEL='--sshlogin 2/one,2/two --workdir ...'; $R/with-parallel Why [0-9].pdf";
    let ran = sh(&scene, line);
    scene.ok("kill $(cat ssh/pid)");
    let ran = ran.is(0);
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
