//! Streams: every dialect is understood, and a stream that breaks is never a success.

use serde_json::{Value, json};

use crate::pipes::text_of;
use crate::scene::Scene;

#[test]
fn a_stream_ends_in_the_same_record_as_a_plain_answer() {
    let scene = Scene::new();
    let line = "oa-upload notes.txt | tee made | oa-respond --stream -p why | oa-delete";
    let record = scene.ok(line).record();
    assert_eq!(scene.question()["stream"], true);
    let ledger = scene.ledger();
    assert_eq!(record["response"], ledger.responses[0]);
    assert_eq!(record["output_text"], text_of(&record["response"]));
    scene.nothing_left();
}

#[test]
fn text_is_streamed_as_it_comes() {
    let scene = Scene::new();
    let ran = scene.ok("oa-respond -n --stream -t -p why");
    assert_eq!(
        ran.stdout,
        format!("{}\n", text_of(&scene.ledger().responses[0]))
    );
}

#[test]
fn streamed_texts_follow_each_other_in_input_order() {
    let scene = Scene::new();
    let ran = scene
        .feed(
            "{\"prompt\":\"1\"} {\"prompt\":\"2\"} {\"prompt\":\"3\"}",
            "oa-respond --stream -t -j 3",
        )
        .is(0);
    let whole = scene
        .feed(
            "{\"prompt\":\"1\"} {\"prompt\":\"2\"} {\"prompt\":\"3\"}",
            "oa-respond -t",
        )
        .is(0);
    assert_eq!(ran.stdout, whole.stdout);
}

#[test]
fn every_dialect_gives_the_same_text() {
    let dialects = [
        "done",
        "crlf",
        "comments",
        "no-event-lines",
        "no-final-blank",
        "empty-output",
    ];
    let plain = Scene::new().ok("oa-respond -n -p why --stream").record();
    for dialect in dialects {
        let scene = Scene::faulty(&format!("POST /responses sse dialect={dialect}"));
        let record = scene.ok("oa-respond -n --stream -p why").record();
        assert_eq!(record["output_text"], plain["output_text"], "{dialect}");
        let ran = scene.ok("oa-respond -n --stream -t -p why");
        assert_eq!(
            json!(ran.stdout.trim_end_matches('\n')),
            plain["output_text"],
            "{dialect}"
        );
    }
}

#[test]
fn an_error_event_is_an_error() {
    for dialect in ["nested-error", "flat-error"] {
        let scene = Scene::faulty(&format!("POST /responses sse dialect={dialect}"));
        let line = "oa-upload notes.txt | oa-respond --stream -p why | oa-delete";
        let ran = scene.sh(line);
        assert!(
            [1, 5, 7, 8].contains(&ran.status),
            "{dialect}: {}",
            ran.stderr
        );
        assert!(
            ran.record()["error"]["message"].is_string(),
            "{}",
            ran.stdout
        );
        scene.nothing_left();
    }
}

#[test]
fn a_stream_that_breaks_is_never_a_success() {
    for events in [0, 1, 2, 3, 5] {
        let scene = Scene::faulty(&format!("POST /responses cut-stream events={events}"));
        let line = "oa-upload notes.txt | oa-respond --stream -p why | oa-delete";
        let record = scene.sh(line).is(6).record();
        assert_eq!(record["error"]["kind"], "network", "{events}");
        assert_eq!(record["error"]["retryable"], false, "{events}");
        assert_eq!(scene.ledger().of("POST /responses").len(), 1);
        scene.nothing_left();
        let ran = scene.sh("oa-respond -n --stream -t -p why").is(6);
        assert!(!ran.stderr.contains("panic"), "{}", ran.stderr);
    }
}

#[test]
fn ends_of_a_stream_have_the_same_verdicts() {
    let rows = [
        ("failed", 8),
        ("incomplete reason=max_output_tokens", 9),
        ("refusal text=no", 8),
    ];
    for (end, status) in rows {
        let scene = Scene::faulty(&format!("POST /responses end status={end}"));
        let line = "oa-upload notes.txt | oa-respond --stream -p why | oa-delete";
        scene.sh(line).is(status);
        scene.nothing_left();
    }
}

#[test]
fn a_refused_stream_is_refused_as_usual() {
    let scene = Scene::faulty("POST /responses 400 code=unknown_parameter");
    let ran = scene.sh("oa-respond -n --stream -p why").is(7);
    assert_eq!(ran.record()["error"]["code"], "unknown_parameter");
    let scene = Scene::faulty("POST /responses 429 retry-after-ms=1 x1");
    scene.ok("oa-respond -n --stream -p why");
    assert_eq!(scene.ledger().of("POST /responses").len(), 2);
}

#[test]
fn a_stream_that_is_html_or_plain_json_is_looked_at() {
    let scene = Scene::faulty("POST /responses html");
    scene.sh("oa-respond -n --stream -p why").is(6);
    let answer = json!({"id": "resp_1", "object": "response", "status": "completed", "output": [
        {"type": "message", "content": [{"type": "output_text", "text": "plain"}]}]});
    let scene = Scene::faulty(&format!("POST /responses 200 body='{answer}'"));
    let ran = scene.sh("oa-respond -n --stream -p why");
    assert!([0, 6].contains(&ran.status), "{}", ran.stderr);
    if ran.status == 0 {
        assert_eq!(ran.record()["output_text"], "plain");
    }
}

#[test]
fn a_stream_in_the_background_is_followed_or_polled() {
    let scene = Scene::new();
    let line =
        "oa-upload notes.txt | oa-respond --stream -b -p why | oa-poll --interval 20ms | oa-delete";
    let record = scene.ok(line).record();
    assert_eq!(record["response"]["status"], "completed");
    assert_ne!(record["output_text"], Value::Null);
    scene.nothing_left();
}
