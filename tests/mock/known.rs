//! What the server knows of the API: up to a day, and what becomes of the rest.

use serde_json::{Value, json};

use crate::harness::Mock;
use crate::scene::Scene;

const DAY: &str = "the API as of 26 Nov 2026";

#[test]
fn the_day_of_what_it_knows_is_said() {
    let scene = Scene::new();
    let version = scene.ok("oa-mock --version").stdout;
    assert!(version.ends_with(&format!(" ({DAY})\n")), "{version}");
    let help = scene.ok("oa-mock --help").stdout;
    assert!(help.contains("The API is that of 26 Nov 2026."), "{help}");
}

/// A question with something new in it, in a server of its own.
fn ask(scene: &Scene, options: &str, members: &str) -> (String, String) {
    let ask = format!("oa-respond -q -n -p why --request '{members}' | jq -c .error.message");
    scene.file("ask", ask);
    let ran = scene.sh(&format!("oa-mock {options} -- bash ask"));
    let said = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("oa-mock: "));
    let said: Vec<&str> = said
        .filter(|line| !line.contains("on the server"))
        .collect();
    (ran.stdout, said.join("\n"))
}

#[test]
fn what_it_does_not_know_is_refused_and_said_to_be_unless_it_is_lenient() {
    let scene = Scene::new();
    for (members, words) in [
        (r#"{"future":1}"#, "Unknown parameter: 'future'."),
        (
            r#"{"text":{"future":1}}"#,
            "Unknown parameter: 'text.future'.",
        ),
        (
            r#"{"model":"gpt-9"}"#,
            "The requested model 'gpt-9' does not exist.",
        ),
    ] {
        let (answer, said) = ask(&scene, "", members);
        assert_eq!(answer, format!("{}\n", json!(words)));
        let wanted = format!(
            "oa-mock: not in {DAY}, which is all that is known here (--lenient lets it pass): {words}"
        );
        assert_eq!(said, wanted);
        let refused = format!("{}\n", json!(words));
        assert_eq!(ask(&scene, "-q", members), (refused, String::new()));
        let passed = ("null\n".to_owned(), String::new());
        assert_eq!(ask(&scene, "--lenient", members), passed);
    }
}

#[test]
fn what_it_knows_to_be_wrong_is_refused_without_a_word_of_that() {
    let scene = Scene::new();
    let old = r#"{"input":[{"role":"user","content":[{"type":"input_image","image_file_id":"file-1"}]}]}"#;
    for options in ["", "--lenient"] {
        let (answer, said) = ask(&scene, options, old);
        let words = "\"Unknown parameter: 'input[0].content[0].image_file_id'.\"\n";
        assert_eq!((answer.as_str(), said.as_str()), (words, ""), "{options}");
        let (answer, said) = ask(&scene, options, r#"{"truncation":"some"}"#);
        assert!(answer.starts_with("\"Invalid value: 'some'."), "{answer}");
        assert_eq!(said, "");
    }
}

#[test]
fn a_lenient_server_takes_a_form_with_more_fields() {
    for (options, wanted) in [(&[][..], 400), (&["--lenient"][..], 200)] {
        let mock = Mock::start(options);
        let field = |name: &str| format!("--cut\r\nContent-Disposition: form-data; name={name}");
        let form = format!(
            "{}\r\n\r\nuser_data\r\n{}\r\n\r\n1\r\n{}; filename=a.txt\r\n\r\nx\r\n--cut--\r\n",
            field("purpose"),
            field("future"),
            field("file")
        );
        let head = format!(
            "POST /v1/files HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Type: \
             multipart/form-data; boundary=cut\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        assert_eq!(mock.say(head.as_bytes()).status, wanted);
    }
}

#[test]
fn windows_tiers_and_storage_are_echoed_as_the_api_does() {
    let mock = Mock::start(&[]);
    let ask = |members: Value| {
        let mut body = json!({"model": "gpt-6.2-sol", "input": "why"});
        for (key, value) in members.as_object().unwrap() {
            body[key] = value.clone();
        }
        mock.call("POST /responses", &body).json()
    };
    let window = json!({"completion_window": "2h"});
    let answer = ask(json!({"background": true, "background_options": window}));
    assert_eq!(answer.get("background_options"), None);
    assert_eq!(
        (&answer["store"], &answer["service_tier"]),
        (&json!(true), &json!("default"))
    );
    let standard = json!({"mode": "implicit", "ttl": "30m"});
    assert_eq!(answer["prompt_cache_options"], standard);
    let program = json!({"cyber": "standard"});
    let answer = ask(
        json!({"store": false, "access_programs": program, "prompt_cache_options": {"ttl": "12h", "prewarm": false}}),
    );
    assert_eq!(
        (&answer["store"], &answer["access_programs"]),
        (&json!(false), &program)
    );
    let longer = json!({"mode": "implicit", "ttl": "12h"});
    assert_eq!(answer["prompt_cache_options"], longer);
    let older = mock.call(
        "POST /responses",
        &json!({"model": "gpt-5.2", "input": "why"}),
    );
    assert_eq!(older.json().get("prompt_cache_options"), None);
}

#[test]
fn what_cmd_leaves_running_may_still_clean_up() {
    let scene = Scene::new();
    // When CMD ends one deletion is on its way, and the other waits for its answer.
    scene.file(
        "cmd",
        "ids=$(oa-upload -q report.pdf notes.txt | jq -r '.files[].id')
         oa-delete -q -j1 $ids >/dev/null 2>&1 &
         until curl -s -H content-type:application/json ${OPENAI_BASE_URL%/v1}/mock/ledger | jq -e '.requests | any(.method == \"DELETE\")' >/dev/null; do :; done",
    );
    let ran = scene.ok("oa-mock --fault 'DELETE /files/* delay ms=1000 x1' -- bash cmd");
    let line = ran.stderr.lines().last().unwrap();
    assert!(
        line.starts_with("oa-mock: nothing left on the server"),
        "{line}"
    );
}

#[test]
fn it_does_not_wait_for_ever_for_what_cmd_leaves_running() {
    let scene = Scene::new();
    scene.file(
        "cmd",
        "oa-list files >/dev/null 2>&1 &
         echo $! >pid
         until curl -s -H content-type:application/json ${OPENAI_BASE_URL%/v1}/mock/ledger | jq -e '.requests != []' >/dev/null; do :; done",
    );
    let ran = scene.ok("oa-mock --fault 'GET /files stall' -- bash cmd; kill $(cat pid)");
    ran.says(&["oa-mock: connections are still open\noa-mock: nothing left on the server"]);
}
