//! Waiting: until a response is final, through trouble, with a deadline, and later on.

use serde_json::{Value, json};

use crate::harness::Ledger;
use crate::pipes::text_of;
use crate::scene::{Scene, lines};

const POLL: &str = "oa-poll --interval 20ms";

/// A response in the background: its record as a line, and its id.
fn job(scene: &Scene) -> (String, String) {
    let ran = scene.ok("oa-respond -n -b -p why");
    let id = ran.record()["response"]["id"].as_str().unwrap().to_owned();
    (ran.stdout, id)
}

#[test]
fn a_response_is_waited_for_and_its_text_added() {
    let scene = Scene::with(&["--looks", "4"]);
    let (job, id) = job(&scene);
    let record = scene.feed(&job, POLL).is(0).record();
    let ledger = scene.ledger();
    assert_eq!(record["response"], ledger.responses[0]);
    assert_eq!(record["output_text"], text_of(&ledger.responses[0]));
    let looks = ledger.of("GET /responses/*");
    assert_eq!(looks.len(), 4);
    assert!(
        looks
            .iter()
            .all(|look| look.path == format!("/v1/responses/{id}"))
    );
}

#[test]
fn ids_may_be_named_as_arguments() {
    let scene = Scene::new();
    let ids = [job(&scene).1, job(&scene).1];
    let ran = scene.ok(&format!("{POLL} -k {} {} </dev/null", ids[0], ids[1]));
    let got: Vec<Value> = ran
        .records()
        .iter()
        .map(|r| r["response"]["id"].clone())
        .collect();
    assert_eq!(got, ids);
    let ran = scene.ok(&format!("{POLL} -t {}", ids[0]));
    assert_eq!(
        ran.stdout,
        format!("{}\n", text_of(&scene.ledger().responses[0]))
    );
}

#[test]
fn a_final_response_passes_without_a_look() {
    let scene = Scene::new();
    let done = scene.ok("oa-respond -n -p why").stdout;
    let ran = scene.feed(&done, POLL).is(0);
    assert_eq!(ran.stdout, done);
    assert_eq!(scene.ledger().asked(), ["POST /responses"]);
}

#[test]
fn transient_trouble_is_tolerated() {
    // More of it than a request alone is tried again.
    let rows = [
        ("404", 404),
        ("408 retry-after-ms=1", 408),
        ("409", 409),
        ("429 retry-after-ms=1", 429),
        ("500 retry-after-ms=1", 500),
        ("503 retry-after-ms=1", 503),
        ("html status=502", 502),
        ("cut", 0),
        ("cut when=before", 0),
        ("cut when=answer", 0),
        ("stall", 0),
    ];
    for (fault, status) in rows {
        let scene = Scene::faulty(&format!("GET /responses/* {fault} x4"));
        let line = "oa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms --timeout 300ms | oa-delete";
        let record = scene.ok(line).record();
        assert_eq!(record["response"]["status"], "completed", "{fault}");
        let ledger = scene.ledger();
        let looks = ledger.of("GET /responses/*");
        let looks: Vec<u16> = looks.iter().map(|look| look.status).collect();
        assert_eq!(looks[..4], [status; 4], "{fault}");
        let good = looks[4..].iter().all(|status| *status == 200);
        assert!(looks.len() > 4 && good, "{fault}: {looks:?}");
        scene.nothing_left();
    }
}

#[test]
fn trouble_that_does_not_pass_ends_with_the_deadline() {
    let scene = Scene::faulty("GET /responses/* 500 retry-after-ms=1");
    let line = "oa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms --deadline 300ms | oa-delete";
    let ran = scene.sh(line).is(124);
    assert_eq!(ran.kinds(), ["deadline"]);
    scene.nothing_left();
}

#[test]
fn a_refusal_is_not_waited_through() {
    for (fault, status) in [("400", 7), ("401", 4), ("403", 4)] {
        let scene = Scene::faulty(&format!("GET /responses/* {fault}"));
        let line =
            "oa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms | oa-delete";
        scene.sh(line).is(status);
        assert_eq!(scene.ledger().of("GET /responses/*").len(), 1, "{fault}");
        scene.nothing_left();
    }
}

#[test]
fn a_deadline_leaves_a_record_that_can_be_polled_again() {
    let scene = Scene::with(&["--looks", "6"]);
    let (job, id) = job(&scene);
    let late = scene
        .feed(&job, "oa-poll --interval 10s --deadline 100ms")
        .is(124);
    let error = late.record()["error"].clone();
    assert_eq!(error["kind"], "deadline");
    assert_eq!(error["hint"], format!("oa-poll {id}"));
    assert_eq!(error["retryable"], true);
    let record = scene.feed(&late.stdout, POLL).is(0).record();
    assert_eq!(record["error"], Value::Null);
    assert!(record.get("error").is_none(), "{record}");
    assert_eq!(record["response"]["status"], "completed");
}

#[test]
fn an_unfinished_record_is_taken_up_whatever_ended_the_wait_if_only_that_passes() {
    let scene = Scene::new();
    let kinds = [
        "deadline",
        "interrupted",
        "network",
        "rate_limit",
        "refused",
        "auth",
        "skipped",
        "a kind of tomorrow",
    ];
    for (kind, retryable) in kinds.into_iter().flat_map(|k| [(k, true), (k, false)]) {
        let (job, _) = job(&scene);
        let mut record: Value = serde_json::from_str(&job).unwrap();
        let error = json!({"tool": "x", "kind": kind, "message": "m", "retryable": retryable});
        record["error"] = error.clone();
        let ran = scene.feed(&record.to_string(), POLL);
        assert_eq!(ran.status == 0, retryable, "{kind}");
        let left = ran.record().get("error").cloned();
        assert_eq!(left, (!retryable).then_some(error), "{kind}");
    }
}

#[test]
fn a_record_without_a_response_is_an_input_error() {
    let scene = Scene::new();
    let ran = scene.feed("{\"prompt\":\"x\"}", POLL).is(3);
    assert_eq!(ran.kinds(), ["input"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn every_final_status_has_its_verdict() {
    let rows = [
        ("failed code=server_error message=broke", 8, "failed"),
        ("cancelled", 8, "failed"),
        ("expired", 8, "failed"),
        ("refusal text=no", 8, "failed"),
        ("incomplete reason=max_output_tokens", 9, "incomplete"),
    ];
    for (end, status, kind) in rows {
        let scene = Scene::faulty(&format!("POST /responses end status={end}"));
        let (job, _) = job(&scene);
        let ran = scene.feed(&job, POLL).is(status);
        assert_eq!(ran.kinds(), [kind], "{end}");
        if kind == "incomplete" {
            scene
                .feed(&job, &format!("{POLL} --allow-incomplete"))
                .is(0);
        }
    }
}

#[test]
fn cancelling_is_a_success() {
    let scene = Scene::with(&["--looks", "0"]);
    let (job, id) = job(&scene);
    let ran = scene.feed(&job, "oa-poll --cancel").is(0);
    assert_eq!(ran.record()["response"]["status"], "cancelled");
    assert_eq!(scene.ledger().statuses(), ["cancelled"]);
    scene.ok(&format!("oa-poll --cancel {id}"));
    scene.nothing_left();
}

#[test]
fn many_responses_are_waited_for_side_by_side() {
    let scene = Scene::with(&["--looks", "3"]);
    let prompts: Vec<Value> = (0..30).map(|n| json!({"prompt": n.to_string()})).collect();
    let prompts = lines(&prompts);
    let ran = scene
        .feed(
            &prompts,
            "oa-respond -b -j 4 | oa-poll --interval 100ms --deadline 30s -k",
        )
        .is(0);
    assert_eq!(ran.records().len(), 30);
    let ledger = scene.ledger();
    let first: Vec<&str> = ledger
        .of("GET /responses/*")
        .iter()
        .take(30)
        .map(|r| r.path.as_str())
        .collect();
    let mut different = first.clone();
    different.sort_unstable();
    different.dedup();
    assert!(different.len() > 10, "one after the other: {first:?}");
    scene.nothing_left();
}

#[test]
fn as_many_are_looked_at_in_the_same_moment_as_was_said() {
    let scene = Scene::new();
    let prompts: Vec<Value> = (0..40).map(|n| json!({"prompt": n.to_string()})).collect();
    scene
        .feed(&lines(&prompts), "oa-respond -b -j 8 >jobs")
        .is(0);
    for (option, looks) in [("", 16), ("-j 3", 3), ("-j 30", 30)] {
        let before = scene.ledger().of("GET /responses/*").len();
        scene.mock.fault("GET /responses/* stall when=before");
        let running = scene.start(&format!("oa-poll {option} --interval 20ms <jobs"));
        let asked = |ledger: &Ledger| ledger.of("GET /responses/*").len() - before;
        scene
            .mock
            .until("so many looks", |ledger| asked(ledger) >= looks);
        assert_eq!(asked(&scene.ledger()), looks);
        scene.mock.no_faults();
        assert_eq!(running.finish().is(0).records().len(), 40);
    }
}

#[test]
fn an_unknown_id_is_an_error_with_the_servers_words() {
    let scene = Scene::new();
    let line = "oa-poll --interval 20ms --deadline 200ms resp_nosuch";
    let error = scene.sh(line).is(124).record()["error"].clone();
    let message = error["message"].as_str().unwrap();
    let words = "Response with id 'resp_nosuch' not found.";
    assert!(message.contains(words), "{message}");
    // It may be known in a minute.
    let got = (&error["kind"], &error["retryable"], &error["hint"]);
    let hint = json!("oa-poll resp_nosuch");
    assert_eq!(got, (&json!("deadline"), &json!(true), &hint));
    let ledger = scene.ledger();
    let looks = ledger.of("GET /responses/*");
    assert!(!looks.is_empty() && looks.iter().all(|look| look.status == 404));
}

#[test]
fn deadline_0_means_for_ever_and_nonsense_is_usage() {
    let scene = Scene::new();
    let (job, _) = job(&scene);
    scene.feed(&job, &format!("{POLL} --deadline 0")).is(0);
    for wrong in ["--deadline soon", "--interval -1s", "--interval 5x"] {
        scene.feed(&job, &format!("oa-poll {wrong}")).is(2);
    }
}

#[test]
fn a_record_is_written_before_the_input_ends() {
    let scene = Scene::new();
    let (job, _) = job(&scene);
    scene.file("job.json", job);
    let line = "mkfifo up down; oa-poll --interval 20ms <up >down & exec 3>up 4<down; cat job.json >&3; read -r first <&4; exec 3>&-; wait; echo \"$first\"";
    assert_eq!(scene.ok(line).record()["response"]["status"], "completed");
}
