//! oa-batch where something goes wrong: lines, Batches, files, servers.

use serde_json::{Value, json};

use crate::batch::{BATCH, SUBMIT, answered, asked, each};
use crate::scene::{Ran, Scene};

/// Kind, status and code of each record's error.
fn errors(ran: &Ran) -> Vec<(Value, Value, Value)> {
    let errors = each(ran, "/error");
    let errors = errors.iter();
    errors
        .map(|e| (e["kind"].clone(), e["status"].clone(), e["code"].clone()))
        .collect()
}

#[test]
fn a_line_fails_its_record_as_the_same_answer_would_by_itself() {
    let rows = [
        (
            "LINE /responses 400 code=bad x1",
            7,
            json!(["refused", 400, "bad"]),
        ),
        (
            "LINE /responses 401 x1",
            4,
            json!(["auth", 401, "invalid_api_key"]),
        ),
        (
            "LINE /responses 429 code=slow_down x1",
            5,
            json!(["rate_limit", 429, "slow_down"]),
        ),
        (
            "LINE /responses 429 code=insufficient_quota x1",
            5,
            json!(["quota", 429, "insufficient_quota"]),
        ),
        ("LINE /responses 500 x1", 7, json!(["refused", 500, null])),
        (
            "LINE /responses html status=502 x1",
            6,
            json!(["network", 502, null]),
        ),
        ("LINE /responses zero x1", 8, json!(["failed", null, null])),
        (
            "LINE /responses missing x1",
            8,
            json!(["failed", null, null]),
        ),
        (
            "LINE /responses end status=failed code=server_error x1",
            8,
            json!(["failed", null, "server_error"]),
        ),
    ];
    for (rule, status, wanted) in rows {
        let scene = Scene::faulty(rule);
        let ran = scene
            .feed(&asked(2), &format!("{BATCH} | oa-delete"))
            .is(status);
        let (kind, http, code) = errors(&ran).remove(0);
        let code = if wanted[2].is_null() {
            Value::Null
        } else {
            code
        };
        assert_eq!(json!([kind, http, code]), wanted, "{rule}");
        let records = ran.records();
        assert!(
            records[0]["error"]["message"].as_str().unwrap().len() > 5,
            "{rule}"
        );
        assert_eq!(records[1]["response"]["status"], "completed", "{rule}");
        scene.nothing_left();
    }
}

#[test]
fn each_request_counts_once_and_an_answer_wins_over_an_error() {
    for rule in [
        "LINE /responses doubled",
        "LINE /responses doubled in=error",
    ] {
        let scene = Scene::faulty(rule);
        let ran = scene.feed(&asked(3), &format!("{BATCH} | oa-delete")).is(0);
        assert_eq!(ran.records().len(), 3, "{rule}");
        answered(&ran);
        scene.nothing_left();
    }
}

#[test]
fn a_batch_that_completed_without_one_answer_fails_each_record_by_itself() {
    let scene = Scene::faulty("LINE /responses 400 code=bad");
    let ran = scene.feed(&asked(3), &format!("{BATCH} | oa-delete")).is(7);
    assert_eq!(
        errors(&ran),
        vec![(json!("refused"), json!(400), json!("bad")); 3]
    );
    scene.nothing_left();
}

#[test]
fn an_empty_id_of_a_file_is_none() {
    let scene = Scene::faulty(r#"GET /batches/* but patch={"error_file_id":""}"#);
    let ran = scene.feed(&asked(2), &format!("{BATCH} | oa-delete")).is(0);
    answered(&ran);
    assert_eq!(
        each(&ran, "/batch/error_file_id"),
        [Value::Null, Value::Null]
    );
    scene.nothing_left();
}

#[test]
fn what_expired_or_was_cancelled_meanwhile_can_be_asked_again() {
    for status in ["expired", "cancelled"] {
        let scene = Scene::faulty(&format!("POST /batches end status={status} done=1 x1"));
        let ran = scene
            .feed(&asked(3), &format!("set -o pipefail; {BATCH} | tee out"))
            .is(8);
        assert_eq!(
            each(&ran, "/error/retryable"),
            [Value::Null, json!(true), json!(true)]
        );
        let hint = ran.records()[1]["error"]["hint"].clone();
        assert!(
            hint.as_str().unwrap().contains("jq -c 'del(.error)'"),
            "{hint}"
        );
        let ran = scene.ok(&format!("jq -c 'del(.error)' out | {BATCH}"));
        assert_eq!(each(&ran, "/n"), [1, 2, 3].map(Value::from));
        answered(&ran);
        let totals: Vec<Value> = scene
            .ledger()
            .batches
            .iter()
            .map(|b| b["request_counts"]["total"].clone())
            .collect();
        assert_eq!(totals, [json!(3), json!(2)], "{status}");
    }
}

#[test]
fn lines_that_are_found_wrong_fail_and_the_rest_goes_again() {
    let scene = Scene::faulty("POST /batches end status=failed code=invalid_json_line line=2 x1");
    let ran = scene.feed(&asked(4), &format!("{BATCH} | oa-delete")).is(7);
    assert_eq!(each(&ran, "/n"), [1, 2, 3, 4].map(Value::from));
    let records = ran.records();
    assert_eq!(records[1]["error"]["code"], "invalid_json_line");
    assert!(records[1].get("batch").is_none());
    for n in [0, 2, 3] {
        assert_eq!(records[n]["response"]["status"], "completed");
        assert_eq!(records[n]["batch"]["custom_id"], (n + 1).to_string());
        assert_eq!(records[n]["batch"]["shared"], 3);
    }
    assert_eq!(scene.ledger().of("POST /files").len(), 2);
    scene.nothing_left();
}

#[test]
fn a_failure_that_names_no_line_fails_the_part_and_no_other() {
    for (code, status, kind) in [
        ("server_error", 7, "refused"),
        ("billing_hard_limit_reached", 5, "quota"),
    ] {
        let scene = Scene::faulty(&format!("POST /batches end status=failed code={code} x1"));
        let ran = scene
            .feed(&asked(4), &format!("{BATCH} --part-size 2 | oa-delete"))
            .is(status);
        let kinds = each(&ran, "/error/kind");
        assert_eq!(kinds, [json!(kind), json!(kind), Value::Null, Value::Null]);
        assert!(ran.records()[0].get("batch").is_none());
        scene.nothing_left();
    }
}

#[test]
fn a_file_that_is_not_known_straight_after_its_upload_is_waited_for() {
    for rule in [
        "POST /batches 404 x2",
        "POST /batches end status=failed code=file_not_found x1",
    ] {
        let scene = Scene::faulty(rule);
        let ran = scene.feed(&asked(2), &format!("{BATCH} | oa-delete")).is(0);
        answered(&ran);
        assert_eq!(scene.ledger().of("POST /files").len(), 1, "{rule}");
        scene.nothing_left();
    }
}

#[test]
fn a_creation_in_doubt_is_looked_for_and_never_repeated() {
    for fault in ["cut when=answer", "stall", "no-id"] {
        let scene = Scene::faulty(&format!("POST /batches {fault} x1"));
        let ran = scene.feed(
            &asked(3),
            &format!("{BATCH} --timeout 500ms --part-size 2 | oa-delete"),
        );
        let ran = ran.is(0);
        answered(&ran);
        let ledger = scene.ledger();
        assert_eq!(ledger.of("POST /batches").len(), 2, "{fault}");
        assert_eq!(ledger.batches.len(), 2, "{fault}");
        scene.nothing_left();
    }
}

#[test]
fn where_nobody_can_look_the_outcome_is_unknown_and_nothing_is_repeated() {
    let scene = Scene::faulty("POST /batches html status=502");
    scene.mock.fault("GET /batches 405");
    let ran = scene.feed(&asked(2), BATCH).is(10);
    assert_eq!(ran.kinds(), ["unknown_outcome", "unknown_outcome"]);
    let said = ran.records()[0]["error"]["message"].clone();
    assert_eq!(said, "HTML page \u{201c}Gateway\u{201d}");
    assert!(ran.stderr.contains("lists no Batches"), "{}", ran.stderr);
    let hint = ran.records()[0]["error"]["hint"].clone();
    assert!(hint.as_str().unwrap().contains("oa-list batches"), "{hint}");
    let ledger = scene.ledger();
    assert_eq!(ledger.of("POST /batches").len(), 1);
    assert_eq!(ledger.files.len(), 1);
}

#[test]
fn a_server_without_batches_says_so_at_once_and_keeps_nothing() {
    for status in [404, 405] {
        let scene = Scene::faulty(&format!("* /batches {status}"));
        let ran = scene.feed(&asked(2), &format!("{BATCH} | oa-delete")).is(7);
        let error = ran.records()[0]["error"].clone();
        assert_eq!(error["kind"], "refused");
        assert!(
            error["hint"].as_str().unwrap().contains("oa-respond -j"),
            "{error}"
        );
        scene.nothing_left();
    }
}

#[test]
fn weather_at_any_look_or_download_changes_nothing() {
    for rule in [
        "GET /batches 429 retry-after-ms=5 x9",
        "GET /batches/* 503 x4",
        "GET /batches/* cut x4",
        "GET /batches/* html status=502 x4",
        "GET /batches/* 404 x4",
        "GET /files/*/content 503 x4",
        "GET /files/*/content cut x4",
        "GET /files/*/content cut when=answer x4",
    ] {
        let scene = Scene::faulty(rule);
        let ran = scene.feed(&asked(3), &format!("{BATCH} | oa-delete")).is(0);
        answered(&ran);
        scene.nothing_left();
    }
}

#[test]
fn answers_that_are_gone_are_refused_and_nothing_is_bought_again() {
    let scene = Scene::new();
    scene.feed(&asked(2), &format!("{SUBMIT} -o jobs")).is(0);
    let batch = scene.ok(&format!("{BATCH} <jobs")).records()[0]["batch"].clone();
    scene.mock.expire(batch["output_file_id"].as_str().unwrap());
    let ran = scene
        .sh(&format!("set -o pipefail; {BATCH} <jobs | tee out"))
        .is(7);
    let error = ran.records()[0]["error"].clone();
    assert_eq!(
        (&error["kind"], &error["retryable"]),
        (&json!("refused"), &json!(false))
    );
    scene.sh(&format!("{BATCH} <out")).is(7);
    scene
        .sh(&format!("jq -c 'del(.error)' out | {BATCH}"))
        .is(7);
    assert_eq!(scene.ledger().batches.len(), 1);
}

#[test]
fn an_answer_that_is_no_answer_is_kept_and_not_bought_again() {
    let scene = Scene::faulty(
        r#"LINE /responses but patch={"id":null,"status":null,"output":null,"object":"odd"} x1"#,
    );
    let ran = scene.feed(&asked(2), BATCH).is(6);
    let error = ran.records()[0]["error"].clone();
    assert_eq!(
        (&error["kind"], &error["retryable"]),
        (&json!("network"), &json!(false))
    );
    assert!(error["body"].as_str().unwrap().contains("odd"), "{error}");
}

#[test]
fn a_deadline_leaves_the_batch_and_the_record_says_how_to_go_on() {
    let scene = Scene::with(&["--looks", "0"]);
    let ran = scene
        .feed(
            &asked(2),
            &format!("set -o pipefail; {BATCH} --deadline 300ms | tee out"),
        )
        .is(124);
    for record in ran.records() {
        assert_eq!(record["error"]["kind"], "deadline");
        assert_eq!(record["error"]["hint"], "oa-batch < FILE");
        assert!(record["batch"]["id"].is_string());
    }
    // Said once for all of its records.
    assert_eq!(
        ran.stderr.matches("oa-batch < FILE").count(),
        1,
        "{}",
        ran.stderr
    );
    assert_eq!(scene.ledger().statuses(), ["in_progress"]);
    let again = scene.sh(&format!("{BATCH} --deadline 1s <out")).is(124);
    assert_eq!(each(&again, "/batch/id"), each(&ran, "/batch/id"));
    assert_eq!(scene.ledger().batches.len(), 1);
}

#[test]
fn the_same_requests_are_not_bought_twice_unless_that_is_wanted() {
    let scene = Scene::with(&["--looks", "4"]);
    let line = format!("{SUBMIT} --part-size 2");
    let first = scene.feed(&asked(4), &line).is(0);
    let ran = scene.feed(&asked(4), &line).is(3);
    assert_eq!(ran.kinds(), ["input"; 4]);
    let error = ran.records()[0]["error"].clone();
    let id = first.records()[0]["batch"]["id"].clone();
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains(id.as_str().unwrap()),
        "{error}"
    );
    assert!(
        error["hint"].as_str().unwrap().contains("--adopt"),
        "{error}"
    );
    let ledger = scene.ledger();
    assert_eq!(
        (ledger.batches.len(), ledger.of("POST /files").len()),
        (2, 2)
    );
    let ran = scene.feed(&asked(4), &format!("{line} --adopt")).is(0);
    assert_eq!(each(&ran, "/batch"), each(&first, "/batch"));
    assert_eq!(scene.ledger().batches.len(), 2);
    let ran = scene.feed(&asked(4), &format!("{line} --again")).is(0);
    assert_eq!(scene.ledger().batches.len(), 4);
    assert_ne!(each(&ran, "/batch/id"), each(&first, "/batch/id"));
    // Another order, another size: other requests.
    scene
        .feed(&asked(4), &format!("{SUBMIT} --part-size 3"))
        .is(0);
    assert_eq!(scene.ledger().batches.len(), 6);
}

#[test]
fn what_failed_or_whose_answers_are_gone_may_be_bought_anew() {
    let scene = Scene::new();
    for (rule, status) in [
        ("POST /batches end status=failed code=server_error x1", 7),
        ("POST /batches end status=expired done=0 x1", 8),
    ] {
        scene.mock.fault(rule);
        scene.feed(&asked(2), BATCH).is(status);
    }
    let ran = scene.feed(&asked(2), BATCH).is(0);
    let batch = ran.records()[0]["batch"].clone();
    scene.feed(&asked(2), BATCH).is(3);
    scene.mock.expire(batch["output_file_id"].as_str().unwrap());
    scene.feed(&asked(2), BATCH).is(0);
    assert_eq!(scene.ledger().batches.len(), 4);
}
