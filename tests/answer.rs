//! What counts as the answer: its final words, JSON where a schema was asked for, and never an older one; each file
//! that it cites once.

use serde_json::{Value, json};

use crate::scene::{Ran, Scene, lines};

#[test]
fn a_response_that_is_not_final_has_no_text_yet() {
    let scene = Scene::new();
    let record = scene.ok("oa-respond -n -b -p why").record();
    let keys: Vec<&String> = record.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["response"]);
    let line = "oa-poll --deadline 50ms --interval 20ms";
    scene.mock.fault("GET /responses/* 503");
    let ran = scene.feed(&record.to_string(), line).is(124);
    let record = ran.record();
    let keys: Vec<&String> = record.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["error", "response"]);
}

#[test]
fn a_file_that_is_cited_twice_stands_once_with_its_count() {
    let scene = Scene::new();
    let cited = |id: &str, name: &str, index: u8| json!({"type": "file_citation", "file_id": id, "filename": name, "index": index});
    let notes = [
        cited("file-1", "a.md", 1),
        cited("file-2", "b.md", 2),
        cited("file-1", "a.md", 3),
    ];
    let part = json!({"type": "output_text", "text": "a b a", "annotations": notes});
    let message = json!({"type": "message", "role": "assistant", "content": [part]});
    let answer =
        json!({"id": "resp_1", "object": "response", "status": "completed", "output": [message]});
    let rule = format!("POST /responses 200 body='{answer}'");
    scene.mock.fault(&rule);
    let record = json!({"files": [{"id": "file-1", "path": "docs/a.md", "filename": "a.md"}]});
    let ran = scene.feed(&record.to_string(), "oa-respond -p why").is(0);
    let wanted = json!([
        {"type": "file_citation", "file_id": "file-1", "filename": "a.md", "path": "docs/a.md", "count": 2},
        {"type": "file_citation", "file_id": "file-2", "filename": "b.md", "count": 1},
    ]);
    assert_eq!(ran.record()["citations"], wanted);
    let ran = scene.feed("{}", "oa-respond -p why").is(0);
    assert_eq!(ran.record()["citations"][0].get("path"), None);
    scene.mock.no_faults();
    let ran = scene.feed("{}", "oa-respond -p why").is(0);
    assert_eq!(
        ran.record().get("citations"),
        None,
        "none where there is none"
    );
}

const SCHEMA: &str = r#"{"type":"object","properties":{"correct":{"type":"boolean"}},"required":["correct"],"additionalProperties":false}"#;

fn message(phase: &Value, text: &Value) -> Value {
    json!({"type": "message", "role": "assistant", "phase": phase,
        "content": [{"type": "output_text", "text": text}]})
}

/// A completed Response with these items, and more fields.
fn response(items: &Value, more: &Value) -> Value {
    let mut whole =
        json!({"id": "resp_1", "object": "response", "status": "completed", "output": items});
    let fields = more.as_object().unwrap().clone();
    whole.as_object_mut().unwrap().extend(fields);
    whole
}

/// A server that answers every question, and every look, with this.
fn server(answer: &Value) -> Scene {
    let scene = Scene::new();
    for path in ["POST /responses", "GET /responses/*"] {
        scene.mock.fault(&format!("{path} 200 body='{answer}'"));
    }
    scene.file("schema.json", SCHEMA);
    scene
}

const WAITING: &str = r#"{"response":{"id":"resp_1","status":"queued"}}"#;

#[test]
fn the_answer_is_the_final_answer_whoever_settles_it() {
    let cite = |id: &str, mut item: Value| {
        item["content"][0]["annotations"] = json!([{"type": "file_citation", "file_id": id}]);
        item
    };
    let aside = cite(
        "file-a",
        message(&json!("commentary"), &json!("Let me look. ")),
    );
    let last = cite("file-b", message(&json!("final_answer"), &json!("Yes.")));
    let old = message(&Value::Null, &json!(" I am sure."));
    let cited = |id: &str| json!([{"type": "file_citation", "file_id": id, "count": 1}]);
    for (items, text, citations) in [
        (
            json!([aside, last, old]),
            "Yes. I am sure.",
            cited("file-b"),
        ),
        (json!([aside, last]), "Yes.", cited("file-b")),
        (json!([aside]), "Let me look. ", cited("file-a")),
        (
            json!([message(&json!("final_answer"), &Value::Null), old]),
            " I am sure.",
            Value::Null,
        ),
    ] {
        let scene = server(&response(&items, &json!({})));
        for ran in [
            scene.ok("oa-respond -n -p why"),
            scene.feed(WAITING, "oa-poll --interval 20ms").is(0),
        ] {
            let record = ran.record();
            assert_eq!(record["output_text"], text);
            assert_eq!(record["citations"], citations);
            assert_eq!(record["response"]["output"], items);
        }
    }
}

/// The record keeps everything, the status says that it is not what was asked for.
fn no_json(ran: &Ran, answer: &Value) {
    let record = ran.record();
    assert_eq!(record["error"]["kind"], "failed");
    let message = record["error"]["message"].as_str().unwrap();
    assert!(message.contains("not one JSON value"), "{message}");
    assert!(record["error"]["hint"].is_string(), "{record}");
    assert_eq!(record["response"], *answer);
    assert_eq!(
        record["output_text"],
        answer["output"][0]["content"][0]["text"]
    );
}

#[test]
fn a_schema_means_json_or_failure() {
    let format = json!({"type": "json_schema", "name": "v", "schema": {}});
    let asked = json!({"text": {"format": format}});
    let own = json!({"prompt": "why", "request": asked}).to_string();
    let option = format!("oa-respond -n -p why --request '{asked}'");
    for (text, good) in [
        ("{\"correct\":true}", true),
        ("\"a\"\n", true),
        ("Sure! {\"correct\":true}", false),
        ("{\"correct\":true}{\"correct\":false}", false),
        ("", false),
    ] {
        let answer = response(&json!([message(&Value::Null, &json!(text))]), &json!({}));
        let scene = server(&answer);
        for ran in [
            scene.sh("oa-respond -n -p why --schema schema.json"),
            scene.sh(&option),
            scene.feed(&own, "oa-respond"),
        ] {
            if good {
                assert_eq!(ran.is(0).record()["output_text"], text);
            } else {
                no_json(&ran.is(8), &answer);
            }
        }
        // What was not asked for is not missed, also where a layer took it back.
        scene.ok("oa-respond -n -p why");
        scene.ok("oa-respond -n -p why --schema schema.json --request '{\"text\":null}'");
    }
}

#[test]
fn a_background_answer_of_a_schema_is_checked_where_it_is_settled() {
    let words = json!([message(&Value::Null, &json!("Sure!"))]);
    let format = json!({"format": {"type": "json_schema", "name": "v", "schema": {}}});
    let echo = response(&words, &json!({"text": format}));
    no_json(&server(&echo).feed(WAITING, "oa-poll").is(8), &echo);
    // A server that does not echo it: the record's own request says it.
    let plain = response(&words, &json!({"text": {"format": {"type": "text"}}}));
    let mut record: Value = serde_json::from_str(WAITING).unwrap();
    server(&plain).feed(&record.to_string(), "oa-poll").is(0);
    record["request"] = json!({"text": format});
    let ran = server(&plain).feed(&record.to_string(), "oa-poll").is(8);
    no_json(&ran, &plain);
    let ran = server(&echo).feed(WAITING, "oa-poll -t").is(8);
    assert_eq!(ran.stdout, "");
}

#[test]
fn what_is_no_answer_is_not_checked_for_json() {
    let half = json!([message(&Value::Null, &json!("{\"corr"))]);
    let details = json!({"status": "incomplete", "incomplete_details": {"reason": "max_messages"}});
    let ask = "oa-respond -n -p why --schema schema.json";
    let scene = server(&response(&half, &details));
    scene.ok(&format!("{ask} --allow-incomplete"));
    scene.sh(ask).is(9).says(&["max_messages"]);
    let call = json!([{"type": "function_call", "name": "f", "arguments": "{}"}]);
    server(&response(&call, &json!({}))).ok(ask);
    let refusal = json!([{"type": "message", "content": [
        {"type": "output_text", "text": ""}, {"type": "refusal", "refusal": "I will not."}]}]);
    let ran = server(&response(&refusal, &json!({}))).sh(ask).is(8);
    ran.says(&["the model refused: I will not."]);
}

#[test]
fn a_status_and_an_error_are_read_in_whatever_shape_they_have() {
    let text = json!([message(&Value::Null, &json!("Yes."))]);
    let failed = |error: Value| response(&json!([]), &json!({"status": "failed", "error": error}));
    for (answer, status, said) in [
        (
            failed(json!("upstream timed out")),
            8,
            "ended failed: upstream timed out",
        ),
        (
            failed(
                json!({"code": "x", "message": "Out of memory.", "param": "input", "type": "t"}),
            ),
            8,
            "ended failed: Out of memory.",
        ),
        (
            failed(json!({"code": "out_of_luck", "message": null})),
            8,
            "ended failed: out_of_luck",
        ),
        (failed(json!(["No luck."])), 8, "ended failed: No luck."),
        (
            failed(json!({"detail": "No luck."})),
            8,
            "ended failed: No luck.",
        ),
        (failed(json!({"why": 7})), 8, "ended failed: {\"why\":7}"),
        (failed(Value::Null), 8, "ended failed"),
        (response(&text, &json!({"status": null})), 0, ""),
        (
            response(&text, &json!({"status": null, "error": {}})),
            0,
            "",
        ),
        (
            response(&text, &json!({"status": null, "error": "Boom."})),
            8,
            "Boom.",
        ),
        (
            response(&text, &json!({"status": "paused"})),
            8,
            "ended paused",
        ),
        (
            response(&text, &json!({"status": "completed", "error": "odd"})),
            0,
            "",
        ),
        (
            response(&json!([]), &json!({"error": "Boom."})),
            8,
            "ended completed: Boom.",
        ),
        (
            response(
                &text,
                &json!({"status": "incomplete", "incomplete_details": "max_tokens"}),
            ),
            9,
            "is incomplete: max_tokens",
        ),
        (
            response(
                &text,
                &json!({"status": "incomplete", "incomplete_details": []}),
            ),
            9,
            "is incomplete: no reason given",
        ),
    ] {
        let scene = server(&answer);
        let asked = scene.sh("oa-respond -n -p why").is(status);
        let looked = scene.feed(WAITING, "oa-poll").is(status);
        for ran in [asked, looked] {
            assert_eq!(ran.record()["response"], answer);
            ran.says(&[said]);
        }
    }
}

#[test]
fn what_a_response_says_of_its_failure_is_in_the_records_error() {
    let said = json!({"code": "server_error", "message": "m", "param": "input[0]", "type": "t"});
    let answer = response(&json!([]), &json!({"status": "failed", "error": said}));
    let ran = server(&answer).sh("oa-respond -n -p why").is(8);
    let whole = json!({"tool": "oa-respond", "kind": "failed", "message": "response resp_1 ended failed: m",
        "code": "server_error", "param": "input[0]", "retryable": true});
    assert_eq!(ran.record()["error"], whole);
}

#[test]
fn an_old_answer_is_never_shown_as_the_new_one() {
    let old =
        json!({"prompt": "why", "output_text": "OLD", "citations": [], "window": "8h", "x": 1});
    let silent = response(&json!([]), &json!({}));
    let left = |ran: &Ran| {
        let mut record = ran.record();
        let record = record.as_object_mut().unwrap();
        for key in ["response", "error"] {
            record.remove(key);
        }
        json!(record)
    };
    let ask = ["oa-respond", "oa-respond -b", "oa-respond --only-missing"];
    for line in ask {
        let ran = server(&silent).feed(&old.to_string(), line).is(0);
        assert_eq!(left(&ran), json!({"prompt": "why", "x": 1}), "{line}");
        let refused = Scene::faulty("POST /responses 400");
        let ran = refused.feed(&old.to_string(), line).is(7);
        assert_eq!(left(&ran), json!({"prompt": "why", "x": 1}), "{line}");
    }
    let ran = server(&silent)
        .feed(&old.to_string(), "oa-respond -t")
        .is(8);
    assert_eq!(ran.stdout, "");
    let waiting = json!({"response": {"id": "resp_1", "status": "queued"}, "output_text": "OLD"});
    let ran = server(&silent)
        .feed(&waiting.to_string(), "oa-poll -t")
        .is(8);
    assert_eq!(ran.stdout, "");
    // Nothing was asked: nothing goes.
    let ran = server(&silent)
        .feed(&old.to_string(), "oa-respond --dry-run")
        .is(0);
    assert_eq!(ran.record()["output_text"], "OLD");
}

#[test]
fn an_answer_that_was_paid_for_is_not_touched_by_accident() {
    let answer = response(&json!([message(&Value::Null, &json!("OLD"))]), &json!({}));
    let old = json!({"prompt": "why", "response": answer, "output_text": "OLD", "citations": []});
    let scene = Scene::new();
    let ran = scene
        .feed(&lines(std::slice::from_ref(&old)), "oa-respond")
        .is(3);
    let mut record = ran.record();
    record.as_object_mut().unwrap().remove("error");
    assert_eq!(record, old);
    let ran = scene
        .feed(&old.to_string(), "oa-respond --only-missing")
        .is(0);
    assert_eq!(ran.record(), old);
    assert_eq!(scene.ledger().asked(), [""; 0]);
    let new = response(&json!([]), &json!({"id": "resp_2"}));
    let ran = server(&new).feed(&old.to_string(), "oa-respond -c").is(0);
    let whole = json!({"prompt": "why", "previous": [answer], "response": new});
    assert_eq!(ran.record(), whole);
}

#[test]
fn old_passages_are_never_shown_as_new_ones() {
    let old = json!({"prompt": "why", "results": ["OLD"], "vector_store": {"id": "vs_1"}});
    let scene = Scene::faulty("POST /vector_stores/*/search 400");
    let record = scene.feed(&old.to_string(), "oa-search").is(7).record();
    assert_eq!(record["results"], Value::Null);
    let scene = Scene::faulty("POST /vector_stores/*/search 200 body='{\"data\":[]}'");
    let record = scene.feed(&old.to_string(), "oa-search").is(0).record();
    assert_eq!(record["results"], json!([]));
}
