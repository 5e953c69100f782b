//! Answers within a window: what is sent, what the record keeps, and files that must live so long.

use serde_json::{Value, json};

use crate::scene::Scene;

/// Seconds since 1970 on this machine, and so many more.
fn in_seconds(seconds: u64) -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs() + seconds
}

#[test]
fn a_window_is_asked_for_in_the_background_and_kept_in_the_record() {
    let scene = Scene::new();
    let ran = scene.ok("oa-respond -n -p why -w 8h -m gpt-6.2-sol");
    let body = json!({
        "model": "gpt-6.2-sol",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "why"}]}],
        "store": true,
        "background": true,
        "background_options": {"completion_window": "8h"},
    });
    assert_eq!(scene.question(), body);
    let record = ran.record();
    assert_eq!(
        (&record["window"], &record["error"]),
        (&json!("8h"), &Value::Null)
    );
    assert_eq!(record["response"]["status"], "queued");
}

#[test]
fn the_window_passes_the_poll_and_stays_with_the_answer() {
    let scene = Scene::new();
    let line = "oa-upload report.pdf | oa-respond -p why --window 2h | oa-poll --interval 20ms | oa-delete";
    let record = scene.ok(line).record();
    assert_eq!(record["window"], "2h");
    assert_eq!(record["response"]["status"], "completed");
    scene.nothing_left();
}

#[test]
fn the_window_of_a_record_is_that_of_the_merged_body() {
    let options = |window: &Value| json!({"background_options": window});
    let layer = |window: &Value| format!("--request '{}'", options(window));
    let hours = |word: &str| json!({"completion_window": word});
    let cases = [
        ("-w 8h".to_owned(), Value::Null, Some("8h")),
        (
            format!("-b {}", layer(&hours("2h"))),
            Value::Null,
            Some("2h"),
        ),
        (
            format!("-w 8h {}", layer(&hours("2h"))),
            Value::Null,
            Some("2h"),
        ),
        (format!("-w 8h {}", layer(&Value::Null)), Value::Null, None),
        ("-w 8h".to_owned(), options(&hours("soonest")), None),
        ("-b".to_owned(), options(&hours("8h")), Some("8h")),
        ("-b".to_owned(), Value::Null, None),
    ];
    for (line, request, window) in cases {
        let scene = Scene::new();
        // What an earlier run asked for is no answer to what this one did.
        let record = json!({"prompt": "why", "window": "OLD", "request": request});
        let record = scene.feed(&record.to_string(), &format!("oa-respond {line}"));
        let record = record.is(0).record();
        assert_eq!(record["window"].as_str(), window, "{line}");
    }
}

#[test]
fn the_window_that_was_asked_for_stays_where_no_answer_came() {
    let scene = Scene::faulty("POST /responses cut when=before");
    let record = scene
        .sh("oa-respond -n -p why -w 2h --retries 0")
        .is(10)
        .record();
    assert_eq!(record["window"], "2h");
}

#[test]
fn a_window_excludes_what_cannot_wait() {
    let scene = Scene::new();
    for wrong in ["--stream", "--no-store", "-t", "--count"] {
        scene
            .sh(&format!("oa-respond -n -p why -w 8h {wrong}"))
            .is(2);
    }
    for wrong in ["4h", "8", "soonest"] {
        let ran = scene.sh(&format!("oa-respond -n -p why -w {wrong}")).is(2);
        ran.says(&["2h", "8h"]);
    }
    let ran = scene.sh("oa-respond -n -p why -w 8h -t").is(2);
    ran.says(&["straight after -w 8h; … -w 8h | oa-poll -t"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
    // Of an option given twice the last one wins.
    let record = scene.ok("oa-respond -n -p why -w 8h -w 2h").record();
    assert_eq!(record["window"], "2h");
}

#[test]
fn the_help_of_the_window_names_discount_date_and_doubt() {
    let scene = Scene::new();
    let text = scene.ok("oa-respond --help").stdout;
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    for said in ["30 %", "40 %", "2026-11-26", "GPT-6.2", "confirms"] {
        assert!(text.contains(said), "{said}");
    }
}

#[test]
fn a_file_that_expires_within_the_window_is_refused_before_anything_is_sent() {
    let file = |seconds| {
        let (id, end) = ("file-1", in_seconds(seconds));
        json!({"id": id, "object": "file", "filename": "a.pdf", "purpose": "user_data",
            "bytes": 9, "path": "my a.pdf", "expires_at": end})
    };
    let hour = 3600;
    let whole = json!({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]});
    for (line, seconds, request, good) in [
        ("-w 2h", hour, Value::Null, false),
        ("-w 2h", hour, whole.clone(), false),
        ("-w 8h", 7 * hour, Value::Null, false),
        ("-w 8h", 9 * hour, Value::Null, true),
        ("-w 2h", 7 * hour, whole, true),
        ("-b", hour, Value::Null, true),
    ] {
        let scene =
            Scene::faulty(r#"POST /responses 200 body='{"id":"resp_1","status":"queued"}'"#);
        let record = json!({"files": [file(seconds)], "prompt": "why", "request": request});
        let ran = scene.feed(&record.to_string(), &format!("oa-respond {line}"));
        if good {
            assert_eq!(ran.is(0).record()["response"]["id"], "resp_1", "{line}");
            continue;
        }
        let error = ran.is(3).record()["error"].clone();
        let window = line.trim_start_matches("-w ");
        let message = format!(
            "my a.pdf: the uploaded file file-1 expires before the window of {window} is over"
        );
        let hint = "upload it again, to live longer: oa-upload --expires-after 72h 'my a.pdf'";
        assert_eq!(
            (&error["message"], &error["hint"]),
            (&json!(message), &json!(hint))
        );
        assert_eq!(scene.ledger().asked(), [""; 0]);
    }
}

#[test]
fn a_file_that_is_searched_must_live_as_long_and_one_that_was_asked_about_before_need_not() {
    let scene = Scene::faulty(r#"POST /responses 200 body='{"id":"resp_2","status":"queued"}'"#);
    let file = json!({"id": "file-1", "path": "a.pdf", "expires_at": in_seconds(60)});
    let record = json!({"files": [file], "prompt": "why", "vector_store": {"id": "vs_1"},
        "response": {"id": "resp_1", "status": "completed", "output": []}});
    let mut new = record.clone();
    new.as_object_mut().unwrap().remove("response");
    let ran = scene.feed(&new.to_string(), "oa-respond --file-search -w 2h");
    ran.is(3).says(&["expires before the window of 2h"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
    let ran = scene.feed(&record.to_string(), "oa-respond -c -w 2h").is(0);
    assert_eq!(ran.record()["response"]["id"], "resp_2");
}

#[test]
fn an_attached_id_that_expires_within_the_window_is_refused_too() {
    let scene = Scene::new();
    let id = scene
        .ok("oa-upload report.pdf --expires-after 1h | jq -r '.files[0].id'")
        .stdout;
    let ask = format!("oa-respond -n -p why -a {}", id.trim());
    scene
        .sh(&format!("{ask} -w 2h"))
        .is(3)
        .says(&["expires before the window of 2h"]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 0);
    scene.ok(&format!("{ask} -b"));
}

#[test]
fn a_server_that_takes_no_window_is_explained() {
    let scene = Scene::faulty(
        "POST /responses 400 code=unknown_parameter param=background_options message='Unknown parameter.'",
    );
    let error = scene.sh("oa-respond -n -p why -w 2h").is(7).record()["error"].clone();
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("--window"), "{hint}");
}
