//! A machine without much of anything: threads, descriptors, memory; and much of everything else to do.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::net::at;
use crate::net::server::{Server, obliging};
use crate::scene::{Scene, lines};

/// A scene with so many small files, `f/0.md` and so on.
fn with_files(count: usize) -> Scene {
    let scene = Scene::new();
    let many = format!("mkdir f; for n in {{1..{count}}}; do echo text $n >f/$n.md; done");
    scene.ok(&many);
    scene
}

const WHOLE: &str = "oa-upload -P assistants --each -j 64 f/* | oa-index -j 64 --interval 20ms | oa-respond -b -p why --file-search -j 64 | oa-poll -j 64 --interval 20ms | oa-delete -j 64";

/// Runs the whole pipe where each tool is held to a limit.
fn goes_well(limit: &str) {
    let scene = with_files(40);
    let line = format!("{limit}; {WHOLE}; echo ${{PIPESTATUS[@]}} >&2");
    let ran = scene.ok(&line).says(&["0 0 0 0 0"]);
    assert_eq!(ran.kinds(), [""; 40]);
    scene.nothing_left();
}

#[test]
fn where_there_is_no_room_for_more_threads_fewer_work_and_all_is_done() {
    goes_well("ulimit -v 60000");
}

#[test]
fn where_there_are_few_descriptors_fewer_work_at_a_time_and_all_is_done() {
    goes_well("ulimit -n 16");
}

#[test]
fn where_there_is_one_descriptor_too_few_the_machine_is_blamed_and_not_the_input() {
    let scene = Scene::new();
    let ran = scene
        .sh("ulimit -n 8; oa-upload --retries 0 notes.txt")
        .is(6);
    let error = &ran.record()["error"];
    assert_eq!(error["kind"], "network");
    assert_eq!(error["retryable"], true);
    ran.says(&["ulimit"]);
}

#[test]
fn paths_and_records_together_are_never_more_at_a_time_than_wanted() {
    let scene = with_files(12);
    let record = json!({"paths": (1..=12).map(|n| format!("f/{n}.md")).collect::<Vec<_>>()});
    scene.file("records", lines(&vec![record; 6]));
    let server = Server::plain(obliging);
    at(&scene, &server.url(), "oa-upload -j 3 <records >/dev/null").is(0);
    assert_eq!(server.asked().len(), 72);
    assert!(server.connections() <= 3, "{}", server.connections());
}

#[test]
fn a_file_among_a_hundred_thousand_is_found_in_no_time_to_speak_of() {
    let scene = Scene::new();
    let file = |n: usize| json!({"id": format!("file-{n}"), "path": format!("{n}.pdf")});
    let files: Vec<Value> = (0..100_000).map(file).collect();
    let paths = (0..100_000)
        .map(|n| format!("{n}.pdf"))
        .chain(["notes.txt".to_owned()]);
    let record = json!({"paths": paths.rev().collect::<Vec<_>>(), "files": files});
    let ran = scene
        .feed(&record.to_string(), "oa-upload | oa-delete --dry-run -q")
        .is(0);
    let record = ran.record();
    let path = |n: usize| record["files"][n]["path"].clone();
    assert_eq!(
        (path(0), path(1), path(100_000)),
        ("notes.txt".into(), "99999.pdf".into(), "0.pdf".into())
    );
}

#[test]
fn batches_of_one_store_are_waited_for_at_the_same_time() {
    let scene = Scene::with(&["--looks", "3"]);
    let upload =
        "for n in 1 2 3; do oa-upload -P assistants notes.txt | jq -c \".attributes.n=$n\"; done";
    let line = format!("({upload}) | oa-index --name n --one -j 1 --interval 200ms");
    assert_eq!(scene.ok(&line).kinds(), ["", "", ""]);
    let ledger = scene.ledger();
    let looks = ledger.of("GET /vector_stores/*/file_batches/*");
    let looks: Vec<&str> = looks.iter().map(|look| look.path.as_str()).collect();
    assert!(
        looks[0] != looks[1] && looks[1] != looks[2] && looks[0] != looks[2],
        "{looks:?}"
    );
}

#[test]
fn of_many_files_that_were_not_indexed_ten_are_named_and_the_record_names_all() {
    let scene = with_files(25);
    scene
        .mock
        .fault("POST /vector_stores/** end status=failed code=server_error");
    let ran = scene
        .sh("oa-upload -P assistants f/* | oa-index --interval 20ms")
        .is(8);
    let record = ran.record();
    let error = &record["error"];
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("25 of 25 files were not indexed: "),
        "{message}"
    );
    assert!(message.ends_with("; and 15 more"), "{message}");
    assert_eq!(message.matches("f/").count(), 10);
    let all = error["body"].as_str().unwrap();
    assert_eq!(
        all.lines().filter(|line| line.starts_with("f/")).count(),
        25
    );
    assert!(
        ran.stderr
            .lines()
            .all(|line| line.matches("f/").count() <= 11)
    );
}

#[test]
fn a_file_of_records_that_nobody_reads_any_more_is_not_read_and_not_repeated() {
    let scene = Scene::new();
    let mut records = String::new();
    for n in 0..5000 {
        let file = format!(r#"{{"id":"file-{n}","path":"a.txt"}}"#);
        let response = r#"{"id":"resp_1","object":"response","status":"completed","output":[]}"#;
        let _ = writeln!(records, r#"{{"files":[{file}],"response":{response}}}"#);
    }
    scene.file("records", records);
    for tool in [
        "oa-poll",
        "oa-poll -t",
        "oa-search -p x",
        "oa-index",
        "oa-delete --dry-run -q",
    ] {
        let ran = scene.sh(&format!(
            "{tool} <records | (sleep 0.2; exec <&-); echo ${{PIPESTATUS[0]}}"
        ));
        // What was in hand is told, and nothing else.
        let told = ran.stderr.matches(r#"{"files""#).count();
        assert!(told < 1000, "{tool}: {told}");
    }
}

#[test]
fn two_hundred_thousand_ids_fit_into_little_memory() {
    let scene = Scene::new();
    let line = "seq -f '\"file-%024.0f\"' 200000 | (ulimit -v 50000; oa-delete --dry-run 2>&1) | tail -n 1";
    let told = scene.ok(line).stdout;
    assert!(told.contains("would delete 200000 in all"), "{told}");
}

#[test]
fn a_record_too_large_for_the_memory_is_still_known_by_its_files() {
    let scene = Scene::new();
    let text = "x".repeat(40_000_000);
    let output = json!([{"type": "message", "content": [{"type": "output_text", "text": text}]}]);
    let response =
        json!({"id": "resp_1", "object": "response", "status": "completed", "output": output});
    let id = scene.mock.upload("a.txt", "x");
    let file = json!({"id": id, "path": "a.txt"});
    let record = json!({"files": [file], "response": response, "output_text": text});
    let line = "oa-delete -v <.input; echo; echo {} | oa-poll -v";
    let limited = format!("ulimit -v 185000; {line}");
    let ran = scene.feed(&record.to_string(), &limited).is(3);
    let error = serde_json::from_str::<Value>(ran.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&error["error"]["retryable"], &error["files"][0]["id"]),
        (&json!(true), &json!(id))
    );
    ran.says(&["no memory for a record"]);
    scene.nothing_left();
}

#[test]
fn what_waits_for_its_turn_is_bounded_in_memory() {
    let scene = Scene::with(&["--delay", "2s"]);
    let large = "head -c 24000000 /dev/zero | tr '\\0' x";
    let passed = format!(
        "for i in $(seq 24); do printf '{{\"response\":{{\"id\":\"resp_%d\",\"output\":[]}},\"mine\":\"' $i; {large}; echo '\"}}'; done"
    );
    let line = format!(
        "(echo '{{}}'; {passed}) | (ulimit -v 600000; oa-respond --only-missing -p why) | jq -c 'del(.mine)'"
    );
    let records = scene.ok(&line).records();
    assert_eq!(records.len(), 25);
    for (index, record) in records.iter().enumerate().skip(1) {
        assert_eq!(record["response"]["id"], format!("resp_{index}"));
        assert!(record.get("error").is_none(), "{record}");
    }
}
