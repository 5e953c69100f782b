//! Looks through all weather: what ends a wait, how long it is between two looks, and who goes on with it.

use std::collections::BTreeSet;
use std::iter;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::net::at;
use crate::net::server::{ANSWER, Server};
use crate::scene::{Ran, Scene, lines};

/// The answer to a look at what is not final yet.
pub(crate) const RUNS: (&str, &str) = (
    "200 OK",
    r#"{"id":"resp_1","object":"response","status":"in_progress"}"#,
);
/// The answer to a look at what has ended.
pub(crate) const ENDED: (&str, &str) = ("200 OK", ANSWER);
const NOT_FOUND: &str = r#"{"error":{"message":"Response with id 'resp_1' not found.","type":"invalid_request_error"}}"#;
const BUSY: &str = r#"{"error":{"message":"busy","code":"server_is_overloaded"}}"#;
/// The record of a response that runs, under a name.
const JOB: &str = r#"{"response":{"id":"resp_1","status":"queued"}}"#;
/// How it is polled.
pub(crate) const POLL: &str = "oa-poll --interval 20ms";

/// A server that answers looks with what it is told, the last of it for ever.
pub(crate) struct Looked {
    pub(crate) server: Server,
    times: Arc<Mutex<Vec<Instant>>>,
}

/// Makes such a server.
pub(crate) fn looked<S: Into<String>>(
    answers: impl IntoIterator<Item = (S, &'static str)>,
) -> Looked {
    let answers: Vec<(String, &str)> = answers.into_iter().map(|(s, b)| (s.into(), b)).collect();
    let times = Arc::<Mutex<Vec<Instant>>>::default();
    let noted = Arc::clone(&times);
    let server = Server::plain(move |mut peer| {
        while peer.request().is_some() {
            let mut times = noted.lock().unwrap();
            times.push(Instant::now());
            let (status, body) = &answers[times.len().min(answers.len()) - 1];
            drop(times);
            peer.answer(status, body);
        }
    });
    Looked { server, times }
}

impl Looked {
    /// Runs a line of shell against it, beside a record that waits for it in the file `job`.
    pub(crate) fn run(&self, scene: &Scene, line: &str) -> Ran {
        scene.file("job", JOB);
        at(scene, &self.server.url(), line)
    }

    /// The times between looks.
    pub(crate) fn gaps(&self) -> Vec<Duration> {
        let times = self.times.lock().unwrap();
        times.windows(2).map(|two| two[1] - two[0]).collect()
    }

    fn count(&self) -> usize {
        self.times.lock().unwrap().len()
    }
}

/// What `-v` says of the waits, in milliseconds, in its order.
fn waits(ran: &Ran) -> Vec<u64> {
    let lines = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("[wait] "));
    let waits = lines.map(|line| line.split(" again in ").nth(1).expect(line));
    waits
        .map(|wait| wait.strip_suffix(" ms").unwrap().parse().unwrap())
        .collect()
}

#[test]
fn weather_is_no_verdict_on_a_response() {
    let scene = Scene::new();
    let page = "<html><title>Gateway</title></html>";
    let weather = [
        ("404 Not Found", NOT_FOUND),
        ("404 Not Found", page),
        ("400 Bad Request", page),
        ("408 Timeout", BUSY),
        ("409 Conflict", BUSY),
        ("429 Slow", BUSY),
        ("500 Broken", BUSY),
        ("502 Bad Gateway", page),
        ("503 Busy", BUSY),
        ("529 Overloaded", BUSY),
        ("200 OK", page),
        ("200 OK", "{\"id\":\"resp_1\",\"stat"),
    ];
    for trouble in weather {
        let looked = looked([trouble, trouble, RUNS, trouble, trouble, ENDED]);
        let record = looked.run(&scene, &format!("{POLL} <job")).is(0).record();
        assert_eq!(record["output_text"], "yes", "{trouble:?}");
        assert_eq!(looked.count(), 6, "{trouble:?}");
    }
    // Nobody listens, or whoever listens hangs up.
    for faults in ["cut x3", "cut when=answer x3", "stall x2"] {
        let scene = Scene::faulty(&format!("GET /responses/* {faults}"));
        let line = format!("oa-respond -n -b -p why | {POLL} --timeout 200ms");
        assert_eq!(scene.ok(&line).kinds(), [""], "{faults}");
    }
}

#[test]
fn what_the_server_says_of_who_asks_is_a_verdict_at_once() {
    let scene = Scene::new();
    let quota = r#"{"error":{"message":"no credit","type":"insufficient_quota"}}"#;
    for (answer, kind) in [
        (("401 Unauthorized", BUSY), "auth"),
        (("403 Forbidden", BUSY), "auth"),
        (("400 Bad Request", BUSY), "refused"),
        (("503 Busy\r\nx-should-retry: false", BUSY), "refused"),
        (("429 Slow", quota), "quota"),
        (("407 Proxy", "<html>"), "network"),
    ] {
        let looked = looked([answer]);
        let ran = looked.run(&scene, &format!("{POLL} --deadline 30s <job"));
        assert_eq!(ran.kinds(), [kind], "{answer:?}");
        assert_eq!(looked.count(), 1, "{answer:?}");
    }
}

#[test]
fn a_refused_look_is_repeated_when_the_server_says_and_not_before() {
    let scene = Scene::new();
    for answer in [
        ("429 Slow\r\nretry-after-ms: 400", BUSY),
        ("503 Busy\r\nretry-after-ms: 400", "<html>"),
        ("503 Busy\r\nRetry-After: 0.4", BUSY),
        ("404 Not Found\r\nretry-after-ms: 400", NOT_FOUND),
        ("200 OK\r\nopenai-poll-after-ms: 400", RUNS.1),
        ("200 OK\r\nRetry-After: 0.4", RUNS.1),
    ] {
        let looked = looked([answer, ENDED]);
        looked.run(&scene, &format!("{POLL} <job")).is(0);
        let gaps = looked.gaps();
        assert!(gaps[0] >= Duration::from_millis(400), "{answer:?} {gaps:?}");
    }
}

#[test]
fn what_is_no_time_is_no_advice() {
    let scene = Scene::new();
    for header in ["openai-poll-after-ms", "retry-after-ms", "Retry-After"] {
        for value in ["0", "-5", "nan", "-inf", "soon", ""] {
            let status = format!("200 OK\r\n{header}: {value}");
            let looked = looked([
                (status.clone(), RUNS.1),
                (status, RUNS.1),
                (ENDED.0.into(), ANSWER),
            ]);
            let ran = looked.run(&scene, "oa-poll -v --interval 20ms <job").is(0);
            let waits = waits(&ran);
            let own = waits.len() == 2 && waits.iter().all(|wait| (16..=20).contains(wait));
            assert!(own, "{header}: {value}: {waits:?}");
        }
    }
}

#[test]
fn the_last_look_is_taken_at_the_deadline_however_long_the_wait_would_be() {
    let scene = Scene::new();
    for (status, body) in [
        ("200 OK\r\nopenai-poll-after-ms: 1e22", RUNS.1),
        ("200 OK\r\nRetry-After: 1e19", RUNS.1),
        ("503 Busy\r\nretry-after-ms: 1e22", BUSY),
        ("429 Slow\r\nRetry-After: 1e19", BUSY),
        ("503 Busy\r\nRetry-After: 9999999999999999999", "<html>"),
        (
            "429 Slow\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT",
            BUSY,
        ),
    ] {
        let looked = looked([(status, body), ENDED]);
        let line = format!("{POLL} --deadline 1s <job");
        let record = looked.run(&scene, &line).is(0).record();
        assert_eq!(record["output_text"], "yes", "{status}");
        let gaps = looked.gaps();
        let one = gaps.len() == 1 && gaps[0] >= Duration::from_millis(400);
        assert!(one, "{status} {gaps:?}");
    }
}

#[test]
fn no_time_is_too_long_to_be_said() {
    let scene = Scene::new();
    let long = "--interval 110000000000000d --deadline 110000000000000d";
    scene.ok(&format!("oa-respond -n -b -p why | oa-poll {long}"));
    let line = format!("oa-upload -P assistants notes.txt | oa-index {long} | oa-delete");
    scene.ok(&line);
    scene.nothing_left();
}

#[test]
fn a_server_that_says_nothing_does_not_hold_the_deadline_up() {
    let scene = Scene::faulty("GET /responses/* stall");
    scene.file("job", JOB);
    let begun = Instant::now();
    let ran = scene.sh(&format!("{POLL} --deadline 300ms <job")).is(124);
    assert!(begun.elapsed() < Duration::from_secs(20), "{}", ran.stderr);
}

#[test]
fn the_looks_of_many_records_are_spread() {
    let scene = Scene::new();
    let looked = looked(iter::repeat_n(RUNS, 30).chain([ENDED]));
    let record: Value = serde_json::from_str(JOB).unwrap();
    scene.file("jobs", lines(&vec![record; 30]));
    let ran = looked.run(&scene, "oa-poll -v <jobs").is(0);
    let waits = waits(&ran);
    assert_eq!(waits.len(), 30);
    assert!(waits.iter().all(|wait| *wait >= 400), "{waits:?}");
    let different: BTreeSet<u64> = waits.iter().copied().collect();
    assert!(different.len() > 10, "{waits:?}");
}

#[test]
fn no_more_looks_are_taken_at_the_same_moment_than_j_says() {
    let scene = Scene::with(&["--looks", "1"]);
    let prompts: Vec<Value> = (0..40).map(|n| json!({"prompt": n.to_string()})).collect();
    let asked = scene.feed(&lines(&prompts), "oa-respond -b").is(0);
    scene.mock.fault("GET /responses/* delay ms=20");
    for (option, most) in [("-j 1", 1), ("-j 3", 3), ("", 16)] {
        let before = scene.ledger().connections;
        scene
            .feed(&asked.stdout, &format!("oa-poll {option}"))
            .is(0);
        let connections = scene.ledger().connections - before;
        assert_eq!(connections, most, "{option}");
    }
    let scene = Scene::new();
    for wrong in ["-j 0", "-j 257", "-j many"] {
        scene.feed(JOB, &format!("oa-poll {wrong}")).is(2);
    }
}

#[test]
fn troubles_are_counted_in_a_row() {
    let scene = Scene::new();
    let busy = ("503 Busy", BUSY);
    let looked = looked([busy, busy, busy, RUNS, busy]);
    let ran = looked.run(&scene, &format!("{POLL} --deadline 1s <job"));
    let ran = ran.is(124);
    let error = ran.record()["error"].clone();
    let count = looked.count() - 4;
    let message = format!(
        "response resp_1 was not final in time; the last {count} looks: busy (503 server_is_overloaded)"
    );
    assert_eq!(error["message"], message);
    assert_eq!(
        (&error["kind"], &error["retryable"], &error["hint"]),
        (&json!("deadline"), &json!(true), &json!("oa-poll resp_1"))
    );
    // The record keeps what the only good look brought.
    assert_eq!(ran.record()["response"]["status"], "in_progress");
}

#[test]
fn whatever_ends_a_wait_but_a_verdict_is_waited_on_by_the_next_oa_poll() {
    let scene = Scene::new();
    for (answer, deadline) in [
        (RUNS, "100ms"),
        (("503 Busy", BUSY), "100ms"),
        (("502 Bad Gateway", "<html>"), "100ms"),
        (("404 Not Found", NOT_FOUND), "100ms"),
        (("407 Proxy", "<html>"), "30s"),
    ] {
        let ran = looked([answer]).run(&scene, &format!("{POLL} --deadline {deadline} <job"));
        assert_eq!(ran.record()["error"]["retryable"], true, "{answer:?}");
        scene.file("late", &ran.stdout);
        let again = looked([ENDED]);
        let record = at(&scene, &again.server.url(), &format!("{POLL} <late"))
            .is(0)
            .record();
        assert_eq!(record.get("error"), None, "{answer:?}");
        assert_eq!(record["output_text"], "yes");
    }
}

#[test]
fn a_look_is_told_only_where_it_is_news() {
    let scene = Scene::new();
    let queued = ("200 OK", r#"{"id":"resp_1","status":"queued"}"#);
    let busy = ("503 Busy", BUSY);
    let looked = looked([queued, queued, busy, busy, RUNS, RUNS, RUNS, ENDED]);
    let ran = looked.run(&scene, &format!("{POLL} <job")).is(0);
    let told = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("[poll] "));
    let told: Vec<&str> = told
        .map(|line| line.split(" elapsed=").next().unwrap())
        .collect();
    assert_eq!(
        told,
        [
            "[poll] response_id=resp_1 status=queued",
            "[poll] response_id=resp_1 trouble=refused http=503",
            "[poll] response_id=resp_1 status=in_progress",
        ]
    );
}

#[test]
fn a_stream_in_the_background_that_broke_is_waited_for_through_all_weather() {
    for weather in ["404 x3", "503 retry-after-ms=1 x5", "html status=400 x3"] {
        let scene = Scene::faulty("POST /responses cut-stream events=3");
        scene.mock.fault(&format!("GET /responses/* {weather}"));
        let ran = scene.ok("oa-respond -n -b --stream -p why");
        assert_eq!(ran.record()["response"]["status"], "completed", "{weather}");
        assert_eq!(scene.ledger().of("POST /responses").len(), 1);
    }
}
