//! Other shapes become records: lists, API objects, ids; and what never does.

use serde_json::{Value, json};

use crate::scene::{Scene, lines};

/// The records that a dry run makes of an input, without the body it adds.
fn lifted(scene: &Scene, input: &str) -> Vec<Value> {
    let mut records = scene
        .feed(input, "oa-respond --dry-run -p why")
        .is(0)
        .records();
    for record in &mut records {
        let body = record.as_object_mut().unwrap().remove("request");
        assert!(body.is_some(), "no body was made of {input}");
    }
    records
}

#[test]
fn lists_files_and_ids_become_records() {
    let scene = Scene::new();
    let (a, b) = (
        json!({"id": "file-a1", "object": "file", "filename": "a.pdf", "bytes": 7, "new": [1]}),
        json!({"object": "file", "id": "file-b2", "filename": "b.png"}),
    );
    let both = vec![json!({"files": [a]}), json!({"files": [b]})];
    let cases = [
        (json!([a, b]), both.clone()),
        (
            json!({"object": "list", "data": [a, b], "has_more": false}),
            both.clone(),
        ),
        (json!([[a], {"object": "list", "data": [b]}]), both.clone()),
        (a.clone(), both[..1].to_vec()),
        (
            json!("file-a1"),
            vec![json!({"files": [{"id": "file-a1"}]})],
        ),
        (
            json!("file_a-1_x"),
            vec![json!({"files": [{"id": "file_a-1_x"}]})],
        ),
        (json!({"question": 7}), vec![json!({"question": 7})]),
        (json!({}), vec![json!({})]),
        (
            json!({"object": "mine", "files": []}),
            vec![json!({"object": "mine", "files": []})],
        ),
        // A list that does not say so, elements that only their ids tell of, and what is no list.
        (
            json!({"data": [{"id": "file-a1"}, b], "has_more": false, "last_id": "file-b2"}),
            vec![json!({"files": [{"id": "file-a1"}]}), both[1].clone()],
        ),
        (
            json!({"object": "page", "data": [{"id": "file-a1", "prompt": "mine"}]}),
            vec![json!({"id": "file-a1", "prompt": "mine"})],
        ),
        (
            json!([{"id": "file-a1", "type": "file"}]),
            vec![json!({"files": [{"id": "file-a1", "type": "file"}]})],
        ),
        (
            json!({"object": "list", "data": ["file-a1", [a]]}),
            vec![json!({"files": [{"id": "file-a1"}]}), both[0].clone()],
        ),
        (
            json!({"data": [{"x": 1}]}),
            vec![json!({"data": [{"x": 1}]})],
        ),
        (json!({"data": []}), vec![json!({"data": []})]),
        (
            json!({"data": [{"id": "file-a1"}], "rows": []}),
            vec![json!({"data": [{"id": "file-a1"}], "rows": []})],
        ),
        (
            json!({"data": [{"id": "file-a1"}], "paths": null, "attributes": {}}),
            vec![json!({"data": [{"id": "file-a1"}], "paths": null, "attributes": {}})],
        ),
        (json!({"id": "q-1"}), vec![json!({"id": "q-1"})]),
        (json!({"id": "file-a1"}), vec![json!({"id": "file-a1"})]),
        (
            json!([{"x": 1}, "file-a1"]),
            vec![json!({"x": 1}), json!({"files": [{"id": "file-a1"}]})],
        ),
    ];
    for (input, records) in cases {
        assert_eq!(lifted(&scene, &input.to_string()), records, "{input}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_response_and_its_id_become_records() {
    let scene = Scene::new();
    let job = scene.ok("oa-respond -n -b -p why").record();
    let id = &job["response"]["id"];
    for input in [job["response"].clone(), id.clone(), json!([id])] {
        let ran = scene
            .feed(&input.to_string(), "oa-poll --interval 20ms")
            .is(0);
        let record = ran.record();
        assert_eq!(record["response"]["id"], *id);
        assert_eq!(record["response"]["status"], "completed");
        assert!(record["output_text"].is_string(), "{record}");
    }
    scene.nothing_left();
}

#[test]
fn what_is_no_record_is_quoted_and_the_others_go_on() {
    let scene = Scene::new();
    let strangers = [
        json!(7),
        json!(true),
        json!(null),
        json!("hello"),
        json!("file-../etc"),
        json!("file-"),
        json!({"object": "model", "id": "m"}),
        json!({"object": "file", "id": "file-1", "deleted": true}),
        json!({"object": "list", "data": "file-1"}),
        json!([{"id": "7thh8ha71oxc"}]),
        json!({"data": [{"id": 7}]}),
        json!({"object": "list", "data": [{"x": 1}]}),
    ];
    for stranger in strangers {
        let input = lines(&[json!({"a": 1}), stranger.clone(), json!({"b": 2})]);
        let ran = scene.feed(&input, "oa-respond --dry-run -p why").is(3);
        assert_eq!(ran.kinds(), ["", "input", ""], "{stranger}");
        let message = ran.records()[1]["error"]["message"].clone();
        // Of a list its element.
        let list = stranger.get("data").unwrap_or(&stranger);
        let element = list.get(0).unwrap_or(&stranger);
        let quoted = message.as_str().unwrap().contains(&element.to_string());
        assert!(quoted, "{stranger} is not quoted: {message}");
    }
}

#[test]
fn a_wrong_type_is_an_input_error_that_names_the_key() {
    let scene = Scene::new();
    let cases = [
        json!({"paths": 1}),
        json!({"paths": [1]}),
        json!({"prompt": ["why"]}),
        json!({"request": "x"}),
        json!({"attributes": []}),
        json!({"files": {}}),
        json!({"files": ["file-1"]}),
        json!({"response": "resp_1"}),
        json!({"output_text": 1}),
        json!({"citations": {}}),
        json!({"previous": {}}),
        json!({"results": "x"}),
        json!({"input_tokens": "1"}),
        json!({"vector_store": "vs_1"}),
        json!({"batch": "batch_1"}),
        json!({"window": 8}),
    ];
    for wrong in cases {
        let key = wrong.as_object().unwrap().keys().next().unwrap().clone();
        let ran = scene.feed(&wrong.to_string(), "oa-respond -p why").is(3);
        let mut record = ran.record();
        let error = record.as_object_mut().unwrap().remove("error").unwrap();
        assert_eq!(record, wrong);
        assert_eq!(error["kind"], "input");
        assert!(error["message"].as_str().unwrap().contains(&key), "{error}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn an_error_says_who_what_and_whether_again() {
    let scene = Scene::faulty(
        "POST /responses 400 code=unknown_parameter param=input[0] message='No such thing.'",
    );
    let ran = scene.sh("oa-respond -n -p why").is(7);
    let error = &ran.record()["error"];
    let keys: Vec<&String> = error.as_object().unwrap().keys().collect();
    for key in [
        "tool",
        "kind",
        "message",
        "status",
        "code",
        "param",
        "request_id",
        "retryable",
    ] {
        assert!(keys.iter().any(|k| *k == key), "{key} is not in {error}");
    }
    assert_eq!(error["tool"], "oa-respond");
    assert_eq!(error["kind"], "refused");
    assert_eq!(error["status"], 400);
    assert_eq!(error["code"], "unknown_parameter");
    assert_eq!(error["param"], "input[0]");
    assert_eq!(error["retryable"], false);
    let id = error["request_id"].as_str().unwrap();
    ran.says(&["oa-respond: ", "(400 unknown_parameter, ", id]);
}

#[test]
fn the_servers_own_sentence_is_the_message_wherever_it_stands() {
    let bodies = [
        (r#"{"error":{"message":"Own words."}}"#, "Own words."),
        (r#"{"error":"Own words."}"#, "Own words."),
        (r#"{"message":"Own words."}"#, "Own words."),
        (r#"{"detail":"Own words."}"#, "Own words."),
        (r#"{"title":"Own words."}"#, "Own words."),
        (r#"{"x":"Own words."}"#, r#"{"x":"Own words."}"#),
    ];
    for (body, message) in bodies {
        let scene = Scene::faulty(&format!("POST /responses 400 body='{body}'"));
        let ran = scene.sh("oa-respond -n -p why").is(7);
        assert_eq!(ran.record()["error"]["message"], message, "{body}");
    }
}
