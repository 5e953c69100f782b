//! Chat Completions: what `curl` sends and reads there.

use serde_json::{Value, json};

use crate::scene::Scene;

fn asked(content: &Value) -> Value {
    json!({"model": "gpt-5.2", "messages": [{"role": "user", "content": content}]})
}

#[test]
fn a_streamed_completion_is_nameless_events_and_a_word_at_the_end() {
    let scene = Scene::new();
    let mut body = asked(&json!("Why?"));
    body["stream"] = json!(true);
    let heard = scene.mock.call("POST /chat/completions", &body);
    let mut lines: Vec<&str> = heard.body.split_terminator("\n\n").collect();
    assert_eq!(lines.pop(), Some("data: [DONE]"));
    let chunks = lines
        .iter()
        .map(|line| line.strip_prefix("data: ").unwrap());
    let chunks: Vec<Value> = chunks
        .map(|chunk| serde_json::from_str(chunk).unwrap())
        .collect();
    let said: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(said, "gpt-5.2 was asked \"Why?\"");
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert!(chunks.iter().all(|chunk| chunk["id"] == last["id"]));
}

#[test]
fn a_completion_goes_wrong_and_waits_for_its_turn_as_a_response_does() {
    let scene = Scene::with(&["--rpm", "1", "--limit", "burst=60s"]);
    let body = asked(&json!("Why?"));
    let ask = || scene.mock.call("POST /chat/completions", &body);
    scene.mock.fault("POST /chat/completions 503 x1");
    assert_eq!(ask().status, 503);
    assert_eq!(ask().status, 200);
    let (status, code, _, _) = ask().error();
    assert_eq!((status, code), (429, json!("rate_limit_exceeded")));
}

#[test]
fn what_was_read_for_a_response_is_known_to_a_completion() {
    let scene = Scene::new();
    let long = "x".repeat(32_000);
    let input = json!([{"role": "user", "content": [{"type": "input_text", "text": long}]}]);
    scene.mock.call(
        "POST /responses",
        &json!({"model": "gpt-5.2", "input": input}),
    );
    let body = asked(&json!([{"type": "text", "text": long}]));
    let completion = scene.mock.call("POST /chat/completions", &body).json();
    let usage = &completion["usage"];
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 7936);
    assert_eq!(usage["prompt_tokens"], 8003);
}

#[test]
fn audio_and_more_than_one_choice_are_refused() {
    let scene = Scene::new();
    let audio = json!([{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]);
    let heard = scene.mock.call("POST /chat/completions", &asked(&audio));
    let (status, _, param, _) = heard.error();
    assert_eq!((status, param), (400, json!("messages[0].content[0].type")));
    let mut body = asked(&json!("Why?"));
    body["n"] = json!(2);
    let (_, code, param, _) = scene.mock.call("POST /chat/completions", &body).error();
    assert_eq!(
        (code, param),
        (json!("integer_above_max_value"), json!("n"))
    );
}
