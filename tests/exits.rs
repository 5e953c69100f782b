//! The exit table: every status, its kind, and which one wins.

use serde_json::json;

use crate::scene::{Scene, lines};

/// Fault, options of `oa-respond`, status, kind. All waits are as short as the server asks for.
const ROWS: [(&str, &str, i32, &str); 41] = [
    ("GET /nothing 500", "", 0, ""),
    ("POST /responses end status=none", "", 0, ""),
    ("POST /responses end status=empty", "", 0, ""),
    (
        "POST /responses end status=incomplete reason=max_output_tokens",
        "--allow-incomplete",
        0,
        "",
    ),
    ("POST /responses 401", "", 4, "auth"),
    ("POST /responses 403", "", 4, "auth"),
    (
        "POST /responses 429 retry-after-ms=1",
        "--max-wait 0s",
        5,
        "rate_limit",
    ),
    (
        "POST /responses 429 code=insufficient_quota",
        "",
        5,
        "quota",
    ),
    (
        "POST /responses 429 type=insufficient_quota code=project_spend_limit_exceeded",
        "",
        5,
        "quota",
    ),
    ("POST /responses html", "", 6, "network"),
    ("POST /responses html status=404", "", 6, "network"),
    ("POST /responses empty", "", 6, "network"),
    ("POST /responses cut-json", "", 6, "network"),
    ("POST /responses wrong-kind", "", 6, "network"),
    ("POST /responses no-id", "", 0, ""),
    ("POST /responses 408", "", 10, "unknown_outcome"),
    (
        "POST /responses html status=429",
        "--max-wait 0s",
        5,
        "rate_limit",
    ),
    ("POST /responses html status=401", "", 4, "auth"),
    ("POST /responses 407", "", 6, "network"),
    ("POST /responses cut when=answer", "", 6, "network"),
    ("POST /responses 400 body=nonsense", "", 6, "network"),
    (
        "POST /responses 302 location=http://127.0.0.1:9/",
        "",
        7,
        "refused",
    ),
    (
        "POST /responses 307 location=http://127.0.0.1:9/",
        "",
        7,
        "refused",
    ),
    (
        "POST /responses 400 code=unknown_parameter",
        "",
        7,
        "refused",
    ),
    ("POST /responses 404", "", 7, "refused"),
    ("POST /responses 413", "", 7, "refused"),
    ("POST /responses 422", "", 7, "refused"),
    ("POST /responses 500 retry-after-ms=1", "", 7, "refused"),
    (
        "POST /responses 503 retry-after-ms=1",
        "--max-wait 0s",
        7,
        "refused",
    ),
    ("POST /responses end status=failed", "", 8, "failed"),
    ("POST /responses end status=cancelled", "", 8, "failed"),
    ("POST /responses end status=expired", "", 8, "failed"),
    (
        "POST /responses end status=refusal text='I will not.'",
        "",
        8,
        "failed",
    ),
    (
        "POST /responses end status=incomplete reason=max_output_tokens",
        "",
        9,
        "incomplete",
    ),
    (
        "POST /responses end status=incomplete reason=content_filter",
        "",
        9,
        "incomplete",
    ),
    ("POST /responses cut", "", 10, "unknown_outcome"),
    (
        "POST /responses stall",
        "--timeout 300ms",
        10,
        "unknown_outcome",
    ),
    ("POST /responses html status=502", "", 10, "unknown_outcome"),
    ("POST /responses html status=504", "", 10, "unknown_outcome"),
    ("POST /files 401", "", 4, "auth"),
    ("POST /files html", "", 6, "network"),
];

fn check(rows: &[(&str, &str, i32, &str)]) {
    for (fault, options, status, kind) in rows {
        let scene = Scene::faulty(fault);
        let ask = format!(
            "oa-upload notes.txt | oa-respond -p why {options} >asked; echo $?; oa-delete <asked"
        );
        let ran = scene.sh(&ask);
        assert_eq!(ran.status, *status, "{fault}\n{}", ran.stderr);
        let (respond, record) = ran.stdout.split_once('\n').unwrap();
        assert_eq!(respond, status.to_string(), "oa-respond after {fault}");
        let record: serde_json::Value = serde_json::from_str(record).unwrap();
        assert_eq!(
            record["error"]["kind"].as_str().unwrap_or(""),
            *kind,
            "{fault}"
        );
        scene.nothing_left();
    }
}

#[test]
fn every_end_has_its_status_good_ends_and_refusals_of_the_key() {
    check(&ROWS[..9]);
}

#[test]
fn every_end_has_its_status_replies_that_are_not_the_apis() {
    check(&ROWS[9..17]);
}

#[test]
fn every_end_has_its_status_refusals() {
    check(&ROWS[17..25]);
}

#[test]
fn every_end_has_its_status_answers_that_are_none() {
    check(&ROWS[25..]);
}

#[test]
fn a_reply_that_broke_after_a_paid_question_is_not_called_retryable() {
    for fault in ["html", "empty", "cut-json", "cut when=answer"] {
        let scene = Scene::faulty(&format!("POST /responses {fault}"));
        let error = scene.sh("oa-respond -n -p why").is(6).record()["error"].clone();
        assert_eq!(error["retryable"], false, "{fault}: {error}");
        assert_eq!(scene.ledger().of("POST /responses").len(), 1, "{fault}");
    }
}

#[test]
fn words_of_a_refusal_and_the_reason_of_an_early_end_are_the_message() {
    let cases = [
        ("refusal text='I will not.'", 8, "I will not."),
        ("incomplete reason=content_filter", 9, "content_filter"),
        (
            "failed code=server_error message='It broke.'",
            8,
            "It broke.",
        ),
    ];
    for (end, status, words) in cases {
        let scene = Scene::faulty(&format!("POST /responses end status={end}"));
        let record = scene.sh("oa-respond -n -p why").is(status).record();
        let message = record["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{end}: {message}");
        assert!(record["response"]["id"].is_string(), "{end}: {record}");
    }
}

#[test]
fn an_early_end_keeps_its_partial_text() {
    let scene =
        Scene::faulty("POST /responses end status=incomplete reason=max_output_tokens text=Half");
    let record = scene.sh("oa-respond -n -p why").is(9).record();
    assert_eq!(record["output_text"], "Half");
    let ran = scene.sh("oa-respond -n -p why --allow-incomplete -t").is(0);
    assert_eq!(ran.stdout, "Half\n");
}

#[test]
fn no_text_where_text_was_wanted_is_a_failure() {
    let scene = Scene::faulty("POST /responses end status=empty");
    let ran = scene.sh("oa-respond -n -p why -t").is(8);
    assert_eq!(ran.stdout, "");
    scene.ok("oa-respond -n -p why");
}

#[test]
fn no_server_is_network_and_no_key_is_auth() {
    let scene = Scene::new();
    let nobody = "OPENAI_BASE_URL=http://127.0.0.1:9/v1";
    let ran = scene
        .sh(&format!("{nobody} oa-respond -n -p why --retries 0"))
        .is(6);
    assert_eq!(ran.kinds(), ["network"]);
    let ran = scene
        .sh(&format!("{nobody} oa-upload notes.txt --retries 0"))
        .is(6);
    assert_eq!(ran.kinds(), ["network"]);
    for key in ["env -u OPENAI_API_KEY", "OPENAI_API_KEY="] {
        scene
            .sh(&format!("{key} oa-respond -n -p why"))
            .is(4)
            .says(&["OPENAI_API_KEY"]);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn records_that_agree_give_their_status_and_others_1() {
    let scene = Scene::new();
    let record = |kind: &str| json!({"error": {"kind": kind, "message": "m"}});
    let cases: [(&[&str], i32); 9] = [
        (&["auth", "auth"], 4),
        (&["rate_limit", "quota"], 5),
        (&["auth", "failed"], 1),
        (&["failed", "skipped", "skipped"], 8),
        (&["skipped"], 11),
        (&["deadline"], 124),
        (&["unknown_outcome"], 10),
        (&["incomplete"], 9),
        (&["interrupted"], 130),
    ];
    for (kinds, status) in cases {
        let mut records = vec![json!({"good": true})];
        records.extend(kinds.iter().map(|kind| record(kind)));
        let ran = scene.feed(&lines(&records), "oa-delete");
        assert_eq!(ran.status, status, "{kinds:?}");
        assert_eq!(ran.stdout, lines(&records));
        let ran = scene.feed(&(lines(&records) + "oops"), "oa-delete");
        assert_eq!(ran.status, 3, "{kinds:?} and a malformed stream");
    }
}

#[test]
fn a_tool_that_got_no_signal_exits_with_the_number_of_the_one_that_did() {
    let scene = Scene::new();
    for (name, status) in [("SIGHUP", 129), ("SIGINT", 130), ("SIGTERM", 143)] {
        let record = json!({"error": {"kind": "interrupted", "message": "m", "signal": name}});
        let ran = scene.feed(&record.to_string(), "oa-delete").is(status);
        assert_eq!(ran.signal, None, "{name}");
    }
}

#[test]
fn one_failed_record_of_many_does_not_stop_the_others() {
    let scene = Scene::faulty("POST /responses 400 skip=1 x1");
    let line = "oa-upload --each notes.txt report.pdf figure.png | oa-respond -p why | oa-delete";
    let ran = scene.sh(line).is(7);
    assert_eq!(ran.kinds(), ["", "refused", ""]);
    scene.nothing_left();
}

#[test]
fn fail_fast_skips_the_rest_and_still_cleans_up() {
    let scene = Scene::faulty("POST /responses 400 skip=1 x1");
    let line = "oa-upload --each notes.txt report.pdf figure.png notes.txt | oa-respond -p why --fail-fast | oa-delete";
    let ran = scene.sh(line).is(7);
    assert_eq!(ran.kinds(), ["", "refused", "skipped", "skipped"]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 2);
    scene.nothing_left();
}
