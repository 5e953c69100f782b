//! Cases with a line of their own: the way to the server, waits, looks, streams, input and output.

use super::row::{all_played, group};

const TABLE: &str = include_str!("cases.txt");

#[test]
fn every_case_is_played() {
    let groups = [
        "way", "turns", "waits", "words", "ends", "looks", "silence", "streams", "input", "output",
        "many", "disk",
    ];
    all_played(TABLE, &groups);
}

#[test]
fn a_way_that_leads_nowhere() {
    group(TABLE, "way");
}

#[test]
fn faults_that_pass_and_faults_that_stay() {
    group(TABLE, "turns");
}

#[test]
fn waits_between_attempts() {
    group(TABLE, "waits");
}

#[test]
fn words_of_the_server() {
    group(TABLE, "words");
}

#[test]
fn ends_of_a_response() {
    group(TABLE, "ends");
}

#[test]
fn looks_at_a_response() {
    group(TABLE, "looks");
}

#[test]
fn answers_that_fall_silent() {
    group(TABLE, "silence");
}

#[test]
fn streams_that_break() {
    group(TABLE, "streams");
}

#[test]
fn input_that_is_cut_or_wrong() {
    group(TABLE, "input");
}

#[test]
fn output_that_nobody_takes() {
    group(TABLE, "output");
}

#[test]
fn several_questions_and_files() {
    group(TABLE, "many");
}

#[test]
#[expect(clippy::print_stderr, reason = "what is skipped must be heard of")]
fn a_disk_that_is_full() {
    let scene = crate::scene::Scene::new();
    let mount = scene.sh("mkdir full; unshare -rm mount -t tmpfs -o size=8k none full");
    if mount.status == 0 {
        group(TABLE, "disk");
    } else {
        let why = mount.stderr.trim();
        eprintln!("WARNING: SKIPPED: a_disk_that_is_full: no mount in a name space: {why}");
    }
}
