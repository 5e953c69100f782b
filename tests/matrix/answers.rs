//! Every fault that can befall one request, at every request of the pipe.

use super::{Case, Expected, play, table};
use crate::scene::Scene;

/// A request of the pipe, and the line that makes it.
struct Stage {
    request: &'static str,
    line: &'static str,
    /// The fault befalls so many requests; empty: all.
    times: &'static str,
}

const STAGES: [Stage; 7] = [
    Stage {
        request: "POST /files",
        line: "oa-upload OPTIONS report.pdf | oa-respond -p why | oa-delete",
        times: "",
    },
    Stage {
        request: "POST /responses",
        line: "oa-upload notes.txt | oa-respond OPTIONS -p why INLINE | oa-delete",
        times: "",
    },
    Stage {
        request: "POST /responses",
        line: "oa-upload notes.txt | oa-respond OPTIONS -b -p why INLINE | oa-poll --interval 20ms | oa-delete",
        times: "",
    },
    Stage {
        request: "POST /responses",
        line: "oa-upload notes.txt | oa-respond OPTIONS --stream -p why INLINE | oa-delete",
        times: "",
    },
    Stage {
        request: "GET /responses/*",
        line: "oa-upload notes.txt | oa-respond -b -p why | oa-poll OPTIONS --interval 20ms | oa-delete",
        times: "x2",
    },
    Stage {
        request: "POST /responses/*/cancel",
        line: "oa-upload notes.txt | oa-respond -b -p why | oa-delete OPTIONS",
        times: "x1",
    },
    Stage {
        request: "DELETE /files/*",
        line: "oa-upload notes.txt | oa-respond -p why | oa-delete OPTIONS",
        times: "x1",
    },
];

fn stage(at: usize) {
    let cases: Vec<Case> = table(include_str!("answers.txt"))
        .filter(|cells| cells[at + 1] != "skip")
        .map(|cells| Case {
            name: format!("{} at {}", cells[0], STAGES[at].line),
            play: Box::new(move || befall(&STAGES[at], cells[0], cells[at + 1])),
        })
        .collect();
    play(&cases);
}

fn befall(stage: &Stage, fault: &str, cell: &str) -> Vec<String> {
    let words: Vec<&str> = cell.split_whitespace().collect();
    let scene = Scene::faulty(&format!("{} {fault} {}", stage.request, stage.times));
    // A small body is in the kernel's hands before a server can cut it.
    let large = fault.contains("when=body") || fault.contains("early");
    if large {
        scene.ok("truncate -s 16000000 report.pdf");
    }
    let limit = ["429", "503"].iter().any(|status| fault.contains(status));
    let options = match fault {
        "stall" => "--retries 1 --timeout 400ms",
        _ if limit && stage.times.is_empty() => "--retries 1 --max-wait 0s",
        _ => "--retries 1",
    };
    let line = stage.line.replace("OPTIONS", options);
    let line = line.replace("INLINE", if large { "-a report.pdf" } else { "" });
    let ran = scene.sh(&line);
    let mut broken = Expected::read(&words).broken(&scene, &ran);
    let sent = scene.ledger().of(stage.request).len();
    if words[2] != "*" && words[2] != sent.to_string() {
        broken.push(format!("sent {sent} times, not {}", words[2]));
    }
    if !broken.is_empty() {
        broken.push(ran.stderr.trim_end().replace('\n', "\n    "));
    }
    broken
}

#[test]
fn faults_of_an_upload() {
    stage(0);
}

#[test]
fn faults_of_a_question() {
    stage(1);
}

#[test]
fn faults_of_a_question_in_the_background() {
    stage(2);
}

#[test]
fn faults_of_a_streamed_question() {
    stage(3);
}

#[test]
fn faults_of_a_look() {
    stage(4);
}

#[test]
fn faults_of_a_cancellation() {
    stage(5);
}

#[test]
fn faults_of_a_deletion() {
    stage(6);
}
