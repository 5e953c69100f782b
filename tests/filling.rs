//! Files on their way into a store, through all weather.

use std::time::Instant;

use serde_json::{Value, json};

use crate::scene::{Ran, Scene};

const UP: &str = "oa-upload -j 1 -P assistants a.md b.md | oa-index --interval 20ms";

/// Two files in a folder, and a server with these faults.
fn scene(faults: &[&str]) -> Scene {
    let scene = Scene::new();
    scene
        .file("a.md", "Iron rusts.\n")
        .file("b.md", "Gold does not.\n");
    for fault in faults {
        scene.mock.fault(fault);
    }
    scene
}

#[test]
fn weather_is_no_verdict_on_a_store() {
    for fault in [
        "GET /vector_stores/*/file_batches/* 404 x3",
        "GET /vector_stores/*/file_batches/* 503 x3",
        "GET /vector_stores/*/file_batches/* html status=404 x3",
        "GET /vector_stores/*/file_batches/* cut x3",
        "GET /vector_stores/*/file_batches/*/files 404 x3",
        "GET /vector_stores/*/file_batches/*/files 503 x3",
        "GET /vector_stores/*/file_batches/*/files html x3",
    ] {
        let failing =
            "POST /vector_stores/*/file_batches end status=failed code=server_error file=b.md";
        let scene = scene(&[fault, failing]);
        let ran = scene.sh(&format!("{UP} --allow-partial | oa-delete")).is(0);
        ran.says(&["b.md: server_error"]);
        scene.nothing_left();
    }
}

#[test]
fn the_server_is_asked_again_when_it_says() {
    let body = r#"{"id":"vsfb_1","status":"in_progress"}"#;
    for rule in [
        format!("200 header='openai-poll-after-ms: 300' body='{body}' x1"),
        "429 retry-after-ms=300 x1".to_owned(),
        "503 retry-after-ms=300 x1".to_owned(),
    ] {
        let scene = scene(&[&format!("GET /vector_stores/*/file_batches/* {rule}")]);
        let ran = scene.ok(&format!("{UP} -v | oa-delete"));
        let waits = ran
            .stderr
            .lines()
            .filter_map(|line| line.split_once(" again in "));
        let waits: Vec<&str> = waits.map(|(_, wait)| wait).collect();
        assert!(
            waits.iter().any(|wait| wait.starts_with("30")),
            "{rule}: {waits:?}"
        );
    }
    let scene = scene(&[&format!(
        "GET /vector_stores/*/file_batches/* 200 header='openai-poll-after-ms: 1e22' body='{body}' x1"
    )]);
    // The last look is taken at the deadline, and finds it done.
    scene.mock.fault("GET /vector_stores/*/file_batches/* 200 body='{\"id\":\"vsfb_1\",\"file_counts\":{\"completed\":2}}'");
    scene.ok(&format!("{UP} --deadline 1s | oa-delete"));
    assert_eq!(
        scene
            .ledger()
            .of("GET /vector_stores/*/file_batches/*")
            .len(),
        2
    );
    scene.nothing_left();
}

#[test]
fn the_deadline_holds_everywhere() {
    for fault in [
        "POST /vector_stores stall",
        "POST /vector_stores/*/file_batches stall",
        "GET /vector_stores/*/file_batches/* stall",
        "GET /vector_stores/*/file_batches/*/files stall",
        "GET /vector_stores/* stall",
        "GET /vector_stores/*/files/* stall",
    ] {
        let scene = scene(&[
            fault,
            "POST /vector_stores/*/file_batches end status=failed file=b.md",
        ]);
        if fault.contains("/files/*") {
            scene.mock.fault("POST /vector_stores/*/file_batches 404");
        }
        let begun = Instant::now();
        let ran = scene.sh(&format!("{UP} --deadline 500ms | oa-delete"));
        assert!(begun.elapsed().as_secs() < 20, "{fault}: {}", ran.stderr);
        assert_ne!(ran.status, 0, "{fault}");
    }
}

#[test]
fn a_server_without_batches_is_given_the_files_one_by_one() {
    for refusal in ["404", "405", "html status=404"] {
        let rule = format!("POST /vector_stores/*/file_batches {refusal}");
        let scene = scene(&[&rule]);
        let ran = scene.ok(&format!(
            "{UP} --attribute year=2024 | tee made | oa-search -p iron"
        ));
        let record = ran.record();
        assert_eq!(
            record["vector_store"]["file_counts"]["completed"], 2,
            "{refusal}"
        );
        let ledger = scene.ledger();
        let sent: Vec<Value> = ledger
            .of("POST /vector_stores/*/files")
            .iter()
            .map(|r| r.json())
            .collect();
        let wanted = |file: &Value| json!({"attributes": {"year": 2024}, "file_id": file["id"]});
        let files = record["files"].as_array().unwrap();
        assert_eq!(sent, files.iter().map(wanted).collect::<Vec<_>>());
        assert!(!ledger.of("GET /vector_stores/*/files/*").is_empty());
        assert_eq!(record["results"][0]["attributes"], json!({"year": 2024}));
        scene.ok("oa-delete <made");
        scene.nothing_left();
    }
}

#[test]
fn one_by_one_a_file_that_fails_is_named_and_a_young_one_is_asked_for_again() {
    let no_batches = "POST /vector_stores/*/file_batches 404";
    for (fault, why) in [
        (
            "end status=failed code=invalid_file message=broken file=b.md",
            "invalid_file: broken",
        ),
        ("400 message=no_such_type skip=1", "no such type"),
    ] {
        let scene = scene(&[no_batches, &format!("POST /vector_stores/*/files {fault}")]);
        let ran = scene.sh(&format!("{UP} | oa-delete")).is(8);
        let message = ran.record()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            message.starts_with("1 of 2 files were not indexed: b.md: "),
            "{message}"
        );
        assert!(message.contains(why), "{message}");
        scene.nothing_left();
    }
    for weather in [
        "POST /vector_stores/*/files 404 x3",
        "POST /vector_stores/*/files 503 x3",
        "POST /vector_stores/*/files cut x3",
        "GET /vector_stores/*/files/* 404 x3",
        "GET /vector_stores/*/files/* html x3",
    ] {
        let scene = scene(&[no_batches, weather]);
        scene.ok(&format!("{UP} | oa-delete"));
        scene.nothing_left();
    }
    let scene = scene(&[no_batches, "POST /vector_stores/*/files 401"]);
    scene.sh(&format!("{UP} | oa-delete")).is(4);
    assert_eq!(scene.ledger().of("POST /vector_stores/*/files").len(), 1);
}

#[test]
fn files_that_expire_are_named_where_the_store_is_kept() {
    let scene = scene(&[]);
    let ran = scene.ok(&format!("{UP} --keep | tee made"));
    assert_eq!(ran.record().get("error"), None);
    let ran = ran.says(&[
        "oa-index: warning: a.md: ",
        "oa-index: warning: b.md: ",
        "expires",
    ]);
    let body = scene.ledger().of("POST /vector_stores")[0].json();
    assert_eq!(body, json!({"name": "oa-index"}));
    let told = ran.stderr.matches("warning").count();
    assert_eq!(told, 2, "{}", ran.stderr);
    scene.ok("oa-delete <made");
    let kept = scene.ok(&format!(
        "{} --keep | oa-delete",
        UP.replace("-j 1", "--keep")
    ));
    assert!(!kept.stderr.contains("warning"), "{}", kept.stderr);
}

#[test]
fn a_store_that_several_records_share_says_how_many() {
    let scene = scene(&[]);
    scene.ok("oa-upload --each -P assistants a.md b.md notes.txt >files");
    let one = "oa-index --one --name n --interval 20ms";
    let shared = |ran: &Ran| -> Vec<Value> {
        let records = ran.records();
        records
            .iter()
            .map(|r| r["vector_store"]["shared"].clone())
            .collect()
    };
    let ran = scene.ok(&format!("{one} <files | tee made"));
    assert_eq!(shared(&ran), [3, 3, 3]);
    // It stays where the store is looked at again, and counts only those that have part in it.
    let ran = scene.ok("head -n 1 made | oa-index --interval 20ms");
    assert_eq!(shared(&ran), [3]);
    assert_eq!(ran.record()["vector_store"]["made"], true);
    scene.ok("oa-delete <made");
    scene.ok("oa-upload --each -P assistants a.md b.md >files; (cat files; echo '{}') >all");
    let ran = scene.sh(&format!("{one} <all | tee made"));
    assert_eq!(shared(&ran), [json!(2), json!(2), Value::Null]);
    scene.sh("oa-delete <made");
    let ran = scene.ok(&format!("oa-upload -P assistants a.md | {one} | tee made"));
    assert_eq!(shared(&ran), [Value::Null]);
    scene.ok("oa-delete <made");
    scene.nothing_left();
}
