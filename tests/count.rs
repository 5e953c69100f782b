//! Tokens counted before anything is bought: `--count` and `--max-input-tokens`.

use serde_json::{Value, json};

use crate::scene::Scene;

const COUNT: &str = "POST /responses/input_tokens";

/// A server that counts like this and fails the test that asks it anything else.
fn counting(tokens: u64) -> Scene {
    let body = format!(r#"{{"object":"response.input_tokens","input_tokens":{tokens}}}"#);
    Scene::faulty(&format!("{COUNT} 200 body='{body}'"))
}

#[test]
fn counting_writes_the_number_and_asks_nothing() {
    let scene = Scene::new();
    let line = "oa-upload report.pdf | oa-respond -p why --count | tee counted | oa-delete";
    let record = scene.ok(line).record();
    let tokens = record["input_tokens"].as_u64().unwrap();
    assert!(tokens > 0);
    let keys: Vec<&String> = record.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["files", "input_tokens", "paths"]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 0);
    scene.nothing_left();
    // It is what the question then has.
    let scene = Scene::new();
    let line = "oa-upload report.pdf | oa-respond -p why | oa-delete";
    let record = scene.ok(line).record();
    assert_eq!(record["response"]["usage"]["input_tokens"], tokens);
}

#[test]
fn a_count_is_asked_without_what_the_endpoint_does_not_take() {
    let scene = Scene::new();
    let request = json!({
        "background": true, "background_options": {"completion_window": "8h"}, "stream": true,
        "stream_options": {"include_obfuscation": false}, "store": false,
        "include": ["file_search_call.results"], "metadata": {"a": "1"}, "max_output_tokens": 99,
        "max_tool_calls": 1, "temperature": 1, "top_p": 1, "top_logprobs": 0, "user": "u",
        "safety_identifier": "s", "service_tier": "auto", "prompt_cache_key": "k",
        "prompt_cache_options": {"ttl": "30m"}, "prompt_cache_retention": "24h",
        "context_management": [], "moderation": {}, "access_programs": {}, "image": {},
        "reasoning": {"effort": "low"}, "truncation": "auto", "tool_choice": "auto",
        "parallel_tool_calls": true, "text": {"verbosity": "low"}, "instructions": "Be.",
    });
    let record = json!({"prompt": "why", "request": request});
    let counted = scene.feed(&record.to_string(), "oa-respond --count").is(0);
    assert!(counted.record()["input_tokens"].is_u64());
    let ledger = scene.ledger();
    let mut body = ledger.of(COUNT)[0].json();
    assert_eq!(body["input"][0]["content"][0]["text"], "why");
    body.as_object_mut().unwrap().remove("input");
    let whole = json!({
        "model": "gpt-5.2", "reasoning": {"effort": "low"}, "truncation": "auto",
        "tool_choice": "auto", "parallel_tool_calls": true, "text": {"verbosity": "low"},
        "instructions": "Be.",
    });
    assert_eq!(body, whole);
}

#[test]
fn a_field_that_nobody_knows_goes_along() {
    let scene = counting(7);
    scene.ok(r#"oa-respond -n -p why --count --request '{"chat_template_kwargs":{"a":1}}'"#);
    let ledger = scene.ledger();
    assert_eq!(
        ledger.of(COUNT)[0].json()["chat_template_kwargs"],
        json!({"a": 1})
    );
}

#[test]
fn inline_files_are_counted_as_they_would_be_sent() {
    let scene = Scene::new();
    scene.ok("oa-respond -n -p why -a report.pdf --count");
    scene.ok("oa-respond -n -p why -a report.pdf");
    let ledger = scene.ledger();
    let counted = ledger.of(COUNT)[0].json();
    let asked = ledger.of("POST /responses");
    let asked = asked
        .iter()
        .find(|request| !request.path.ends_with("tokens"));
    assert_eq!(counted["input"], asked.unwrap().json()["input"]);
}

#[test]
fn an_old_count_is_gone_before_the_request() {
    let record = json!({"prompt": "why", "input_tokens": 1, "x": 1});
    let scene = Scene::faulty(&format!("{COUNT} 400"));
    let failed = scene
        .feed(&record.to_string(), "oa-respond --count")
        .is(7)
        .record();
    assert_eq!(
        (&failed["input_tokens"], &failed["x"]),
        (&Value::Null, &json!(1))
    );
    let counted = counting(7).feed(&record.to_string(), "oa-respond --count");
    assert_eq!(
        counted.is(0).record(),
        json!({"prompt": "why", "x": 1, "input_tokens": 7})
    );
    // A question alone leaves it: it is the same question.
    let asked = Scene::new().feed(&record.to_string(), "oa-respond");
    assert_eq!(asked.is(0).record()["input_tokens"], 1);
}

#[test]
fn counting_again_does_no_harm() {
    let scene = Scene::faulty(&format!("{COUNT} cut x1"));
    let record = scene.ok("oa-respond -n -p why --count").record();
    assert!(record["input_tokens"].is_u64());
    assert_eq!(scene.ledger().of(COUNT).len(), 2);
}

#[test]
fn what_goes_on_is_counted_with_what_went_before_and_keeps_its_answer() {
    let scene = Scene::new();
    let line = "oa-respond -n -p one | tee first | oa-respond -c -p two --count";
    let mut counted = scene.ok(line).record();
    let first: Value = serde_json::from_str(&scene.read("first")).unwrap();
    let ledger = scene.ledger();
    assert_eq!(
        ledger.of(COUNT)[0].json()["previous_response_id"],
        first["response"]["id"]
    );
    counted.as_object_mut().unwrap().remove("input_tokens");
    assert_eq!(counted, first);
}

#[test]
fn the_total_adds_counts_up() {
    let scene = counting(7);
    let three = r#"{"prompt":"a"}{"prompt":"b"}{"prompt":" "}"#;
    let ran = scene.feed(three, "oa-respond --count").is(3);
    let total = ran.stderr.lines().last().unwrap();
    let whole = "[total] records=3 completed=2 failed=1 input_tokens=14 elapsed=0s";
    assert_eq!(total, whole);
    assert_eq!(scene.ok("oa-respond -n -p a --count").stderr, "");
}

#[test]
fn a_count_goes_with_nothing_that_asks_or_shows_an_answer() {
    let scene = Scene::new();
    for wrong in [
        "--dry-run",
        "-b",
        "-w 8h",
        "--stream",
        "-t",
        "--max-input-tokens 9",
    ] {
        scene
            .sh(&format!("oa-respond -n -p why --count {wrong}"))
            .is(2)
            .says(&["--count"]);
    }
    scene
        .sh("oa-respond -n -p why --max-input-tokens 9 --dry-run")
        .is(2);
    scene
        .sh("oa-respond -n -p why --max-input-tokens many")
        .is(2);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_larger_question_is_refused_and_nothing_is_bought() {
    for (most, good) in [(1000, true), (999, false)] {
        let scene = counting(1000);
        let ran = scene.sh(&format!("oa-respond -n -p why --max-input-tokens {most}"));
        let asked = scene.ledger().asked();
        if good {
            assert_eq!(ran.is(0).record()["response"]["status"], "completed");
            assert_eq!(asked, [COUNT, "POST /responses"]);
            continue;
        }
        let record = ran.is(3).record();
        let error = json!({
            "tool": "oa-respond", "kind": "input", "retryable": false,
            "message": "the question has 1000 input tokens, more than --max-input-tokens 999",
            "hint": "attach less, search instead of attaching (oa-index), or raise the limit",
        });
        assert_eq!(record, json!({"error": error}));
        assert_eq!(asked, [COUNT]);
    }
}

#[test]
fn a_server_that_does_not_count_is_named_and_never_asked_without_the_brake() {
    let faults = [
        "404",
        "405",
        "501 x1",
        "html status=404",
        "html status=405",
        r#"404 body='{"detail":"Not Found"}'"#,
        "200 body='{}'",
        "cut-json",
        "empty",
    ];
    for fault in faults {
        for option in ["--count", "--max-input-tokens 999999"] {
            let scene = Scene::faulty(&format!("{COUNT} {fault}"));
            let ran = scene.sh(&format!("oa-respond -n -p why --retries 0 {option}"));
            assert!(
                [6, 7].contains(&ran.status),
                "{fault}: {} {}",
                ran.status,
                ran.stderr
            );
            let bought = scene
                .ledger()
                .asked()
                .iter()
                .filter(|a| *a == "POST /responses")
                .count();
            assert_eq!(bought, 0, "{fault} {option}");
            let error = ran.record()["error"].clone();
            if fault.contains('4') || fault.contains("501") {
                let hint = error["hint"].as_str().unwrap_or_default();
                assert!(
                    hint.contains("counts no tokens") || hint.contains("count no tokens"),
                    "{fault}: {error}"
                );
            }
        }
    }
}

#[test]
fn a_count_that_finds_no_model_speaks_of_the_model() {
    let scene = Scene::faulty(&format!(
        "{COUNT} 404 code=model_not_found message='The model does not exist'"
    ));
    let ran = scene.sh("oa-respond -n -p why --count -m gpt-0").is(7);
    let hint = ran.record()["error"]["hint"].clone();
    assert!(hint.as_str().unwrap().contains("oa-list models"), "{hint}");
}
