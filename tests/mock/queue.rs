//! Batches: what is found wrong with them after their creation, the queue that holds them, and where they are listed.

use serde_json::{Value, json};

use super::batches::{create, ended, line, look, path, questions};
use crate::harness::Mock;
use crate::scene::Scene;

/// Code and line of every error of a Batch.
fn errors(batch: &Value) -> Vec<(&str, Option<u64>)> {
    assert_eq!(batch["errors"]["object"], "list");
    let data = batch["errors"]["data"].as_array().expect("errors");
    let errors = data
        .iter()
        .map(|error| (error["code"].as_str().unwrap(), error["line"].as_u64()));
    errors.collect()
}

#[test]
fn what_is_wrong_with_lines_is_said_after_the_creation() {
    let mock = Mock::start(&[]);
    let good = questions(1);
    let other = good.replace("\"1\"", "\"2\"");
    let wrong = |from: &str, to: &str| good.clone() + &other.replace(from, to);
    let named = |code| vec![(code, Some(2))];
    for (lines, wanted) in [
        (good.clone() + "{\n", named("invalid_json_line")),
        (good.clone() + "\n" + &other, named("invalid_json_line")),
        (good.clone() + &good, named("duplicate_custom_id")),
        (
            wrong("/v1/responses", "/v1/embeddings"),
            named("url_mismatch"),
        ),
        (wrong("\"m\"", "\"n\""), named("model_mismatch")),
        (
            wrong("\"custom_id\"", "\"id\""),
            named("missing_required_parameter"),
        ),
        (wrong("POST", "GET"), named("invalid_value")),
        (
            good.replace("\"m\"", "\"gpt-7\""),
            vec![("model_not_found", Some(1))],
        ),
        (
            "{\n".to_owned() + &good + "[]\n",
            vec![
                ("invalid_json_line", Some(1)),
                ("invalid_json_line", Some(3)),
            ],
        ),
        (String::new(), vec![("empty_file", None)]),
        ("{}\n".repeat(50_001), vec![("too_many_tasks", None)]),
    ] {
        let begun = create(&mock, &lines, &Value::Null);
        assert_eq!(
            (&begun["status"], &begun["errors"]),
            (&json!("validating"), &Value::Null)
        );
        let batch = look(&mock, &begun);
        assert_eq!(
            (&batch["status"], errors(&batch)),
            (&json!("failed"), wanted)
        );
        assert!(batch["failed_at"].is_u64() && batch["in_progress_at"].is_null());
        assert_eq!(batch["request_counts"]["total"], 0);
        assert_eq!(look(&mock, &begun), batch);
    }
}

#[test]
fn a_rule_lets_a_batch_fail() {
    let mock = Mock::start(&[]);
    mock.fault(
        "POST /batches end status=failed code=billing_hard_limit_reached message=No_money. x1",
    );
    mock.fault("POST /batches end status=failed code=invalid_json_line line=2 x1");
    let batch = ended(&mock, &questions(2));
    let error = json!({"code": "billing_hard_limit_reached", "message": "No money.", "param": null, "line": null});
    assert_eq!(
        (&batch["status"], &batch["errors"]["data"]),
        (&json!("failed"), &json!([error]))
    );
    let batch = ended(&mock, &questions(2));
    assert_eq!(errors(&batch), [("invalid_json_line", Some(2))]);
}

#[test]
fn a_queue_that_is_full_fails_a_batch_after_its_creation_until_another_has_ended() {
    // A question of these has 6 tokens.
    let mock = Mock::start(&["--queue-tokens", "1200"]);
    let of = |model: &str, count| questions(count).replace("\"m\"", &format!("\"{model}\""));
    let first = create(&mock, &of("m", 100), &Value::Null);
    let second = create(&mock, &of("m", 99), &Value::Null);
    let third = create(&mock, &of("m", 99), &Value::Null);
    // One that will fail takes nothing, one that is cancelled gives back what it took.
    mock.call(&format!("POST {}/cancel", path(&second)), &Value::Null);
    let again = create(&mock, &of("m", 99), &Value::Null);
    let other = create(&mock, &of("n", 99), &Value::Null);
    assert_eq!(third["status"], "validating");
    assert_eq!(look(&mock, &first)["status"], "in_progress");
    assert_eq!(look(&mock, &other)["status"], "in_progress");
    let third = look(&mock, &third);
    assert_eq!(
        (&third["status"], errors(&third)),
        (&json!("failed"), vec![("token_limit_exceeded", None)])
    );
    let words = "Enqueued token limit reached for m in organization org-mock. Limit: 1,200 enqueued tokens. Please try again once some in_progress batches have been completed.";
    assert_eq!(third["errors"]["data"][0]["message"], words);
    assert_eq!(look(&mock, &again)["status"], "in_progress");
    assert_eq!(look(&mock, &first)["status"], "completed");
    let last = create(&mock, &of("m", 99), &Value::Null);
    assert_eq!(look(&mock, &last)["status"], "in_progress");
    let large = create(&mock, &of("k", 300), &Value::Null);
    assert_eq!(look(&mock, &large)["status"], "failed");
}

#[test]
fn a_batch_is_of_a_file_that_was_uploaded_for_it() {
    let mock = Mock::start(&[]);
    let (status, .., message) = mock.send("batch", "a.txt", "x").error();
    assert_eq!(
        (status, message.as_str()),
        (400, "Invalid file format for Batch API. Must be .jsonl")
    );
    let file = mock.upload("a.jsonl", questions(1));
    let body =
        json!({"input_file_id": file, "endpoint": "/v1/responses", "completion_window": "24h"});
    let (status, code, param, _) = mock.call("POST /batches", &body).error();
    assert_eq!(
        (status, code, param),
        (400, json!("invalid_value"), json!("input_file_id"))
    );
    // One that is there may not be found yet.
    mock.fault("POST /batches 404 message='No such File object: it' param=input_file_id x2");
    let file = mock.send("batch", "a.jsonl", questions(1)).json();
    let body = json!({"input_file_id": file["id"], "endpoint": "/v1/responses", "completion_window": "24h"});
    let statuses: Vec<u16> = (0..3)
        .map(|_| mock.call("POST /batches", &body).status)
        .collect();
    assert_eq!(statuses, [404, 404, 200]);
    let content = |id: &str| mock.call(&format!("GET /files/{id}/content"), &Value::Null);
    assert_eq!(content(file["id"].as_str().unwrap()).body, questions(1));
}

#[test]
fn ids_may_be_empty_and_output_files_gone() {
    let mock = Mock::start(&[]);
    let batch = ended(&mock, &questions(1));
    mock.fault(r#"GET /batches/* but patch={"error_file_id":""}"#);
    assert_eq!(look(&mock, &batch)["error_file_id"], "");
    let output = batch["output_file_id"].as_str().unwrap();
    mock.expire(output);
    let gone = mock.call(&format!("GET /files/{output}/content"), &Value::Null);
    assert_eq!(gone.error().0, 404);
}

#[test]
fn batches_are_listed_by_pages_the_newest_first() {
    let mock = Mock::start(&[]);
    let made: Vec<Value> = (0..23)
        .map(|_| create(&mock, &questions(1), &Value::Null))
        .collect();
    let made: Vec<&Value> = made.iter().rev().map(|batch| &batch["id"]).collect();
    let list = |query: &str| {
        mock.call(&format!("GET /batches{query}"), &Value::Null)
            .json()
    };
    let ids = |page: &Value| {
        let data = page["data"].as_array().unwrap();
        data.iter()
            .map(|batch| batch["id"].clone())
            .collect::<Vec<_>>()
    };
    let page = list("");
    assert_eq!(json!(ids(&page)), json!(made[..20]));
    assert_eq!(
        (&page["has_more"], &page["last_id"]),
        (&json!(true), made[19])
    );
    let page = list(&format!("?limit=2&after={}", made[20].as_str().unwrap()));
    assert_eq!(
        (json!(ids(&page)), &page["has_more"]),
        (json!(made[21..]), &json!(false))
    );
    // A list is no look.
    assert_eq!(page["data"][0]["status"], "validating");
    let (status, _, param, _) = mock
        .call("GET /batches?after=batch_1", &Value::Null)
        .error();
    assert_eq!((status, param), (404, json!("after")));
    assert_eq!(mock.ledger().batches.len(), 23);
}

#[test]
fn the_tools_list_batches_and_cancel_those_that_run() {
    let scene = Scene::new();
    let done = ended(&scene.mock, &questions(1));
    let runs = create(&scene.mock, &questions(1), &Value::Null);
    let listed = scene.ok("oa-list batches").records();
    assert_eq!(json!(listed), json!([runs, done]));
    scene.ok("oa-list batches | oa-delete").says(&[
        "[cancel] batch_id=",
        "status=cancelling",
        "ended (completed)",
    ]);
    assert_eq!(look(&scene.mock, &runs)["status"], "cancelled");
    scene.ok("oa-list files | oa-delete");
    scene.nothing_left();
}

#[test]
fn batches_that_a_command_leaves_running_are_named() {
    let scene = Scene::new();
    scene.file("a.jsonl", questions(1));
    let post = r#"curl -sS -H "authorization: Bearer k" -H content-type:application/json "$OPENAI_BASE_URL/batches""#;
    let body = r#"{"input_file_id":"'$f'","endpoint":"/v1/responses","completion_window":"24h"}"#;
    let make = format!(
        "f=$(oa-upload -q -P batch a.jsonl | jq -r .files[0].id); b=$({post} -d '{body}' | jq -r .id); oa-delete -q $f"
    );
    scene.file("make", format!("{make}\n"));
    let ran = scene.ok("oa-mock -- bash make");
    assert!(
        ran.stderr.contains("oa-mock: left on the server: batch_"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(" validating\n"), "{}", ran.stderr);
    scene.file("make", format!("{make}; oa-delete -q $b\n"));
    let ran = scene.ok("oa-mock -- bash make");
    assert!(ran.stderr.contains(" cancelling\n"), "{}", ran.stderr);
}

#[test]
fn fifty_thousand_requests_are_run_at_one_look() {
    let mock = Mock::start(&["--looks", "1"]);
    // More than is kept of other files.
    let body = json!({"model": "m", "input": "why", "instructions": "x".repeat(100)});
    let lines: String = (0..50_000).map(|n| line(&n.to_string(), &body)).collect();
    assert!(lines.len() > 8 << 20);
    let batch = create(&mock, &lines, &Value::Null);
    let batch = look(&mock, &batch);
    let counts = json!({"total": 50_000, "completed": 50_000, "failed": 0});
    assert_eq!(batch["request_counts"], counts);
    let output = batch["output_file_id"].as_str().unwrap();
    let heard = mock.call(&format!("GET /files/{output}/content"), &Value::Null);
    assert_eq!(heard.body.lines().count(), 50_000);
}
