//! A rate limit that is played: who gets in, and what is said to the rest. Every limit is so low that no test takes
//! as long as it needs to let in one more.

use std::io::Write;
use std::time::Instant;

use serde_json::{Value, json};

use super::header;
use crate::harness::{Heard, Mock, PATIENCE};
use crate::scene::Scene;

fn ask(mock: &Mock) -> Heard {
    mock.call("POST /responses", &json!({"model": "m", "input": "why"}))
}

/// A question whose answer may have so many tokens.
fn ask_for(mock: &Mock, tokens: u64) -> Heard {
    let body = json!({"model": "m", "input": "why", "max_output_tokens": tokens});
    mock.call("POST /responses", &body)
}

/// A header that is a number.
fn number(heard: &Heard, name: &str) -> Option<u64> {
    header(heard, name).map(|value| value.parse().expect(value))
}

/// The message of a refusal because of a limit.
fn refused(heard: &Heard) -> String {
    let (status, code, _, message) = heard.error();
    assert_eq!((status, code), (429, json!("rate_limit_exceeded")));
    message
}

/// Every header of a limit, by its name.
fn told(heard: &Heard) -> Vec<&str> {
    let lines = heard.head.lines();
    let names = lines.filter_map(|line| Some(line.split_once(": ")?.0));
    let mut names: Vec<&str> = names
        .filter(|name| name.starts_with("x-ratelimit") || name.starts_with("retry-after"))
        .collect();
    names.sort_unstable();
    names
}

const OF_REQUESTS: [&str; 3] = [
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
];

#[test]
fn as_many_questions_get_in_as_a_limit_holds_and_the_next_is_told_when() {
    let mock = Mock::start(&["--rpm", "2", "--limit", "burst=60s"]);
    for left in [1, 0] {
        let heard = ask(&mock);
        assert_eq!(heard.status, 200, "{}", heard.body);
        assert_eq!(told(&heard), OF_REQUESTS);
        assert_eq!(number(&heard, "x-ratelimit-limit-requests"), Some(2));
        assert_eq!(number(&heard, "x-ratelimit-remaining-requests"), Some(left));
    }
    let heard = ask(&mock);
    let (start, end) = (
        "Rate limit reached for m in organization org-mock on requests per min (RPM): Limit 2, Used 2, Requested 1. Please try again in ",
        ". Visit https://platform.openai.com/account/rate-limits to learn more.",
    );
    let message = refused(&heard);
    assert!(
        message.starts_with(start) && message.ends_with(end),
        "{message}"
    );
    let error: Value = serde_json::from_str(&heard.body).unwrap();
    assert_eq!(error["error"]["type"], "requests");
    let all = [&["retry-after", "retry-after-ms"], &OF_REQUESTS[..]].concat();
    assert_eq!(told(&heard), all);
    let millis = number(&heard, "retry-after-ms").unwrap();
    assert!((1..=30_000).contains(&millis), "{millis}");
    assert_eq!(
        number(&heard, "retry-after"),
        Some(millis.div_ceil(1000)),
        "whole seconds, never too few"
    );
    assert_eq!(header(&heard, "x-ratelimit-remaining-requests"), Some("0"));
}

#[test]
fn a_refusal_says_as_much_of_when_to_come_again_as_it_is_told_to() {
    let seconds = [&["retry-after"], &OF_REQUESTS[..]].concat();
    for (limit, wanted, hints) in [
        ("headers=seconds", seconds, true),
        ("headers=none", OF_REQUESTS.to_vec(), true),
        ("headers=bare", vec![], false),
    ] {
        let mock = Mock::start(&["--rpm", "1", "--limit", limit]);
        assert_eq!(ask(&mock).status, 200);
        let heard = ask(&mock);
        assert_eq!(told(&heard), wanted, "{limit}");
        let message = refused(&heard);
        assert_eq!(message.contains(" Please try again in "), hints, "{limit}");
    }
}

#[test]
fn nothing_but_questions_counts() {
    let mock = Mock::start(&["--rpm", "1"]);
    let id = ask(&mock).json()["id"].as_str().unwrap().to_owned();
    mock.upload("a.txt", "text");
    for request in ["GET /files".to_owned(), format!("GET /responses/{id}")] {
        let heard = mock.call(&request, &Value::Null);
        assert_eq!((heard.status, told(&heard).len()), (200, 0), "{request}");
    }
    refused(&ask(&mock));
    let heard = mock.say(b"GET /mock/limit HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assert_eq!(heard.json()["admitted"], 1);
}

#[test]
fn tokens_are_limited_and_what_is_small_enough_still_gets_in() {
    let mock = Mock::start(&["--tpm", "1000", "--limit", "burst=60s"]);
    let heard = ask_for(&mock, 600);
    assert_eq!(number(&heard, "x-ratelimit-limit-tokens"), Some(1000));
    let left = number(&heard, "x-ratelimit-remaining-tokens").unwrap();
    assert!((390..400).contains(&left), "{left}");
    let message = refused(&ask_for(&mock, 900));
    assert!(
        message.contains("on tokens per min (TPM): Limit 1000, Used 6"),
        "{message}"
    );
    assert!(message.contains(", Requested 904."), "{message}");
    assert_eq!(ask_for(&mock, 100).status, 200);
}

#[test]
fn what_is_larger_than_the_limit_is_told_that_no_wait_helps() {
    let mock = Mock::start(&["--rpm", "60", "--tpm", "1000"]);
    let heard = ask_for(&mock, 1000);
    let message = refused(&heard);
    let start = "Request too large for m in organization org-mock on tokens per min (TPM): Limit 1000, Requested 1004. The input or output tokens must be reduced";
    assert!(message.starts_with(start), "{message}");
    assert!(!told(&heard).contains(&"retry-after"), "{}", heard.head);
    assert_eq!(ask(&mock).status, 200);
}

#[test]
fn a_window_gives_all_of_its_share_at_once() {
    let mock = Mock::start(&["--rpm", "1", "--limit", "window=120s"]);
    let statuses = [(); 3].map(|()| ask(&mock).status);
    assert_eq!(statuses, [200, 200, 429]);
    let wait = number(&ask(&mock), "retry-after").unwrap();
    assert!((1..=120).contains(&wait), "{wait}");
}

#[test]
fn a_limit_that_grows_begins_with_a_tenth_of_itself() {
    let mock = Mock::start(&["--rpm", "6", "--limit", "ramp=1h"]);
    assert_eq!(ask(&mock).status, 200);
    // All of it would let in the next after ten seconds.
    let wait = number(&ask(&mock), "retry-after").unwrap();
    assert!((11..=100).contains(&wait), "{wait}");
}

#[test]
fn refusals_count_where_they_are_told_to() {
    let mock = Mock::start(&["--rpm", "1", "--limit", "refused=count"]);
    assert_eq!(ask(&mock).status, 200);
    let [first, second] = [(); 2].map(|()| number(&ask(&mock), "retry-after-ms").unwrap());
    assert!(first < second, "{first}, then {second}");
}

#[test]
fn one_more_than_may_be_under_way_is_refused() {
    let mock = Mock::start(&["--limit", "concurrent=1 latency=1h"]);
    let body = r#"{"model":"m","input":"why"}"#;
    let request = format!(
        "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-test\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut both = [mock.connect(), mock.connect()];
    for socket in &mut both {
        socket.write_all(request.as_bytes()).unwrap();
    }
    mock.until("one of two is refused", |ledger| {
        ledger.requests.iter().any(|request| request.status == 429)
    });
    let heard = ask(&mock);
    let message = refused(&heard);
    assert!(
        message.contains("on concurrent requests: Limit 1, Used 1, Requested 1."),
        "{message}"
    );
    assert_eq!(told(&heard), [""; 0]);
    let statuses = mock.ledger().requests.into_iter().map(|r| r.status);
    assert_eq!(statuses.filter(|status| *status == 429).count(), 2);
}

#[test]
fn when_the_money_is_gone_it_is_said_and_no_wait_is_named() {
    let mock = Mock::start(&["--rpm", "60", "--limit", "quota=1"]);
    assert_eq!(ask(&mock).status, 200);
    for _ in 0..2 {
        let heard = ask(&mock);
        let (status, code, _, message) = heard.error();
        assert_eq!((status, code), (429, json!("insufficient_quota")));
        assert!(message.starts_with("You exceeded your current quota"));
        assert!(!told(&heard).contains(&"retry-after"), "{}", heard.head);
    }
}

#[test]
fn an_outage_begins_a_second_after_the_first_question() {
    let mock = Mock::start(&["--limit", "outage=1h latency=50ms"]);
    let begun = Instant::now();
    let heard = loop {
        let heard = ask(&mock);
        if heard.status != 200 {
            break heard;
        }
        assert!(begun.elapsed() < PATIENCE, "no outage");
    };
    let (status, code, _, _) = heard.error();
    assert_eq!((status, code), (503, json!("server_is_overloaded")));
    assert_eq!(told(&heard), ["retry-after", "retry-after-ms"]);
}

#[test]
fn uploads_have_a_limit_of_their_own() {
    let scene = Scene::with(&["--limit", "files=1"]);
    let line = "oa-upload -j 1 --each --max-wait 1s notes.txt report.pdf";
    let ran = scene.sh(line).is(5);
    assert_eq!(ran.kinds(), ["", "rate_limit"]);
    let ledger = scene.ledger();
    let statuses: Vec<u16> = ledger.requests.iter().map(|r| r.status).collect();
    assert_eq!(statuses, [200, 429]);
    assert_eq!(ask(&scene.mock).status, 200);
}

#[test]
fn the_server_tells_how_it_went_and_forgets_it_when_told_to() {
    let mock = Mock::start(&["--rpm", "1", "--limit", "burst=60s latency=50ms"]);
    let control = |method: &str| {
        let head = format!("{method} /mock/limit HTTP/1.0\r\nHost: localhost\r\n");
        let kind = "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n";
        mock.say(format!("{head}{kind}").as_bytes())
    };
    let counts = || {
        let report = control("GET").json();
        (report["admitted"].clone(), report["refused"].clone())
    };
    for _ in 0..2 {
        assert_eq!(counts(), (json!(0), json!(0)));
        assert_eq!(ask(&mock).status, 200);
        refused(&ask(&mock));
        assert_eq!(counts(), (json!(1), json!(1)));
        // One that gets in at once takes as long as its answer.
        let report = control("GET").json();
        assert_eq!(report["ideal_ms"], 50.0);
        assert_eq!(control("DELETE").status, 200);
    }
}

#[test]
fn a_limit_that_is_none_is_a_usage_error() {
    let scene = Scene::new();
    for (options, word) in [
        ("--rpm 0", "--rpm"),
        ("--limit 'window=5s ramp=5s'", "exclude"),
        ("--limit headers=all", "bare"),
    ] {
        scene
            .sh(&format!("oa-mock {options} -- true"))
            .is(2)
            .says(&[word]);
    }
}
