//! Stores of local files: made, filled, asked, cited, and cleaned up whatever happens.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::scene::{Ran, Scene};

/// A folder of a handbook, one page of which is a note.
fn handbook(options: &[&str]) -> Scene {
    let scene = Scene::with(options);
    scene.ok("mkdir handbook");
    scene.file(
        "handbook/research.md",
        "Deep research searches many sources and writes a report.\n",
    );
    scene.file(
        "handbook/office.md",
        "The office is closed on Fridays in August.\n",
    );
    scene
}

const UP: &str = "oa-upload -j 1 -P assistants handbook/*.md | oa-index --interval 20ms";

/// The line up to the store, then the rest.
fn run(scene: &Scene, index: &str, rest: &str) -> Ran {
    scene.sh(&format!("{UP} {index} | {rest}"))
}

fn tool(scene: &Scene) -> Value {
    scene.question()["tools"][0].clone()
}

#[test]
fn seed_file_search_answers_from_the_store_and_cites_its_files() {
    let scene = handbook(&[]);
    let ask = "oa-respond -p 'What is deep research?' --file-search | oa-delete";
    let record = run(&scene, "", ask).is(0).record();
    let store = &record["vector_store"];
    assert_eq!(store["made"], true);
    assert_eq!(store["file_counts"]["completed"], 2);
    let body = scene.question();
    let wanted = json!([{"type": "file_search", "vector_store_ids": [store["id"]]}]);
    assert_eq!(body["tools"], wanted);
    assert_eq!(body["input"][0]["content"].as_array().unwrap().len(), 1);
    let cited = record["citations"].as_array().unwrap();
    let first = json!({"type": "file_citation", "file_id": record["files"][1]["id"],
        "filename": "research.md", "path": "handbook/research.md", "count": 1});
    assert!(cited.contains(&first), "{cited:?}");
    scene.nothing_left();
}

#[test]
fn seed_file_search_limits_the_number_of_results() {
    let scene = handbook(&[]);
    let ask = "oa-respond -p 'research office' --file-search --max-num-results 1 | oa-delete";
    let record = run(&scene, "", ask).is(0).record();
    assert_eq!(tool(&scene)["max_num_results"], 1);
    assert_eq!(record["citations"].as_array().unwrap().len(), 1);
    scene.nothing_left();
}

#[test]
fn seed_file_search_includes_the_results() {
    let scene = handbook(&[]);
    let ask = "oa-respond -p 'deep research' --file-search --include-results | oa-delete";
    let record = run(&scene, "", ask).is(0).record();
    assert_eq!(
        scene.question()["include"],
        json!(["file_search_call.results"])
    );
    let found = &record["response"]["output"][0]["results"][0]["filename"];
    assert_eq!(found, "research.md");
    scene.nothing_left();
}

#[test]
fn seed_file_search_filters_by_metadata() {
    let scene = handbook(&[]);
    scene.ok(concat!(
        "oa-upload --each -P assistants handbook/*.md | jq -c '.attributes = {type: ",
        "(if .paths[0] == \"handbook/office.md\" then \"rule\" else \"blog\" end), year: 2025}' ",
        "| oa-index --one --name handbook --interval 20ms >made"
    ));
    let ask = "head -n 1 made | oa-respond -p 'research office' --file-search --filter type=blog --filter 'year>=2025'";
    let record = scene.ok(ask).record();
    let wanted = json!({"type": "and", "filters": [
        {"type": "eq", "key": "type", "value": "blog"},
        {"type": "gte", "key": "year", "value": 2025}]});
    assert_eq!(tool(&scene)["filters"], wanted);
    let cited = record["citations"].as_array().unwrap();
    assert_eq!(cited.len(), 1);
    assert_eq!(cited[0]["filename"], "research.md");
    assert_eq!(scene.ledger().of("POST /vector_stores").len(), 1);
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn passages_are_found_without_a_model() {
    let scene = handbook(&[]);
    let search = "oa-search -p 'closed on Fridays' | oa-delete";
    let record = run(&scene, "", search).is(0).record();
    let first = &record["results"][0];
    assert_eq!(first["path"], "handbook/office.md");
    assert_eq!(
        first["content"][0]["text"],
        "The office is closed on Fridays in August."
    );
    let ran = run(&scene, "", "tee made | oa-search -p 'Fridays' -t").is(0);
    assert!(
        ran.stdout.starts_with("handbook/office.md ("),
        "{}",
        ran.stdout
    );
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn a_store_that_was_only_added_to_loses_exactly_these_files() {
    let scene = handbook(&[]);
    scene.ok("oa-upload --keep -P assistants notes.txt | oa-index --interval 20ms --keep >theirs");
    let line = "id=$(jq -r .vector_store.id theirs); oa-upload -P assistants handbook/*.md \
        | oa-index --interval 20ms --into $id | oa-respond -p why --file-search | oa-delete";
    let record = scene.ok(line).record();
    assert_eq!(record["vector_store"]["made"], false);
    let ledger = scene.ledger();
    assert_eq!(ledger.of("DELETE /vector_stores/*").len(), 0);
    let stores = &ledger.stores;
    assert_eq!(stores.len(), 1);
    assert_eq!(stores[0]["files"].as_array().unwrap().len(), 1);
}

#[test]
fn a_file_that_cannot_be_indexed_is_named_and_the_rest_is_cleaned_up() {
    let rule = "POST /vector_stores/** end status=failed code=server_error message=It_broke file=office.md";
    let scene = handbook(&["--fault", rule]);
    let ran = run(&scene, "", "oa-respond -p why --file-search | oa-delete").is(8);
    let ran = ran.says(&["handbook/office.md: server_error: It broke"]);
    let record = ran.record();
    assert_eq!(record["error"]["kind"], "failed");
    assert_eq!(record["vector_store"]["made"], true);
    scene.nothing_left();
    let ran = run(
        &scene,
        "--allow-partial",
        "oa-respond -p why --file-search | oa-delete",
    )
    .is(0);
    assert!(ran.record()["error"].is_null());
    scene.nothing_left();
}

#[test]
fn indexing_that_never_ends_is_given_up_and_cleaned_up() {
    let scene = handbook(&["--fault", "POST /vector_stores/** end status=in_progress"]);
    let ran = run(
        &scene,
        "--deadline 300ms",
        "oa-respond -p why --file-search | oa-delete",
    )
    .is(124);
    assert_eq!(ran.kinds(), ["deadline"]);
    scene.nothing_left();
}

#[test]
fn a_record_that_ran_out_of_time_is_indexed_on_without_a_second_store() {
    let scene = handbook(&[
        "--fault",
        "POST /vector_stores/** end status=in_progress x2",
    ]);
    run(&scene, "--deadline 200ms", "cat >late").is(0);
    let line = "jq -c 'del(.error)' late | oa-index --interval 20ms | oa-delete";
    let record = scene.ok(line).record();
    assert_eq!(
        record["vector_store"]["file_counts"]["completed"], 2,
        "{record}"
    );
    assert_eq!(scene.ledger().of("POST /vector_stores").len(), 1);
    scene.nothing_left();
}

#[test]
fn ctrl_c_while_indexing_leaves_nothing() {
    let scene = handbook(&["--fault", "POST /vector_stores/** end status=in_progress"]);
    let line = format!("{UP} | oa-respond -p why --file-search | oa-delete");
    let running = scene.start(&line);
    let looked = |l: &crate::harness::Ledger| {
        let mut asked = l.requests.iter();
        asked.any(|r| r.method == "GET" && r.path.contains("file_batches"))
    };
    scene.mock.until("a look", looked);
    let ran = running.signal(Signal::INT).finish();
    assert_eq!(ran.kinds(), ["interrupted"], "{}", ran.stderr);
    assert_eq!(ran.status, 130);
    scene.nothing_left();
}

#[test]
fn a_store_that_goes_away_while_it_is_filled_is_an_error_and_success_for_the_clean_up() {
    let scene = handbook(&["--fault", "GET /vector_stores/*/file_batches/* 410"]);
    let ran = run(&scene, "", "oa-delete").is(7);
    assert_eq!(ran.kinds(), ["refused"]);
    scene.nothing_left();
}

#[test]
fn faults_of_the_requests_that_make_and_fill_a_store() {
    let cases = [
        ("POST /vector_stores 400", 7, "refused"),
        ("POST /vector_stores 429 retry-after-ms=1 x1", 0, ""),
        ("POST /vector_stores html status=502", 10, "unknown_outcome"),
        (
            "POST /vector_stores/*/file_batches 503 retry-after-ms=1 x1",
            0,
            "",
        ),
        ("POST /vector_stores/*/file_batches 401", 4, "auth"),
        (
            "POST /vector_stores/*/file_batches cut",
            10,
            "unknown_outcome",
        ),
        (
            "GET /vector_stores/*/file_batches/* 500 retry-after-ms=1 x2",
            0,
            "",
        ),
        ("GET /vector_stores/*/file_batches/* html x2", 0, ""),
        ("DELETE /vector_stores/*/files/* 404", 0, ""),
        (
            "DELETE /vector_stores/*/files/* 500 retry-after-ms=1 x1",
            0,
            "",
        ),
        ("DELETE /vector_stores/* cut x1", 0, ""),
        (
            "POST /vector_stores/*/search 503 retry-after-ms=1 x1",
            0,
            "",
        ),
        ("POST /vector_stores/*/search 400", 7, "refused"),
    ];
    for (fault, status, kind) in cases {
        let scene = handbook(&["--fault", fault]);
        let ran = run(&scene, "", "oa-search -p why | oa-delete");
        assert_eq!(
            (ran.status, ran.kinds()),
            (status, vec![kind.to_owned()]),
            "{fault}\n{}",
            ran.stderr
        );
        scene.nothing_left();
    }
}

#[test]
fn a_clean_up_that_broke_is_finished_by_a_second_run() {
    let scene = handbook(&["--fault", "DELETE /vector_stores/* 403"]);
    let ran = run(&scene, "", "tee made | oa-delete").is(1);
    let record = ran.record();
    let id = record["vector_store"]["id"].as_str().unwrap();
    ran.says(&[&format!("{id}: not deleted")]);
    scene.mock.no_faults();
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn what_search_does_not_take_is_refused_before_anything_is_sent() {
    let scene = Scene::new();
    scene.file("table.csv", "a,b\n");
    scene.file("latin.txt", b"caf\xe9\n");
    scene.file("wide.txt", b"\xff\xfeh\0i\0\n\0");
    for name in ["table.csv", "latin.txt", "figure.png"] {
        scene
            .sh(&format!("oa-upload -P assistants {name} | oa-delete"))
            .is(3)
            .says(&[name]);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
    scene.ok("oa-upload -P assistants wide.txt | oa-delete");
    let ran = scene
        .sh("oa-upload figure.png | oa-index | oa-delete")
        .is(3);
    ran.says(&["figure.png: file search does not take this type"]);
    assert_eq!(scene.ledger().of("POST /vector_stores").len(), 0);
    scene.nothing_left();
}

#[test]
fn options_that_the_api_would_refuse_are_usage() {
    let scene = Scene::new();
    for line in [
        "oa-index --expires-after 36h",
        "oa-index --expires-after 366d",
        "oa-index --attribute type",
        "oa-index --chunk-size 100 --chunk-overlap 51",
        "oa-index --one",
        "oa-index --into vs_1 --name x",
        "oa-respond --search-store vs_1 --search-store vs_2 --search-store vs_3 -p x",
        "oa-respond --filter a=b -p x",
        "oa-respond --file-search --filter-json '{}' -p x",
        "oa-respond --file-search --max-num-results 51 -p x",
        "oa-list stores --purpose x",
    ] {
        scene.sh(&format!("echo '{{}}' | {line}")).is(2);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}
