//! What answers cost: the line of each, and the total of a run.

use rustix::process::Signal;

use crate::scene::Scene;

/// The lines of one kind, with whatever time they tell left out.
fn told(stderr: &str, kind: &str) -> Vec<String> {
    let lines = stderr.lines().filter(|line| line.starts_with(kind));
    lines
        .map(|line| {
            let words = line.split(' ');
            let words: Vec<&str> = words.filter(|w| !w.starts_with("elapsed=")).collect();
            words.join(" ")
        })
        .collect()
}

/// A server whose answers cost ten tokens, four of them cached, and give five.
const USAGE: &str = r#"POST /responses but patch='{"id":"resp_1","service_tier":"priority","usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":5}}'"#;

#[test]
fn the_line_of_an_answer_names_path_cached_tokens_and_tier() {
    let scene = Scene::faulty(USAGE);
    scene.file("my report.pdf", crate::scene::PDF);
    let ran = scene.ok("oa-upload 'my report.pdf' notes.txt | oa-respond -p why | oa-delete");
    let line = ran
        .stderr
        .lines()
        .find(|line| line.starts_with("[response]"))
        .unwrap();
    let (before, after) = line.split_once(" elapsed=").unwrap();
    assert_eq!(
        before,
        "[response] response_id=resp_1 status=completed input_tokens=10 output_tokens=5"
    );
    let (_, after) = after.split_once(' ').unwrap();
    assert_eq!(
        after,
        "path=\"my report.pdf\" cached_tokens=4 service_tier=priority"
    );
    assert_eq!(told(&ran.stderr, "[total]"), [""; 0]);
    scene.nothing_left();
}

#[test]
fn what_an_answer_does_not_say_is_not_told() {
    let scene = Scene::faulty(
        r#"POST /responses 200 body='{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens_details":7,"output_tokens":"5"}}'"#,
    );
    let ran = scene.ok("oa-respond -n -p why -v");
    assert_eq!(
        told(&ran.stderr, "[response]"),
        ["[response] response_id=resp_1 status=completed"]
    );
    assert_eq!(
        told(&ran.stderr, "[total]"),
        ["[total] records=1 completed=1 failed=0"]
    );
}

#[test]
fn after_more_than_one_record_the_total_stands_last() {
    let scene = Scene::faulty(USAGE);
    let two = r#"{"prompt":"a"}{"prompt":"b"}"#;
    let total =
        "[total] records=2 completed=2 failed=0 input_tokens=20 cached_tokens=8 output_tokens=10";
    let ran = scene.feed(two, "oa-respond -j 2").is(0);
    assert_eq!(told(&ran.stderr, "[total]"), [total]);
    assert!(ran.stderr.lines().last().unwrap().starts_with("[total] "));
    let one = scene.ok("oa-respond -n -p why");
    assert_eq!(told(&one.stderr, "[total]"), [""; 0]);
    let one = scene.ok("oa-respond -n -p why -v");
    assert_eq!(told(&one.stderr, "[total]").len(), 1);
    assert_eq!(scene.feed(two, "oa-respond -q").is(0).stderr, "");
}

#[test]
fn the_tokens_of_an_answer_stay_in_the_record() {
    let scene = Scene::faulty(USAGE);
    let usage = scene.ok("oa-respond -n -p why").record()["response"]["usage"].clone();
    assert_eq!(usage["input_tokens_details"]["cached_tokens"], 4);
    assert_eq!(usage["output_tokens"], 5);
}

#[test]
fn a_total_tells_completed_failed_and_everything_that_is_on_the_bill() {
    let scene = Scene::with(&[
        "--fault",
        "POST /responses 400 x1",
        "--fault",
        "POST /responses end status=failed x1",
        "--fault",
        "POST /responses end status=incomplete x1",
    ]);
    // Refused, failed, incomplete, completed, no question; one that failed before and one that is done already.
    let records = concat!(
        r#"{"prompt":"a"}{"prompt":"b"}{"prompt":"c"}{"prompt":"d"}{"prompt":""}"#,
        r#"{"prompt":"e","error":{"tool":"oa-upload","kind":"input","message":"m","retryable":false}}"#,
        r#"{"prompt":"f","response":{"id":"resp_9","status":"completed","output":[]}}"#,
    );
    let ran = scene.feed(records, "oa-respond --only-missing").is(1);
    let answers = ran.records();
    let of = |count: &str| -> u64 {
        let counts = answers
            .iter()
            .filter_map(|r| r["response"]["usage"][count].as_u64());
        counts.sum()
    };
    let (input, output) = (of("input_tokens"), of("output_tokens"));
    let total = format!(
        "[total] records=5 completed=1 failed=4 input_tokens={input} cached_tokens=0 output_tokens={output}"
    );
    assert_eq!(told(&ran.stderr, "[total]"), [total]);
}

#[test]
fn an_incomplete_answer_that_is_good_enough_has_not_failed() {
    let scene = Scene::faulty("POST /responses end status=incomplete x1");
    let ran = scene.feed(
        r#"{"prompt":"a"}{"prompt":"b"}"#,
        "oa-respond --allow-incomplete",
    );
    let total = told(&ran.is(0).stderr, "[total]").pop().unwrap();
    assert!(
        total.starts_with("[total] records=2 completed=1 failed=0 "),
        "{total}"
    );
}

#[test]
fn a_poll_tells_the_total_of_what_it_waited_for() {
    let scene = Scene::new();
    scene.mock.fault("POST /responses end status=failed x1");
    let records = r#"{"prompt":"a"}{"prompt":"b"}{"prompt":"c"}"#;
    let asked = scene.feed(records, "oa-respond -b >jobs").is(0);
    assert_eq!(told(&asked.stderr, "[total]"), [""; 0]);
    let done = r#"{"response":{"id":"resp_9","status":"completed","output":[],"usage":{"input_tokens":1000000}}}"#;
    let line = format!("(cat jobs; echo '{done}') | oa-poll --interval 20ms");
    let ran = scene.sh(&line).is(8);
    let total = told(&ran.stderr, "[total]").pop().unwrap();
    assert!(
        total.starts_with("[total] records=3 completed=2 failed=1 input_tokens="),
        "{total}"
    );
    assert!(!total.contains("=1000"), "{total}");
    let cancelled = scene
        .feed(records, "oa-respond -b | oa-poll --cancel")
        .is(0);
    let total = told(&cancelled.stderr, "[total]").pop().unwrap();
    assert!(
        total.starts_with("[total] records=3 completed=0 failed=0"),
        "{total}"
    );
}

#[test]
fn after_a_signal_the_total_counts_what_was_begun() {
    let scene = Scene::faulty("POST /responses stall skip=1");
    scene.file(
        "in",
        r#"{"prompt":"a"}{"prompt":"b"}{"prompt":"c"}{"prompt":"d"}"#,
    );
    let running = scene.start("exec oa-respond <in").a_tool();
    scene.mock.until("a second question", |ledger| {
        ledger.of("POST /responses").len() == 2
    });
    let ran = running.signal(Signal::INT).finish();
    assert_eq!(ran.signal, Some(2));
    assert_eq!(ran.records().len(), 4);
    let total = told(&ran.stderr, "[total]").pop().unwrap();
    assert!(
        total.starts_with("[total] records=2 completed=1 failed=1 input_tokens="),
        "{total}"
    );
}

#[test]
fn what_fail_fast_skipped_is_not_counted() {
    let scene = Scene::with(&["--fault", "POST /responses 400 skip=1"]);
    let four = r#"{"prompt":"a"}{"prompt":"b"}{"prompt":"c"}{"prompt":"d"}"#;
    let ran = scene.feed(four, "oa-respond --fail-fast").is(7);
    let total = told(&ran.stderr, "[total]").pop().unwrap();
    assert!(
        total.starts_with("[total] records=2 completed=1 failed=1 "),
        "{total}"
    );
}

#[test]
fn a_tool_that_settles_no_answer_tells_no_total() {
    let scene = Scene::new();
    let lines = [
        "oa-upload -v --each notes.txt report.pdf >up",
        "oa-respond -v -p why <up >done",
        "oa-delete -v <done",
    ];
    for (line, totals) in lines.iter().zip([0, 1, 0]) {
        assert_eq!(
            told(&scene.ok(line).stderr, "[total]").len(),
            totals,
            "{line}"
        );
    }
    let ran = scene.sh("oa-upload -v notes.txt missing 2>&1 >/dev/null");
    assert_eq!(told(&ran.stdout, "[total]"), [""; 0]);
}

#[test]
fn questions_about_one_file_are_found_in_the_providers_cache_whatever_the_model() {
    for model in ["gpt-5.2", "gpt-6.2-sol"] {
        let scene = Scene::new();
        scene.file("long.txt", "word ".repeat(8_000));
        let ran = scene.ok(&format!(
            "oa-upload long.txt | jq -c '. + {{prompt: (\"one\", \"two\", \"three\")}}' | oa-respond -m {model} | oa-delete"
        ));
        let cached = ran.records().into_iter().map(|record| {
            let usage = &record["response"]["usage"];
            usage["input_tokens_details"]["cached_tokens"]
                .as_u64()
                .unwrap()
                > 1024
        });
        assert_eq!(
            cached.collect::<Vec<bool>>(),
            [false, true, true],
            "{model}"
        );
        scene.nothing_left();
    }
}
