//! Whom the server answers: programs of this machine that know the key, and no page in a browser.

use crate::harness::{Heard, Mock};
use crate::scene::Scene;

const KEY: &str = "Authorization: Bearer sk-test";
const JSON: &str = "Content-Type: application/json";
const QUESTION: &str = r#"{"model":"m","input":"why"}"#;

/// A request with these headers and no others; HTTP/1.0, so that the answer ends with the connection.
fn ask(mock: &Mock, request: &str, headers: &[&str], body: &str) -> Heard {
    let length = format!("Content-Length: {}", body.len());
    let lines: Vec<&str> = headers.iter().copied().chain([length.as_str()]).collect();
    let text = format!("{request} HTTP/1.0\r\n{}\r\n\r\n{body}", lines.join("\r\n"));
    mock.say(text.as_bytes())
}

/// Everything that a page could want of the server.
const WANTED: [(&str, &str); 7] = [
    ("GET /mock/ledger", ""),
    ("DELETE /mock/ledger", ""),
    ("POST /mock/faults", "\"* /** 500\""),
    ("DELETE /mock/faults", ""),
    ("POST /mock/expire?file=file-1", ""),
    ("POST /v1/responses", QUESTION),
    ("GET /v1/files", ""),
];

#[test]
fn a_page_in_a_browser_is_refused_and_leaves_no_trace() {
    let mock = Mock::start(&[]);
    let host = "Host: localhost:1";
    let signs = [
        vec![host, "Origin: https://evil.test"],
        vec![host, "Origin: http://localhost:3000"],
        vec![host, "Origin: null"],
        vec![host, "Sec-Fetch-Site: cross-site"],
        vec![host, "Sec-Fetch-Site: same-origin"],
        // A name that was made to lead here.
        vec!["Host: evil.test"],
        vec!["Host: localhost.evil.test:80"],
        vec!["Host: 10.0.0.1"],
        vec!["Host: "],
        vec![host, "Host: evil.test"],
        vec![],
    ];
    for sign in signs {
        for (request, body) in WANTED {
            let headers = [&sign[..], &[KEY, JSON]].concat();
            let heard = ask(&mock, request, &headers, body);
            assert_eq!(heard.status, 403, "{request} {sign:?}");
            assert!(!heard.head.to_lowercase().contains("access-control"));
        }
    }
    let heard = ask(&mock, "GET http://evil.test/v1/files", &[host, KEY], "");
    assert_eq!(
        heard.status, 403,
        "an address in the request line counts, too"
    );
    assert_eq!(mock.ledger().asked(), [""; 0]);
    assert_eq!(
        mock.call("GET /files", &serde_json::Value::Null).status,
        200
    );
}

#[test]
fn a_refused_page_gets_its_answer_before_its_body_is_taken() {
    let mock = Mock::start(&[]);
    let request = format!(
        "POST /v1/responses HTTP/1.1\r\nHost: evil.test\r\n{KEY}\r\n{JSON}\r\nContent-Length: 1000\r\n\r\n"
    );
    let heard = mock.say(request.as_bytes());
    assert_eq!(heard.status, 403, "{}", heard.head);
}

#[test]
fn names_of_this_machine_are_answered() {
    let mock = Mock::start(&["--host", "Mock.test"]);
    for host in [
        "localhost",
        "127.0.0.1:80",
        "127.1.2.3",
        "[::1]:80",
        "a.localhost",
        "mock.test:80",
    ] {
        let host = format!("Host: {host}");
        for site in ["X: x", "Sec-Fetch-Site: none"] {
            let heard = ask(&mock, "GET /v1/files", &[&host, site, KEY], "");
            assert_eq!(heard.status, 200, "{host}: {}", heard.body);
        }
    }
}

#[test]
fn a_control_is_json_whatever_a_page_may_send_without_asking() {
    let mock = Mock::start(&[]);
    let rule = "\"* /** 500\"";
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=x",
    ] {
        let kind = format!("Content-Type: {kind}");
        for (request, body) in [
            ("POST /mock/faults", rule),
            ("POST /mock/expire?file=x", ""),
            ("GET /mock/ledger", ""),
        ] {
            let heard = ask(&mock, request, &["Host: localhost", &kind], body);
            assert_eq!(heard.status, 415, "{request} {kind}");
        }
    }
    let heard = ask(&mock, "POST /mock/faults", &["Host: localhost"], rule);
    assert_eq!(heard.status, 415);
    for body in ["* /** 500", "{}", "[1]", ""] {
        let heard = ask(&mock, "POST /mock/faults", &["Host: localhost", JSON], body);
        assert_eq!(heard.status, 400, "{body}");
    }
    let many = r#"["GET /files 500 x1", "GET /files 418 x1"]"#;
    let heard = ask(&mock, "POST /mock/faults", &["Host: localhost", JSON], many);
    assert_eq!(heard.status, 200, "{}", heard.body);
    for wanted in [500, 418, 200] {
        let heard = mock.call("GET /files", &serde_json::Value::Null);
        assert_eq!(heard.status, wanted);
    }
}

#[test]
fn who_has_no_key_is_not_recorded_and_uses_up_no_rule() {
    let mock = Mock::start(&["--key", "sk-right-1", "--fault", "POST /responses 418 x1"]);
    let host = "Host: localhost";
    for key in [
        "X: x",
        "Authorization: Bearer sk-wrong",
        "Authorization: Basic sk-right-1",
        "Authorization: sk-right-1",
    ] {
        let heard = ask(&mock, "POST /v1/responses", &[host, key, JSON], QUESTION);
        assert_eq!(heard.status, 401, "{key}");
        for (request, body) in WANTED {
            let heard = ask(&mock, request, &[host, key, JSON], body);
            assert_eq!(heard.status, 401, "{request} {key}");
        }
    }
    assert_eq!(mock.ledger().asked(), [""; 0]);
    let right = "Authorization: Bearer sk-right-1";
    let heard = ask(&mock, "POST /v1/responses", &[host, right, JSON], QUESTION);
    assert_eq!(heard.status, 418);
}

#[test]
fn off_loopback_a_key_is_wanted_and_a_warning_given() {
    let scene = Scene::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let ran = scene
            .sh(&format!("oa-mock --listen {address} -- true"))
            .is(2);
        assert!(ran.stderr.contains("--key KEY"), "{}", ran.stderr);
    }
    let ran = scene.sh(
        "oa-mock --listen 0.0.0.0:0 --key sk-1 -- sh -c 'echo $OPENAI_BASE_URL; oa-list files'",
    );
    let ran = ran.is(0).says(&["warning: other machines reach 0.0.0.0:"]);
    assert!(
        ran.stdout.starts_with("http://127.0.0.1:"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_is_printed_for_a_shell_is_quoted() {
    let scene = Scene::new();
    let key = "a';echo$IFS-evil>evil;'$(id)`id`";
    scene.file("key", key);
    let ran = scene.ok("oa-mock -q --key \"$(cat key)\" >env & p=$!
        until [ \"$(wc -l <env)\" = 2 ]; do sleep 0.01; done; unset OPENAI_API_KEY; . ./env; kill $p
        printf %s \"$OPENAI_API_KEY\"");
    assert_eq!(ran.stdout, key);
    for key in ["''", "'a b'", "$'a\\nb'", "ä"] {
        let ran = scene.sh(&format!("oa-mock --key {key} -- true"));
        assert_eq!(ran.status, 2, "{key}: {}", ran.stderr);
    }
}

#[test]
fn no_request_reads_a_file_of_the_machine() {
    let scene = Scene::new();
    let probes = [
        "GET /v1/files/..%2f..%2f..%2fetc%2fpasswd/content",
        "GET /v1/../../../../etc/passwd",
        "GET /mock/../../etc/passwd",
        "GET /etc/passwd",
        "GET //etc/passwd",
        "GET file:///etc/passwd",
    ];
    for probe in probes {
        let heard = ask(&scene.mock, probe, &["Host: localhost", KEY], "");
        assert!(heard.status >= 400, "{probe}");
        assert!(!heard.body.contains("root:"), "{probe}");
    }
    let url = r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_file","file_url":"file:///etc/passwd"},{"type":"input_image","image_url":"file:///etc/passwd"}]}]}"#;
    let heard = ask(
        &scene.mock,
        "POST /v1/responses",
        &["Host: localhost", KEY, JSON],
        url,
    );
    assert!(!heard.body.contains("root:"), "{}", heard.body);
}
