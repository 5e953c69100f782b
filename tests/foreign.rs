//! What others made, in shapes that nobody promised: no id and no answer is lost over it, and nothing runs.

use serde_json::{Value, json};

use crate::scene::{Scene, lines};

const TOOLS: [&str; 4] = [
    "oa-upload",
    "oa-respond -p why",
    "oa-poll --deadline 1s --interval 20ms",
    "oa-delete",
];

/// Fields that are not what the API documents, of a File.
const FILES: [&str; 6] = [
    r#""bytes":"12""#,
    r#""bytes":12.5,"expires_at":1e99"#,
    r#""id":"file-1""#,
    r#""filename":"half \ud83d""#,
    r#""filename":7,"purpose":[]"#,
    r#""expires_at":"tomorrow""#,
];

/// The same of a Response, beside its text.
const RESPONSES: [&str; 6] = [
    r#""usage":{"input_tokens":1.5,"output_tokens":"7"}"#,
    r#""usage":"none""#,
    r#""status":"completed""#,
    r#""background":"no","incomplete_details":"none""#,
    r#""error":null,"metadata":{"a":1,"a":2}"#,
    r#""incomplete_details":{"reason":7}"#,
];

fn answer(part: &str, more: &str) -> String {
    let item = format!(r#"{{"type":"message","role":"assistant","content":[{part}]}}"#);
    format!(
        r#"{{"id":"resp_1","object":"response","status":"completed",{more},"output":[7,{item}]}}"#
    )
}

fn text(text: &str) -> String {
    format!(r#"{{"type":"output_text","text":{text}}}"#)
}

#[test]
fn a_file_is_deleted_whatever_else_its_object_says() {
    for odd in FILES {
        let scene = Scene::new();
        let file = format!(r#"{{"id":"file-1",{odd},"path":"a"}}"#);
        let record = format!("{{\"files\":[{file}]}}\n");
        let ran = scene.feed(&record, "oa-delete").is(0);
        assert_eq!(ran.stdout, record);
        assert_eq!(scene.ledger().requests[0].path, "/v1/files/file-1", "{odd}");
    }
}

#[test]
fn an_upload_is_known_by_its_id_whatever_else_the_answer_says() {
    for odd in FILES {
        let scene = Scene::new();
        let body = format!(r#"{{"id":"file-1","object":"file",{odd}}}"#);
        scene.mock.fault(&format!("POST /files 200 body='{body}'"));
        let ran = scene.ok("oa-upload notes.txt | oa-delete");
        let told = ran.says(&["[upload] file_id=file-1 ", "[delete] file_id=file-1"]);
        assert!(told.stdout.contains(odd), "{}", told.stdout);
        assert_eq!(scene.ledger().asked(), ["POST /files", "DELETE /files/*"]);
    }
}

#[test]
fn a_paid_answer_is_read_whatever_else_it_says() {
    let notes = r#"{"type":"output_text","text":"yes","annotations":[{"type":"file_citation","file_id":7},7]}"#;
    let parts = [text("\"yes\""), notes.to_owned(), text("\"yes\"") + ",7"];
    let cases = RESPONSES.map(|odd| answer(&parts[0], odd));
    let others = parts[1..].iter().map(|part| answer(part, RESPONSES[0]));
    for body in cases.into_iter().chain(others) {
        let scene = Scene::new();
        for path in ["POST /responses", "GET /responses/*"] {
            scene.mock.fault(&format!("{path} 200 body='{body}'"));
        }
        for line in ["oa-respond -n -p why", "oa-poll resp_1"] {
            let ran = scene.ok(line).says(&["response_id=resp_1"]);
            assert_eq!(ran.record()["output_text"], "yes", "{body}");
            assert!(ran.stdout.contains(&body), "{}", ran.stdout);
        }
        let queued = body.replace("\"completed\"", "\"queued\"");
        let record = format!("{{\"response\":{queued}}}");
        let ran = scene.feed(&record, "oa-poll --interval 20ms").is(0);
        assert_eq!(ran.record()["output_text"], "yes", "{body}");
    }
}

#[test]
fn half_an_emoji_at_the_end_of_an_answer_does_not_cost_the_answer() {
    let scene = Scene::new();
    let body = answer(&text(r#""so it is \ud83d""#), RESPONSES[0]);
    scene
        .mock
        .fault(&format!("POST /responses 200 body='{body}'"));
    let ran = scene.ok("oa-respond -n -p why");
    assert!(ran.stdout.contains(&body), "{}", ran.stdout);
    let words = ran.stdout.rsplit("\"output_text\":").next().unwrap();
    assert!(words.starts_with("\"so it is \u{fffd}"), "{words}");
    let ran = scene.ok("oa-respond -n -p why -t");
    assert!(
        ran.stdout.starts_with("so it is \u{fffd}"),
        "{}",
        ran.stdout
    );
}

#[test]
fn lists_inside_lists_end_in_clear_words_and_little_memory() {
    let scene = Scene::new();
    let open = r#"{"object":"list","data":"#;
    let deep = open.repeat(100_000) + "[]" + &"}".repeat(100_000);
    scene.file("in", deep);
    for tool in TOOLS {
        let ran = scene
            .sh(&format!("ulimit -v 1000000; {tool} <in"))
            .is(3)
            .says(&["neither a record"]);
        assert_eq!(ran.kinds(), ["input"], "{tool}");
        assert!(ran.stderr.len() < 2000, "{tool}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn what_is_no_id_is_never_sent() {
    let scene = Scene::new();
    for id in [".", ".."] {
        let inputs = [
            json!({"files": [{"id": id, "path": "a"}]}),
            json!({"id": id, "object": "file"}),
            json!({"id": id, "object": "response"}),
            json!({"response": {"id": id, "status": "queued"}}),
            json!({"vector_store": {"id": id, "made": true}}),
        ];
        for input in inputs {
            let ran = scene
                .feed(&lines(std::slice::from_ref(&input)), "oa-delete")
                .is(3);
            assert!(ran.stderr.contains(id), "{input}: {}", ran.stderr);
        }
        let waiting = json!({"response": {"id": id, "status": "queued"}});
        let ran = scene.feed(&lines(&[waiting]), "oa-poll").is(3);
        assert_eq!(ran.kinds(), ["input"], "{id}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_command_in_a_hint_runs_nothing_that_a_name_says() {
    let scene = Scene::new();
    let name = "it's $(touch pwned) `touch pwned`.txt";
    scene.file(name, "text").file(".name", name);
    scene.mock.fault("POST /files cut");
    let ran = scene.sh("oa-upload \"$(cat .name)\"").is(10);
    let hint = ran.record()["error"]["hint"].as_str().unwrap().to_owned();
    let command = hint.split_once('`').unwrap().1;
    let command = command.rsplit_once('`').unwrap().0;
    scene.file("command", command);
    scene.ok("oa-upload notes.txt >/dev/null; bash command");
    scene.ok(
        "mkdir \"a \\$(touch pwned)\"; oa-upload a* >.record; jq -r .error.hint .record >.hint",
    );
    let message = scene.read(".hint");
    let command = message.split('`').nth(1).unwrap();
    scene.file("command", command.split('|').next().unwrap());
    scene.ok("bash command");
    assert!(!scene.path("pwned").exists(), "{hint}\n{message}");
}

/// What a terminal gets of this line, as the kernel hands it on.
fn typed(scene: &Scene, line: &str) -> String {
    scene.file("line", line);
    scene.ok("script -qec 'bash line' /dev/null </dev/null >typed");
    scene.read("typed")
}

#[test]
fn an_answer_does_not_drive_the_terminal_that_shows_it() {
    let scene = Scene::new();
    let evil = "a\u{1b}]0;title\u{7}\tb\u{9b}31m\u{202e}\r\nc\u{7f}";
    let quoted = json!(evil).to_string();
    let body = answer(&text(&quoted), RESPONSES[0]);
    scene
        .mock
        .fault(&format!("POST /responses 200 body='{body}'"));
    for line in ["oa-respond -q -n -p why -t", "oa-respond -q -n -p why"] {
        let shown = typed(&scene, line);
        let bad: Vec<char> = shown
            .replace("\r\n", "\n")
            .chars()
            .filter(|c| (c.is_control() && !['\n', '\t'].contains(c)) || *c == '\u{202e}')
            .collect();
        assert_eq!(bad, [], "{line}: {shown:?}");
    }
    // The record says the same, and so does the text to whoever is no terminal.
    let shown = typed(&scene, "oa-respond -q -n -p why");
    let record: Value = serde_json::from_str(shown.trim()).expect(&shown);
    assert_eq!(record["output_text"], evil);
    let ran = scene.ok("oa-respond -q -n -p why -t");
    assert_eq!(ran.stdout, format!("{evil}\n"));
}

#[test]
fn an_id_is_the_servers_word_and_travels_as_one_segment() {
    for (id, segment) in [
        ("assistant-7", "assistant-7"),
        ("a+b/c==", "a%2Bb%2Fc%3D%3D"),
        ("../../x?y#z", "%2E%2E%2F%2E%2E%2Fx%3Fy%23z"),
        ("-", "-"),
        ("$(id) é", "%24%28id%29%20%C3%A9"),
    ] {
        let scene = Scene::new();
        scene.mock.fault(
            "GET /responses/* 200 body='{\"id\":\"x\",\"status\":\"completed\",\"output\":[]}'",
        );
        scene
            .mock
            .fault("DELETE /vector_stores/* 200 body='{\"deleted\":true}'");
        let record = json!({
            "files": [{"path": "a"}],
            "vector_store": {"id": id, "made": true},
            "response": {"id": id, "status": "queued"},
        });
        let ran = scene.feed(&lines(&[record]), "oa-poll | oa-delete");
        ran.is(3).says(&["an object without an id"]);
        let ledger = scene.ledger();
        let paths: Vec<&str> = ledger.requests.iter().map(|r| r.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                format!("/v1/responses/{segment}"),
                format!("/v1/vector_stores/{segment}"),
            ]
        );
    }
}
