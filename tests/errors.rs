//! What an error says: no more of a body than fits a line, and the command that goes on from there.

use crate::scene::Scene;

#[test]
fn a_body_without_a_sentence_is_quoted_up_to_200_characters() {
    let scene = Scene::new();
    let long = "é".repeat(300);
    let body = format!("{{\"x\":\"{long}\"}}");
    let rule = format!("POST /responses 400 body='{body}'");
    scene.mock.fault(&rule);
    let ran = scene.sh("oa-respond -n -p why").is(7);
    let message = ran.record()["error"]["message"].clone();
    let first: String = body.chars().take(200).collect();
    assert_eq!(message, first);
}

#[test]
fn the_hint_of_a_deadline_is_a_command_that_goes_on() {
    let scene = Scene::with(&["--looks", "3"]);
    scene.mock.fault("GET /responses/* 503");
    let line = "oa-respond -n -b -p why | oa-poll --interval 20ms --deadline 50ms";
    let error = scene.sh(line).is(124).record()["error"].clone();
    scene.mock.no_faults();
    let hint = error["hint"].as_str().unwrap();
    let record = scene.ok(&format!("{hint} --interval 20ms")).record();
    assert_eq!(record["response"]["status"], "completed");
    assert_eq!(record["response"], scene.ledger().responses[0]);
}

#[test]
fn a_wrong_option_outranks_what_came_on_stdin() {
    let scene = Scene::new();
    for input in [
        "{bad",
        "",
        "{\"error\":{\"kind\":\"auth\",\"message\":\"m\"}}",
    ] {
        for tool in ["oa-upload", "oa-respond -p why", "oa-poll", "oa-delete"] {
            scene.feed(input, &format!("{tool} --bogus")).is(2);
        }
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}
