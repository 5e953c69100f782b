//! The vector stores of oa-mock: what they hold, when it is indexed, and what they refuse.

use serde_json::{Value, json};

use crate::harness::Mock;
use crate::scene::{PNG, Scene};

/// A text of two lines.
pub(crate) const IRON: &str = "Iron rusts in wet air.\nIt melts at 1538 degrees.";
/// Another.
pub(crate) const GOLD: &str = "Gold never rusts.\nIt melts at 1064 degrees.";

/// A string, `""` for anything else.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What is at a path.
pub(crate) fn get(mock: &Mock, path: &str) -> Value {
    mock.call(&format!("GET {path}"), &Value::Null).json()
}

/// What a request that has to succeed is answered.
pub(crate) fn post(mock: &Mock, path: &str, body: &Value) -> Value {
    mock.call(&format!("POST {path}"), body).json()
}

/// The ids of a list, in its order.
fn ids(list: &Value) -> Vec<&str> {
    let data = list["data"].as_array().expect("a list");
    data.iter().map(|object| text(&object["id"])).collect()
}

/// An empty store; gives its path.
pub(crate) fn store(mock: &Mock, body: &Value) -> String {
    let made = post(mock, "/vector_stores", body);
    format!("/vector_stores/{}", text(&made["id"]))
}

#[test]
fn a_store_is_made_read_changed_and_deleted() {
    let mock = Mock::start(&[]);
    let days = json!({"anchor": "last_active_at", "days": 3});
    let body = json!({"name": "notes", "description": "all", "expires_after": days, "metadata": {"team": "a"}});
    let made = post(&mock, "/vector_stores", &body);
    let none = json!({"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0});
    assert_eq!(made["file_counts"], none);
    assert_eq!(
        (&made["status"], &made["usage_bytes"], &made["name"]),
        (&json!("completed"), &json!(0), &json!("notes"))
    );
    let used = made["last_active_at"].as_u64().unwrap();
    assert_eq!(made["expires_at"], used + 3 * 86_400);
    let path = format!("/vector_stores/{}", text(&made["id"]));
    assert_eq!(get(&mock, &path), made);
    let changed = post(&mock, &path, &json!({"name": "new", "expires_after": null}));
    assert_eq!(
        (
            &changed["name"],
            &changed["expires_at"],
            &changed["metadata"]
        ),
        (&json!("new"), &Value::Null, &json!({"team": "a"}))
    );
    let deleted = mock.call(&format!("DELETE {path}"), &Value::Null).json();
    assert_eq!(deleted["object"], "vector_store.deleted");
    let (status, code, param, message) = mock.call(&format!("GET {path}"), &Value::Null).error();
    assert_eq!(
        (status, code, text(&param)),
        (404, Value::Null, "vector_store_id")
    );
    assert!(
        message.starts_with("No vector store found with id 'vs_"),
        "{message}"
    );
}

#[test]
fn lists_have_pages_in_both_directions() {
    let mock = Mock::start(&[]);
    let made: Vec<Value> = (0..5)
        .map(|n| post(&mock, "/vector_stores", &json!({"name": n.to_string()})))
        .collect();
    let made: Vec<&str> = made.iter().map(|store| text(&store["id"])).collect();
    let list = |query: &str| get(&mock, &format!("/vector_stores?{query}"));
    let newest = list("limit=2");
    assert_eq!(ids(&newest), [made[4], made[3]]);
    assert_eq!(
        (&newest["has_more"], text(&newest["last_id"])),
        (&json!(true), made[3])
    );
    assert_eq!(ids(&list("limit=2&order=asc")), made[..2]);
    let after = list(&format!("order=asc&after={}", made[2]));
    assert_eq!(
        (ids(&after), &after["has_more"]),
        (made[3..].to_vec(), &json!(false))
    );
    let before = list(&format!("order=asc&limit=2&before={}", made[3]));
    assert_eq!(
        (ids(&before), &before["has_more"]),
        (made[1..3].to_vec(), &json!(true))
    );
    let between = format!("order=asc&after={}&before={}", made[0], made[4]);
    assert_eq!(ids(&list(&between)), made[1..4]);
    for (query, status) in [("limit=101", 400), ("order=up", 400), ("before=vs_x", 404)] {
        let heard = mock.call(&format!("GET /vector_stores?{query}"), &Value::Null);
        assert_eq!(heard.status, status, "{query}");
    }
}

#[test]
fn a_batch_is_indexed_at_the_second_look() {
    let mock = Mock::start(&[]);
    let files = [mock.upload("iron.md", IRON), mock.upload("gold.txt", GOLD)];
    let path = store(&mock, &json!({}));
    let chunks = json!({"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}});
    let body = json!({"file_ids": files, "attributes": {"a": 1}, "chunking_strategy": chunks});
    let batch = post(&mock, &format!("{path}/file_batches"), &body);
    assert_eq!(batch["object"], "vector_store.files_batch");
    let at = format!("{path}/file_batches/{}", text(&batch["id"]));
    let first = mock.call(&format!("GET {at}"), &Value::Null);
    assert!(
        first.head.contains("openai-poll-after-ms: "),
        "{}",
        first.head
    );
    assert_eq!(first.json()["file_counts"]["in_progress"], 2);
    assert_eq!(first.json()["status"], "in_progress");
    let second = mock.call(&format!("GET {at}"), &Value::Null);
    assert!(!second.head.contains("poll-after"), "{}", second.head);
    assert_eq!(second.json()["status"], "completed");
    let done = get(&mock, &path);
    assert_eq!(
        (&done["file_counts"], &done["usage_bytes"]),
        (
            &json!({"in_progress": 0, "completed": 2, "failed": 0, "cancelled": 0, "total": 2}),
            &json!(IRON.len() + GOLD.len()),
        )
    );
    let file = get(&mock, &format!("{path}/files/{}", files[0]));
    assert_eq!(
        (
            &file["status"],
            &file["attributes"],
            &file["chunking_strategy"]
        ),
        (&json!("completed"), &json!({"a": 1}), &chunks)
    );
    let content = get(&mock, &format!("{path}/files/{}/content", files[0]));
    assert_eq!(content["data"], json!([{"type": "text", "text": IRON}]));
}

#[test]
fn without_looks_nothing_is_ever_indexed() {
    let mock = Mock::start(&["--looks", "0"]);
    let file = mock.upload("iron.md", IRON);
    let path = store(&mock, &json!({"file_ids": [file]}));
    for _ in 0..5 {
        assert_eq!(get(&mock, &path)["status"], "in_progress");
    }
    let found = post(&mock, &format!("{path}/search"), &json!({"query": "rust"}));
    assert_eq!(found["data"], json!([]));
}

#[test]
fn what_cannot_be_searched_fails_and_says_why() {
    let mock = Mock::start(&["--looks", "1"]);
    let files = [
        mock.upload("figure.png", PNG),
        mock.upload("table.csv", "a,b\n"),
        mock.upload("latin.txt", b"caf\xe9"),
        mock.upload("wide.txt", b"\xff\xfeh\0i\0"),
        mock.upload("scan.pdf", "%PDF-1.4 (Hello rust) Tj"),
    ];
    let path = store(&mock, &json!({}));
    let batch = post(
        &mock,
        &format!("{path}/file_batches"),
        &json!({"file_ids": files}),
    );
    let at = format!("{path}/file_batches/{}", text(&batch["id"]));
    let done = get(&mock, &at);
    assert_eq!(
        (&done["status"], &done["file_counts"]["failed"]),
        (&json!("completed"), &json!(3))
    );
    let failed = get(&mock, &format!("{at}/files?filter=failed&order=asc"));
    assert_eq!(ids(&failed), files[..3]);
    let codes: Vec<&str> = (0..3)
        .map(|n| text(&failed["data"][n]["last_error"]["code"]))
        .collect();
    assert_eq!(
        codes,
        ["unsupported_file", "unsupported_file", "invalid_file"]
    );
    let good = get(&mock, &format!("{path}/files?filter=completed&order=asc"));
    assert_eq!(ids(&good), files[3..]);
    let found = post(&mock, &format!("{path}/search"), &json!({"query": "rust"}));
    assert_eq!(found["data"][0]["filename"], "scan.pdf");
}

#[test]
fn rules_decide_how_indexing_ends() {
    let mock = Mock::start(&["--looks", "1"]);
    let files = [mock.upload("iron.md", IRON), mock.upload("gold.txt", GOLD)];
    let path = store(&mock, &json!({}));
    let all = json!({"file_ids": files});
    let batch = |rule: &str| {
        mock.fault(&format!("POST /vector_stores/*/file_batches {rule} x1"));
        let batch = post(&mock, &format!("{path}/file_batches"), &all);
        let at = format!("{path}/file_batches/{}", text(&batch["id"]));
        (get(&mock, &at), at)
    };
    let (some, at) = batch("end status=failed code=server_error message=It_broke file=gold.txt");
    assert_eq!(
        (&some["status"], &some["file_counts"]["failed"]),
        (&json!("completed"), &json!(1))
    );
    let failed = get(&mock, &format!("{at}/files?filter=failed"));
    assert_eq!(
        failed["data"][0]["last_error"],
        json!({"code": "server_error", "message": "It broke"})
    );
    let (whole, _) = batch("end status=failed");
    assert_eq!(
        (&whole["status"], &whole["file_counts"]["failed"]),
        (&json!("failed"), &json!(2))
    );
    let (never, at) = batch("end status=in_progress file=iron.md");
    assert_eq!(
        (&never["status"], &never["file_counts"]["completed"]),
        (&json!("in_progress"), &json!(1))
    );
    assert_eq!(get(&mock, &path)["status"], "in_progress");
    let cancelled = post(&mock, &format!("{at}/cancel"), &Value::Null);
    assert_eq!(
        (&cancelled["status"], &cancelled["file_counts"]["cancelled"]),
        (&json!("cancelled"), &json!(1))
    );
}

#[test]
fn files_come_and_go_one_by_one() {
    let mock = Mock::start(&["--looks", "1"]);
    let file = mock.upload("iron.md", IRON);
    let path = store(&mock, &json!({}));
    let added = post(&mock, &format!("{path}/files"), &json!({"file_id": file}));
    assert_eq!(
        (text(&added["id"]), &added["status"], &added["attributes"]),
        (file.as_str(), &json!("in_progress"), &json!({}))
    );
    let at = format!("{path}/files/{file}");
    let said = json!({"attributes": {"year": 2024, "final": true, "by": "me"}});
    assert_eq!(post(&mock, &at, &said)["attributes"], said["attributes"]);
    let gone = mock.call(&format!("DELETE {at}"), &Value::Null).json();
    assert_eq!(gone["object"], "vector_store.file.deleted");
    assert_eq!(get(&mock, &format!("/files/{file}"))["filename"], "iron.md");
    let (status, _, _, message) = mock.call(&format!("GET {at}"), &Value::Null).error();
    assert_eq!(status, 404);
    assert!(
        message.starts_with("No file found with id 'file-"),
        "{message}"
    );
    post(&mock, &format!("{path}/files"), &json!({"file_id": file}));
    assert_eq!(mock.ledger().stores[0]["files"], json!([file]));
    mock.call(&format!("DELETE /files/{file}"), &Value::Null)
        .json();
    assert_eq!(mock.ledger().stores[0]["files"], json!([]));
}

/// Requests below `/v1`, their bodies, and how they are refused: status, code and param.
const WRONG: &str = r#"
/vector_stores {"title":"x"} 400 unknown_parameter title
/vector_stores {"name":"LONG"} 400 string_above_max_length name
/vector_stores {"expires_after":{"anchor":"created_at","days":1}} 400 invalid_value expires_after.anchor
/vector_stores {"expires_after":{"anchor":"last_active_at","days":366}} 400 integer_above_max_value expires_after.days
/vector_stores {"metadata":{"a":1}} 400 invalid_type metadata.a
/vector_stores {"file_ids":["file-lost"]} 404 null file_ids[0]
STORE/files {} 400 missing_required_parameter file_id
STORE/files {"file_id":"FILE","attributes":MANY} 400 object_above_max_properties attributes
STORE/files {"file_id":"FILE","attributes":{"a":"LONG"}} 400 string_above_max_length attributes.a
STORE/files {"file_id":"FILE","attributes":{"a":[1]}} 400 invalid_type attributes.a
STORE/files {"file_id":"FILE","chunking_strategy":{"type":"static","static":{"max_chunk_size_tokens":99,"chunk_overlap_tokens":1}}} 400 integer_below_min_value chunking_strategy.static.max_chunk_size_tokens
STORE/files {"file_id":"FILE","chunking_strategy":{"type":"static","static":{"max_chunk_size_tokens":200,"chunk_overlap_tokens":101}}} 400 integer_above_max_value chunking_strategy.static.chunk_overlap_tokens
STORE/files {"file_id":"file-lost"} 404 null file_id
STORE/files/FILE {} 400 missing_required_parameter attributes
STORE/files/file-lost {"attributes":{}} 404 null file_id
STORE/file_batches {} 400 missing_mutually_exclusive_parameters file_ids
STORE/file_batches {"file_ids":[]} 400 empty_array file_ids
STORE/file_batches {"file_ids":IDS} 400 array_above_max_length file_ids
STORE/file_batches {"file_ids":["FILE"],"files":[{"file_id":"FILE"}]} 400 mutually_exclusive_parameters file_ids
STORE/file_batches {"files":[{"file_id":"FILE","name":"x"}]} 400 unknown_parameter files[0].name
STORE/file_batches/vsfb_lost/cancel {} 404 null batch_id
STORE/search {} 400 missing_required_parameter query
STORE/search {"query":"x","max_num_results":51} 400 integer_above_max_value max_num_results
STORE/search {"query":"x","ranking_options":{"score_threshold":2}} 400 decimal_above_max_value ranking_options.score_threshold
STORE/search {"query":"x","filters":{"type":"is","key":"a","value":1}} 400 invalid_value filters.type
/vector_stores/store-1/search {"query":"x"} 400 invalid_value vector_store_id
/responses {"model":"m","input":"x","tools":[{"type":"file_search","vector_store_ids":["vs_1","vs_2","vs_3"]}]} 400 integer_above_max_value tools
/responses {"model":"m","input":"x","tools":[{"type":"file_search","vector_store_ids":["vs_lost"]}]} 404 null tools
/responses {"model":"m","input":"x","include":["everything"]} 400 invalid_value include[0]
"#;

#[test]
fn wrong_requests_are_refused_where_they_are_wrong() {
    let mock = Mock::start(&[]);
    let file = mock.upload("iron.md", IRON);
    let path = store(&mock, &json!({"file_ids": [file]}));
    let many: Vec<String> = (0..17).map(|n| format!("\"k{n}\":1")).collect();
    let wrong = WRONG
        .replace("STORE", &path)
        .replace("FILE", &file)
        .replace("LONG", &"x".repeat(600))
        .replace("MANY", &format!("{{{}}}", many.join(",")))
        .replace("IDS", &json!(vec!["file-1"; 2001]).to_string());
    for line in wrong.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split(' ').collect();
        let [path, body, status, code, param] = words[..] else {
            panic!("not five words: {line}")
        };
        let body = serde_json::from_str(body).expect(body);
        let (got, its, place, message) = mock.call(&format!("POST {path}"), &body).error();
        let its = its.as_str().unwrap_or("null");
        let got = (got.to_string(), its, text(&place));
        assert_eq!(got, (status.to_owned(), code, param), "{line}: {message}");
    }
}

#[test]
fn a_store_that_is_left_is_reported() {
    let scene = Scene::new();
    let make = "curl -sS -H content-type:application/json -H 'Authorization: Bearer x' -d '{\"name\":\"left\"}' $OPENAI_BASE_URL/vector_stores";
    scene.file("make", make);
    let ran = scene.ok("oa-mock -- sh ./make");
    let id = text(&ran.record()["id"]).to_owned();
    assert_eq!(
        ran.stderr,
        format!("oa-mock: left on the server: {id} left\n")
    );
}
