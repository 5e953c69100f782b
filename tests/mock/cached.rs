//! The prompt cache: what a model has read before is counted as such.

use serde_json::{Value, json};

use crate::harness::Mock;
use crate::scene::Scene;

/// A file of 32,000 letters: 85 and 2,000 tokens.
fn file(mock: &Mock) -> Value {
    json!({"type": "input_file", "file_id": mock.upload("a.txt", "x".repeat(32_000))})
}

fn text(words: &str) -> Value {
    json!({"type": "input_text", "text": words})
}

/// A question of these parts, with these members beside.
fn question(parts: &[&Value], members: &Value) -> Value {
    let mut body = json!({"model": "gpt-5.2", "input": [{"role": "user", "content": parts}]});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

/// Tokens of its answer that had been read before, and those that were written.
fn cached(mock: &Mock, parts: &[&Value], members: &Value) -> (u64, u64) {
    let answer = mock.call("POST /responses", &question(parts, members));
    let details = answer.json()["usage"]["input_tokens_details"].clone();
    let of = |key: &str| details[key].as_u64().unwrap();
    (of("cached_tokens"), of("cache_write_tokens"))
}

#[test]
fn a_file_that_comes_first_is_read_once_for_all_questions_about_it() {
    let mock = Mock::start(&[]);
    let (file, none) = (file(&mock), json!({}));
    let ask = |words: &str| cached(&mock, &[&file, &text(words)], &none).0;
    assert_eq!([ask("one"), ask("two"), ask("three")], [0, 2048, 2048]);
}

#[test]
fn a_question_that_comes_first_makes_every_prompt_another_one() {
    let mock = Mock::start(&[]);
    let (file, none) = (file(&mock), json!({}));
    let ask = |words: &str| cached(&mock, &[&text(words), &file], &none).0;
    assert_eq!([ask("one"), ask("two"), ask("one")], [0, 0, 2048]);
}

#[test]
fn short_prompts_and_other_beginnings_are_read_anew() {
    let mock = Mock::start(&[]);
    let (file, words) = (file(&mock), text("why"));
    let short = text("short");
    for members in [
        json!({}),
        json!({"instructions": "Be brief"}),
        json!({"model": "gpt-5.1"}),
        json!({"prompt_cache_key": "k"}),
        json!({"tools": [{"type": "function", "name": "f"}]}),
    ] {
        let twice = [0, 1].map(|_| cached(&mock, &[&file, &words], &members).0);
        assert_eq!(twice, [0, 2048], "{members}");
        let twice = [0, 1].map(|_| cached(&mock, &[&short], &members).0);
        assert_eq!(twice, [0, 0], "{members}");
    }
}

#[test]
fn a_prompt_is_known_once_its_first_answer_has_begun() {
    let mock = Mock::start(&[]);
    let file = file(&mock);
    let begin = |words: &str| {
        let body = question(&[&file, &text(words)], &json!({"background": true}));
        let answer = mock.call("POST /responses", &body).json();
        format!("/responses/{}", answer["id"].as_str().unwrap())
    };
    let look = |path: &str| mock.call(&format!("GET {path}"), &Value::Null).json();
    let cached = |answer: &Value| answer["usage"]["input_tokens_details"]["cached_tokens"].clone();
    let cancelled = begin("one");
    mock.call(&format!("POST {cancelled}/cancel"), &json!({}));
    assert_eq!(look(&cancelled)["status"], "cancelled");
    let (first, second) = (begin("two"), begin("three"));
    for path in [&first, &second] {
        look(path);
        assert_eq!(cached(&look(path)), 0, "asked before any answer began");
    }
    let third = begin("four");
    look(&third);
    assert_eq!(cached(&look(&third)), 2048);
}

#[test]
fn questions_at_the_same_time_do_not_know_of_each_other() {
    for slow in [["--delay", "1s"], ["--limit", "latency=1s"]] {
        let scene = Scene::with(&slow);
        scene.file("big.txt", "x".repeat(32_000));
        let ask = "oa-respond -p why | jq .response.usage.input_tokens_details.cached_tokens";
        let ran = scene.ok(&format!(
            "oa-upload big.txt >f; cat f f | {}; cat f | {ask}",
            ask.replace("-p", "-j2 -p")
        ));
        assert_eq!(ran.stdout, "0\n0\n2048\n", "{slow:?}");
    }
}

#[test]
fn a_conversation_that_goes_on_is_known_up_to_its_last_turn() {
    let mock = Mock::start(&[]);
    let file = file(&mock);
    for model in ["gpt-5.2", "gpt-6.2-sol"] {
        let body = question(&[&file, &text("one")], &json!({"model": model}));
        let first = mock.call("POST /responses", &body).json();
        let body = json!({"model": model, "input": "two", "previous_response_id": first["id"]});
        let second = mock.call("POST /responses", &body).json();
        let (one, two) = (&first["usage"], &second["usage"]);
        let cached = &two["input_tokens_details"]["cached_tokens"];
        // 85 and 2,000 tokens of the file, one of the question.
        let wanted = if model == "gpt-5.2" { 2048 } else { 2086 };
        assert_eq!(*cached, wanted, "{model}");
        assert!(two["input_tokens"].as_u64() > one["input_tokens"].as_u64());
    }
}

#[test]
fn newer_models_find_again_what_a_breakpoint_ends() {
    let mock = Mock::start(&[]);
    let plain = file(&mock);
    let ask = |file: &Value, words: &str, members: &Value| {
        let mut members = members.clone();
        members["model"] = json!("gpt-6.2-sol");
        cached(&mock, &[file, &text(words)], &members)
    };
    let none = json!({});
    // The end of the input is one, so only the same question is known; what is written costs.
    assert_eq!(ask(&plain, "one", &none), (0, 2086));
    assert_eq!(ask(&plain, "two", &none), (0, 2086));
    assert_eq!(ask(&plain, "two", &none), (2086, 0));
    let mut marked = plain.clone();
    marked["prompt_cache_breakpoint"] = json!({"mode": "explicit"});
    assert_eq!(ask(&marked, "odd", &none), (0, 2086));
    assert_eq!(ask(&marked, "four", &none), (2085, 1));
    // Instructions are read last.
    let brief = json!({"instructions": "Be brief"});
    assert_eq!(ask(&marked, "five", &brief), (2085, 1));
    let only = json!({"prompt_cache_options": {"mode": "explicit", "ttl": "12h"}});
    assert_eq!(ask(&marked, "six", &only), (2085, 0));
    assert_eq!(ask(&plain, "two", &only), (0, 0));
}

#[test]
fn what_is_counted_is_what_an_answer_says_it_took() {
    let mock = Mock::start(&[]);
    let file = file(&mock);
    let picture = json!({"type": "input_image", "image_url": "https://example.com/a.png"});
    let first = mock.call("POST /responses", &question(&[&file], &json!({})));
    let first = first.json()["id"].clone();
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    for members in [
        json!({}),
        json!({"input": "why"}),
        json!({"input": "why", "model": "gpt-6.2-sol", "instructions": "Be brief"}),
        json!({"tools": [{"type": "function", "name": "weather", "parameters": city}]}),
        json!({"text": {"format": {"type": "json_schema", "name": "a", "schema": city}}}),
        json!({"input": "why", "previous_response_id": first}),
    ] {
        let body = question(&[&file, &picture, &text("What is it?")], &members);
        let count = mock.call("POST /responses/input_tokens", &body).json();
        let answer = mock.call("POST /responses", &body).json();
        let taken = answer["usage"]["input_tokens"].clone();
        let wanted = json!({"object": "response.input_tokens", "input_tokens": taken});
        assert_eq!(count, wanted, "{members}");
    }
}
