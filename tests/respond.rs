//! Asking: going on with an answer, hints for what the API refuses, servers of other guides.

use serde_json::{Value, json};

use crate::scene::Scene;

#[test]
fn continue_asks_on_without_attaching_again() {
    let scene = Scene::new();
    let line =
        "oa-upload report.pdf | oa-respond -p one | tee first | oa-respond -c -p two | oa-delete";
    let record = scene.ok(line).record();
    let first: Value = serde_json::from_str(&scene.read("first")).unwrap();
    assert_eq!(record["previous"], json!([first["response"]]));
    assert_ne!(record["response"]["id"], first["response"]["id"]);
    let ledger = scene.ledger();
    let body = ledger.of("POST /responses")[1].json();
    let whole = json!({
        "model": "gpt-5.2",
        "previous_response_id": first["response"]["id"],
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "two"}]}],
    });
    assert_eq!(body, whole);
    scene.nothing_left();
}

#[test]
fn continue_can_go_on_and_on() {
    let scene = Scene::new();
    let record = scene
        .ok("oa-respond -n -p one | oa-respond -c -p two | oa-respond --continue -p three")
        .record();
    let ids = |list: &Value| -> Vec<Value> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|r| r["id"].clone())
            .collect()
    };
    let ledger = scene.ledger();
    let made: Vec<Value> = ledger.responses.iter().map(|r| r["id"].clone()).collect();
    assert_eq!(ids(&record["previous"]), made[..2]);
    assert_eq!(record["response"]["id"], made[2]);
}

#[test]
fn a_question_that_failed_goes_on_from_where_it_did() {
    let scene = Scene::new();
    scene.ok("oa-upload report.pdf | oa-respond -p one >first");
    scene.mock.fault("POST /responses 400 x1");
    scene.sh("oa-respond -c -p two <first >failed").is(7);
    let line = "jq -c 'del(.error)' failed | oa-respond -c -p two | oa-delete";
    let record = scene.ok(line).record();
    let ledger = scene.ledger();
    let asked = ledger.of("POST /responses");
    assert_eq!(asked[1].raw(), asked[2].raw());
    assert_eq!(record["previous"].as_array().unwrap().len(), 1);
    assert_eq!(record["previous"][0]["id"], ledger.responses[0]["id"]);
    assert_eq!(record["response"]["id"], ledger.responses[1]["id"]);
    scene.nothing_left();
}

#[test]
fn only_missing_answers_are_bought() {
    let scene = Scene::new();
    let line = "oa-respond -p why --only-missing";
    let done = scene.ok("oa-respond -n -p why").stdout;
    let ran = scene
        .feed(&format!("{done}{{\"prompt\":\"new\"}}"), line)
        .is(0);
    assert_eq!(ran.stdout.lines().next().unwrap(), done.trim_end());
    assert_eq!(ran.records().len(), 2);
    assert_eq!(scene.ledger().of("POST /responses").len(), 2);
}

#[test]
fn the_older_field_name_reaches_servers_that_want_it() {
    let scene = Scene::with(&["--older-guide"]);
    let line =
        "oa-upload figure.png | oa-respond -p why --image-field image_file_id | oa-delete -t";
    let ran = scene.ok(line);
    assert!(ran.stdout.contains("figure.png"), "{}", ran.stdout);
    scene.nothing_left();
}

#[test]
fn the_older_field_name_is_explained_where_it_is_refused() {
    let scene = Scene::new();
    let line = "oa-upload figure.png | oa-respond -p why --image-field image_file_id | oa-delete";
    let ran = scene.sh(line).is(7);
    let error = ran.record()["error"].clone();
    assert_eq!(error["code"], "unknown_parameter");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("--image-field"), "{hint}");
    let request = r#"{"request":{"input":[{"role":"user","content":[{"type":"input_text","text":"x"},{"type":"input_image","image_file_id":"file-1"}]}]}}"#;
    let error = scene.feed(request, "oa-respond").is(7).record()["error"].clone();
    assert!(
        error["hint"].as_str().unwrap().contains("file_id"),
        "{error}"
    );
    scene.nothing_left();
}

#[test]
fn bare_base64_is_sent_as_it_is_and_the_refusal_is_explained() {
    let scene = Scene::new();
    let input = json!([{"role": "user", "content": [
        {"type": "input_file", "filename": "a.txt", "file_data": "aGVsbG8="},
        {"type": "input_text", "text": "x"},
    ]}]);
    let ran = scene
        .feed(
            &json!({"request": {"input": input}}).to_string(),
            "oa-respond",
        )
        .is(7);
    assert_eq!(scene.question()["input"], input);
    let hint = ran.record()["error"]["hint"].clone();
    assert!(hint.as_str().unwrap().contains("data:"), "{hint}");
}

#[test]
fn a_file_of_the_wrong_kind_is_explained() {
    let scene = Scene::new();
    let wrong = "oa-upload report.pdf | jq -c '{files: [.files[0]], request: {input: [{role: \"user\", content: [{type: \"input_image\", file_id: .files[0].id}]}]}}' | oa-respond | oa-delete";
    let ran = scene.sh(wrong).is(7);
    assert!(ran.record()["error"]["hint"].is_string(), "{}", ran.stdout);
    scene.nothing_left();
}

#[test]
fn a_file_that_is_gone_is_refused_by_the_server_and_the_others_go() {
    let scene = Scene::new();
    let record = scene
        .ok("oa-upload notes.txt report.pdf | tee up.json")
        .record();
    scene
        .mock
        .expire(record["files"][0]["id"].as_str().unwrap());
    scene.sh("oa-respond -p why <up.json | oa-delete").is(7);
    scene.nothing_left();
}

#[test]
fn background_without_storing_is_a_usage_error() {
    let scene = Scene::new();
    scene.sh("oa-respond -n -p why -b --no-store").is(2);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn streaming_and_background_are_read_from_the_merged_body() {
    let scene = Scene::new();
    let ran = scene.ok("oa-respond -n -p why --request '{\"stream\":true}'");
    assert_eq!(ran.record()["response"]["status"], "completed");
    let ran = scene
        .feed("{\"request\":{\"background\":true}}", "oa-respond -p why")
        .is(0);
    assert_eq!(ran.record()["response"]["status"], "queued");
    assert_eq!(ran.record()["output_text"], Value::Null);
    scene.ok("oa-list files");
}

#[test]
fn headers_say_who_asks() {
    let scene = Scene::new();
    let own =
        "OPENAI_ORG_ID=org-1 OPENAI_PROJECT_ID=proj_1 OPENAI_CUSTOM_HEADERS=$'X-One: 1\\nX-Two: b'";
    scene.ok(&format!("{own} oa-respond -n -p why"));
    let ledger = scene.ledger();
    let headers = &ledger.requests[0].headers;
    let rows = [
        ("openai-organization", "org-1"),
        ("openai-project", "proj_1"),
        ("x-one", "1"),
        ("x-two", "b"),
    ];
    for (name, value) in rows {
        assert_eq!(headers.get(name).map(String::as_str), Some(value), "{name}");
    }
    let agent = &headers["user-agent"];
    assert!(agent.starts_with("oa"), "{agent}");
    assert!(!headers.keys().any(|name| name.starts_with("x-stainless")));
}

#[test]
fn the_key_may_lie_in_a_file() {
    let scene = Scene::with(&["--key", "sk-file"]);
    scene.file("key", "sk-file\n").file("wrong", "sk-wrong\n");
    scene.ok("env -u OPENAI_API_KEY oa-respond -n -p why --api-key-file key");
    scene.ok("env -u OPENAI_API_KEY OPENAI_API_KEY_FILE=key oa-respond -n -p why");
    scene.ok("OPENAI_API_KEY=sk-wrong oa-respond -n -p why --api-key-file key");
    scene.ok("OPENAI_API_KEY_FILE=wrong oa-respond -n -p why");
    scene
        .sh("OPENAI_API_KEY=sk-wrong oa-respond -n -p why")
        .is(4);
}

#[test]
fn a_trailing_slash_of_the_base_url_does_no_harm() {
    let scene = Scene::new();
    scene.ok("OPENAI_BASE_URL=$OPENAI_BASE_URL/ oa-respond -n -p why");
    scene.ok("url=$OPENAI_BASE_URL; OPENAI_BASE_URL=http://127.0.0.1:9/v1 oa-respond -n -p why --base-url $url");
    assert_eq!(scene.ledger().asked(), ["POST /responses"; 2]);
}

#[test]
fn citations_and_text_are_those_of_the_response() {
    let scene = Scene::new();
    let record = scene
        .ok("oa-upload report.pdf | oa-respond -p why | oa-delete")
        .record();
    let text = crate::pipes::text_of(&record["response"]);
    assert_eq!(record["output_text"], text);
    scene.nothing_left();
}

#[test]
fn only_missing_takes_no_failure_for_an_answer() {
    let scene = Scene::faulty("POST /responses end status=failed x1");
    scene.sh("oa-respond -n -p one >failed").is(8);
    let line = "jq -c 'del(.error)' failed | oa-respond --only-missing -p one";
    let ran = scene.sh(line).is(8);
    assert_eq!(ran.kinds(), ["failed"]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
    let line = "jq -c 'del(.error, .response)' failed | oa-respond --only-missing -p one";
    scene.ok(line);
}
