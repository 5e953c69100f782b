//! Cleaning up after Batches: each goes with the last of its records, and what was bought is not thrown away unread.

use std::fs::File;
use std::io::Write;
use std::slice;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::Ledger;
use crate::scene::{Ran, Scene, lines};

const CANCEL: &str = "POST /batches/*/cancel";

/// A Batch on the server, and its records as they are while they wait for it.
struct Job {
    id: String,
    input: String,
    records: Vec<Value>,
}

/// A Batch of so many requests, each about a file of its own.
fn job(scene: &Scene, count: usize) -> Job {
    let text = |object: &Value| object["id"].as_str().unwrap().to_owned();
    let upload = |n| scene.mock.upload(&format!("{n}.txt"), format!("{n}\n"));
    let files: Vec<String> = (1..=count).map(upload).collect();
    let requests = (1..).zip(&files).map(|(n, file)| {
        let content = json!([{"type": "input_file", "file_id": file}]);
        let body = json!({"model": "m", "input": [{"role": "user", "content": content}]});
        json!({"custom_id": format!("{n}"), "method": "POST", "url": "/v1/responses", "body": body})
    });
    let requests = lines(&requests.collect::<Vec<_>>());
    let input = text(&scene.mock.send("batch", "a.jsonl", requests).json());
    let body =
        json!({"input_file_id": input, "endpoint": "/v1/responses", "completion_window": "24h"});
    let id = text(&scene.mock.call("POST /batches", &body).json());
    let record = |(n, file)| {
        json!({
            "files": [{"id": file, "object": "file", "path": format!("{n}.txt")}],
            "batch": {"id": id, "custom_id": format!("{n}"), "part": "5e", "input_file_id": input, "shared": count, "made": true},
        })
    };
    let records = (1..=count).zip(&files).map(record).collect();
    Job { id, input, records }
}

impl Job {
    fn look(&self, scene: &Scene) -> Value {
        let look = format!("GET /batches/{}", self.id);
        scene.mock.call(&look, &Value::Null).json()
    }

    /// The records as they are once the Batch is completed and they were given their answers.
    fn collected(&self, scene: &Scene) -> Vec<Value> {
        self.look(scene);
        let batch = self.look(scene);
        assert_eq!(batch["status"], "completed");
        let collect = |mut record: Value| {
            record["batch"]["collected"] = json!(true);
            record["batch"]["output_file_id"] = batch["output_file_id"].clone();
            record["batch"]["error_file_id"] = json!("");
            let response = json!({"id": "resp_1", "status": "completed", "output": []});
            record["response"] = response;
            record
        };
        self.records.iter().cloned().map(collect).collect()
    }
}

fn feed(scene: &Scene, records: &[Value], line: &str) -> Ran {
    scene.feed(&lines(records), line)
}

/// How many files the server has, and the status of its Batches.
fn left(scene: &Scene) -> (usize, String) {
    let ledger = scene.ledger();
    (ledger.files.len(), ledger.statuses().join(" "))
}

fn holds(files: usize, status: &str) -> (usize, String) {
    (files, status.to_owned())
}

fn deletions(scene: &Scene) -> Vec<String> {
    let mut asked = scene.ledger().asked();
    asked.retain(|line| line.starts_with("DELETE") || line == CANCEL);
    asked
}

#[test]
fn all_records_that_wait_for_a_batch_cancel_it_and_take_the_file_of_its_requests() {
    let scene = Scene::new();
    let job = job(&scene, 3);
    let ran = feed(&scene, &job.records, "oa-delete").is(8).says(&[
        &format!("[cancel] batch_id={} status=cancelling\n", job.id),
        &format!("[delete] file_id={}\n", job.input),
        &format!("oa-delete: {}: records waited for it", job.id),
        "only 0 of 3 records of it were collected; `oa-batch < FILE` collects it",
    ]);
    assert_eq!(ran.records(), job.records);
    // It is cancelled before its file goes; those of its records stay as long as they can be collected.
    assert_eq!(deletions(&scene), [CANCEL, "DELETE /files/*"]);
    assert_eq!(left(&scene), holds(3, "cancelling"));
    assert!(!lines(&scene.ledger().files).contains(&job.input));
    let collected: Vec<Value> = {
        let batch = job.look(&scene);
        assert_eq!(batch["status"], "cancelled");
        let collect = |mut record: Value| {
            record["batch"]["collected"] = json!(true);
            record["batch"]["output_file_id"] = batch["output_file_id"].clone();
            record
        };
        job.records.into_iter().map(collect).collect()
    };
    feed(&scene, &collected, "oa-delete").is(0);
    scene.nothing_left();
}

#[test]
fn some_records_of_a_batch_cancel_nothing_and_their_files_stay() {
    for some in [&[0, 1][..], &[2], &[0, 0, 1]] {
        let scene = Scene::new();
        let job = job(&scene, 3);
        let came: Vec<Value> = some.iter().map(|n| job.records[*n].clone()).collect();
        for options in ["", "--now", "-o out"] {
            let ran = feed(&scene, &came, &format!("oa-delete {options}")).is(0);
            let told = format!("{}: kept with its files, because only ", job.id);
            assert_eq!(ran.stderr.matches(&told).count(), 1, "{}", ran.stderr);
            ran.says(&[" of 3 records of it came; `oa-batch < FILE` collects it"]);
        }
        assert_eq!(deletions(&scene), [""; 0]);
        assert_eq!(left(&scene), holds(4, "validating"));
    }
}

#[test]
fn a_batch_that_was_collected_leaves_nothing_behind() {
    let scene = Scene::new();
    let job = job(&scene, 3);
    let mut records = job.collected(&scene);
    records.reverse();
    let ran = feed(&scene, &records, "oa-delete").is(0);
    assert_eq!(ran.records(), records);
    assert!(!ran.stderr.contains("oa-delete: "), "{}", ran.stderr);
    assert_eq!(scene.ledger().of(CANCEL).len(), 0);
    scene.nothing_left();
    // Nor does it matter that somebody was faster.
    let mut gone = records[0].clone();
    gone.as_object_mut().unwrap().remove("files");
    gone["batch"]["shared"] = json!(1);
    let ran = feed(&scene, &[gone], "oa-delete").is(0);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

#[test]
fn answers_stay_that_were_not_read_by_all_who_share_them() {
    let scene = Scene::new();
    let job = job(&scene, 3);
    let collected = job.collected(&scene);
    // A record that did not come may be one whose answer nobody has read.
    for options in ["", "--now"] {
        let line = format!("oa-delete {options}");
        let ran = feed(&scene, &collected[1..], &line).is(0);
        ran.says(&[&job.id, "only 2 of 3", "`oa-batch < FILE`"]);
    }
    assert_eq!(deletions(&scene), [""; 0]);
    // One that came and waits still.
    let mixed = [&job.records[..1], &collected[1..]].concat();
    feed(&scene, &mixed, "oa-delete --retries 0").is(8).says(&[
        "status=completed",
        "only 2 of 3 records of it were collected; `oa-batch < FILE`",
    ]);
    assert_eq!(deletions(&scene), [CANCEL, "DELETE /files/*"]);
    assert_eq!(left(&scene), holds(4, "completed"));
    feed(&scene, &collected, "oa-delete").is(0);
    scene.nothing_left();
}

#[test]
fn keep_pending_leaves_all_that_a_batch_needs_alone() {
    let scene = Scene::new();
    let job = job(&scene, 3);
    let others = json!({"files": job.records[0]["files"]});
    for given in [
        [slice::from_ref(&others), &job.records[..]].concat(),
        [&job.records[..], &[others]].concat(),
        job.records[..1].to_vec(),
    ] {
        let ran = feed(&scene, &given, "oa-delete --keep-pending").is(0);
        let told = ran.stderr.matches(&job.id).count();
        assert_eq!(told, 1, "{}", ran.stderr);
        assert_eq!(ran.records(), given);
    }
    let named = [&[json!(job.id), json!(job.input)], &job.records[..]].concat();
    let ran = feed(&scene, &named, "oa-delete --keep-pending").is(0);
    for id in [&job.id, &job.input] {
        let told = format!("{id}: kept, because a kept record needs it");
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    }
    assert_eq!(deletions(&scene), [""; 0]);
    let collected = job.collected(&scene);
    let mixed = [&collected[1..], &job.records[..1]].concat();
    feed(&scene, &mixed, "oa-delete --keep-pending").is(0);
    assert_eq!(left(&scene), holds(5, "completed"));
    feed(&scene, &collected, "oa-delete --keep-pending").is(0);
    scene.nothing_left();
}

#[test]
fn a_dry_run_tells_what_of_a_batch_would_go() {
    let scene = Scene::new();
    let job = job(&scene, 2);
    let ran = feed(&scene, &job.records, "oa-delete --dry-run").is(0);
    ran.says(&[
        &format!("would cancel batch_id={}", job.id),
        &format!("would delete file_id={}", job.input),
        "would delete 2 in all",
    ]);
    let collected = job.collected(&scene);
    let ran = feed(&scene, &collected, "oa-delete --dry-run").is(0);
    let output = collected[0]["batch"]["output_file_id"].as_str().unwrap();
    ran.says(&[&format!("would delete file_id={output}"), "4 in all"]);
    assert_eq!(deletions(&scene), [""; 0]);
    feed(&scene, &collected, "oa-delete").is(0);
    scene.nothing_left();
}

#[test]
fn now_leaves_a_batch_of_several_records_to_the_end_and_no_other() {
    let scene = Scene::new();
    let (shared, single) = (job(&scene, 2), job(&scene, 1));
    scene.file("shared", lines(&shared.collected(&scene)));
    scene.file("single", lines(&single.collected(&scene)));
    // Of eight files, those of the single record go while the input is open.
    scene.ok("mkfifo up; oa-delete --now <up >down & exec 3>up; cat shared single >&3; until [ $(oa-list files | wc -l) = 4 ]; do :; done; exec 3>&-; wait");
    scene.nothing_left();
}

#[test]
fn a_batch_that_was_named_is_cancelled_whoever_shares_it() {
    let scene = Scene::new();
    let job = job(&scene, 3);
    let given = [&[json!(job.id)], &job.records[..1]].concat();
    let ran = feed(&scene, &given, "oa-delete").is(8);
    let ran = ran.says(&["only 0 of 3 records of it were collected"]);
    assert_eq!(ran.records().len(), 2);
    assert_eq!(deletions(&scene), [CANCEL, "DELETE /files/*"]);
    assert_eq!(left(&scene), holds(3, "cancelling"));
}

#[test]
fn the_id_of_a_batch_does_not_say_whose_the_file_of_its_requests_is() {
    for given in ["id", "object"] {
        let scene = Scene::new();
        let job = job(&scene, 2);
        let ran = match given {
            "id" => scene.sh(&format!("oa-delete {}", job.id)),
            _ => scene.sh("oa-list batches | oa-delete"),
        };
        let ran = ran.is(0).says(&[
            &format!("[cancel] batch_id={} status=cancelling", job.id),
            &format!("{}: left alone", job.input),
        ]);
        assert_eq!(ran.record()["status"], "cancelling");
        assert_eq!(left(&scene), holds(3, "cancelling"));
        job.look(&scene);
        let ran = scene.ok("oa-list batches | oa-delete");
        ran.says(&[&format!("{}: ended (cancelled)", job.id)]);
        assert_eq!(deletions(&scene), [CANCEL]);
    }
}

#[test]
fn a_batch_of_unknown_size_or_maker_is_left_alone_with_what_its_records_need() {
    for change in ["shared", "made", "custom_id", "id"] {
        let scene = Scene::new();
        let job = job(&scene, 1);
        let mut record = job.records[0].clone();
        record["batch"].as_object_mut().unwrap().remove(change);
        let files = json!({"files": record["files"]});
        let file = record["files"][0]["id"].clone();
        let status = if change == "id" { 3 } else { 0 };
        let given = [files, record, file];
        let ran = feed(&scene, &given, "oa-delete").is(status);
        ran.says(&[job.records[0]["files"][0]["id"].as_str().unwrap(), "kept"]);
        assert_eq!(deletions(&scene), [""; 0], "{change}");
        assert_eq!(left(&scene), holds(2, "validating"));
    }
    // The files of a record that was answered are its own.
    let scene = Scene::new();
    let job = job(&scene, 1);
    let mut records = job.collected(&scene);
    records[0]["batch"].as_object_mut().unwrap().remove("made");
    let ran = feed(&scene, &records, "oa-delete").is(0);
    ran.says(&[&format!("{}: left alone", job.id)]);
    assert_eq!(left(&scene), holds(2, "completed"));
}

#[test]
fn a_batch_that_is_not_found_has_lost_its_answers() {
    let scene = Scene::new();
    let mut job = job(&scene, 1);
    job.records[0]["batch"]["id"] = json!("batch_lost");
    let ran = feed(&scene, &job.records, "oa-delete").is(7);
    ran.says(&["[cancel] batch_id=batch_lost status=gone", "may be another"]);
    assert_eq!(deletions(&scene), [CANCEL, "DELETE /files/*"]);
}

#[test]
fn a_batch_that_could_not_be_cancelled_keeps_the_file_of_its_requests() {
    let scene = Scene::faulty("POST /batches/*/cancel 500");
    let job = job(&scene, 2);
    let ran = feed(&scene, &job.records, "oa-delete --retries 0").is(1);
    ran.says(&[&format!("{}: not cancelled: it still runs", job.id)]);
    assert_eq!(left(&scene), holds(3, "in_progress"));
}

#[test]
fn a_server_that_knew_a_batch_is_the_right_one() {
    let scene = Scene::new();
    let job = job(&scene, 1);
    let gone = json!({"files": [{"id": "file-gone", "path": "a.txt"}]});
    let given = [gone.clone(), json!(job.id)];
    let ran = feed(&scene, &given, "oa-delete").is(0);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    feed(&scene, &[gone], "oa-delete").is(0).says(&["warning"]);
    assert_eq!(left(&scene), holds(2, "cancelling"));
}

#[test]
fn the_error_of_a_record_that_waits_stays_the_verdict() {
    let scene = Scene::new();
    let mut job = job(&scene, 2);
    for record in &mut job.records {
        record["error"] =
            json!({"tool": "oa-batch", "kind": "deadline", "message": "m", "retryable": true});
    }
    let ran = feed(&scene, &job.records, "oa-delete -o out").is(124);
    assert_eq!(ran.stdout, "");
    assert_eq!(scene.read("out.failed"), lines(&job.records));
    assert_eq!(left(&scene), holds(2, "cancelling"));
}

#[test]
fn a_store_that_a_batch_searches_stays_with_its_files() {
    let scene = Scene::new();
    let job = job(&scene, 2);
    let other = scene.mock.upload("other.txt", "o\n");
    let store = scene
        .mock
        .call("POST /vector_stores", &json!({"file_ids": [other]}));
    let mut store = store.json();
    store["made"] = json!(true);
    store["shared"] = json!(2);
    let mut some = job.records[0].clone();
    some["vector_store"] = store.clone();
    let other = json!({"files": [{"id": other, "path": "other.txt"}], "vector_store": store});
    feed(&scene, &[some, other], "oa-delete").is(0);
    assert_eq!(deletions(&scene), [""; 0]);
    assert_eq!(scene.ledger().stores.len(), 1);
}

#[test]
fn after_a_signal_a_batch_is_cancelled_all_the_same() {
    let scene = Scene::new();
    let job = job(&scene, 2);
    scene.ok("mkfifo up");
    let running = scene.start("exec oa-delete <up");
    let mut input = File::options().write(true).open(scene.path("up")).unwrap();
    input.write_all(lines(&job.records).as_bytes()).unwrap();
    let running = running.a_tool().signal(Signal::INT);
    drop(input);
    let ran = running.finish();
    assert_eq!(ran.signal, Some(2), "{}", ran.stderr);
    assert_eq!(ran.records(), job.records);
    assert_eq!(left(&scene), holds(2, "cancelling"));
}

#[test]
fn a_second_signal_names_the_batch_and_what_goes_with_it() {
    let scene = Scene::faulty("POST /batches/*/cancel stall");
    let job = job(&scene, 1);
    scene.file("jobs", lines(&job.records));
    let running = scene.start("oa-delete <jobs");
    let asked = |ledger: &Ledger| ledger.of(CANCEL).len() == 1;
    scene.mock.until("a cancellation", asked);
    let ran = running.signal_until_over(Signal::INT).finish();
    assert_eq!(ran.signal, Some(2), "{}", ran.stderr);
    let file = job.records[0]["files"][0]["id"].as_str().unwrap();
    ran.says(&["left on the server: ", &job.id, &job.input, file]);
    assert_eq!(left(&scene).0, 2);
}
