//! What `oa-poll` looks at: which response, by which id, how it is cancelled, and what is left alone.

use serde_json::json;

use crate::patience::{ENDED, POLL, looked};
use crate::scene::Scene;

#[test]
fn a_cancellation_that_is_refused_is_looked_into_once() {
    for (refusal, requests) in [("409", 2), ("400", 2), ("404 x1", 2)] {
        let scene = Scene::with(&["--looks", "1"]);
        let job = scene.ok(&format!("oa-respond -n -b -p why | tee job | {POLL}"));
        let rule = format!("POST /responses/*/cancel {refusal}");
        scene.mock.fault(&rule);
        let before = scene.ledger().requests.len();
        let ran = scene.ok(&format!("{POLL} --cancel <job"));
        assert_eq!(ran.record()["response"], job.record()["response"]);
        let asked = scene.ledger().asked()[before..].to_vec();
        assert_eq!(
            asked,
            ["POST /responses/*/cancel", "GET /responses/*"][..requests],
            "{refusal}"
        );
    }
    // What still runs is not taken for cancelled.
    let scene = Scene::with(&["--looks", "0", "--fault", "POST /responses/*/cancel 400"]);
    let line = format!("oa-respond -n -b -p why | {POLL} --cancel");
    assert_eq!(scene.sh(&line).is(7).kinds(), ["refused"]);
    assert_eq!(scene.ledger().of("GET /responses/*").len(), 1);
}

#[test]
fn a_cancellation_waits_out_the_weather() {
    for fault in ["404 x2", "409 x2", "503 x2", "html x2", "cut x2"] {
        let scene = Scene::with(&["--looks", "0"]);
        scene
            .mock
            .fault(&format!("POST /responses/*/cancel {fault}"));
        let line = format!("oa-respond -n -b -p why | {POLL} --cancel");
        let record = scene.ok(&line).record();
        assert_eq!(record["response"]["status"], "cancelled", "{fault}");
    }
}

#[test]
fn what_the_server_does_not_know_is_not_said_to_be_left_there() {
    let scene = Scene::new();
    let line = "oa-poll -t --interval 20ms --deadline 200ms resp_lost";
    let ran = scene.sh(line).is(124);
    assert!(!ran.stderr.contains("left on the server"), "{}", ran.stderr);
    let scene = Scene::with(&["--looks", "0"]);
    let line = format!("oa-respond -n -b -p why | {POLL} -t --deadline 200ms");
    scene.sh(&line).is(124).says(&["left on the server: resp_"]);
}

#[test]
fn a_response_is_asked_for_by_the_id_that_it_was_made_with() {
    let scene = Scene::new();
    let other = ("200 OK", r#"{"id":"run-7","status":"in_progress"}"#);
    let looked = looked([other, other, ENDED]);
    looked.run(&scene, &format!("{POLL} <job")).is(0);
    assert_eq!(looked.server.asked(), ["GET /v1/responses/resp_1"; 3]);
    let late =
        crate::patience::looked([other]).run(&scene, &format!("{POLL} --deadline 50ms <job"));
    assert_eq!(late.record()["response"]["id"], "resp_1");
}

#[test]
fn an_id_that_is_named_is_one_of_a_response_whatever_it_looks_like() {
    let scene = Scene::new();
    let looked = looked([ENDED]);
    for (id, segment) in [
        ("resp_YTpiO2M6ZA==", "resp_YTpiO2M6ZA%3D%3D"),
        ("a+b/c", "a%2Bb%2Fc"),
        ("assistant-7", "assistant-7"),
        ("file-1", "file-1"),
    ] {
        looked.run(&scene, &format!("oa-poll '{id}'")).is(0);
        let path = format!("GET /v1/responses/{segment}");
        assert_eq!(looked.server.asked().last(), Some(&path));
    }
    assert_eq!(looked.run(&scene, "oa-poll ..").is(3).kinds(), ["input"]);
}

#[test]
fn a_response_without_an_id_passes_if_it_is_final() {
    let scene = Scene::new();
    let done = "{\"response\":{\"status\":\"completed\",\"output\":[]}}\n";
    assert_eq!(scene.feed(done, POLL).is(0).stdout, done);
    let runs = "{\"response\":{\"status\":\"queued\"}}";
    assert_eq!(scene.feed(runs, POLL).is(3).kinds(), ["input"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_record_that_waits_for_its_batch_is_left_to_oa_batch() {
    let scene = Scene::new();
    let batch = json!({"id": "batch_1", "custom_id": "1", "made": true});
    let queued = json!({"id": "resp_1", "status": "queued"});
    for record in [
        json!({"batch": batch}),
        json!({"batch": batch, "response": queued}),
    ] {
        let ran = scene.feed(&record.to_string(), POLL).is(3);
        let error = ran.record()["error"].clone();
        assert_eq!(
            (&error["kind"], &error["retryable"], &error["hint"]),
            (&json!("input"), &json!(true), &json!("oa-batch"))
        );
    }
    let done = json!({"id": "resp_1", "status": "completed", "output": []});
    let collected = json!({"id": "batch_1", "collected": true});
    scene
        .feed(&json!({"batch": batch, "response": done}).to_string(), POLL)
        .is(0);
    let ran = scene.feed(&json!({"batch": collected}).to_string(), POLL);
    assert_eq!(ran.is(3).record()["error"]["retryable"], false);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}
