//! Models that the server does not know: one look says which it does, and never hides what was refused.

use serde_json::{Value, json};

use crate::scene::Scene;

const UNKNOWN: &str = r"POST /responses 404 code=model_not_found message='The model does not exist or you do not have access to it.'";

/// A server that knows no model but these.
fn knowing(models: &Value) -> Scene {
    let body = json!({"object": "list", "data": models});
    Scene::with(&[
        "--fault",
        UNKNOWN,
        "--fault",
        &format!("GET /models 200 body='{body}'"),
    ])
}

fn hint(scene: &Scene, line: &str) -> String {
    let error = scene.sh(line).is(7).record()["error"].clone();
    assert_eq!(error["code"], "model_not_found");
    assert_eq!(error["status"], 404);
    error["hint"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_unknown_model_is_told_of_its_last_day_or_of_those_that_are_near() {
    let scene = knowing(&json!([
        {"id": "gpt-5", "object": "model", "created": 1, "shutdown_date": "2026-12-11"},
        {"id": "gpt-5.2", "object": "model", "created": 2, "shutdown_date": null},
        {"id": "whisper", "object": "model", "created": 3},
    ]));
    let all = "`oa-list models` lists what the key may use";
    let ended = hint(&scene, "oa-respond -n -p why -m gpt-5");
    let date = format!("its shutdown date is 2026-12-11: name another with -m; {all}");
    assert_eq!(ended, date);
    let near = format!("name another with -m: gpt-5.2, whisper, gpt-5; {all}");
    assert_eq!(hint(&scene, "oa-respond -n -p why -m gpt-5.1"), near);
    // The model is that of the merged body.
    let layer = r#"oa-respond -n -p why --request '{"model":"gpt-5"}'"#;
    assert_eq!(hint(&scene, layer), date);
}

#[test]
fn one_look_does_for_all_records() {
    let scene = knowing(&json!([{"id": "gpt-5.2"}]));
    let three = r#"{"prompt":"a"}{"prompt":"b"}{"prompt":"c"}"#;
    scene.feed(three, "oa-respond -m gpt-0 -j 3").is(7);
    let asked = scene.ledger().asked();
    assert_eq!(
        asked.iter().filter(|a| *a == "GET /models").count(),
        1,
        "{asked:?}"
    );
}

#[test]
fn a_look_that_fails_does_not_spoil_the_error() {
    for fault in [
        "500",
        "404",
        "html",
        "cut",
        "cut-json",
        "429 retry-after=60",
        "200 body='{\"data\":[7,{}]}'",
    ] {
        let look = format!("GET /models {fault}");
        let scene = Scene::with(&["--fault", UNKNOWN, "--fault", &look]);
        let said = hint(&scene, "oa-respond -n -p why -m gpt-0");
        assert_eq!(
            said, "`oa-list models` lists what the key may use",
            "{fault}"
        );
        // A kept connection that ended without a byte is tried once more, and at once.
        let looks = scene.ledger().of("GET /models").len();
        assert_eq!(looks, if fault == "cut" { 2 } else { 1 }, "{fault}");
    }
}

#[test]
fn a_model_that_the_project_may_not_use_is_named_too() {
    let refused = "POST /responses 403 code=model_not_found message='Project x does not have access to model gpt-5.2'";
    let list = r#"GET /models 200 body='{"data":[{"id":"gpt-4.1"}]}'"#;
    let scene = Scene::with(&["--fault", refused, "--fault", list]);
    let error = scene.sh("oa-respond -n -p why").is(4).record()["error"].clone();
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.starts_with("name another with -m: gpt-4.1"), "{hint}");
}

#[test]
fn servers_that_give_no_code_are_understood() {
    for message in [
        "model \"tiny\" not found, try pulling it first",
        "The model `tiny` does not exist.",
    ] {
        let refused = format!("POST /responses 404 message='{message}'");
        let list = r#"GET /models 200 body='{"data":[{"id":"tiny:1b"}]}'"#;
        let scene = Scene::with(&["--fault", &refused, "--fault", list]);
        let error = scene.sh("oa-respond -n -p why -m tiny").is(7).record()["error"].clone();
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.starts_with("name another with -m: tiny:1b"), "{hint}");
    }
}

#[test]
fn any_other_refusal_looks_at_no_models() {
    let scene = Scene::faulty(
        "POST /responses 400 code=unsupported_value message='Unsupported value: temperature does not exist'",
    );
    scene.sh("oa-respond -n -p why").is(7);
    assert_eq!(scene.ledger().asked(), ["POST /responses"]);
}

#[test]
fn models_are_listed_as_they_come_with_their_last_day() {
    let models = [
        r#"{"id":"gpt-5","object":"model","created":1754425777,"owned_by":"system","shutdown_date":"2026-12-11","new":1.10}"#,
        r#"{"id":"gpt-5.2","object":"model","created":1765313051,"owned_by":"system","shutdown_date":null}"#,
    ];
    let body = format!(r#"{{"object":"list","data":[{}]}}"#, models.join(","));
    let scene = Scene::faulty(&format!("GET /models 200 body='{body}'"));
    let ran = scene.ok("oa-list models");
    assert_eq!(ran.stdout, models.join("\n") + "\n");
    assert_eq!(ran.stderr, "");
}
