//! What is tried again, how often, and what never is.

use serde_json::Value;

use crate::scene::Scene;

#[test]
fn an_upload_is_opened_and_sent_again_after_trouble() {
    let faults = [
        "429 retry-after-ms=1",
        "500 retry-after-ms=1",
        "503 retry-after-ms=1",
        "409 retry-after-ms=1",
        "cut when=body",
    ];
    for fault in faults {
        let scene = Scene::faulty(&format!("POST /files {fault} x1"));
        scene.ok("truncate -s 16000000 report.pdf; oa-upload report.pdf | oa-delete");
        let ledger = scene.ledger();
        let uploads = ledger.of("POST /files");
        let last = uploads.last().unwrap();
        assert_eq!(last.status, 200, "{fault}");
        let sum = scene.ok("sha256sum <report.pdf").stdout;
        assert!(sum.starts_with(&last.part("file").sha256), "{fault}");
        scene.nothing_left();
    }
}

#[test]
fn a_question_is_asked_again_when_the_server_said_so() {
    for fault in [
        "429 retry-after-ms=1",
        "500 retry-after-ms=1",
        "503 retry-after-ms=1",
        "429 retry-after=0",
    ] {
        let scene = Scene::faulty(&format!("POST /responses {fault} x2"));
        let record = scene
            .ok("oa-upload notes.txt | oa-respond -p why | oa-delete")
            .record();
        assert_eq!(record["response"]["status"], "completed");
        let ledger = scene.ledger();
        let asked: Vec<(u16, Value)> = ledger
            .of("POST /responses")
            .iter()
            .map(|r| (r.status, r.json()))
            .collect();
        assert_eq!(asked.len(), 3, "{fault}");
        assert!(asked.iter().all(|(_, body)| *body == asked[0].1));
        scene.nothing_left();
    }
}

#[test]
fn the_number_of_retries_can_be_chosen() {
    for (retries, requests) in [("0", 1), ("1", 2), ("4", 5)] {
        let scene = Scene::faulty("POST /responses 500 retry-after-ms=1");
        let error = scene
            .sh(&format!("oa-respond -n -p why --retries {retries}"))
            .is(7)
            .record()["error"]
            .clone();
        assert_eq!(error["retryable"], true);
        assert_eq!(scene.ledger().of("POST /responses").len(), requests);
    }
}

#[test]
fn what_needs_a_human_or_a_change_is_not_tried_again() {
    let faults = [
        ("429 code=insufficient_quota", 5),
        (
            "429 code=credit_balance_exhausted type=insufficient_quota",
            5,
        ),
        ("400", 7),
        ("401", 4),
        ("403", 4),
        ("404", 7),
        ("422", 7),
        ("503 should-retry=false", 7),
        ("302 location=/v1/responses", 7),
    ];
    for (fault, status) in faults {
        let scene = Scene::faulty(&format!("POST /responses {fault}"));
        scene.sh("oa-respond -n -p why").is(status);
        assert_eq!(scene.ledger().of("POST /responses").len(), 1, "{fault}");
    }
}

#[test]
fn a_question_that_may_have_been_paid_for_is_never_repeated() {
    for fault in ["cut", "html status=502", "html status=504", "stall"] {
        let scene = Scene::faulty(&format!("POST /responses {fault}"));
        let line = "oa-upload notes.txt | oa-respond -p why --timeout 500ms | oa-delete";
        let record = scene.sh(line).is(10).record();
        assert_eq!(record["error"]["kind"], "unknown_outcome", "{fault}");
        assert_eq!(record["error"]["retryable"], false, "{fault}");
        assert!(
            record["error"]["hint"].is_string(),
            "{fault}: no word on how to look"
        );
        assert_eq!(scene.ledger().of("POST /responses").len(), 1, "{fault}");
        scene.nothing_left();
    }
}

#[test]
fn an_unknown_outcome_is_repeated_when_the_user_says_so() {
    let scene = Scene::faulty("POST /responses cut x1");
    scene.ok("oa-respond -n -p why --retry-unknown");
    assert_eq!(scene.ledger().of("POST /responses").len(), 2);
}

#[test]
fn a_key_goes_to_no_other_host() {
    let scene = Scene::new();
    let other = Scene::new();
    let url = &other.mock.environment[0].1;
    for status in [301, 302, 303, 307, 308] {
        scene.mock.fault(&format!(
            "POST /responses {status} location={url}/responses x1"
        ));
        scene.sh("oa-respond -n -p why").is(7);
    }
    assert_eq!(other.ledger().asked(), [""; 0]);
    let ran = scene
        .sh("OPENAI_BASE_URL=http://example.com/v1 oa-respond -n -p why")
        .is(2);
    ran.says(&["--allow-insecure-http"]);
}

#[test]
fn deletions_are_tried_again() {
    for fault in [
        "500 retry-after-ms=1",
        "429 retry-after-ms=1",
        "cut",
        "cut when=before",
    ] {
        let scene = Scene::faulty(&format!("DELETE /files/* {fault} x1"));
        scene.ok("oa-upload notes.txt | oa-delete");
        scene.nothing_left();
    }
}

#[test]
fn an_id_that_stood_in_a_cut_answer_is_kept() {
    let scene = Scene::faulty("POST /files cut-json");
    let ran = scene
        .sh("oa-upload notes.txt | tee up.json | oa-delete")
        .is(6);
    assert_eq!(ran.kinds(), ["network"]);
    assert_eq!(ran.record()["files"][0]["path"], "notes.txt");
    scene.nothing_left();

    let scene = Scene::faulty("POST /responses cut-json");
    let ran = scene.ok("oa-respond -n -b -p why | oa-poll --interval 20ms | oa-delete");
    assert_eq!(ran.record()["response"]["status"], "completed");
    scene.nothing_left();

    let scene = Scene::faulty("POST /responses cut-json");
    let record = scene.sh("oa-respond -n -p why").is(6).record();
    let id = record["response"]["id"].as_str().unwrap();
    assert_eq!(record["error"]["hint"], format!("oa-poll {id}"));
    assert_eq!(record["error"]["retryable"], false);
}

#[test]
fn an_answer_of_the_wrong_kind_to_an_upload_is_no_success() {
    for fault in ["html", "empty", "wrong-kind", "no-id"] {
        let scene = Scene::faulty(&format!("POST /files {fault}"));
        let ran = scene.sh("oa-upload notes.txt --retries 0").is(6);
        assert_eq!(ran.kinds(), ["network"], "{fault}");
        assert_eq!(
            ran.record()["files"].as_array().map_or(0, Vec::len),
            0,
            "{fault}"
        );
    }
}
