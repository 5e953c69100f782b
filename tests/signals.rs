//! Signals: every stage stops its work, nothing is forgotten, and the processes die of the signal.

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::Ledger;
use crate::scene::{Ran, Running, Scene, signal_one};

/// Waits for a state of the server, then presses Ctrl-C on the whole line.
fn ctrl_c(scene: &Scene, running: Running, state: &str, holds: impl Fn(&Ledger) -> bool) -> Ran {
    scene.mock.until(state, holds);
    let ran = running.signal(Signal::INT).finish();
    assert_eq!(ran.signal, Some(2), "status {}\n{}", ran.status, ran.stderr);
    assert!(!ran.stderr.contains("panic"), "{}", ran.stderr);
    ran
}

fn asked(ledger: &Ledger, line: &str) -> bool {
    ledger.asked().iter().any(|asked| asked == line)
}

#[test]
fn ctrl_c_while_polling_cancels_the_response_and_removes_the_files() {
    let scene = Scene::with(&["--looks", "0"]);
    let running = scene.start(
        "oa-upload report.pdf notes.txt | oa-respond -b -p why | oa-poll --interval 20ms | oa-delete",
    );
    let ran = ctrl_c(&scene, running, "a look", |l| asked(l, "GET /responses/*"));
    let record = ran.record();
    assert_eq!(record["error"]["kind"], "interrupted");
    assert_eq!(record["error"]["signal"], "SIGINT");
    let id = record["response"]["id"].as_str().unwrap();
    assert_eq!(record["error"]["hint"], format!("oa-poll {id}"));
    assert_eq!(scene.ledger().statuses(), ["cancelled"]);
    scene.nothing_left();
}

#[test]
fn ctrl_c_while_the_question_is_open_removes_the_files() {
    let scene = Scene::faulty("POST /responses stall");
    let running = scene.start("oa-upload report.pdf notes.txt | oa-respond -p why | oa-delete");
    let ran = ctrl_c(&scene, running, "a question", |l| l.responses.len() == 1);
    assert!(ran.record()["error"]["kind"].is_string(), "{}", ran.stdout);
    scene.nothing_left();
}

#[test]
fn ctrl_c_while_an_upload_is_under_way_waits_for_its_id_and_removes_it() {
    let scene = Scene::faulty("POST /files delay ms=500 skip=1");
    let running =
        scene.start("oa-upload -j 1 report.pdf notes.txt | oa-respond -p why | oa-delete");
    let ran = ctrl_c(&scene, running, "a second upload", |l| {
        l.of("POST /files").len() == 2
    });
    assert_eq!(ran.kinds(), ["interrupted"]);
    scene.nothing_left();
}

#[test]
fn ctrl_c_while_deleting_finishes_the_deletions() {
    let scene = Scene::faulty("DELETE /files/* delay ms=200");
    let running = scene
        .start("oa-upload report.pdf figure.png notes.txt | oa-respond -p why | oa-delete -j 1");
    scene.mock.until("a deletion", |l| {
        l.files.len() < 3 && asked(l, "POST /responses")
    });
    let ran = running.signal(Signal::INT).finish();
    assert_eq!(ran.signal, Some(2), "{}", ran.stderr);
    scene.nothing_left();
}

#[test]
fn fifty_records_in_the_pipe_are_all_cleaned_up_after_ctrl_c() {
    let scene = Scene::faulty("POST /responses stall");
    for number in 0..50 {
        scene.file(&format!("q{number}.txt"), format!("text {number}\n"));
    }
    let running = scene.start("oa-upload --each q*.txt | oa-respond -p why | oa-delete");
    let all = |l: &Ledger| l.files.len() == 50 && l.responses.len() == 1;
    let ran = ctrl_c(&scene, running, "fifty files and a question", all);
    assert_eq!(ran.records().len(), 50);
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
    scene.nothing_left();
}

#[test]
fn a_loop_stops_at_ctrl_c() {
    let scene = Scene::with(&["--looks", "0"]);
    let running = scene.start(concat!(
        "for f in report.pdf figure.png notes.txt; do ",
        "oa-upload $f | oa-respond -b -p why | oa-poll --interval 20ms | oa-delete; ",
        "echo $f >>after; done",
    ));
    ctrl_c(&scene, running, "a look", |l| asked(l, "GET /responses/*"));
    assert_eq!(scene.ledger().of("POST /files").len(), 1);
    assert!(!scene.path("after").exists(), "the loop went on");
    scene.nothing_left();
}

#[test]
fn a_line_of_make_stops_at_ctrl_c() {
    let scene = Scene::with(&["--looks", "0"]);
    scene.file(
        "Makefile",
        "all: a b\na b:\n\toa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms | oa-delete -o $@\n",
    );
    let running = scene.start("make -s all");
    scene.mock.until("a look", |l| asked(l, "GET /responses/*"));
    let ran = running.signal(Signal::INT).finish();
    assert_ne!(ran.status, 0);
    assert_eq!(scene.ledger().of("POST /files").len(), 1);
    assert!(!scene.path("a").exists());
    scene.nothing_left();
}

#[test]
fn sigterm_to_one_tool_lets_the_others_finish_and_clean_up() {
    for (stage, name) in [(1, "TERM"), (2, "TERM"), (2, "HUP"), (2, "INT")] {
        let (signal, status) = match name {
            "HUP" => (Signal::HUP, 129),
            "INT" => (Signal::INT, 130),
            _ => (Signal::TERM, 143),
        };
        let scene = Scene::with(&["--looks", "0"]);
        if stage == 1 {
            scene.mock.fault("POST /responses stall");
        }
        let mark = |n: i32| {
            if n == stage {
                "echo $BASHPID >target; "
            } else {
                ""
            }
        };
        let running = scene.start(&format!(
            "oa-upload notes.txt | ({}exec oa-respond -b -p why) | ({}exec oa-poll --interval 20ms) | oa-delete; echo ${{PIPESTATUS[*]}} >statuses",
            mark(1),
            mark(2),
        ));
        scene.mock.until("work", |l| {
            l.responses.len() == 1 && (stage == 1 || asked(l, "GET /responses/*"))
        });
        signal_one(&scene, "target", signal);
        let ran = running.finish();
        let all = scene.read("statuses");
        let statuses: Vec<&str> = all.split_whitespace().collect();
        assert_eq!(statuses[0], "0", "{name}: {all}");
        assert_eq!(
            statuses[usize::try_from(stage).unwrap()],
            status.to_string(),
            "{name}: {all}"
        );
        assert_eq!(statuses[3], status.to_string(), "{name}: {all}");
        assert_eq!(ran.kinds(), ["interrupted"]);
        assert_eq!(ran.record()["error"]["signal"], format!("SIG{name}"));
        if stage == 2 {
            scene.nothing_left();
        } else {
            assert_eq!(scene.ledger().files, Vec::<Value>::new());
        }
    }
}

#[test]
fn sigterm_to_all_is_like_ctrl_c() {
    let scene = Scene::with(&["--looks", "0"]);
    let running = scene
        .start("oa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms | oa-delete");
    scene.mock.until("a look", |l| asked(l, "GET /responses/*"));
    let ran = running.signal(Signal::TERM).finish();
    assert_eq!(ran.record()["error"]["signal"], "SIGTERM");
    scene.nothing_left();
}

#[test]
fn a_signal_that_was_ignored_at_start_stays_ignored() {
    let scene = Scene::new();
    scene.mock.fault("POST /responses delay ms=300");
    let running = scene.start(
        "trap '' HUP INT; echo ready >ready; oa-upload notes.txt | oa-respond -p why | oa-delete",
    );
    scene.mock.until("a file", |l| l.files.len() == 1);
    let ran = running
        .signal(Signal::HUP)
        .signal(Signal::INT)
        .finish()
        .is(0);
    assert_eq!(ran.record()["response"]["status"], "completed");
    scene.nothing_left();
}

#[test]
fn a_record_saved_after_a_signal_can_be_polled_on() {
    let scene = Scene::faulty("GET /responses/* 500 retry-after-ms=10");
    let running = scene.start("oa-upload notes.txt | oa-respond -b -p why | oa-poll >job.json");
    ctrl_c(&scene, running, "a look", |l| asked(l, "GET /responses/*"));
    let job: Value = serde_json::from_str(&scene.read("job.json")).unwrap();
    assert_eq!(job["error"]["kind"], "interrupted");
    scene.mock.no_faults();
    let ran = scene.ok("oa-poll --interval 20ms <job.json | oa-delete");
    assert_eq!(ran.record()["response"]["status"], "completed");
    assert_eq!(ran.record()["error"], Value::Null);
    scene.nothing_left();
}

#[test]
fn filters_of_others_keep_their_record_when_they_ignore_ctrl_c() {
    let scene = Scene::with(&["--looks", "0"]);
    let running = scene.start(concat!(
        "oa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms ",
        "| (trap '' INT; exec jq --unbuffered -c .) | oa-delete",
    ));
    scene.mock.until("a look", |l| asked(l, "GET /responses/*"));
    // The shell dies of the signal, or takes the status of a line whose last tool did.
    let ran = running.signal(Signal::INT).finish();
    assert_eq!(ran.is(130).kinds(), ["interrupted"]);
    scene.nothing_left();
}

#[test]
fn ctrl_c_ends_a_wait_before_the_next_attempt() {
    for fault in [
        "POST /responses 429 retry-after=100",
        "POST /files 429 retry-after=100 skip=1",
    ] {
        let scene = Scene::faulty(fault);
        let running =
            scene.start("oa-upload -j 1 notes.txt report.pdf | oa-respond -p why | oa-delete");
        let refused = |l: &Ledger| l.requests.iter().any(|r| r.status == 429);
        let ran = ctrl_c(&scene, running, "a refusal", refused);
        assert_eq!(ran.kinds(), ["interrupted"]);
        scene.nothing_left();
    }
}

#[test]
fn only_a_second_signal_ends_a_tool_at_once_and_it_names_what_it_leaves() {
    let scene = Scene::new();
    let id = scene
        .ok("oa-upload notes.txt | tee made | jq -r '.files[0].id'")
        .stdout;
    scene.mock.fault("DELETE /files/* stall");
    let running = scene.start("oa-delete <made");
    scene
        .mock
        .until("a deletion", |l| asked(l, "DELETE /files/*"));
    let ran = running.signal_until_over(Signal::INT).finish();
    assert_eq!(ran.signal, Some(2), "{}", ran.stderr);
    ran.says(&["stopped by a second signal", id.trim()]);
}

#[test]
fn a_second_signal_names_what_stands_in_a_record_that_nobody_takes() {
    let scene = Scene::new();
    scene.ok("jq -nc '{prompt: (\"x\" * 200000)}' >question; mkfifo full");
    // The reader never reads, so that the record stays in our hands.
    let running = scene.start(
        "(trap '' INT; exec sleep 10) <full >/dev/null 2>&1 & exec oa-respond -b <question >full",
    );
    scene
        .mock
        .until("a response", |ledger| !ledger.responses.is_empty());
    let ran = running.signal_until_over(Signal::INT).finish();
    let id = scene.mock.ledger().responses[0]["id"].clone();
    ran.says(&["stopped by a second signal", id.as_str().unwrap()]);
}

#[test]
fn signals_that_arrive_together_are_one_and_the_record_goes_on() {
    for (pair, name) in [
        ([Signal::TERM, Signal::TERM], "SIGTERM"),
        ([Signal::TERM, Signal::HUP], "SIGTERM"),
        ([Signal::INT, Signal::INT], "SIGINT"),
    ] {
        let scene = Scene::with(&["--looks", "0"]);
        let running = scene.start(
            "oa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms | oa-delete",
        );
        scene.mock.until("a look", |l| asked(l, "GET /responses/*"));
        running.begun();
        let ran = running.at_once(&pair).finish();
        assert!(ran.status > 128, "{}\n{}", ran.status, ran.stderr);
        let error = &ran.record()["error"];
        assert_eq!(error["kind"], "interrupted", "{name}: {}", ran.stderr);
        assert_eq!(error["signal"], name, "{}", ran.stderr);
        assert!(!ran.stderr.contains("second signal"), "{}", ran.stderr);
        scene.nothing_left();
    }
}

#[test]
fn the_first_signal_is_the_one_that_a_tool_dies_of() {
    let scene = Scene::new();
    scene.ok("oa-upload notes.txt >made");
    scene.mock.fault("DELETE /files/* stall when=before");
    let running = scene.start("exec oa-delete <made");
    scene
        .mock
        .until("a deletion", |l| asked(l, "DELETE /files/*"));
    let running = running.at_once(&[Signal::TERM, Signal::HUP]);
    scene.mock.no_faults();
    let ran = running.finish();
    assert_eq!(ran.signal, Some(15), "{}", ran.stderr);
    scene.nothing_left();
}

#[test]
fn no_time_is_too_long() {
    let scene = Scene::with(&["--looks", "1"]);
    let long = "110000000000000d";
    let times = format!(
        "--connect-timeout {long} --timeout {long} --max-wait {long} --keepalive-time {long}"
    );
    let ran = scene.ok(&format!(
        "oa-upload -P assistants notes.txt {times} | oa-index --interval 20ms --deadline {long} {times} \
         | oa-respond -b -p why {times} | oa-poll --deadline {long} --interval 20ms {times} | oa-delete {times}"
    ));
    assert_eq!(ran.record()["response"]["status"], "completed");
    let ran = scene.sh(&format!("oa-poll --interval {long} --deadline 1s resp_a"));
    assert!(!ran.stderr.contains("panic"), "{}", ran.stderr);
    scene.nothing_left();
}
