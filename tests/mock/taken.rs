//! What the API takes: new members, forced tools, and messages before the final answer.

use serde_json::{Value, json};

use crate::harness::Mock;
use crate::scene::Scene;

fn ask(mock: &Mock, members: &Value) -> Value {
    let mut body = json!({"model": "m", "input": "why"});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    mock.call("POST /responses", &body).json()
}

fn tools() -> Value {
    let city = json!({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}});
    json!([{"type": "function", "name": "time"}, {"type": "function", "name": "weather", "parameters": city}])
}

/// The `data` of every event of a stream.
fn events(stream: &str) -> Vec<Value> {
    let data = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).expect(data))
        .collect()
}

#[test]
fn members_that_came_later_are_taken() {
    let mock = Mock::start(&[]);
    for members in [
        json!({"background": true, "background_options": {"completion_window": "8h"}}),
        json!({"safety_identifier": "x".repeat(128)}),
        json!({"background": true, "background_options": {"completion_window": "soonest", "continuation_id": "c"}, "service_tier": "flex"}),
        json!({"image": {"context_compression": "auto"}, "access_programs": {"cyber": "standard"}}),
        json!({"prompt_cache_options": {"ttl": "12h", "comparison_response_id": "resp_1", "prewarm": false}}),
        json!({"model": "gpt-6.2-sol", "reasoning": {"effort": "low"}}),
        json!({"input": [{"role": "assistant", "content": "x", "phase": "commentary"}, {"role": "user", "content": "y"}]}),
    ] {
        ask(&mock, &members);
    }
}

#[test]
fn a_forced_function_is_called_with_arguments_that_fit() {
    let mock = Mock::start(&[]);
    let function = |name: &str| json!({"type": "function", "name": name});
    let allowed =
        json!({"type": "allowed_tools", "mode": "required", "tools": [function("weather")]});
    let weather = r#"{"city":"oa-mock","days":0}"#;
    for (choice, name, arguments) in [
        (function("weather"), "weather", weather),
        (function("time"), "time", "{}"),
        (json!("required"), "time", "{}"),
        (allowed, "weather", weather),
    ] {
        let answer = ask(&mock, &json!({"tools": tools(), "tool_choice": choice}));
        assert_eq!(answer["tool_choice"], choice);
        let output = answer["output"].as_array().unwrap();
        assert_eq!(output.len(), 1, "{answer}");
        let call = &output[0];
        let got = (
            &call["type"],
            &call["status"],
            &call["name"],
            &call["arguments"],
        );
        let wanted = (
            &json!("function_call"),
            &json!("completed"),
            &json!(name),
            &json!(arguments),
        );
        assert_eq!(got, wanted);
        // What a program does next: the call goes back with its result.
        let done =
            json!({"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"});
        let input = json!([{"role": "user", "content": "why"}, call, done]);
        let answer = ask(&mock, &json!({"tools": tools(), "input": input}));
        assert_eq!(answer["output"][0]["type"], "message");
    }
}

#[test]
fn a_forced_function_streams_its_arguments() {
    let mock = Mock::start(&[]);
    let choice = json!({"type": "function", "name": "weather"});
    let body = json!({"model": "m", "input": "why", "stream": true, "tools": tools(), "tool_choice": choice});
    let stream = mock.call("POST /responses", &body).body;
    let events = events(&stream);
    let of = |kind: &str| {
        events
            .iter()
            .filter(|event| event["type"] == kind)
            .collect::<Vec<_>>()
    };
    let deltas = of("response.function_call_arguments.delta");
    let deltas: Vec<&str> = deltas
        .iter()
        .map(|event| event["delta"].as_str().unwrap())
        .collect();
    let whole = r#"{"city":"oa-mock","days":0}"#;
    assert!(deltas.len() > 1 && deltas.concat() == whole, "{deltas:?}");
    let done = of("response.function_call_arguments.done");
    assert_eq!(
        (&done[0]["name"], &done[0]["arguments"]),
        (&json!("weather"), &json!(whole))
    );
    let last = events.last().unwrap();
    assert_eq!(
        last["response"]["output"][0],
        of("response.output_item.done")[0]["item"]
    );
    let numbers: Vec<&Value> = events
        .iter()
        .map(|event| &event["sequence_number"])
        .collect();
    assert_eq!(
        numbers,
        (0..events.len())
            .map(|n| json!(n))
            .collect::<Vec<_>>()
            .iter()
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_commentary_comes_before_the_final_answer_whole_and_as_a_stream() {
    let scene =
        Scene::faulty("POST /responses end status=completed commentary=Let_me_look. text={}");
    let phases = |output: &Value| {
        let items = output.as_array().unwrap().iter();
        let phase = |item: &Value| item["phase"].as_str().unwrap_or_default().to_owned();
        items
            .map(|item| (phase(item), item["content"][0]["text"].clone()))
            .collect::<Vec<_>>()
    };
    let wanted = [
        ("commentary".to_owned(), json!("Let me look.")),
        ("final_answer".to_owned(), json!("{}")),
    ];
    let answer = ask(&scene.mock, &json!({}));
    assert_eq!(phases(&answer["output"]), wanted);
    let body = json!({"model": "m", "input": "why", "stream": true});
    let stream = scene.mock.call("POST /responses", &body).body;
    let events = events(&stream);
    let added = events
        .iter()
        .filter(|event| event["type"] == "response.output_item.added");
    let added: Vec<_> = added
        .map(|event| (&event["output_index"], &event["item"]["phase"]))
        .collect();
    let (first, second) = (json!("commentary"), json!("final_answer"));
    assert_eq!(added, [(&json!(0), &first), (&json!(1), &second)]);
    assert_eq!(
        phases(&events.last().unwrap()["response"]["output"]),
        wanted
    );
    // What is sent back keeps its phase.
    let mut input = answer["output"].as_array().unwrap().clone();
    input.push(json!({"role": "user", "content": "and?"}));
    ask(&scene.mock, &json!({"input": input}));
}
