//! The JSON body of a question, whole, for every shape that options and records can give it.

use serde_json::{Value, json};

use crate::scene::Scene;

pub(crate) fn user(parts: &Value) -> Value {
    json!([{"role": "user", "content": parts}])
}

pub(crate) fn asked(parts: &Value) -> Value {
    json!({"model": "gpt-5.2", "input": user(parts)})
}

pub(crate) fn why() -> Value {
    json!({"type": "input_text", "text": "why?"})
}

/// The body that a dry run makes of a record and options.
pub(crate) fn body(scene: &Scene, record: &Value, options: &str) -> Value {
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
        (file("a.pdf"), "", json!([document, why()])),
        (file("a.txt"), "", json!([document, why()])),
        (file("a.png"), "", json!([picture("auto"), why()])),
        (
            file("a.webp"),
            "--detail high",
            json!([picture("high"), why()]),
        ),
        (
            file("a.jpg"),
            "--detail original",
            json!([picture("original"), why()]),
        ),
        (file("a.txt"), "--detail low", json!([document, why()])),
        (
            file("a.pdf"),
            "--detail low",
            json!([{"type": "input_file", "file_id": "file-1", "detail": "low"}, why()]),
        ),
        (
            file("a.png"),
            "--image-field image_file_id",
            json!([{"type": "input_image", "image_file_id": "file-1", "detail": "auto"}, why()]),
        ),
        (
            file("a.pdf"),
            "--image-field image_file_id",
            json!([document, why()]),
        ),
        (
            json!({}),
            "-a file-abc",
            json!([{"type": "input_file", "file_id": "file-abc"}, why()]),
        ),
        (
            json!({}),
            "-a 'https://example.com/a/x.pdf?y=1'",
            json!([{"type": "input_file", "file_url": url}, why()]),
        ),
        (
            json!({}),
            "-a 'HTTPS://example.com/%70.pn%67?x=.pdf#y'",
            json!([{"type": "input_image", "image_url": "HTTPS://example.com/%70.pn%67?x=.pdf#y", "detail": "auto"}, why()]),
        ),
        (
            json!({}),
            "-a https://png.example.png -a https://example.com/x.png/ -a 'https://example.com/get?name=x.png'",
            json!([
                {"type": "input_file", "file_url": "https://png.example.png"},
                {"type": "input_file", "file_url": "https://example.com/x.png/"},
                {"type": "input_file", "file_url": "https://example.com/get?name=x.png"},
                why(),
            ]),
        ),
        (
            json!({}),
            "-a https://example.com/x%2Epdf --detail low",
            json!([{"type": "input_file", "file_url": "https://example.com/x%2Epdf", "detail": "low"}, why()]),
        ),
        (
            json!({}),
            "-a https://example.com/p.PNG",
            json!([{"type": "input_image", "image_url": "https://example.com/p.PNG", "detail": "auto"}, why()]),
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
        assert_eq!(content[0]["type"], kind, "{record}");
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
        ("-b", json!({"background": true, "store": true})),
        (
            "-b --request '{\"store\":false}'",
            json!({"background": true, "store": false}),
        ),
        (
            "-b --request '{\"store\":null}'",
            json!({"background": true}),
        ),
        (
            "--request '{\"background\":true}'",
            json!({"background": true}),
        ),
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
        {"type": "input_file", "file_id": record["files"][0]["id"]},
        {"type": "input_text", "text": "why"},
    ]));
    body["temperature"] = json!(0.5);
    assert_eq!(scene.question(), body);
    scene.nothing_left();
}

#[test]
fn a_forgotten_upload_buys_no_answer_about_nothing() {
    let scene = Scene::new();
    let file = json!({"id": "file-1", "filename": "a.txt", "path": "a.txt"});
    let input = json!([{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]);
    let answer = json!({"id": "resp_1", "status": "completed", "output": []});
    for (record, line, status) in [
        (json!({"paths": "a.txt"}), "oa-respond -p why", 3),
        (
            json!({"paths": ["a.txt", "b.txt"], "files": [file]}),
            "oa-respond -p why",
            3,
        ),
        (
            json!({"paths": ["a.txt"], "files": [{"id": "file-1"}]}),
            "oa-respond -p why",
            3,
        ),
        (
            json!({"paths": ["a.txt"], "vector_store": {"id": "vs_1"}}),
            "oa-respond -p why --file-search",
            3,
        ),
        (
            json!({"paths": ["a.txt"], "files": [file]}),
            "oa-respond -p why --dry-run",
            0,
        ),
        (json!({"paths": []}), "oa-respond -p why --dry-run", 0),
        (
            json!({"paths": ["b.txt"], "files": [file], "request": {"input": input}}),
            "oa-respond --dry-run",
            0,
        ),
        (
            json!({"paths": ["b.txt"], "request": {"previous_response_id": "resp_1"}}),
            "oa-respond -p why --dry-run",
            0,
        ),
        (
            json!({"paths": ["b.txt"], "response": answer}),
            "oa-respond -c -p why --dry-run",
            0,
        ),
        (
            json!({"paths": ["b.txt"], "response": answer}),
            "oa-respond -p why --only-missing",
            0,
        ),
    ] {
        let ran = scene.feed(&record.to_string(), line).is(status);
        if status == 3 {
            assert_eq!(ran.kinds(), ["input"], "{record}");
            ran.says(&["oa-upload comes first"]);
        }
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn an_id_is_as_long_as_its_server_makes_it() {
    let scene = Scene::new();
    let id = format!("file-{}", "x".repeat(295));
    let record = json!({"files": [{"id": id, "filename": "a.pdf"}]});
    let parts = json!([{"type": "input_file", "file_id": id}, why()]);
    assert_eq!(body(&scene, &record, ""), asked(&parts));
    assert_eq!(body(&scene, &json!({}), &format!("-a {id}")), asked(&parts));
}
