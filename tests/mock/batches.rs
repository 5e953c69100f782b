//! Batches: how they go on, what stands in their files, and why they fail.

use std::thread;

use serde_json::{Value, json};

use crate::harness::Mock;
use crate::scene::PDF;

/// The line of a request.
pub(super) fn line(id: &str, body: &Value) -> String {
    let line = json!({"custom_id": id, "method": "POST", "url": "/v1/responses", "body": body});
    line.to_string() + "\n"
}

/// So many questions, which are called by their numbers.
pub(super) fn questions(count: usize) -> String {
    let question = |n| json!({"model": "m", "input": format!("Question {n}")});
    (1..=count)
        .map(|n| line(&n.to_string(), &question(n)))
        .collect()
}

/// Creates a Batch of these lines with more members.
pub(super) fn create(mock: &Mock, lines: &str, more: &Value) -> Value {
    let file = mock.send("batch", "a.jsonl", lines).json();
    let mut body = json!({"input_file_id": file["id"], "endpoint": "/v1/responses",
        "completion_window": "24h"});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    mock.call("POST /batches", &body).json()
}

pub(super) fn path(batch: &Value) -> String {
    format!("/batches/{}", batch["id"].as_str().expect("a Batch"))
}

pub(super) fn look(mock: &Mock, batch: &Value) -> Value {
    mock.call(&format!("GET {}", path(batch)), &Value::Null)
        .json()
}

/// The Batch of these lines after two looks.
pub(super) fn ended(mock: &Mock, lines: &str) -> Value {
    let batch = create(mock, lines, &Value::Null);
    look(mock, &batch);
    look(mock, &batch)
}

/// The lines of the file that a member names, as `custom_id` and all; none where it is null.
fn read(mock: &Mock, batch: &Value, key: &str) -> Vec<(String, Value)> {
    let Some(id) = batch[key].as_str() else {
        return Vec::new();
    };
    let heard = mock.call(&format!("GET /files/{id}/content"), &Value::Null);
    assert_eq!(heard.status, 200, "{}", heard.body);
    let lines = heard
        .body
        .lines()
        .map(|line| serde_json::from_str(line).expect(line));
    lines
        .map(|line: Value| (line["custom_id"].as_str().unwrap().to_owned(), line))
        .collect()
}

fn ids(lines: &[(String, Value)]) -> Vec<&str> {
    lines.iter().map(|(id, _)| id.as_str()).collect()
}

#[test]
fn a_batch_goes_on_from_look_to_look() {
    for (looks, wanted) in [
        ("1", &["completed", "completed"][..]),
        ("2", &["in_progress", "completed", "completed"]),
        (
            "4",
            &["in_progress", "in_progress", "finalizing", "completed"],
        ),
        ("0", &["in_progress", "in_progress", "in_progress"]),
    ] {
        let mock = Mock::start(&["--looks", looks]);
        let batch = create(&mock, &questions(3), &Value::Null);
        assert_eq!(batch["status"], "validating");
        let statuses: Vec<Value> = wanted
            .iter()
            .map(|_| look(&mock, &batch)["status"].clone())
            .collect();
        assert_eq!(statuses, wanted, "{looks}");
    }
}

#[test]
fn a_batch_has_the_members_of_the_api_in_its_order() {
    let mock = Mock::start(&[]);
    let more = json!({"metadata": {"k": "v"}});
    let begun = create(&mock, &questions(3), &more);
    look(&mock, &begun);
    let batch = look(&mock, &begun);
    let heard = mock.call(&format!("GET {}", path(&batch)), &Value::Null);
    let keys = "id object endpoint model errors input_file_id completion_window status \
        output_file_id error_file_id created_at in_progress_at expires_at finalizing_at \
        completed_at failed_at expired_at cancelling_at cancelled_at request_counts usage \
        metadata x_mock";
    let places = keys
        .split_whitespace()
        .map(|key| heard.body.find(&format!("\"{key}\":")).expect(key));
    assert!(places.is_sorted(), "{}", heard.body);
    let at = batch["created_at"].as_u64().unwrap();
    assert_eq!(batch["expires_at"], at + 24 * 3600);
    for key in ["in_progress_at", "finalizing_at", "completed_at"] {
        assert_eq!(begun[key], Value::Null);
        assert!(batch[key].as_u64().unwrap() >= at, "{key}");
    }
    for key in ["failed_at", "errors", "error_file_id", "cancelled_at"] {
        assert_eq!(batch[key], Value::Null, "{key}");
    }
    let counts = |total, completed| json!({"total": total, "completed": completed, "failed": 0});
    assert_eq!(begun["request_counts"], counts(0, 0));
    assert_eq!(batch["request_counts"], counts(3, 3));
    assert_eq!(
        (&begun["model"], &batch["model"]),
        (&json!(null), &json!("m"))
    );
    assert_eq!(batch["metadata"], more["metadata"]);
    let tokens = |line: &Value| line["response"]["body"]["usage"]["total_tokens"].as_u64();
    let lines = read(&mock, &batch, "output_file_id");
    let sum: u64 = lines.iter().map(|(_, line)| tokens(line).unwrap()).sum();
    assert_eq!(batch["usage"]["total_tokens"], sum);
}

#[test]
fn every_request_is_answered_as_by_itself_and_in_another_order() {
    let mock = Mock::start(&[]);
    let file = mock.upload("report.pdf", PDF);
    let parts =
        json!([{"type": "input_file", "file_id": file}, {"type": "input_text", "text": "?"}]);
    let body = json!({"model": "gpt-5.2", "input": [{"role": "user", "content": parts}]});
    let lines: String = ["a", "b", "c", "d"].map(|id| line(id, &body)).concat();
    let batch = ended(&mock, &lines);
    let output = read(&mock, &batch, "output_file_id");
    assert_eq!(ids(&output), ["d", "c", "b", "a"]);
    let alone = mock.call("POST /responses", &body).json();
    for (_, line) in &output {
        let response = &line["response"];
        assert_eq!(
            (&response["status_code"], &line["error"]),
            (&json!(200), &Value::Null)
        );
        let text = |response: &Value| response["output"][0]["content"].clone();
        assert_eq!(text(&response["body"]), text(&alone));
        assert!(line["id"].as_str().unwrap().starts_with("batch_req_"));
        assert!(response["request_id"].as_str().unwrap().starts_with("req_"));
    }
    // What a Batch is answered stands in its file alone.
    assert_eq!(mock.ledger().responses.len(), 1);
}

#[test]
fn output_files_live_as_long_as_was_asked_for() {
    let mock = Mock::start(&[]);
    let after = json!({"output_expires_after": {"anchor": "created_at", "seconds": 7200}});
    let lines = questions(1) + &line("x", &json!({"model": "m"}));
    for (more, seconds) in [(Value::Null, 30 * 24 * 3600), (after, 7200)] {
        let batch = create(&mock, &lines, &more);
        look(&mock, &batch);
        let batch = look(&mock, &batch);
        for key in ["output_file_id", "error_file_id"] {
            let id = batch[key].as_str().expect(key);
            let file = mock.call(&format!("GET /files/{id}"), &Value::Null).json();
            assert_eq!(file["purpose"], "batch_output");
            let at = file["created_at"].as_u64().unwrap();
            assert_eq!(file["expires_at"], at + seconds);
        }
    }
}

#[test]
fn a_request_that_is_refused_is_a_line_of_the_error_file() {
    let mock = Mock::start(&[]);
    let lines = [
        json!({"model": "m", "input": "why", "future": 1}),
        json!({"model": "m", "input": "why"}),
        json!({"model": "m", "input": "why", "stream": true}),
        json!({"model": "m", "input": "why", "background": true}),
        json!({"model": "m", "input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]}),
    ];
    let lines: String = lines
        .iter()
        .zip(["a", "b", "c", "d", "e"])
        .map(|(body, id)| line(id, body))
        .collect();
    let batch = ended(&mock, &lines);
    assert_eq!(batch["status"], "completed");
    let counts = json!({"total": 5, "completed": 1, "failed": 4});
    assert_eq!(batch["request_counts"], counts);
    assert_eq!(ids(&read(&mock, &batch, "output_file_id")), ["b"]);
    let errors = read(&mock, &batch, "error_file_id");
    let said: Vec<_> = errors
        .iter()
        .map(|(id, line)| {
            assert_eq!(line["error"], Value::Null);
            let (status, error) = (
                &line["response"]["status_code"],
                &line["response"]["body"]["error"],
            );
            (
                id.as_str(),
                status.as_u64().unwrap(),
                error["message"].as_str().unwrap(),
            )
        })
        .collect();
    let wanted = [
        ("e", 404, "No such File object: file-1"),
        ("d", 400, "'background' is not supported in the Batch API."),
        ("c", 400, "'stream' is not supported in the Batch API."),
        ("a", 400, "Unknown parameter: 'future'."),
    ];
    assert_eq!(said, wanted);
}

#[test]
fn a_rule_for_lines_says_what_becomes_of_a_request() {
    let mock = Mock::start(&[]);
    for rule in [
        "LINE /responses missing x1",
        "LINE /responses doubled x1",
        "LINE /responses doubled in=error x1",
        "LINE /responses zero x1",
        "LINE /responses 429 code=slow_down x1",
        "LINE /responses html status=502 x1",
        "LINE /responses end status=failed code=server_error x1",
        // Of requests that come by themselves.
        "* /** 503 skip=4",
    ] {
        mock.fault(rule);
    }
    let batch = ended(&mock, &questions(8));
    mock.no_faults();
    let batch = look(&mock, &batch);
    let counts = json!({"total": 8, "completed": 5, "failed": 3});
    assert_eq!(batch["request_counts"], counts);
    let output = read(&mock, &batch, "output_file_id");
    assert_eq!(ids(&output), ["8", "7", "4", "3", "2", "2"]);
    let response = |n: usize| &output[n].1["response"];
    assert_eq!(
        *response(2),
        json!({"status_code": 0, "request_id": "", "body": null})
    );
    assert_eq!(response(1)["body"]["status"], "failed");
    let errors = read(&mock, &batch, "error_file_id");
    assert_eq!(ids(&errors), ["6", "5", "3"]);
    let response = |n: usize| &errors[n].1["response"];
    assert_eq!(response(0)["status_code"], 502);
    assert!(
        response(0)["body"]
            .as_str()
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
    assert_eq!(
        (response(2), &errors[2].1["error"]["code"]),
        (&Value::Null, &json!("server_error"))
    );
    assert_eq!(
        (
            &response(1)["status_code"],
            &response(1)["body"]["error"]["code"]
        ),
        (&json!(429), &json!("slow_down"))
    );
}

#[test]
fn a_rule_for_lines_hits_no_other_request() {
    let mock = Mock::start(&["--fault", "LINE /responses 500"]);
    let question = json!({"model": "m", "input": "why"});
    assert_eq!(mock.call("POST /responses", &question).status, 200);
    // Where all failed there is no output file.
    let batch = ended(&mock, &questions(2));
    assert_eq!(
        (&batch["status"], &batch["output_file_id"]),
        (&json!("completed"), &Value::Null)
    );
    assert_eq!(ids(&read(&mock, &batch, "error_file_id")), ["2", "1"]);
}

#[test]
fn what_was_not_run_in_time_is_said_to_have_expired() {
    for (done, output, errors) in [
        ("", &["2", "1"][..], &["5", "4", "3"][..]),
        ("done=0", &[], &["5", "4", "3", "2", "1"]),
        ("done=4", &["4", "3", "2", "1"], &["5"]),
    ] {
        let mock = Mock::start(&["--looks", "3"]);
        mock.fault(&format!("POST /batches end status=expired {done}"));
        let batch = ended(&mock, &questions(5));
        assert_eq!(
            (&batch["status"], &batch["output_file_id"]),
            (&json!("finalizing"), &Value::Null)
        );
        let batch = look(&mock, &batch);
        assert_eq!(batch["status"], "expired");
        assert!(batch["expired_at"].is_u64() && batch["completed_at"].is_null());
        let counts = json!({"total": 5, "completed": output.len(), "failed": errors.len()});
        assert_eq!(batch["request_counts"], counts);
        assert_eq!(ids(&read(&mock, &batch, "output_file_id")), output);
        let lines = read(&mock, &batch, "error_file_id");
        assert_eq!(ids(&lines), errors);
        for (_, line) in lines {
            let error = json!({"code": "batch_expired",
                "message": "This request could not be executed before the completion window expired."});
            assert_eq!((&line["response"], &line["error"]), (&Value::Null, &error));
        }
    }
}

#[test]
fn a_batch_is_cancelled_and_what_was_run_by_then_stays() {
    let mock = Mock::start(&[]);
    let cancel = |batch: &Value| mock.call(&format!("POST {}/cancel", path(batch)), &Value::Null);
    for (looks, output) in [(0, &[][..]), (1, &["2", "1"])] {
        let batch = create(&mock, &questions(4), &Value::Null);
        (0..looks).for_each(|_| drop(look(&mock, &batch)));
        let stopped = cancel(&batch).json();
        assert_eq!(
            (&stopped["status"], &stopped["output_file_id"]),
            (&json!("cancelling"), &Value::Null)
        );
        let (status, .., message) = cancel(&batch).error();
        let words = "Cannot cancel a batch with status 'cancelling'.";
        assert_eq!((status, message.as_str()), (409, words));
        let batch = look(&mock, &batch);
        assert_eq!(batch["status"], "cancelled");
        assert!(batch["cancelling_at"].is_u64() && batch["cancelled_at"].is_u64());
        assert_eq!(ids(&read(&mock, &batch, "output_file_id")), output);
        assert_eq!(batch["error_file_id"], Value::Null);
        assert_eq!(batch["request_counts"]["completed"], output.len());
    }
    let (status, .., message) = cancel(&ended(&mock, &questions(1))).error();
    assert_eq!(
        (status, message.as_str()),
        (409, "Cannot cancel a batch with status 'completed'.")
    );
    let (status, .., message) = cancel(&json!({"id": "batch_1"})).error();
    assert_eq!(
        (status, message.as_str()),
        (404, "No batch found with id 'batch_1'.")
    );
    mock.fault("POST /batches end status=cancelled done=1");
    let batch = ended(&mock, &questions(4));
    assert_eq!(
        (&batch["status"], &batch["request_counts"]["completed"]),
        (&json!("cancelled"), &json!(1))
    );
}

#[test]
fn a_batch_that_never_ends_can_be_cancelled() {
    let mock = Mock::start(&["--looks", "1"]);
    mock.fault("POST /batches end status=in_progress");
    let batch = create(&mock, &questions(4), &Value::Null);
    for _ in 0..5 {
        assert_eq!(look(&mock, &batch)["status"], "in_progress");
    }
    mock.call(&format!("POST {}/cancel", path(&batch)), &Value::Null);
    let batch = look(&mock, &batch);
    assert_eq!(batch["status"], "cancelled");
    assert_eq!(batch["request_counts"]["completed"], 2);
}

#[test]
fn looks_at_the_same_moment_run_the_requests_once() {
    let mock = Mock::start(&["--looks", "1"]);
    let batch = create(&mock, &questions(2000), &Value::Null);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| look(&mock, &batch));
        }
    });
    let batch = look(&mock, &batch);
    assert_eq!(batch["status"], "completed");
    // Its requests and what they were answered.
    assert_eq!(mock.ledger().files.len(), 2);
    assert_eq!(read(&mock, &batch, "output_file_id").len(), 2000);
}
