//! What the API refuses, in its words: one request a line in `refused.txt`.

use serde_json::{Value, json};

use crate::harness::Mock;

/// A line with its long texts written out.
fn written(line: &str) -> String {
    let mut parts = line.split('<');
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        let (what, rest) = part.split_once('>').unwrap_or((part, ""));
        let (count, pairs) = what
            .split_once(' ')
            .map_or((what, ""), |(count, _)| (count, "pairs"));
        match (count.parse::<usize>(), pairs) {
            (Ok(count), "") => whole.push_str(&"x".repeat(count)),
            (Ok(count), _) => {
                let pairs = (0..count).map(|n| format!("\"{n}\":\"v\""));
                whole.push_str(&pairs.collect::<Vec<_>>().join(","));
            }
            (Err(_), _) => panic!("{line}"),
        }
        whole.push_str(rest);
    }
    whole
}

/// The body that a line asks for: members of a question stand over the usual ones.
fn body(path: &str, members: &str) -> Value {
    let mut body = match path {
        _ if members == "-" => return Value::Null,
        "/responses" | "/responses/input_tokens" => json!({"model": "m", "input": "why"}),
        _ => json!({}),
    };
    let members: Value = serde_json::from_str(members).expect(members);
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[test]
fn what_the_api_refuses_is_refused_in_its_words() {
    let mock = Mock::start(&[]);
    let made = mock.call("POST /responses", &body("/responses", "{}"));
    let made = made.json()["id"].as_str().unwrap().to_owned();
    let lines = include_str!("refused.txt").lines();
    let mut wrong = Vec::new();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let line = written(line).replace("$RESPONSE", &made);
        let parts: Vec<&str> = line.split(" => ").collect();
        let [request, wanted, words] = parts[..] else {
            panic!("{line}")
        };
        let words_of: Vec<&str> = request.splitn(3, ' ').collect();
        let [method, path, members] = words_of[..] else {
            panic!("{line}")
        };
        let heard = mock.call(&format!("{method} {path}"), &body(path, members));
        if heard.status == 200 {
            wrong.push(format!("{line}\n  taken"));
            continue;
        }
        let (status, code, param, message) = heard.error();
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let got = format!("{status} {} {}", word(&code), word(&param));
        if got != wanted || !message.starts_with(words) {
            wrong.push(format!("{line}\n  {got} => {message}"));
        }
    }
    assert_eq!(wrong, [""; 0], "{}", wrong.join("\n"));
}
