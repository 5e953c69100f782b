//! What still runs when its record reaches `oa-delete`: what a cancellation answers is the truth.

use serde_json::{Value, json};

use crate::scene::{Ran, Scene, lines};

const CANCEL: &str = "POST /responses/*/cancel";
const LOOK: &str = "GET /responses/*";

/// A Response with this status and text.
fn response(status: &str, text: &str) -> Value {
    let part = json!({"type": "output_text", "text": text, "annotations": []});
    let item = json!({"type": "message", "role": "assistant", "content": [part]});
    json!({"id": "resp_1", "object": "response", "status": status, "output": [item]})
}

/// A record of one file whose response is queued.
fn queued() -> Value {
    json!({
        "files": [{"id": "file-1", "object": "file", "path": "a.txt", "expires_at": 1}],
        "response": {"id": "resp_1", "object": "response", "status": "queued"},
    })
}

/// A server that answers these requests with these bodies, each with a status.
fn server(answers: &[(&str, u16, &Value)]) -> Scene {
    let scene = Scene::new();
    for (request, status, body) in answers {
        scene
            .mock
            .fault(&format!("{request} {status} body='{body}'"));
    }
    scene
}

fn delete(scene: &Scene, record: &Value, options: &str) -> Ran {
    let line = format!("oa-delete --retries 0 {options}");
    scene.feed(&lines(std::slice::from_ref(record)), &line)
}

#[test]
fn a_response_that_was_final_when_it_was_cancelled_is_settled_like_any_other() {
    let incomplete = {
        let mut response = response("incomplete", "Half.");
        response["incomplete_details"] = json!({"reason": "max_output_tokens"});
        response
    };
    let broken = {
        let mut response = response("failed", "");
        response["output"] = json!([]);
        response["error"] = json!({"code": "invalid_prompt", "message": "It broke."});
        response
    };
    for (answer, status, kind, text) in [
        (response("completed", "Yes."), 0, "", json!("Yes.")),
        (incomplete, 9, "incomplete", json!("Half.")),
        (broken, 8, "failed", Value::Null),
    ] {
        let scene = server(&[(CANCEL, 200, &answer)]);
        let ran = delete(&scene, &queued(), "").is(status);
        assert!(!ran.stderr.contains("was cancelled"), "{}", ran.stderr);
        assert_eq!(ran.kinds(), [kind]);
        let record = ran.record();
        assert_eq!(
            (&record["response"], &record["output_text"]),
            (&answer, &text)
        );
        let asked = scene.ledger().asked();
        assert_eq!(asked, [CANCEL, "DELETE /files/*"]);
    }
}

#[test]
fn a_refused_cancellation_is_followed_by_one_look_and_its_answer_counts() {
    let no = json!({"error": {"message": "Cannot cancel it."}});
    for refusal in [400, 404, 405, 409, 422, 500] {
        let scene = server(&[
            (CANCEL, refusal, &no),
            (LOOK, 200, &response("completed", "Yes.")),
        ]);
        let ran = delete(&scene, &queued(), "-t").is(0);
        assert_eq!(ran.stdout, "Yes.\n", "{refusal}");
        let asked = scene.ledger().asked();
        assert_eq!(asked, [CANCEL, LOOK, "DELETE /files/*"], "{refusal}");
    }
}

#[test]
fn a_cancellation_that_is_obeyed_a_moment_later_is_one() {
    let (runs, cancelled) = (response("in_progress", ""), response("cancelled", ""));
    for (refusal, first) in [(200, &runs), (409, &json!({"error": "too late"}))] {
        let scene = server(&[(CANCEL, refusal, first), (LOOK, 200, &cancelled)]);
        let ran = delete(&scene, &queued(), "").is(8);
        let error = &ran.record()["error"];
        assert_eq!(
            error["message"],
            "response resp_1 was still queued and was cancelled"
        );
        assert!(
            error["hint"].as_str().unwrap().contains("`oa-poll`"),
            "{error}"
        );
        assert_eq!(ran.record()["response"], cancelled);
    }
}

#[test]
fn a_response_that_still_runs_is_said_to_still_run_and_its_record_has_not_failed() {
    let runs = response("in_progress", "");
    for (status, first, why) in [
        (200, runs.clone(), ""),
        (
            400,
            json!({"error": "Not in the background."}),
            "Not in the background.",
        ),
    ] {
        let scene = server(&[(CANCEL, status, &first), (LOOK, 200, &runs)]);
        let ran = delete(&scene, &queued(), "").is(1);
        assert!(!ran.stderr.contains("was cancelled"), "{}", ran.stderr);
        let ran = ran.says(&[
            "resp_1: still runs, status in_progress",
            why,
            "`oa-poll --cancel resp_1`",
        ]);
        assert_eq!(ran.record(), queued());
        // No answer is no success: a file of answers does not hold it.
        scene.file("out", "old");
        delete(&scene, &queued(), "-o out").is(1);
        assert_eq!(scene.read("out"), "old");
        assert_eq!(scene.read("out.failed"), lines(&[queued()]));
    }
}

#[test]
fn where_nobody_answers_nothing_is_said_of_a_cancellation() {
    let scene = Scene::new();
    let line = "OPENAI_BASE_URL=http://127.0.0.1:9/v1 oa-delete --retries 0";
    let ran = scene.feed(&lines(&[queued()]), line).is(1);
    let ran = ran.says(&["resp_1: not cancelled: ", "`oa-poll --cancel resp_1`"]);
    assert_eq!(ran.record(), queued());
}

#[test]
fn a_response_that_the_server_does_not_know_is_neither_cancelled_nor_answered() {
    let scene = Scene::new();
    let ran = delete(&scene, &queued(), "").is(7);
    let error = &ran.record()["error"];
    assert_eq!(
        (&error["kind"], &error["status"]),
        (&json!("refused"), &json!(404))
    );
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("response resp_1 was queued, and is not found"),
        "{message}"
    );
    assert_eq!(ran.record()["response"], queued()["response"]);
}

#[test]
fn an_answer_that_was_there_after_all_takes_the_place_of_the_end_of_patience() {
    let error = |kind: &str, again: bool| json!({"tool": "oa-poll", "kind": kind, "message": "m", "retryable": again});
    let scene = server(&[(CANCEL, 200, &response("completed", "Yes."))]);
    let mut record = queued();
    record["error"] = error("deadline", true);
    assert_eq!(delete(&scene, &record, "-t").is(0).stdout, "Yes.\n");
    // Another failure stays what it was; the answer is kept beside it.
    record["error"] = error("auth", false);
    let ran = delete(&scene, &record, "").is(4);
    assert_eq!(ran.record()["error"], record["error"]);
    assert_eq!(ran.record()["output_text"], "Yes.");
    let scene = server(&[(CANCEL, 200, &response("cancelled", ""))]);
    record["error"] = error("deadline", true);
    assert_eq!(
        delete(&scene, &record, "").is(124).record()["error"],
        record["error"]
    );
}

#[test]
fn a_response_without_an_id_that_is_not_final_is_named() {
    let scene = Scene::new();
    let mut record = queued();
    record["response"] = json!({"object": "response", "status": "queued"});
    let ran = delete(&scene, &record, "")
        .is(3)
        .says(&["without an id", "queued"]);
    assert_eq!(ran.record(), record);
    assert_eq!(scene.ledger().asked(), ["DELETE /files/*"]);
    let ran = delete(&scene, &record, "--keep-pending")
        .is(0)
        .says(&["file-1"]);
    assert_eq!(ran.record(), record);
    assert_eq!(scene.ledger().requests.len(), 1);
}

#[test]
fn a_dry_run_cancels_nothing_and_says_what_it_would() {
    let scene = Scene::new();
    let ran = delete(&scene, &queued(), "--dry-run").is(0);
    let ran = ran.says(&[
        "would cancel response_id=resp_1",
        "would delete file_id=file-1",
    ]);
    assert_eq!(ran.record(), queued());
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_batch_that_ended_is_no_failure_and_one_that_runs_is() {
    let no = json!({"error": "Cannot cancel it."});
    for (status, code, words) in [
        ("completed", 0, "[cancel] batch_id=batch_1 status=completed"),
        (
            "in_progress",
            1,
            "batch_1: not cancelled: it still runs, status in_progress: Cannot cancel it.",
        ),
    ] {
        let batch = json!({"id": "batch_1", "object": "batch", "status": status});
        let scene = server(&[
            ("POST /batches/*/cancel", 409, &no),
            ("GET /batches/*", 200, &batch),
        ]);
        scene
            .sh("oa-delete batch_1 --retries 0")
            .is(code)
            .says(&[words]);
    }
    let scene = Scene::new();
    scene
        .ok("oa-delete batch_1")
        .says(&["batch_id=batch_1 status=gone"]);
}
