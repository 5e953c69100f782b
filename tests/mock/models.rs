//! Models: which there are and until when, and whose names are refused.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Mock, root};
use crate::scene::Scene;

#[test]
fn models_are_listed_with_the_day_of_their_shutdown() {
    let mock = Mock::start(&[]);
    let list = mock.call("GET /models", &Value::Null).json();
    assert_eq!(list["object"], "list");
    let end = |name: &str| {
        let mut all = list["data"].as_array().unwrap().iter();
        let model = all.find(|model| model["id"] == name).expect(name);
        assert_eq!(model["object"], "model");
        model["shutdown_date"].clone()
    };
    for (name, wanted) in [
        ("gpt-5.2", Value::Null),
        ("gpt-6.2-astra", Value::Null),
        ("gpt-6.2-sol", Value::Null),
        ("gpt-6-luna", Value::Null),
        ("gpt-5", json!("2026-12-11")),
        ("gpt-5.1", json!("2027-04-01")),
    ] {
        assert_eq!(end(name), wanted, "{name}");
        let one = mock.call(&format!("GET /models/{name}"), &Value::Null);
        assert_eq!(one.json()["shutdown_date"], wanted, "{name}");
    }
    let snapshot = mock.call("GET /models/gpt-5-2025-08-07", &Value::Null);
    let mut snapshot = snapshot.json();
    snapshot.as_object_mut().unwrap().remove("x_mock");
    let wanted = json!({"id": "gpt-5-2025-08-07", "object": "model", "created": 1_686_935_002,
        "owned_by": "system", "shutdown_date": "2026-12-11"});
    assert_eq!(snapshot, wanted);
}

#[test]
fn only_names_like_openais_have_to_be_of_the_list() {
    let mock = Mock::start(&[]);
    let ask = |path: &str, name: &str| {
        let body = json!({"model": name, "input": "why"});
        mock.call(path, &body)
    };
    for path in ["POST /responses", "POST /responses/input_tokens"] {
        for name in [
            "gpt-5.2",
            "gpt-5.2-2025-12-11",
            "m",
            "gpt-x",
            "gpt-nosuch",
            "omni",
            "llama3:8b",
        ] {
            assert_eq!(ask(path, name).status, 200, "{path} {name}");
        }
        for name in ["gpt-7", "gpt-5.2-", "o3-mini"] {
            let (status, code, param, message) = ask(path, name).error();
            let words = format!("The requested model '{name}' does not exist.");
            assert_eq!((status, message), (400, words));
            assert_eq!((code, param), (json!("model_not_found"), json!("model")));
        }
    }
    let (status, code, _, message) = mock.call("GET /models/m", &Value::Null).error();
    assert_eq!((status, code), (404, json!("model_not_found")));
    assert_eq!(message, "The model 'm' does not exist");
}

#[test]
fn the_help_and_the_page_say_whose_names_are_refused() {
    let help = Scene::new().ok("oa-mock --help").stdout;
    let page = fs::read_to_string(root().join("docs/mock.md")).unwrap();
    for (text, words) in [
        (
            help,
            "begin with gpt- and a digit, or with o and a digit, and",
        ),
        (
            page,
            "begins with `gpt-` and a digit, or with `o` and a digit, and",
        ),
    ] {
        let text: Vec<&str> = text.split_whitespace().collect();
        assert!(text.join(" ").contains(words), "{words}");
    }
}

#[test]
fn the_list_is_what_the_tool_shows() {
    let scene = Scene::new();
    let shown = scene.ok("oa-list models").records();
    let list = scene.mock.call("GET /models", &Value::Null).json();
    assert_eq!(json!(shown), list["data"]);
}
