//! Replies and streams as foreign servers write them: what was paid for is not thrown away for its wrapping.

use serde_json::{Value, json};

use crate::scene::Scene;

/// A Response with this text, and more fields.
fn response(text: &str, more: &str) -> String {
    format!(
        r#"{{"id":"resp_1","object":"response","status":"completed"{more},"output":[{}]}}"#,
        message(text)
    )
}

fn message(text: &str) -> String {
    format!(
        r#"{{"type":"message","role":"assistant","content":[{{"type":"output_text","text":"{text}"}}]}}"#
    )
}

/// What the tool makes of a body that the server gives to every question.
fn asked(body: &str, keys: &str, options: &str) -> (i32, Value, usize) {
    answered(&format!("body='{body}' {keys}"), options)
}

fn answered(keys: &str, options: &str) -> (i32, Value, usize) {
    let scene = Scene::new();
    scene.mock.fault(&format!("POST /responses 200 {keys}"));
    let ran = scene.sh(&format!("oa-respond -n -p why {options}"));
    let count = scene.ledger().of("POST /responses").len();
    (ran.status, ran.record(), count)
}

#[test]
fn a_reply_is_read_for_what_it_is() {
    let whole = response("yes", "");
    let bodies = [
        format!("\u{feff}{whole}"),
        format!("{whole}\n\nbye"),
        format!("{whole}{whole}"),
        format!("[{whole}]"),
        response("yes", r#","temperature":NaN,"top_p":-Infinity"#),
        whole.replace(r#""id":"resp_1","#, ""),
        whole.replace(r#""id":"resp_1""#, r#""id":null"#),
        whole.replace(r#""object":"response""#, r#""object":"chat.response""#),
        whole.replace(r#""status":"completed","#, ""),
    ];
    for body in bodies {
        let (status, record, count) = asked(&body, "", "");
        assert_eq!((status, count), (0, 1), "{body}");
        assert_eq!(record["output_text"], "yes", "{body}");
    }
}

#[test]
fn what_was_not_understood_is_kept_in_body() {
    for body in [r#"{"choices":[{"message":{"content":"yes"}}]}"#, "yes", "7"] {
        let (status, record, count) = asked(body, "", "");
        assert_eq!((status, count), (6, 1), "{body}");
        let error = &record["error"];
        assert_eq!(error["body"], body);
        assert_eq!(error["retryable"], false);
    }
    let page = format!("<html><title>Portal</title>{}</html>", "x".repeat(9000));
    let (_, record, _) = asked(&page, "type=text/html", "");
    let error = &record["error"];
    assert_eq!(error["body"].as_str().map(str::len), Some(4096));
    let message = error["message"].as_str().unwrap();
    assert!(message.ends_with("HTML page “Portal”"), "{message}");
}

#[test]
fn the_servers_sentence_is_the_message_also_under_200() {
    for body in [
        r#"{"error":{"code":402,"message":"Insufficient credits."}}"#,
        r#"{"error":"Insufficient credits."}"#,
        r#"{"error":["Insufficient credits."]}"#,
        r#"{"message":"Insufficient credits."}"#,
        r#"{"detail":[{"loc":[],"msg":"Insufficient credits."}]}"#,
        r#"{"title":"Insufficient credits."}"#,
    ] {
        for options in ["", "--stream"] {
            let (status, record, _) = asked(body, "", options);
            assert_eq!(status, 6, "{body}");
            let message = record["error"]["message"].as_str().unwrap().to_owned();
            assert!(message.ends_with(": Insufficient credits."), "{message}");
        }
    }
}

#[test]
fn a_plain_question_asks_for_json_and_a_stream_for_events() {
    for (options, accept) in [("", "application/json"), ("--stream", "text/event-stream")] {
        let scene = Scene::new();
        scene.ok(&format!("oa-respond -n -p why {options}"));
        let ledger = scene.ledger();
        assert_eq!(ledger.requests[0].headers["accept"], accept);
    }
}

/// An event, as `data` alone.
fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn delta(text: &str) -> String {
    event(&json!({"type": "response.output_text.delta", "delta": text, "output_index": 0}))
}

fn ended(kind: &str, response: &str) -> String {
    format!("data: {{\"type\":\"{kind}\",\"response\":{response}}}\n\n")
}

fn rule(events: &str) -> String {
    let events = events.replace('\n', "\\n").replace('\r', "\\r");
    format!("events='{events}'")
}

/// What comes of a stream, whether it was asked for or not.
fn streamed(events: &str, options: &str) -> (i32, Value) {
    let (status, record, count) = answered(&rule(events), options);
    assert_eq!(count, 1);
    (status, record)
}

#[test]
fn a_final_response_ends_a_stream_whatever_its_event_is_called() {
    let empty = r#"{"id":"resp_1","status":"completed","output":[]}"#;
    let whole = response("yes", "");
    let unsaid = whole.replace(r#""status":"completed","#, "");
    let item = format!(
        "data: {{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{}}}\n\n",
        message("yes")
    );
    let streams = [
        ended("response.completed", &whole),
        ended("response.done", &whole),
        ended("something.new", &whole),
        ended("response.completed", &unsaid),
        delta("yes") + &ended("response.completed", empty),
        item.clone() + &ended("response.completed", empty),
        item + "data: {\"type\":\"response.completed\"}\n\n",
        delta("y") + &delta("es") + "data: {\"type\":\"response.done\"}\n\n",
        delta("yes") + "data: \n\ndata:\n\ndata: ping\n\n" + &ended("response.completed", empty),
        format!("event: response.completed\r\ndata: {{\"response\":{whole}}}\r\n\r\n"),
        format!(": hi\rdata: {{\"type\":\"x\",\"response\":{whole}}}\r\r"),
    ];
    for stream in streams {
        for options in ["--stream", ""] {
            let (status, record) = streamed(&stream, options);
            assert_eq!(status, 0, "{stream}");
            assert_eq!(record["output_text"], "yes", "{stream}");
        }
    }
    for (kind, status) in [("response.cancelled", 8), ("response.incomplete", 9)] {
        let stream = ended(kind, r#"{"id":"resp_1","output":[]}"#);
        assert_eq!(streamed(&stream, "--stream").0, status, "{kind}");
    }
}

#[test]
fn what_had_come_when_a_stream_broke_is_kept() {
    let note = json!({"type": "file_citation", "file_id": "file-9", "filename": "a.md"});
    let stream = ended(
        "response.created",
        r#"{"id":"resp_1","status":"in_progress"}"#,
    ) + &delta("Hello ")
        + &event(
            &json!({"type": "response.output_text.annotation.added", "output_index": 0, "annotation": note}),
        )
        + &delta("wor");
    let (status, record) = streamed(&stream, "--stream");
    assert_eq!(status, 6);
    assert_eq!(record["output_text"], "Hello wor");
    assert_eq!(record["citations"][0]["file_id"], "file-9");
    assert_eq!(record["response"]["id"], "resp_1");
    assert_eq!(record["error"]["retryable"], false);
}

#[test]
fn an_error_in_a_stream_needs_no_type() {
    for data in [
        json!({"error": {"message": "context window exceeded", "code": "400"}}),
        json!({"error": "context window exceeded"}),
        json!({"type": "error", "message": "context window exceeded"}),
        json!({"type": "response.error", "error": {"message": "context window exceeded"}}),
    ] {
        let stream = delta("Hello ") + &event(&data) + "data: [DONE]\n\n";
        let (status, record) = streamed(&stream, "--stream");
        assert_eq!(status, 8, "{data}");
        assert_eq!(record["error"]["message"], "context window exceeded");
        assert_eq!(record["output_text"], "Hello ");
    }
    let named = "event: error\ndata: {\"message\":\"context window exceeded\"}\n\n";
    assert_eq!(streamed(named, "--stream").0, 8);
}

#[test]
fn a_commentary_is_shown_only_where_there_is_no_other_text() {
    let added = |index: u64, phase: &str| {
        let item = json!({"type": "message", "phase": phase});
        event(&json!({"type": "response.output_item.added", "output_index": index, "item": item}))
    };
    let said = |index: u64, text: &str| {
        event(&json!({"type": "response.output_text.delta", "output_index": index, "delta": text}))
    };
    let end = event(&json!({"type": "response.completed"}));
    let both = added(0, "commentary") + &said(0, "Let me see.") + &added(1, "final_answer");
    for (stream, text) in [
        (both + &said(1, "yes") + &end, "yes\n"),
        (
            added(0, "commentary") + &said(0, "Let me see.") + &end,
            "Let me see.\n",
        ),
    ] {
        let scene = Scene::new();
        scene
            .mock
            .fault(&format!("POST /responses 200 {}", rule(&stream)));
        let ran = scene.ok("oa-respond -n -p why --stream -t");
        assert_eq!(ran.stdout, text);
    }
}

#[test]
fn a_trickled_answer_and_a_silent_stream_end_with_the_timeout() {
    for (fault, options) in [
        ("POST /responses stall when=answer", ""),
        ("POST /responses stall when=answer", "--stream"),
        ("POST /responses stall", "--stream"),
    ] {
        let scene = Scene::faulty(fault);
        let ran = scene.sh(&format!("oa-respond -n -p why --timeout 300ms {options}"));
        assert!([6, 10].contains(&ran.status), "{fault}: {}", ran.stderr);
        ran.says(&["nothing came in time (--timeout)"]);
    }
}

#[test]
fn a_base_url_without_v1_is_told_of() {
    let scene = Scene::new();
    let ran = scene.sh("OPENAI_BASE_URL=${OPENAI_BASE_URL%/v1} oa-respond -n -p why");
    ran.says(&["the base URL has no /v1"]);
}

#[test]
fn a_password_in_a_base_url_is_not_shown() {
    let scene = Scene::new();
    for url in [
        "http://me:s3cret@127.0.0.1:1/v1",
        "https://me:s3cret@api.test",
        "https://api.test/v1?key=s3cret",
        "ftp://s3cret@api.test",
        "sk-s3cret-0123456789abcdef",
    ] {
        let ran = scene
            .sh(&format!("oa-respond -n -p why --base-url '{url}'"))
            .is(2);
        let all = ran.stdout + &ran.stderr;
        assert!(!all.contains("s3cret"), "{all}");
    }
}
