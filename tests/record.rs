//! What comes in goes out: pass-through byte for byte, malformed input, empty input.

use serde_json::json;

use crate::scene::Scene;

/// Values that a careless reader rewrites.
const DELICATE: &str = r#"{"z":1,"long":12345678901234567890123,"money":1.10,"power":1e2,"zero":-0.0,"twice":{"a":1,"a":2},"text":"\u00e9\/é\ud83d\ude00","a":[],"o":{}}"#;

#[test]
fn a_record_passes_every_tool_byte_for_byte() {
    let scene = Scene::new();
    let inner = &DELICATE[1..DELICATE.len() - 1];
    let start = format!("{{{inner},\"paths\":[\"notes.txt\"],\"prompt\":\"why?\"");
    let ran = scene.feed(
        &format!("{start}}}\n"),
        "oa-upload | oa-respond -b | oa-poll --interval 20ms | oa-delete",
    );
    let ran = ran.is(0);
    assert!(ran.stdout.starts_with(&start), "{}", ran.stdout);
    let record = ran.record();
    assert_eq!(record["files"][0]["path"], "notes.txt");
    assert_eq!(record["response"]["status"], "completed");
    scene.nothing_left();
}

#[test]
fn a_record_with_nothing_to_delete_leaves_as_it_came() {
    let scene = Scene::new();
    let ran = scene.feed(DELICATE, "oa-delete").is(0);
    assert_eq!(ran.stdout, format!("{DELICATE}\n"));
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn keys_keep_their_order_and_pretty_input_becomes_one_line() {
    let scene = Scene::new();
    let pretty =
        "{\n  \"b\" : [ 1.50,\n\t2 ] ,\r\n  \"a\": { \"y\": \"x  y\", \"x\": null }\n}\n{}";
    let ran = scene.feed(pretty, "oa-delete").is(0);
    let compact = "{\"b\":[1.50,2],\"a\":{\"y\":\"x  y\",\"x\":null}}\n{}\n";
    assert_eq!(ran.stdout, compact);
}

#[test]
fn records_need_no_white_space_between_them() {
    let scene = Scene::new();
    let ran = scene.feed("{\"a\":1}{\"b\":2}\n\n {\"c\":3}", "oa-delete");
    assert_eq!(ran.is(0).stdout, "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
}

#[test]
fn a_record_leaves_before_the_next_one_arrives() {
    let scene = Scene::new();
    let ran = scene.ok(concat!(
        "mkfifo up down; oa-delete <up >down & ",
        "exec 3>up 4<down; ",
        "echo '{\"a\":1}' >&3; read -r first <&4; ",
        "echo '{\"b\":2}' >&3; read -r second <&4; ",
        "exec 3>&-; wait; echo \"$first $second\"",
    ));
    assert_eq!(ran.stdout, "{\"a\":1} {\"b\":2}\n");
}

#[test]
fn a_value_is_handed_on_at_its_last_byte() {
    for (pieces, lines) in [
        (["{}", "{\"b\":2}"], ["{}", "{\"b\":2}"]),
        (["[{}", ",{\"b\":2}"], ["{}", "{\"b\":2}"]),
        (
            ["\\xef\\xbb\\xbf{}", " []\\n{\"b\":[]}"],
            ["{}", "{\"b\":[]}"],
        ),
    ] {
        let scene = Scene::new();
        let ran = scene.ok(&format!(
            "mkfifo up down; oa-delete <up >down & exec 3>up 4<down; \
             printf '{}' >&3; read -r first <&4; printf '{}' >&3; read -r second <&4; \
             echo \"$first $second\"; kill $!",
            pieces[0], pieces[1],
        ));
        assert_eq!(ran.stdout, format!("{} {}\n", lines[0], lines[1]));
    }
    let scene = Scene::new();
    let ids = ["a.txt", "b.txt"].map(|name| scene.mock.upload(name, "x"));
    scene.ok(&format!(
        "mkfifo up down; oa-delete --now <up >down & exec 3>up 4<down; \
         printf '\"{}\"' >&3; read -r first <&4; printf '\"{}\"' >&3; read -r second <&4; kill $!",
        ids[0], ids[1],
    ));
    scene.nothing_left();
}

#[test]
fn an_error_of_another_program_is_said_once_by_each_tool_that_passes_it_on() {
    let scene = Scene::new();
    let cases = [
        (
            r#"{"error":{"message":"No such response.","type":"invalid_request_error","code":null}}"#,
            "No such response.",
        ),
        (r#"{"error":"boom"}"#, "boom"),
        (r#"{"error":["boom",2]}"#, "boom"),
        (
            r#"{"error":{"tool":"jq","kind":"refused","message":"boom"}}"#,
            "boom",
        ),
        (
            r#"{"paths":"a.txt","error":{"message":"boom"}}"#,
            "a.txt: boom",
        ),
    ];
    for (record, words) in cases {
        let ran = scene
            .feed(record, "oa-respond -p x | oa-poll | oa-delete -t")
            .is(7);
        let mut said: Vec<&str> = ran.stderr.lines().collect();
        said.sort_unstable();
        let tools = ["oa-delete", "oa-poll", "oa-respond"];
        assert_eq!(
            said,
            tools.map(|tool| format!("{tool}: {words}")),
            "{record}"
        );
    }
    let ours = r#"{"error":{"tool":"oa-poll","kind":"failed","message":"boom","retryable":false}}"#;
    for (record, status) in [(ours, 8), (r#"{"error":null}"#, 0)] {
        let ran = scene.feed(record, "oa-delete").is(status);
        assert_eq!(
            (ran.stdout, ran.stderr),
            (format!("{record}\n"), String::new())
        );
    }
}

#[test]
fn a_records_own_error_is_never_replaced_by_another_one() {
    let scene = Scene::new();
    let record = concat!(
        r#"{"prompt":1,"files":[],"output_text":[],"error":"#,
        r#"{"tool":"oa-respond","kind":"refused","message":"m","retryable":false}}"#,
    );
    for tool in [
        "oa-upload",
        "oa-respond",
        "oa-respond --bogus",
        "oa-poll",
        "oa-index",
        "oa-delete",
        "oa-delete -j 0",
    ] {
        let ran = scene.feed(record, tool);
        assert_eq!(ran.stdout, format!("{record}\n"), "{tool}");
    }
    scene.feed(record, "oa-delete").is(7);
}

#[test]
fn ids_and_records_of_stdin_are_both_worked_on() {
    let scene = Scene::new();
    let [a, b] = ["a.txt", "b.txt"].map(|name| scene.mock.upload(name, "x"));
    scene.ok(&format!("oa-delete -r {a} - {b} </dev/null"));
    scene.nothing_left();
    let a = scene.mock.upload("a.txt", "x");
    let ran = scene.ok(&format!("oa-upload notes.txt | oa-delete - {a}"));
    assert_eq!(ran.records().len(), 2);
    scene.nothing_left();
    let ran = scene.sh(&format!("oa-delete {a} - </dev/null")).is(3);
    ran.says(&["no record came"]);
    let ask = "oa-respond -n -b -p x | jq -r .response.id";
    let id = scene.ok(ask).stdout;
    let line = format!(
        "oa-respond -n -b -p y | oa-poll --interval 20ms -k {} - | jq -r .response.status",
        id.trim()
    );
    assert_eq!(scene.ok(&line).stdout, "completed\ncompleted\n");
}

#[test]
fn malformed_json_ends_the_reading_with_its_place_and_an_error_record() {
    let scene = Scene::new();
    let ran = scene.feed("{\"a\":1}\n{\"b\":2,\n oops}\n{\"c\":3}\n", "oa-delete");
    let ran = ran.is(3).says(&["oa-delete: ", "line 3", "column"]);
    let records = ran.records();
    assert_eq!(records.len(), 2, "{}", ran.stdout);
    assert_eq!(records[0], json!({"a": 1}));
    assert_eq!(records[1].as_object().unwrap().len(), 1);
    assert_eq!(records[1]["error"]["kind"], "input");
    assert_eq!(records[1]["error"]["tool"], "oa-delete");
}

#[test]
fn elements_of_an_unfinished_array_are_worked_on() {
    let scene = Scene::new();
    let ran = scene.feed("[{\"a\":1},{\"b\":2},", "oa-delete").is(3);
    let records = ran.records();
    assert_eq!(records[..2], [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(ran.kinds(), ["", "", "input"]);
}

#[test]
fn a_record_that_was_cut_off_keeps_what_names_something_on_the_server() {
    let scene = Scene::new();
    let cut = "jq -c '. + {z: (\"x\" * 5000)}' | head -c 3000";
    let ran = scene.sh(&format!(
        "oa-upload report.pdf | {cut} | oa-respond -p why | oa-delete"
    ));
    let ran = ran
        .is(3)
        .says(&["ends inside a string", "[delete] file_id=file-"]);
    let record = ran.record();
    assert_eq!(record["files"][0]["path"], "report.pdf");
    assert_eq!(record["error"]["kind"], "input");
    assert_eq!(record.as_object().unwrap().len(), 2, "{record}");
    assert_eq!(scene.ledger().of("POST /responses").len(), 0);
    scene.nothing_left();
    // What came only in part names nothing.
    let ran = scene
        .feed(
            "{\"files\":[{\"id\":\"file-1\",\"path\":\"a\"}",
            "oa-delete",
        )
        .is(3);
    assert_eq!(ran.record().as_object().unwrap().len(), 1);
}

#[test]
fn the_last_tool_knows_that_the_first_one_read_malformed_json() {
    let scene = Scene::new();
    let ran = scene.feed(
        "{\"paths\":\"notes.txt\"} {\"paths\":",
        "oa-upload | oa-respond -p why | oa-delete",
    );
    let ran = ran.is(3);
    assert_eq!(ran.kinds(), ["", "input"]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
    scene.nothing_left();
}

#[test]
fn plain_ids_are_recognised_and_the_way_out_is_named() {
    let scene = Scene::new();
    for input in ["file-abc\n", "file-abc\nfile-def\n", "resp_abc\n"] {
        scene
            .feed(input, "oa-delete")
            .is(3)
            .says(&["xargs oa-delete"]);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn no_record_is_an_error_for_every_tool_unless_r_says_otherwise() {
    let scene = Scene::new();
    for tool in ["oa-upload", "oa-respond -p why", "oa-poll", "oa-delete"] {
        for input in ["", " \n\n"] {
            scene
                .feed(input, tool)
                .is(3)
                .says(&[tool.split(' ').next().unwrap()]);
            let ran = scene.feed(input, &format!("{tool} -r")).is(0);
            assert_eq!(
                (ran.stdout, ran.stderr),
                (String::new(), String::new()),
                "{tool}"
            );
            scene
                .feed(input, &format!("{tool} --no-run-if-empty"))
                .is(0);
        }
    }
    scene.feed("", "oa-respond -p why").says(&["-n"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn an_upstream_that_was_killed_does_not_look_like_success() {
    let scene = Scene::new();
    let ran = scene.sh("(kill -9 $BASHPID; oa-upload notes.txt) | oa-respond -p why | oa-delete");
    assert_eq!(ran.is(3).stdout, "");
    scene.nothing_left();
}

#[test]
fn null_in_a_key_of_the_pipe_counts_as_absent() {
    let scene = Scene::new();
    let record = r#"{"paths":"notes.txt","prompt":null,"files":null,"response":null,"error":null,"request":null,"output_text":null}"#;
    let ran = scene
        .feed(record, "oa-upload | oa-respond -p why | oa-delete")
        .is(0);
    assert_eq!(ran.record()["response"]["status"], "completed");
    assert_eq!(scene.question()["input"][0]["content"][1]["text"], "why");
    scene.nothing_left();
}

#[test]
fn a_record_with_an_error_is_passed_on_unworked() {
    let scene = Scene::new();
    let record = r#"{"paths":["notes.txt"],"error":{"tool":"x","kind":"failed","message":"m","retryable":false}}"#;
    for tool in ["oa-upload", "oa-respond -p why", "oa-poll", "oa-delete"] {
        let ran = scene.feed(record, tool).is(8);
        assert_eq!(ran.stdout, format!("{record}\n"), "{tool}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn an_error_without_a_known_kind_counts_as_refused() {
    let scene = Scene::new();
    for error in [
        r#"{"message":"m"}"#,
        r#""boom""#,
        r#"{"kind":"zap"}"#,
        "true",
        "7",
    ] {
        let record = format!("{{\"error\":{error}}}");
        let ran = scene.feed(&record, "oa-delete").is(7);
        assert_eq!(ran.stdout, format!("{record}\n"));
    }
}

#[test]
fn paths_in_any_other_key_open_no_file() {
    let scene = Scene::new();
    let record = json!({"files": [], "path": "/etc/hostname", "prompt": "@/etc/hostname",
        "attributes": {"f": "@notes.txt"}, "file": "notes.txt"});
    scene.feed(&record.to_string(), "oa-respond").is(0);
    let content = &scene.question()["input"][0]["content"];
    assert_eq!(
        *content,
        json!([{"type": "input_text", "text": "@/etc/hostname"}])
    );
}

#[test]
fn a_record_of_ten_megabytes_passes_every_tool() {
    let scene = Scene::new();
    let long = "\u{e9}0123456789abcd".repeat(650_000);
    let record = format!("{{\"long\":\"{long}\"}}\n");
    let ran = scene.feed(
        &record,
        "oa-respond -p why | oa-poll | oa-delete | jq -c 'del(.response, .output_text)'",
    );
    assert!(
        ran.is(0).stdout == record,
        "it did not come out as it went in"
    );
    scene.nothing_left();
}

#[test]
fn hostile_input_ends_as_an_input_error() {
    let scene = Scene::new();
    let inputs = [
        "printf '[%.0s' {1..200000}",
        "printf '{\"a\":%.0s' {1..200000}",
        "printf '{\"a\":\"\\xff\\xfe\"}'",
        "printf '{\"a\":\"\\ud800\"'",
        "printf '\\0\\0\\0'",
        "printf '{\"a\":1,}'",
        "printf '{a:1}'",
        "printf '{\"a\":NaN}'",
        "printf '{\"a\":01}'",
        "printf \"{'a':1}\"",
        "printf '{\"a\":\"x\\ny\"}'",
    ];
    for input in inputs {
        let ran = scene.sh(&format!("{input} | oa-delete"));
        assert_eq!(
            (ran.status, ran.signal),
            (3, None),
            "{input}: {}",
            ran.stderr
        );
        assert_eq!(ran.kinds(), ["input"], "{input}");
        assert!(
            ran.stderr.len() < 2000,
            "{input}: a message of {} bytes",
            ran.stderr.len()
        );
    }
}
