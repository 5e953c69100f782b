//! The JSON body of a question, whole, for every shape that options and records can give it.

use serde_json::{Value, json};

use crate::scene::Scene;

fn user(parts: &Value) -> Value {
    json!([{"role": "user", "content": parts}])
}

fn asked(parts: &Value) -> Value {
    json!({"model": "gpt-5.2", "input": user(parts)})
}

fn why() -> Value {
    json!({"type": "input_text", "text": "why?"})
}

/// The body that a dry run makes of a record and options.
fn body(scene: &Scene, record: &Value, options: &str) -> Value {
    let line = format!("oa-respond --dry-run -p 'why?' {options}");
    scene.feed(&record.to_string(), &line).is(0).record()["request"].clone()
}

#[test]
fn parts_of_every_shape() {
    let scene = Scene::new();
    let file = |name: &str| json!({"files": [{"id": "file-1", "object": "file", "filename": name, "bytes": 9}]});
    let document = json!({"type": "input_file", "file_id": "file-1"});
    let picture =
        |detail: &str| json!({"type": "input_image", "file_id": "file-1", "detail": detail});
    let url = "https://example.com/a/x.pdf?y=1";
    let rows = [
        (json!({}), "", json!([why()])),
        (file("a.pdf"), "", json!([why(), document])),
        (file("a.txt"), "", json!([why(), document])),
        (file("a.png"), "", json!([why(), picture("auto")])),
        (
            file("a.webp"),
            "--detail high",
            json!([why(), picture("high")]),
        ),
        (
            file("a.jpg"),
            "--detail original",
            json!([why(), picture("original")]),
        ),
        (file("a.txt"), "--detail low", json!([why(), document])),
        (
            file("a.pdf"),
            "--detail low",
            json!([why(), {"type": "input_file", "file_id": "file-1", "detail": "low"}]),
        ),
        (
            file("a.png"),
            "--image-field image_file_id",
            json!([why(), {"type": "input_image", "image_file_id": "file-1", "detail": "auto"}]),
        ),
        (
            file("a.pdf"),
            "--image-field image_file_id",
            json!([why(), document]),
        ),
        (
            json!({}),
            "-a file-abc",
            json!([why(), {"type": "input_file", "file_id": "file-abc"}]),
        ),
        (
            json!({}),
            "-a 'https://example.com/a/x.pdf?y=1'",
            json!([why(), {"type": "input_file", "file_url": url}]),
        ),
        (
            json!({}),
            "-a https://example.com/p.PNG",
            json!([why(), {"type": "input_image", "image_url": "https://example.com/p.PNG", "detail": "auto"}]),
        ),
    ];
    for (record, options, parts) in rows {
        assert_eq!(
            body(&scene, &record, options),
            asked(&parts),
            "{record} {options}"
        );
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_files_purpose_decides_only_where_its_name_does_not() {
    let scene = Scene::new();
    let rows = [
        (json!({"id": "file-1", "purpose": "vision"}), "input_image"),
        (
            json!({"id": "file-1", "purpose": "user_data"}),
            "input_file",
        ),
        (
            json!({"id": "file-1", "filename": "a.png", "purpose": "user_data"}),
            "input_image",
        ),
        (
            json!({"id": "file-1", "filename": "a.pdf", "purpose": "vision"}),
            "input_file",
        ),
    ];
    for (file, kind) in rows {
        let record = json!({"files": [file]});
        let content = &body(&scene, &record, "")["input"][0]["content"];
        assert_eq!(content[1]["type"], kind, "{record}");
    }
}

#[test]
fn options_become_fields() {
    let scene = Scene::new();
    let rows = [
        ("-m gpt-x", json!({"model": "gpt-x"})),
        (
            "-i 'Answer in French.'",
            json!({"instructions": "Answer in French."}),
        ),
        ("-i - ", json!({"instructions": "-"})),
        ("--no-store", json!({"store": false})),
        ("-b", json!({"background": true})),
        ("--stream", json!({"stream": true})),
        ("--max-output-tokens 99", json!({"max_output_tokens": 99})),
        (
            "--reasoning-effort low",
            json!({"reasoning": {"effort": "low"}}),
        ),
        (
            "--request '{\"temperature\": 0.5, \"model\": \"m\"}'",
            json!({"temperature": 0.5, "model": "m"}),
        ),
        (
            "-m gpt-x --request '{\"model\":null}'",
            json!({"model": null}),
        ),
    ];
    for (options, fields) in rows {
        let mut expected = asked(&json!([why()]));
        for (key, value) in fields.as_object().unwrap() {
            let whole = expected.as_object_mut().unwrap();
            if value.is_null() {
                whole.remove(key);
            } else {
                whole.insert(key.clone(), value.clone());
            }
        }
        assert_eq!(body(&scene, &json!({}), options), expected, "{options}");
    }
    let line = "OA_MODEL=gpt-env oa-respond -n --dry-run -p x | jq -r .request.model";
    assert_eq!(scene.ok(line).stdout, "gpt-env\n");
}

#[test]
fn text_from_files_is_added() {
    let scene = Scene::new();
    scene
        .file("ask.txt", "What?\n  Why?\n")
        .file("style.txt", "Be short.\n");
    let text = |options: &str| {
        let line = format!("oa-respond -n --dry-run {options}");
        scene.ok(&line).record()["request"]["input"][0]["content"][0]["text"].clone()
    };
    assert_eq!(
        text("--prompt-file ask.txt").as_str().unwrap().trim_end(),
        "What?\n  Why?"
    );
    let both = text("-p First. --prompt-file ask.txt");
    assert_eq!(both.as_str().unwrap().trim_end(), "First.\n\nWhat?\n  Why?");
    let line = "oa-respond --dry-run --prompt-file - <ask.txt";
    let body = scene.ok(line).record()["request"].clone();
    let text = body["input"][0]["content"][0]["text"].as_str().unwrap();
    assert_eq!(text.trim_end(), "What?\n  Why?");
    let line = "oa-respond -n --dry-run -p x --instructions-file style.txt";
    let body = scene.ok(line).record()["request"].clone();
    assert_eq!(
        body["instructions"].as_str().unwrap().trim_end(),
        "Be short."
    );
}

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
fn a_schema_keeps_the_order_of_its_keys() {
    let scene = Scene::new();
    let schema = r#"{"type":"object","properties":{"reasoning":{"type":"string"},"answer":{"type":"number"}},"required":["reasoning","answer"],"additionalProperties":false}"#;
    scene.file("schema.json", schema);
    scene.ok("oa-respond -n -p why --schema schema.json");
    let ledger = scene.ledger();
    let raw = ledger.of("POST /responses")[0].raw();
    assert!(raw.contains(&format!("\"schema\":{schema}")), "{raw}");
    let format = &scene.question()["text"]["format"];
    assert_eq!(
        (&format["type"], &format["strict"]),
        (&json!("json_schema"), &json!(true))
    );
    assert!(format["name"].is_string(), "{format}");
    scene.file("schema.json", "{oops");
    let ran = scene.sh("oa-respond -n -p why --schema schema.json");
    assert!([2, 3].contains(&ran.status), "{}", ran.stderr);
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
}

#[test]
fn a_dry_run_makes_the_body_that_is_sent() {
    let scene = Scene::new();
    let line = "oa-upload report.pdf figure.png | tee up.json | oa-respond --dry-run -p why -a notes.txt -i 'Be short.'";
    let dry = scene.ok(line).record()["request"].clone();
    assert_eq!(scene.ledger().of("POST /responses").len(), 0);
    scene.ok("oa-respond -p why -a notes.txt -i 'Be short.' <up.json | oa-delete");
    assert_eq!(scene.question(), dry);
    scene.nothing_left();
}

#[test]
fn a_dry_run_can_be_looked_at_changed_and_sent() {
    let scene = Scene::new();
    let line = "oa-upload report.pdf | oa-respond --dry-run -p why | jq -c '.request.temperature = 0.5' | oa-respond | oa-delete";
    let record = scene.ok(line).record();
    let mut body = asked(&json!([
        {"type": "input_text", "text": "why"},
        {"type": "input_file", "file_id": record["files"][0]["id"]},
    ]));
    body["temperature"] = json!(0.5);
    assert_eq!(scene.question(), body);
    scene.nothing_left();
}
