//! The pipe as users write it: with loops, jq, xargs, make and files between its stages.

use serde_json::{Value, json};

use crate::scene::Scene;

const PIPE: &str = "oa-upload report.pdf figure.png notes.txt | oa-respond -b -p 'Check all answers.' | oa-poll --interval 20ms | oa-delete";

#[test]
fn the_whole_pipe_uploads_asks_waits_and_cleans_up() {
    let scene = Scene::new();
    let record = scene.ok(PIPE).record();
    let asked = scene.ledger().asked();
    assert_eq!(asked[..3], ["POST /files"; 3]);
    assert_eq!(
        asked[3..6],
        ["POST /responses", "GET /responses/*", "GET /responses/*"]
    );
    assert_eq!(asked[6..], ["DELETE /files/*"; 3]);
    let ids: Vec<&Value> = (0..3).map(|n| &record["files"][n]["id"]).collect();
    let content = json!([
        {"type": "input_file", "file_id": ids[0]},
        {"type": "input_image", "file_id": ids[1], "detail": "auto"},
        {"type": "input_file", "file_id": ids[2]},
        {"type": "input_text", "text": "Check all answers."},
    ]);
    let body = json!({
        "model": "gpt-5.2",
        "input": [{"role": "user", "content": content}],
        "background": true,
        "store": true,
    });
    assert_eq!(scene.question(), body);
    let keys: Vec<&String> = record.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 4, "{keys:?}");
    scene.nothing_left();
}

#[test]
fn files_and_response_in_the_record_are_the_servers_own_objects() {
    let scene = Scene::new();
    let record = scene
        .ok("oa-upload notes.txt | oa-respond -p why | tee kept")
        .record();
    let ledger = scene.ledger();
    let mut file = record["files"][0].clone();
    assert_eq!(
        file.as_object_mut().unwrap().remove("path"),
        Some(json!("notes.txt"))
    );
    assert_eq!(file, ledger.files[0]);
    assert_eq!(record["response"], ledger.responses[0]);
    assert_eq!(record["paths"], json!(["notes.txt"]));
    let foreign = r#""x_mock":{"big":12345678901234567890123,"decimal":1.10,"exponent":1e2}"#;
    assert_eq!(scene.read("kept").matches(foreign).count(), 2);
    scene.ok("oa-delete <kept");
    scene.nothing_left();
}

#[test]
fn a_slow_server_changes_nothing() {
    let scene = Scene::with(&["--delay", "300ms"]);
    let record = scene.ok(PIPE).record();
    assert_eq!(record["response"]["status"], "completed");
    scene.nothing_left();
}

#[test]
fn jq_fits_between_any_two_stages() {
    let scene = Scene::new();
    let record = scene.ok(concat!(
        "jq -n '{paths: [\"report.pdf\"], prompt: \"one?\", n: 1}' | oa-upload | jq '.m = .n + 1' ",
        "| oa-respond -b | jq . | oa-poll --interval 20ms | jq -c '.seen = true' | oa-delete",
    ));
    let record = record.record();
    assert_eq!((&record["m"], &record["seen"]), (&json!(2), &json!(true)));
    assert_eq!(scene.question()["input"][0]["content"][1]["text"], "one?");
    scene.nothing_left();
}

#[test]
fn an_upstream_that_starts_late_is_waited_for() {
    let scene = Scene::new();
    scene.ok("oa-upload notes.txt >up.json");
    scene.ok("(sleep 0.3; cat up.json) | oa-respond -b -p why | (sleep 0.2; cat) | oa-poll --interval 20ms | oa-delete");
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
    scene.nothing_left();
}

#[test]
fn one_file_and_three_questions_are_uploaded_once_and_deleted_once() {
    let scene = Scene::new();
    let ran = scene.ok(concat!(
        "oa-upload report.pdf | jq -c '.prompt = (\"one?\", \"two?\", \"three?\")' ",
        "| oa-respond -j 3 | oa-delete",
    ));
    let prompts: Vec<Value> = ran.records().iter().map(|r| r["prompt"].clone()).collect();
    assert_eq!(prompts, ["one?", "two?", "three?"]);
    let mut asked = scene.ledger().asked();
    asked.dedup();
    assert_eq!(asked, ["POST /files", "POST /responses", "DELETE /files/*"]);
    assert_eq!(scene.ledger().of("POST /responses").len(), 3);
    assert_eq!(scene.ledger().of("DELETE /files/*").len(), 1);
    scene.nothing_left();
}

#[test]
fn stages_can_be_files_of_a_makefile() {
    let scene = Scene::new();
    scene.file(
        "Makefile",
        concat!(
            "answer.txt: done.json\n\toa-delete -t -o $@ <$<\n",
            "done.json: job.json\n\toa-poll --interval 20ms -o $@ <$<\n",
            "job.json: up.json\n\toa-respond -b -p 'Check.' -o $@ <$<\n",
            "up.json: report.pdf\n\toa-upload $< -o $@\n",
        ),
    );
    scene.ok("make -s answer.txt");
    let ledger = scene.ledger();
    let text = text_of(&ledger.responses[0]);
    assert_eq!(scene.read("answer.txt"), format!("{text}\n"));
    scene.nothing_left();
    scene.ok("make -s answer.txt");
    assert_eq!(scene.ledger().asked(), ledger.asked());
}

#[test]
fn a_failed_stage_of_a_makefile_is_made_again() {
    let scene = Scene::faulty("POST /responses 400 x1");
    scene.file(
        "Makefile",
        concat!(
            "done.json: up.json\n\toa-respond -p 'Check.' -o $@ <$<\n",
            "up.json: report.pdf\n\toa-upload $< -o $@\n",
        ),
    );
    assert_ne!(scene.sh("make -s done.json").status, 0);
    assert!(!scene.path("done.json").exists());
    scene.ok("make -s done.json");
    assert_eq!(scene.ledger().of("POST /files").len(), 1);
    scene.ok("oa-delete <done.json");
    scene.nothing_left();
}

#[test]
fn each_path_becomes_its_own_record_in_order() {
    let scene = Scene::new();
    let ran = scene.ok("oa-upload --each report.pdf figure.png notes.txt | oa-delete");
    let paths: Vec<Value> = ran
        .records()
        .iter()
        .map(|r| r["files"][0]["path"].clone())
        .collect();
    assert_eq!(paths, ["report.pdf", "figure.png", "notes.txt"]);
    for record in ran.records() {
        assert_eq!(record["files"].as_array().unwrap().len(), 1);
    }
    scene.nothing_left();
}

#[test]
fn xargs_feeds_paths_and_ids() {
    let scene = Scene::new();
    let ran = scene.ok(concat!(
        "printf '%s\\0' report.pdf notes.txt | xargs -0 oa-upload --each ",
        "| oa-respond -p why | jq -r '.files[].id' | xargs oa-delete",
    ));
    let answers = ran.records();
    assert_eq!(answers.len(), 2);
    for answer in answers {
        let whole = json!({"id": answer["id"], "object": "file", "deleted": true});
        assert_eq!(answer, whole);
    }
    scene.nothing_left();
}

#[test]
fn a_while_read_loop_keeps_its_lines() {
    let scene = Scene::new();
    let ran = scene.ok(concat!(
        "oa-upload report.pdf figure.png notes.txt | jq -r '.files[].id' ",
        "| while read -r id; do oa-delete \"$id\" || exit; done",
    ));
    assert_eq!(ran.records().len(), 3);
    let ran = scene.ok("ls *.txt *.pdf | while read -r f; do oa-upload $f; done | oa-delete");
    assert_eq!(ran.records().len(), 2);
    scene.nothing_left();
}

#[test]
fn asking_without_files_needs_no_standard_input() {
    let scene = Scene::new();
    let ran =
        scene.ok("printf 'a\\nb\\n' | while read -r line; do oa-respond -n -t -p \"$line?\"; done");
    assert_eq!(
        scene.ledger().of("POST /responses").len(),
        2,
        "{}",
        ran.stdout
    );
    scene.nothing_left();
}

#[test]
fn an_answer_is_never_overwritten_or_bought_twice() {
    let scene = Scene::new();
    let line =
        "oa-upload notes.txt | oa-respond -p one | tee first | oa-respond -p two | oa-delete";
    let record = scene.sh(line).is(3).record();
    let first: Value = serde_json::from_str(&scene.read("first")).unwrap();
    assert_eq!(record["response"], first["response"]);
    assert_eq!(record["output_text"], first["output_text"]);
    assert_eq!(record["error"]["kind"], "input");
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
    scene.nothing_left();
}

#[test]
fn a_failed_record_can_be_tried_again_without_a_new_upload() {
    let scene = Scene::faulty("POST /responses 400 x1");
    scene
        .sh("oa-upload report.pdf | oa-respond -p why >failed.jsonl")
        .is(7);
    let ran = scene.ok("jq -c 'del(.error)' failed.jsonl | oa-respond -p why | oa-delete");
    assert_eq!(ran.record()["response"]["status"], "completed");
    assert_eq!(scene.ledger().of("POST /files").len(), 1);
    scene.nothing_left();
}

#[test]
fn the_server_can_wrap_a_whole_line() {
    let scene = Scene::new();
    let line = "oa-mock -- bash -c 'oa-upload notes.txt | oa-respond -p why | oa-delete -t'";
    let ran = scene.ok(&format!("unset OPENAI_BASE_URL OPENAI_API_KEY; {line}"));
    assert!(ran.stdout.contains("notes.txt"), "{}", ran.stdout);
    ran.says(&["nothing left on the server"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn stdin_is_read_only_where_nothing_was_named() {
    let scene = Scene::new();
    let ran = scene.ok("mkfifo never; exec 3<>never; oa-upload notes.txt <&3 | tee made; oa-delete $(jq -r '.files[].id' made) <&3");
    assert_eq!(ran.records().len(), 2);
    scene.nothing_left();
}

#[test]
fn what_comes_when_the_reader_has_left_ends_quietly() {
    let scene = Scene::faulty("POST /responses delay ms=300");
    let questions = r#"printf '{"prompt":"%d?"}' 1 2 3 4 5"#;
    let head = "head -n1; echo ${PIPESTATUS[1]}";
    for (input, status) in [
        (questions.to_owned(), 141),
        (format!("{{ {questions}; printf '{{\"pro'; }}"), 141),
        (format!("{{ {questions}; echo oops; }}"), 141),
    ] {
        let asked = scene.ledger().of("POST /responses").len();
        let ran = scene.ok(&format!("{input} | oa-respond -t | {head}"));
        let words: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(
            words.last(),
            Some(&status.to_string().as_str()),
            "{input}: {}",
            ran.stderr
        );
        // The answer that nobody takes was bought, and is kept; the other questions are not asked.
        let said: Vec<&str> = ran.stderr.lines().filter(|l| !l.starts_with('[')).collect();
        assert_eq!(said.len(), 1, "{input}: {}", ran.stderr);
        let record: Value = serde_json::from_str(said[0]).unwrap();
        assert_eq!(
            (&record["prompt"], &record["response"]["status"]),
            (&json!("2?"), &json!("completed"))
        );
        assert_eq!(scene.ledger().of("POST /responses").len() - asked, 2);
    }
}

#[test]
fn a_record_that_lies_half_in_the_pipe_when_the_reader_leaves_is_upstreams_again() {
    let scene = Scene::new();
    let large = "jq -nc '{prompt: \"x\", long: (\"0123456789\" * 30000)} | (., ., ., .)'";
    for _ in 0..8 {
        let line = format!("{large} | oa-respond --dry-run | head -c1; echo ${{PIPESTATUS[1]}}");
        let ran = scene.ok(&line);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("{141\n", ""));
    }
    let line = "mkfifo up; (printf '{\"prompt\":\"1\"}{\"prompt\":\"2\"}{\"pro'; exec sleep 100) >up & \
                oa-respond -q --stream <up | head -c1 >first; echo ${PIPESTATUS[0]}; kill $!";
    assert_eq!(scene.ok(line).stdout, "141\n");
}

#[test]
fn a_file_keeps_its_records_when_the_reader_has_left() {
    let scene = Scene::new();
    let final_ = "response: {id: \"resp_\\(.)\", status: \"completed\", output: []}";
    let record = format!("{{prompt: \"x\", long: (\"0123456789\" * 80), {final_}}}");
    scene.ok(&format!("jq -nc 'range(2000) | {record}' >many"));
    for tool in ["oa-poll -k", "oa-respond -q --only-missing"] {
        let ran = scene.ok(&format!("{tool} <many | head -c1; echo ${{PIPESTATUS[0]}}"));
        assert_eq!(ran.stdout, "{141\n");
        // The one that was under way; the others stand in the file.
        assert!(ran.stderr.lines().count() < 3, "{tool}: {}", ran.stderr);
    }
    let dry = "oa-respond -q --dry-run -p x";
    let ran = scene.ok(&format!(
        "jq -c 'del(.response) | .files = [{{id: \"file-1\", path: \"a\"}}]' many >new; {dry} <new | head -c1; echo ${{PIPESTATUS[0]}}"
    ));
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("{141\n", ""));
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_pipe_gives_up_what_names_something_when_the_reader_has_left() {
    let scene = Scene::new();
    let record =
        r#"{paths: ["a"], files: [{id: "file-\(.)", path: "a"}], long: ("0123456789" * 80)}"#;
    scene.ok(&format!(
        "jq -nc 'range(20) | {record}, {{prompt: \"x\"}}' >some"
    ));
    // All lies in the pipe, nobody writes more, and the reader is gone before the first line.
    let line = "mkfifo up down; exec 6<>up; cat some >&6; exec 7<up 6>&-; \
                (: <down) & exec 5>down; wait; oa-respond -q --dry-run -p x <&7 >&5";
    let ran = scene.sh(line).is(141);
    let told = |text: &str| {
        let record = |line| serde_json::from_str(line).unwrap();
        let records = text.lines().map(record);
        let id = |record: Value| record["files"][0]["id"].as_str().map(str::to_owned);
        records.filter_map(id).collect::<Vec<String>>()
    };
    let ids: Vec<String> = (0..20).map(|number| format!("file-{number}")).collect();
    assert_eq!(told(&ran.stderr), ids);
    // The same of what comes while a question is asked whose answer nobody takes.
    scene.mock.fault("POST /responses stall when=before");
    let running = scene.start(
        "(: <down) & exec 5>down; wait; exec 6<>up; printf '{\"prompt\":\"1\"}' >&6; \
         exec oa-respond -q <up >&5 5>&- 6>&-",
    );
    scene
        .mock
        .until("a question", |l| l.of("POST /responses").len() == 1);
    scene.ok("cat some >up");
    scene.mock.no_faults();
    let ran = running.finish().is(141);
    assert_eq!(told(&ran.stderr), ids);
    assert_eq!(ran.stderr.lines().count(), 21, "the answer, too");
}

#[test]
fn upstream_stops_at_once_when_the_reader_has_left_though_work_goes_on() {
    let scene = Scene::faulty("POST /responses stall when=before x1");
    let upstream = "trap '' PIPE; printf '{\"prompt\":\"1\"}{\"prompt\":\"2\"}'; \
                    while printf ' ' 2>/dev/null; do sleep 0.01; done; touch stopped";
    let running = scene.start(&format!(
        "({upstream}) | oa-respond -q -j 2 --unordered | true; exit ${{PIPESTATUS[1]}}"
    ));
    scene
        .mock
        .until("upstream stopped", |_| scene.path("stopped").exists());
    scene.mock.no_faults();
    let ran = running.finish().is(141);
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
}

#[test]
fn an_endless_upstream_ends_when_nobody_reads_any_more() {
    let scene = Scene::new();
    for tool in ["oa-respond --dry-run", "oa-poll"] {
        let line = format!(
            "yes '{{\"prompt\":\"x\",\"response\":{{\"id\":\"resp_1\",\"status\":\"completed\"}}}}' | {tool} 2>/dev/null | head -n1"
        );
        assert_eq!(scene.sh(&line).records().len(), 1, "{tool}");
    }
}

/// What the SDKs call `output_text`.
pub(crate) fn text_of(response: &Value) -> String {
    let items = response["output"].as_array().into_iter().flatten();
    let messages = items.filter(|item| item["type"] == "message");
    let parts = messages.flat_map(|item| item["content"].as_array().unwrap());
    let texts = parts.filter(|part| part["type"] == "output_text");
    texts.map(|part| part["text"].as_str().unwrap()).collect()
}
