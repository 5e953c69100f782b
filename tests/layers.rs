//! The layers of a request: options, files, the record's own, merged one after the other, and what they may not drop.

use serde_json::json;

use crate::bodies::{asked, body, user, why};
use crate::scene::Scene;

#[test]
fn a_request_is_merged_as_a_patch_at_every_depth() {
    let scene = Scene::new();
    let record = json!({"request": {
        "metadata": {"a": null, "b": "2"},
        "text": {"verbosity": "low"},
        "model": "from-record",
        "temperature": null,
    }});
    let options = "--request '{\"metadata\":{\"a\":\"1\",\"c\":\"3\"},\"temperature\":1,\"text\":{\"format\":{\"type\":\"text\"}}}'";
    let mut expected = asked(&json!([why()]));
    expected["metadata"] = json!({"b": "2", "c": "3"});
    expected["text"] = json!({"format": {"type": "text"}, "verbosity": "low"});
    expected["model"] = json!("from-record");
    assert_eq!(body(&scene, &record, options), expected);
    scene.file(
        "r.json",
        "{\"top_p\": 0.10,\n \"metadata\": {\"z\":\"1\", \"a\":\"2\"}}",
    );
    scene.ok("oa-respond -n -p x --request-file r.json");
    let ledger = scene.ledger();
    let raw = ledger.of("POST /responses")[0].raw().to_owned();
    assert!(raw.contains("\"top_p\":0.10"), "{raw}");
    assert!(
        raw.contains("\"metadata\":{\"z\":\"1\",\"a\":\"2\"}"),
        "{raw}"
    );
}

#[test]
fn digits_and_order_of_a_request_reach_the_server_as_written() {
    let scene = Scene::new();
    let request =
        r#"{"seed":12345678901234567890123,"temperature":1e0,"x":{"b":1.10,"a":"\u00e9"}}"#;
    scene
        .mock
        .fault("POST /responses 400 code=unknown_parameter");
    scene
        .feed(&format!("{{\"request\":{request}}}"), "oa-respond -p why")
        .is(7);
    let ledger = scene.ledger();
    let raw = ledger.of("POST /responses")[0].raw();
    for (key, value) in [
        ("seed", "12345678901234567890123"),
        ("temperature", "1e0"),
        ("x", r#"{"b":1.10,"a":"\u00e9"}"#),
    ] {
        assert!(
            raw.contains(&format!("\"{key}\":{value}")),
            "{key} in {raw}"
        );
    }
}

#[test]
fn a_layer_takes_from_those_before_it_and_gives_to_those_behind() {
    let scene = Scene::new();
    scene.file(
        "null.json",
        "{\"reasoning\":null,\"text\":{\"format\":null}}",
    );
    scene.file("schema.json", "{\"type\":\"object\"}");
    let line = "--reasoning-effort high --schema schema.json --request-file null.json --request '{\"reasoning\":{\"summary\":\"auto\"}}'";
    let mut expected = asked(&json!([why()]));
    expected["reasoning"] = json!({"summary": "auto"});
    expected["text"] = json!({});
    assert_eq!(body(&scene, &json!({}), line), expected);
    let record = json!({"request": {"reasoning": null, "text": null}});
    let expected = asked(&json!([why()]));
    assert_eq!(body(&scene, &record, line), expected);
}

#[test]
fn a_null_takes_a_question_away_from_nobody_in_silence() {
    let scene = Scene::new();
    let record = json!({"files": [{"id": "file-1", "filename": "a.pdf"}]}).to_string();
    for line in [
        "oa-respond -p why --request '{\"input\":null}'",
        "jq -c '.request.input = null' | oa-respond -p why",
        "jq -c '.request.input = null' | oa-respond -p why --request '{\"input\":\"why\"}'",
    ] {
        let ran = scene.feed(&record, line).is(3).says(&["no `input`"]);
        assert_eq!(ran.kinds(), ["input"], "{line}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
    let line = "oa-respond -p why --dry-run --request-file null.json --request '{\"input\":\"x\"}'";
    scene.file("null.json", "{\"input\":null}");
    let request = scene.feed("{}", line).is(0).record()["request"].clone();
    assert_eq!(request, json!({"model": "gpt-5.2", "input": "x"}));
}

#[test]
fn layers_deeper_than_any_request_are_an_input_error() {
    let scene = Scene::new();
    let deep = |open: &str, close: &str, levels: usize| {
        format!(
            "{{\"metadata\":{}1{}}}",
            open.repeat(levels),
            close.repeat(levels)
        )
    };
    for layer in [
        deep("{\"a\":", "}", 20_000),
        deep("[", "]", 20_000),
        deep("{\"a\":", "}", 127),
    ] {
        scene
            .file("deep.json", &layer)
            .file("record.json", format!("{{\"request\":{layer}}}"));
        for line in [
            "oa-respond -n -p why --request-file deep.json",
            "oa-respond -n -p why --request-file deep.json --request '{\"metadata\":{\"a\":1}}'",
            "oa-respond -p why <record.json",
            "oa-respond -p why --request-file deep.json <record.json",
            "oa-respond -n -p why --schema deep.json",
        ] {
            let ran = scene.sh(&format!("set -o pipefail; {line} | tail -c 200"));
            let told = "nested deeper than 127 levels";
            assert!(
                ran.status == 3 && ran.stderr.contains(told),
                "{line}: {}",
                ran.stderr
            );
        }
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
    let layer = deep("{\"a\":", "}", 126);
    scene.file("deep.json", &layer);
    let ran = scene.ok("oa-respond -n -p why --dry-run --request-file deep.json");
    assert!(
        ran.stdout.contains(&layer[1..layer.len() - 1]),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_request_of_many_keys_is_merged_whole() {
    let scene = Scene::new();
    let keys: Vec<String> = (0..40_000).map(|n| format!("\"k{n}\":\"{n}\"")).collect();
    let request = format!("{{\"metadata\":{{{0}}},{0}}}", keys.join(","));
    scene
        .file("many.json", &request)
        .file("record.json", format!("{{\"request\":{request}}}"));
    let line = "oa-respond -p why --dry-run --request-file many.json <record.json | jq '.request | length, (.metadata | length)'";
    assert_eq!(scene.ok(line).stdout, "40003\n40000\n");
}

#[test]
fn a_search_that_a_layer_replaces_is_said() {
    let scene = Scene::new();
    let own = json!({"type": "web_search"});
    let other = json!({"type": "file_search", "vector_store_ids": ["vs_2"]});
    let both = json!([{"type": "file_search", "vector_store_ids": ["vs_2", "vs_1"]}, own]);
    let record = json!({"vector_store": {"id": "vs_1"}});
    for search in ["--search-store vs_1", "--file-search"] {
        for (tools, said) in [
            (json!([own]), true),
            (json!([other]), true),
            (json!([]), true),
            (both.clone(), false),
        ] {
            let layer = json!({"tools": tools}).to_string();
            let line = format!("oa-respond --dry-run -p why {search} --request '{layer}'");
            let ran = scene.feed(&record.to_string(), &line).is(0);
            assert_eq!(ran.record()["request"]["tools"], tools);
            let warned = ran.stderr.contains("warning: `tools`") && ran.stderr.contains("vs_1");
            assert_eq!(warned, said, "{line}: {}", ran.stderr);
        }
    }
    let ran = scene
        .ok("oa-respond -n --dry-run -p why --search-store vs_1 --request '{\"temperature\":1}'");
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

#[test]
fn a_requests_own_input_replaces_ours_and_must_name_the_files() {
    let scene = Scene::new();
    let file = json!([{"id": "file-1", "filename": "a.pdf"}]);
    let own = user(&json!([{"type": "input_file", "file_id": "file-1"}, why()]));
    let record = json!({"files": file, "request": {"input": own}});
    let line = "oa-respond --dry-run";
    let request = scene.feed(&record.to_string(), line).is(0).record()["request"].clone();
    assert_eq!(request, json!({"model": "gpt-5.2", "input": own}));
    let record = json!({"files": file, "request": {"input": "why?"}});
    let ran = scene.feed(&record.to_string(), line).is(3);
    assert!(
        ran.record()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("file-1")
    );
    for way_out in [
        json!({"previous_response_id": "resp_1"}),
        json!({"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}),
    ] {
        let mut record = record.clone();
        let request = record["request"].as_object_mut().unwrap();
        request.extend(way_out.as_object().unwrap().clone());
        scene.feed(&record.to_string(), line).is(0);
    }
}

#[test]
fn an_input_of_its_own_mentions_a_file_however_its_id_is_written() {
    let scene = Scene::new();
    let line = "oa-respond --dry-run";
    let record = |id: &str, input: &str| {
        format!(
            "{{\"files\":[{{\"id\":{id},\"filename\":\"a.pdf\"}}],\"request\":{{\"input\":{input}}}}}"
        )
    };
    let part = |id: &str| {
        format!(
            "[{{\"role\":\"user\",\"content\":[{{\"type\":\"input_file\",\"file_id\":{id}}}]}}]"
        )
    };
    for (id, written, good) in [
        ("\"file-1\"", "\"file-1\"", true),
        ("\"file-1\"", "\"\\u0066ile-1\"", true),
        ("\"\\u0066ile-1\"", "\"file-1\"", true),
        ("\"a/b+c==\"", "\"a\\/b+c==\"", true),
        ("\"file-1\"", "\"file-10\"", false),
        ("\"file-1\"", "\"my \\\"file-1\\\" \"", false),
    ] {
        let ran = scene.feed(&record(id, &part(written)), line);
        assert_eq!(
            ran.status,
            if good { 0 } else { 3 },
            "{id} {written}: {}",
            ran.stderr
        );
    }
    // A function that is called like the search is none.
    let tools = json!([{"type": "function", "name": "file_search"}]);
    let record = json!({"files": [{"id": "file-1"}], "request": {"input": "x", "tools": tools}});
    scene
        .feed(&record.to_string(), line)
        .is(3)
        .says(&["file-1"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn what_is_attached_beside_an_input_of_its_own_is_not_dropped_in_silence() {
    let scene = Scene::new();
    let searches = json!({"request": {"input": "x", "previous_response_id": "resp_1"}}).to_string();
    for (attached, named) in [
        ("notes.txt", "notes.txt"),
        ("file-1", "file-1"),
        ("https://example.com/x.pdf", "https://example.com/x.pdf"),
    ] {
        let line = format!("oa-respond -a {attached}");
        scene
            .feed(&searches, &line)
            .is(3)
            .says(&["does not mention", named]);
    }
    let line = "oa-respond --dry-run -a file-1 --request '{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_file\",\"file_id\":\"file-1\"}]}]}'";
    scene.feed("{}", line).is(0);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}
