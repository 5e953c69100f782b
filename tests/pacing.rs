//! A rate limit that all requests of a process share: who waits, who leaves first, and what ends it.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Ledger, PATIENCE};
use crate::net::at;
use crate::net::server::{ANSWER, Server};
use crate::patience::{ENDED, looked};
use crate::scene::{Ran, Scene};

const LIMIT: &str =
    r#"{"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}}"#;

/// Records with so many questions, as a file.
fn questions(scene: &Scene, count: usize) {
    let lines = (0..count).map(|number| json!({"prompt": format!("question {number}")}));
    let lines: Vec<String> = lines.map(|line| line.to_string()).collect();
    scene.file("in", lines.join("\n"));
}

/// What was asked about and answered, in the order of its arrival.
fn answered(ledger: &Ledger) -> Vec<String> {
    let asked = ledger.of("POST /responses").into_iter();
    let good = asked.filter(|request| request.status == 200);
    good.map(|request| {
        let part = &request.json()["input"][0]["content"][0]["text"];
        part.as_str().unwrap().to_owned()
    })
    .collect()
}

#[test]
fn before_the_first_refusal_nothing_waits() {
    const MANY: usize = 16;
    let there = Arc::new((Mutex::new(0), Condvar::new()));
    let server = Server::plain(move |mut peer| {
        while peer.request().is_some() {
            let (count, all) = &*there;
            let mut arrived = count.lock().unwrap();
            *arrived += 1;
            all.notify_all();
            // None is answered before all have come.
            let waited = all.wait_timeout_while(arrived, PATIENCE, |arrived| *arrived < MANY);
            assert!(!waited.unwrap().1.timed_out());
            peer.answer("200 OK", ANSWER);
        }
    });
    let scene = Scene::new();
    questions(&scene, MANY);
    at(&scene, &server.url(), "oa-respond -j 16 <in").is(0);
}

#[test]
fn while_the_gate_is_shut_no_question_leaves_and_a_signal_wakes_everyone() {
    let scene = Scene::faulty("POST /responses 429 retry-after=100");
    questions(&scene, 3);
    let running = scene
        .start("(trap '' INT; head -1 in; until test -e go; do sleep 0.02; done; cat in) | oa-respond -j 4");
    running.until_said("[limit] 429");
    scene.file("go", "");
    // Those that came later are read, and wait with the first.
    let ran = running.signal(Signal::INT).finish();
    assert_eq!(ran.kinds(), ["interrupted"; 4]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
}

#[test]
fn looks_are_not_held_while_the_gate_is_shut() {
    let scene = Scene::faulty("POST /responses 429 retry-after=100");
    let id = scene.mock.upload("a.txt", "x");
    let named = json!({"prompt": "why", "files": [{"id": id}]});
    scene.file("in", format!("{{\"prompt\":\"why\"}}\n{named}\n"));
    let running = scene.start(
        "(trap '' INT; head -1 in; until test -e go; do sleep 0.02; done; tail -1 in) | oa-respond -j 4",
    );
    running.until_said("[limit] 429");
    scene.file("go", "");
    // What an id alone says nothing of is looked up, and the question about it waits.
    let looked = |l: &Ledger| !l.of("GET /files/*").is_empty();
    scene.mock.until("a look", looked);
    running.signal(Signal::INT).finish();
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
}

#[test]
fn once_the_reader_is_gone_nothing_that_waits_is_bought() {
    let scene = Scene::faulty("POST /responses 429 retry-after-ms=700 skip=1 x3");
    questions(&scene, 40);
    // The first answer finds the output closed; the others wait at the gate by then.
    let ran = scene.sh(concat!(
        "(until test -e gone; do sleep 0.02; done; cat in) | oa-respond -j 4 ",
        "| (exec <&-; touch gone); echo ${PIPESTATUS[1]}",
    ));
    assert_eq!(ran.stdout, "141\n", "{}", ran.stderr);
    let bought = scene.ledger().responses.len();
    assert!(bought <= 2, "{bought}");
}

#[test]
fn the_oldest_leaves_first_and_a_refused_request_keeps_its_place() {
    let scene = Scene::faulty("POST /responses 429 retry-after-ms=1500 x2");
    questions(&scene, 4);
    let running = scene.start(
        "(head -1 in; until test -e go; do sleep 0.02; done; tail -n +2 in) | oa-respond -j 4",
    );
    running.until_said("[limit] 429");
    // The others come while it waits, and wait behind it, also when it is refused once more.
    scene.file("go", "");
    running.finish().is(0);
    assert_eq!(answered(&scene.ledger())[0], "question 0");
}

#[test]
fn no_request_leaves_earlier_than_the_server_asked() {
    let said = r#"{"error":{"message":"Rate limit reached. Please try again in 0.9s. Visit","code":"rate_limit_exceeded"}}"#;
    let scene = Scene::new();
    for (status, body, millis) in [
        (
            "429 Slow\r\nretry-after-ms: 900\r\nretry-after: 1",
            LIMIT,
            900,
        ),
        ("429 Slow\r\nretry-after: 0.9", LIMIT, 900),
        ("429 Slow\r\nretry-after-ms: 0", said, 900),
        ("429 Slow", said, 900),
        // Our own half a second.
        ("429 Slow\r\nretry-after-ms: -1", LIMIT, 500),
    ] {
        let looked = looked([(status, body), ENDED]);
        looked.run(&scene, "oa-respond -n -p why").is(0);
        let gaps = looked.gaps();
        assert!(
            gaps[0] >= Duration::from_millis(millis),
            "{status} {gaps:?}"
        );
    }
}

#[test]
fn a_refusal_does_not_count_against_the_retries() {
    for fault in [
        "POST /responses 429 retry-after-ms=1 x5",
        "POST /responses 503 retry-after-ms=1 x5",
        "POST /responses 529 retry-after-ms=1 x5",
        "POST /responses 503 code=slow_down retry-after-ms=1 x5",
        "POST /files 429 retry-after-ms=1 x5",
        "POST /files 503 retry-after-ms=1 x5",
    ] {
        let scene = Scene::faulty(fault);
        let ran =
            scene.ok("oa-upload notes.txt --retries 0 | oa-respond -p why --retries 0 | oa-delete");
        ran.says(&["5 refused, each asked again"]);
        scene.nothing_left();
    }
}

#[test]
fn a_query_that_is_refused_is_asked_again_too() {
    let scene = Scene::new();
    scene.ok("oa-upload -P assistants notes.txt | oa-index >store");
    scene
        .mock
        .fault("POST /vector_stores/*/search 429 retry-after-ms=1 x4");
    scene.ok("oa-search -p why --retries 0 <store");
    scene.ok("oa-delete <store");
}

/// A run that is refused for ever, and ends.
fn refused(fault: &str, options: &str) -> (Scene, Ran) {
    let scene = Scene::faulty(&format!("POST /responses {fault}"));
    questions(&scene, 4);
    let ran = scene.sh(&format!("oa-respond {options} <in"));
    (scene, ran)
}

#[test]
fn a_wait_longer_than_max_wait_ends_all_that_would_wait_and_nobody_asks_in_vain() {
    let (scene, ran) = refused("429 retry-after=500", "-j 1");
    assert_eq!(ran.is(5).kinds(), ["rate_limit"; 4]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
    // Those who wait at the gate learn of it, too.
    let first = "POST /responses 429 retry-after-ms=300 x4";
    let scene = Scene::with(&[
        "--fault",
        first,
        "--fault",
        "POST /responses 429 retry-after=500",
    ]);
    questions(&scene, 4);
    let ran = scene.sh("oa-respond -j 4 <in").is(5);
    assert_eq!(ran.kinds(), ["rate_limit"; 4]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 5);
    let (scene, ran) = refused("429 retry-after-ms=50", "-j 1 --max-wait 0s");
    assert_eq!(ran.is(5).kinds(), ["rate_limit"; 4]);
    assert!(scene.ledger().of("POST /responses").len() <= 4);
}

#[test]
fn when_nothing_gets_through_for_max_wait_the_records_end_as_refused() {
    for fault in ["429 retry-after-ms=1", "429", "503 retry-after-ms=1"] {
        let (_, ran) = refused(fault, "-j 4 --max-wait 600ms");
        let kind = if fault.starts_with("429") {
            "rate_limit"
        } else {
            "refused"
        };
        assert_eq!(ran.kinds(), [kind; 4], "{fault}");
        let records = ran.records();
        assert!(
            records
                .iter()
                .all(|record| record["error"]["retryable"] == true)
        );
    }
}

#[test]
fn what_no_wait_can_help_is_asked_once() {
    let large = r#"429 body='{"error":{"message":"Request too large on tokens per min (TPM): Limit 10, Requested 99. The input or output tokens must be reduced in order to run successfully.","code":"rate_limit_exceeded"}}'"#;
    for fault in [large, "429 should-retry=false"] {
        let scene = Scene::faulty(&format!("POST /responses {fault}"));
        let ran = scene.sh("oa-respond -n -p why").is(5);
        assert_eq!(ran.record()["error"]["retryable"], false, "{fault}");
        assert_eq!(scene.ledger().of("POST /responses").len(), 1, "{fault}");
        assert!(!ran.stderr.contains("[limit]"));
    }
}

#[test]
fn one_impossible_request_does_not_hold_the_others() {
    let scene = Scene::with(&["--tpm", "2000"]);
    let large = "x".repeat(20_000);
    let lines: Vec<String> = ["a", large.as_str(), "b", "c"]
        .map(|text| json!({"prompt": text}).to_string())
        .into();
    scene.file("in", lines.join("\n"));
    let ran = scene.sh("oa-respond -j 4 <in").is(5);
    assert_eq!(ran.kinds(), ["", "rate_limit", "", ""]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 4);
}

#[test]
fn once_the_quota_is_gone_nobody_asks_again() {
    let scene = Scene::with(&["--limit", "quota=3"]);
    questions(&scene, 40);
    let ran = scene.sh("oa-respond -j 1 <in").is(5);
    let kinds = ran.kinds();
    assert_eq!(kinds[..3], [""; 3]);
    assert_eq!(kinds[3..], ["quota"; 37]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 4);
    // Whose request it was is said of that one alone.
    let named = |record: &serde_json::Value| record["error"]["request_id"].is_string();
    assert_eq!(
        ran.records().iter().filter(|record| named(record)).count(),
        1
    );
}

#[test]
fn nothing_is_lost_and_nothing_bought_twice_under_a_limit() {
    for limit in [
        "",
        "headers=seconds",
        "headers=none",
        "headers=bare",
        "refused=count",
        "concurrent=3",
    ] {
        let options = [
            "--rpm",
            "1200",
            "--limit",
            &format!("burst=500ms latency=20ms {limit}"),
        ];
        let scene = Scene::with(&options);
        questions(&scene, 40);
        let ran = scene.ok("oa-respond -j 16 <in");
        assert_eq!(ran.kinds(), [""; 40], "{limit}");
        let mut asked = answered(&scene.ledger());
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), 40, "{limit}");
        assert_eq!(scene.ledger().responses.len(), 40, "{limit}");
    }
}

#[test]
fn a_limit_is_told_once_and_summed_up_at_the_end_but_not_with_q() {
    let scene = Scene::with(&["--rpm", "1200", "--limit", "burst=200ms"]);
    questions(&scene, 20);
    let ran = scene.ok("oa-respond -j 8 <in");
    let told: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("[limit]"))
        .collect();
    assert_eq!(told.len(), 2, "{}", ran.stderr);
    let first = "[limit] 429 requests 1200/min: asking about ";
    assert!(told[0].starts_with(first), "{}", told[0]);
    assert!(
        told[1].ends_with(" refused, each asked again"),
        "{}",
        told[1]
    );
    let quiet = scene.ok("oa-respond -q -j 8 <in");
    assert_eq!(quiet.stderr, "");
}

#[test]
fn no_limit_that_a_server_names_is_too_strange() {
    for limit in ["0", "-1", "1e-300", "1e300", "nan", "inf", ""] {
        let name = "header='x-ratelimit-limit-requests";
        let scene = Scene::faulty(&format!(
            "POST /responses 429 retry-after-ms=1 {name}: {limit}' x3"
        ));
        questions(&scene, 3);
        let ran = scene.ok("oa-respond -j 3 --request '{\"store\":false}' <in");
        assert_eq!(ran.kinds(), [""; 3], "{limit}");
    }
}

#[test]
fn what_is_refused_at_random_slows_nobody_down_for_ever() {
    let scene = Scene::faulty("POST /responses 429 retry-after-ms=1 percent=30 seed=7");
    questions(&scene, 100);
    let ran = scene.ok("oa-respond -j 16 <in");
    assert_eq!(ran.kinds(), [""; 100]);
}

#[test]
fn a_limit_of_uploads_is_kept_as_well() {
    let scene = Scene::with(&["--limit", "files=1200 burst=200ms"]);
    scene.ok("for n in $(seq 20); do echo $n >$n.txt; done; oa-upload -j 8 --each *.txt | oa-delete >out");
    assert_eq!(scene.read("out").lines().count(), 21);
    scene.nothing_left();
}

#[test]
fn a_stream_is_under_way_until_it_ends() {
    let scene = Scene::with(&["--limit", "concurrent=2 latency=50ms"]);
    questions(&scene, 8);
    let ran = scene.ok("oa-respond --stream -t -j 4 <in");
    assert_eq!(ran.stdout.lines().count(), 8);
}
