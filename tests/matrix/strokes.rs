//! Signals at every stage and moment, and files that change while they are sent.

use super::row::{all_played, group};

const TABLE: &str = include_str!("strokes.txt");

#[test]
fn every_stroke_is_played() {
    let groups = [
        "all", "one", "ignored", "second", "kill", "fifty", "changes",
    ];
    all_played(TABLE, &groups);
}

#[test]
fn a_signal_to_all() {
    group(TABLE, "all");
}

#[test]
fn a_signal_to_one_tool() {
    group(TABLE, "one");
}

#[test]
fn a_signal_that_was_ignored_at_the_start() {
    group(TABLE, "ignored");
}

#[test]
fn a_second_signal() {
    group(TABLE, "second");
}

#[test]
fn a_kill_that_nobody_survives() {
    group(TABLE, "kill");
}

#[test]
fn a_signal_to_fifty_records() {
    group(TABLE, "fifty");
}

#[test]
fn files_that_change_while_they_are_sent() {
    group(TABLE, "changes");
}
