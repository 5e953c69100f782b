//! A tool that cannot start: it passes on what comes in, so that nothing is forgotten, and says why.

use serde_json::json;

use crate::scene::Scene;

#[test]
fn a_tool_that_cannot_start_passes_its_records_on_so_that_they_are_cleaned_up() {
    let starts = [
        ("oa-respond -p why --no-such-option", 2, "usage"),
        ("env -u OPENAI_API_KEY oa-respond -p why", 4, "auth"),
    ];
    for (tool, status, kind) in starts {
        let scene = Scene::new();
        let line = format!("oa-upload notes.txt | {{ {tool}; echo $? >status; }} | oa-delete");
        let ran = scene.sh(&line).is(status);
        assert_eq!(ran.kinds(), [kind], "{tool}");
        assert_eq!(scene.read("status"), format!("{status}\n"));
        scene.nothing_left();
    }
}

#[test]
fn whatever_is_wrong_with_a_command_line_the_record_is_passed_on() {
    let wrong = [
        "oa-respond -p why --detail hi",
        "oa-respond -p why --timeout soon",
        "oa-respond -p why -j 0",
        "oa-respond -p why -j",
        "oa-respond -p why -c --only-missing",
        "oa-respond -p why --key key.pem",
        "oa-respond -p why -b --no-store",
        "oa-respond -p why -o ''",
        "oa-respond -p why -o no/such/file",
        "oa-respond -p why report.pdf",
        "oa-respond -p why --request '{oops'",
        "oa-respond -p $'\\xff'",
        "oa-respond --retries -1 -p why",
        "oa-respond -p why --bogus value",
        "oa-poll --deadline 600",
        "oa-poll --interval=-1s",
        "oa-poll -xyz",
        "oa-index --chunk-size 1",
        "oa-index --one",
        "oa-search -p why --max-num-results 99",
        "oa-upload --expires-after 1y",
        "oa-upload --filename x",
    ];
    let scene = Scene::new();
    for tool in wrong {
        let line = format!("oa-upload notes.txt | {{ {tool}; echo $? >status; }} | oa-delete");
        let ran = scene.sh(&line).is(2);
        let name = tool.split(' ').next().unwrap();
        let error = &ran.record()["error"];
        assert_eq!(
            (&error["tool"], &error["kind"]),
            (&json!(name), &json!("usage")),
            "{tool}"
        );
        assert_eq!(scene.read("status"), "2\n", "{tool}");
        scene.nothing_left();
    }
    assert_eq!(scene.ledger().of("POST /responses").len(), 0);
    let line = "oa-upload notes.txt | oa-respond -b -p y | oa-poll --deadline 600 | oa-delete -t";
    assert_eq!(scene.sh(line).is(2).stdout, "");
    assert_eq!(scene.ledger().statuses(), ["cancelled"]);
    scene.nothing_left();
}

#[test]
fn a_wrong_tool_reads_nothing_that_is_not_its_own() {
    let scene = Scene::new();
    for tool in [
        "oa-upload notes.txt --bogus",
        "oa-upload - --bogus",
        "oa-respond -n -p x --bogus",
        "oa-respond -p x --detail hi -a -",
        "oa-respond --prompt-file=- --bogus",
        "oa-poll --deadline 5 resp_a",
        "oa-delete -j 0 -- file-a",
        "oa-list files --bogus",
    ] {
        let ran = scene.feed("{\"a\":1}", &format!("{tool}; cat"));
        assert_eq!(ran.stdout, "{\"a\":1}", "{tool}: {}", ran.stderr);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn where_text_was_wanted_a_wrong_tool_writes_records_to_stderr() {
    for (tool, status) in [
        ("oa-respond -t -p why --bogus", 2),
        ("oa-respond -tq -p why -j 0", 2),
        ("oa-poll --deadline 600 --text", 2),
        ("oa-search -p why --max-num-results 99 -t", 2),
        ("oa-delete -t --jobs=0", 2),
        ("env -u OPENAI_API_KEY oa-delete -t", 4),
    ] {
        let scene = Scene::new();
        let ran = scene
            .sh(&format!("oa-upload notes.txt | {tool}"))
            .is(status);
        assert_eq!(ran.stdout, "", "{tool}");
        let record = ran.stderr.lines().find(|line| line.starts_with('{'));
        let record = record.expect("a record on stderr").to_owned();
        scene.feed(&record, "oa-delete").is(status);
        scene.nothing_left();
    }
}

#[test]
fn a_deletion_that_cannot_start_names_what_it_leaves() {
    let scene = Scene::new();
    let made = "oa-upload notes.txt -P assistants | oa-index --interval 20ms | oa-respond -b -p why | tee made";
    let record = scene.ok(made).record();
    for tool in [
        "oa-delete --bogus",
        "oa-delete -t -j 0",
        "env -u OPENAI_API_KEY oa-delete",
    ] {
        let ran = scene.sh(&format!("{tool} <made"));
        let ids = ["/files/0/id", "/vector_store/id", "/response/id"];
        let ids = ids.map(|place| record.pointer(place).unwrap().as_str().unwrap());
        let left = format!(
            "oa-delete: left on the server; `oa-delete {}` deletes it",
            ids.join(" ")
        );
        assert!(
            ran.stderr.lines().any(|line| line == left),
            "{}",
            ran.stderr
        );
    }
    let id = record["files"][0]["id"].as_str().unwrap();
    scene
        .feed(&format!("\"{id}\""), "oa-delete --bogus")
        .is(2)
        .says(&[&format!("`oa-delete {id}`")]);
    scene.sh("oa-delete --responses <made").is(8);
    scene.nothing_left();
}

#[test]
fn a_wrong_tool_keeps_its_records_beside_the_file_that_it_was_to_write() {
    let scene = Scene::new();
    scene.file("out", "old\n");
    let ran =
        scene.sh("oa-upload notes.txt | oa-respond -b -p y | oa-poll --deadline 600 -t -o out");
    let ran = ran.is(2).says(&["out.failed"]);
    assert_eq!(
        (ran.stdout.as_str(), scene.read("out").as_str()),
        ("", "old\n")
    );
    scene.sh("oa-delete <out.failed").is(2);
    scene.nothing_left();
}
