//! The server that plays the API: what a rule makes of an answer arrives as it was written.

mod batches;
mod cached;
mod chat;
mod daemon;
mod guard;
mod known;
mod limit;
mod limits;
mod models;
mod queue;
mod refused;
mod taken;
mod told;

use serde_json::{Value, json};

use crate::harness::Heard;
use crate::scene::Scene;

/// The answer to a question under one rule.
fn asked(rule: &str) -> Heard {
    let scene = Scene::new();
    scene.mock.fault(rule);
    let body = json!({"model": "m", "input": "why"});
    scene.mock.call("POST /responses", &body)
}

/// The value of a header, `None` where it does not stand.
fn header<'a>(heard: &'a Heard, name: &str) -> Option<&'a str> {
    let mut lines = heard.head.lines();
    lines.find_map(|line| line.strip_prefix(&format!("{name}: ")))
}

#[test]
fn a_rule_may_write_any_status_body_type_and_headers() {
    let rule = "POST /responses 299 body='<b>\\n</b>' type=text/html header='Retry-After: -1' header='x-request-id: own'";
    let heard = asked(rule);
    assert_eq!((heard.status, heard.body.as_str()), (299, "<b>\\n</b>"));
    assert_eq!(header(&heard, "content-type"), Some("text/html"));
    assert_eq!(header(&heard, "retry-after"), Some("-1"));
    assert_eq!(header(&heard, "x-request-id"), Some("own"));
    let heard = asked("POST /responses 529 body='no' type=");
    assert_eq!((heard.status, heard.body.as_str()), (529, "no"));
    assert_eq!(header(&heard, "content-type"), None);
}

#[test]
fn a_rule_may_write_bytes_and_events_with_escapes_or_line_breaks() {
    let heard = asked(r#"POST /responses 200 raw='\xef\xbb\xbf{"a":"\"\\n"}\x27'"#);
    assert_eq!(heard.body, "\u{feff}{\"a\":\"\\\"\\n\"}'");
    assert_eq!(header(&heard, "content-type"), Some("application/json"));
    for events in [
        r"data: {}\n\ndata: [DONE]\n\n",
        "data: {}\n\ndata: [DONE]\n\n",
    ] {
        let heard = asked(&format!("POST /responses 200 events='{events}'"));
        assert_eq!(heard.body, "data: {}\n\ndata: [DONE]\n\n");
        let kind = header(&heard, "content-type").unwrap();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
    }
}

#[test]
fn events_that_a_rule_writes_may_break_off() {
    let scene = Scene::new();
    scene
        .mock
        .fault("POST /responses 200 events='data: {\"a\":1}\\n\\n' then=cut");
    let ask = "curl -sN -H 'Authorization: Bearer k' -H 'Content-Type: application/json' -d '{}' $OPENAI_BASE_URL/responses";
    let ran = scene.sh(ask);
    assert_eq!(ran.stdout, "data: {\"a\":1}\n\n");
    assert_eq!(
        ran.status, 18,
        "a transfer that did not end: {}",
        ran.stderr
    );
    scene.mock.no_faults();
    scene
        .mock
        .fault("POST /responses 200 events='data: {\"a\":1}\\n\\n' then=stall");
    let ran = scene.sh(&format!("{ask} --max-time 1"));
    assert_eq!(ran.stdout, "data: {\"a\":1}\n\n");
    assert_eq!(ran.status, 28, "a transfer that goes on: {}", ran.stderr);
}

#[test]
fn a_rule_may_change_the_true_answer() {
    let patch = r#"{"object":null,"text":{"verbosity":"loud"},"new":[1]}"#;
    let heard = asked(&format!(
        "POST /responses but status=203 type=text/plain header='openai-poll-after-ms: 7' before='\\xef\\xbb\\xbf' after='\\n#' patch='{patch}'"
    ));
    assert_eq!(heard.status, 203);
    assert_eq!(header(&heard, "content-type"), Some("text/plain"));
    assert_eq!(header(&heard, "openai-poll-after-ms"), Some("7"));
    let text = heard.body.strip_prefix('\u{feff}').unwrap();
    let text = text.strip_suffix("\n#").unwrap();
    let answer: Value = serde_json::from_str(text).unwrap();
    assert_eq!(answer.get("object"), None);
    assert_eq!(answer["status"], "completed");
    assert_eq!(
        answer["text"],
        json!({"format": {"type": "text"}, "verbosity": "loud"})
    );
    assert_eq!(answer["new"], json!([1]));
}

#[test]
fn a_rule_for_an_odd_id_names_it_as_it_travels() {
    let scene = Scene::new();
    scene.mock.fault("GET /files/a%2Fb%3D 200 body=found");
    let heard = scene.mock.call("GET /files/a%2Fb%3D", &Value::Null);
    assert_eq!(heard.body, "found");
    let heard = scene.mock.call("GET /files/a%2Fb", &Value::Null);
    assert_eq!(heard.status, 404);
}
