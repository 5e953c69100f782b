//! Searches of oa-mock's vector stores: what is found, what a model says of it, what expiry takes away.

use serde_json::{Value, json};

use crate::harness::Mock;
use crate::stores::{GOLD, IRON, get, post, store, text};

/// A store with two files, indexed at the first look: `iron.md` of 2024, `gold.txt` of 2025.
fn metals() -> (Mock, String, [String; 2]) {
    let mock = Mock::start(&["--looks", "1"]);
    let files = [mock.upload("iron.md", IRON), mock.upload("gold.txt", GOLD)];
    let path = store(&mock, &json!({"name": "metals"}));
    let entry = |id: &String, year: u16| json!({"file_id": id, "attributes": {"year": year}});
    let body = json!({"files": [entry(&files[0], 2024), entry(&files[1], 2025)]});
    post(&mock, &format!("{path}/file_batches"), &body);
    assert_eq!(get(&mock, &path)["status"], "completed");
    (mock, path, files)
}

#[test]
fn a_search_ranks_filters_and_limits() {
    let (mock, path, files) = metals();
    let search = |body: &Value| post(&mock, &format!("{path}/search"), body);
    let page = search(&json!({"query": "What RUSTS in wet air?"}));
    assert_eq!(page["object"], "vector_store.search_results.page");
    assert_eq!(page["search_query"], json!(["What RUSTS in wet air?"]));
    let best = &page["data"][0];
    assert_eq!(
        (
            text(&best["file_id"]),
            &best["attributes"],
            &best["content"]
        ),
        (
            files[0].as_str(),
            &json!({"year": 2024}),
            &json!([{"type": "text", "text": IRON}])
        )
    );
    let score = |n: usize| page["data"][n]["score"].as_f64().unwrap();
    assert!(
        1.0 > score(0) && score(0) > score(1) && score(1) > 0.0,
        "{page}"
    );
    let names = |body: &Value| -> Vec<String> {
        let page = search(body);
        let data = page["data"].as_array().unwrap();
        data.iter()
            .map(|found| text(&found["filename"]).to_owned())
            .collect()
    };
    assert_eq!(
        names(&json!({"query": ["gold", "air"], "max_num_results": 1})).len(),
        1
    );
    let later = json!({"type": "gt", "key": "year", "value": 2024});
    assert_eq!(
        names(&json!({"query": "rusts", "filters": later})),
        ["gold.txt"]
    );
    let high = json!({"score_threshold": 0.7});
    assert_eq!(
        names(&json!({"query": "wet air", "ranking_options": high})),
        ["iron.md"]
    );
    assert_eq!(names(&json!({"query": "silver"})), [""; 0]);
    let rewritten = search(&json!({"query": "Gold, please!", "rewrite_query": true}));
    assert_eq!(rewritten["search_query"], json!(["gold please"]));
}

#[test]
fn a_model_cites_what_it_finds() {
    let (mock, path, files) = metals();
    let id = path.strip_prefix("/vector_stores/").unwrap();
    let tool = json!({"type": "file_search", "vector_store_ids": [id]});
    let mut body = json!({"model": "m", "input": "What melts at 1538 degrees?", "tools": [tool]});
    let answer = post(&mock, "/responses", &body);
    let call = &answer["output"][0];
    assert_eq!(
        (
            &call["type"],
            &call["status"],
            &call["results"],
            &call["queries"]
        ),
        (
            &json!("file_search_call"),
            &json!("completed"),
            &Value::Null,
            &json!(["What melts at 1538 degrees?"])
        )
    );
    let part = &answer["output"][1]["content"][0];
    let said: Vec<char> = text(&part["text"]).chars().collect();
    let cited = part["annotations"].as_array().unwrap();
    assert_eq!(cited.len(), 2);
    assert_eq!(
        (&cited[0]["filename"], text(&cited[0]["file_id"])),
        (&json!("iron.md"), files[0].as_str())
    );
    let index = usize::try_from(cited[0]["index"].as_u64().unwrap()).unwrap();
    let before: String = said[..index].iter().collect();
    assert!(
        before.ends_with("found \"It melts at 1538 degrees.\" in iron.md"),
        "{before}"
    );
    let again = get(
        &mock,
        &format!(
            "/responses/{}?include[]=file_search_call.results",
            text(&answer["id"])
        ),
    );
    let result = &again["output"][0]["results"][0];
    assert_eq!(
        (&result["text"], &result["attributes"]),
        (&json!(IRON), &json!({"year": 2024}))
    );
    body["input"] = json!("zinc");
    let answer = post(&mock, "/responses", &body);
    let part = &answer["output"][1]["content"][0];
    assert!(
        text(&part["text"]).ends_with(&format!("found nothing in {id}")),
        "{part}"
    );
    assert_eq!(part["annotations"], json!([]));
}

#[test]
fn a_stream_tells_of_the_search_before_the_answer() {
    let (mock, path, _) = metals();
    let id = path.strip_prefix("/vector_stores/").unwrap();
    let tool = json!({"type": "file_search", "vector_store_ids": [id], "max_num_results": 1});
    let body = json!({"model": "m", "input": "rusts", "stream": true, "tools": [tool], "include": ["file_search_call.results"]});
    let heard = mock.call("POST /responses", &body);
    let lines = heard
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], n);
    }
    let mut names: Vec<&str> = events.iter().map(|event| text(&event["type"])).collect();
    names.dedup();
    assert_eq!(
        names,
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.file_search_call.in_progress",
            "response.file_search_call.searching",
            "response.file_search_call.completed",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.annotation.added",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    let done: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "response.output_item.done")
        .map(|event| &event["item"])
        .collect();
    let whole = &events.last().unwrap()["response"]["output"];
    assert_eq!(json!(done), *whole);
    let cited = events
        .iter()
        .find(|event| event["annotation"].is_object())
        .unwrap();
    assert_eq!(
        cited["annotation"],
        whole[1]["content"][0]["annotations"][0]
    );
    assert_eq!(
        (&cited["output_index"], &cited["annotation_index"]),
        (&json!(1), &json!(0))
    );
}

#[test]
fn an_expired_store_is_of_no_use_but_can_be_deleted() {
    let (mock, path, files) = metals();
    let id = path.strip_prefix("/vector_stores/").unwrap();
    mock.expire_store(id);
    assert_eq!(get(&mock, &path)["status"], "expired");
    assert_eq!(mock.ledger().stores[0]["files"], json!([]));
    let tool = json!({"type": "file_search", "vector_store_ids": [id]});
    for (request, body) in [
        (format!("POST {path}/search"), json!({"query": "x"})),
        (format!("POST {path}/files"), json!({"file_id": files[0]})),
        (
            "POST /responses".to_owned(),
            json!({"model": "m", "input": "x", "tools": [tool]}),
        ),
    ] {
        let (status, _, _, message) = mock.call(&request, &body).error();
        assert_eq!(
            (status, message),
            (400, format!("Vector store '{id}' has expired."))
        );
    }
    mock.call(&format!("DELETE {path}"), &Value::Null).json();
    assert_eq!(mock.ledger().files.len(), 2);
}
