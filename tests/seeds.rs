//! What the set replaces: three scripts, each as one line, asking the server for the same things.

use serde_json::{Value, json};

use crate::pipes::text_of;
use crate::scene::{PDF, PNG, Scene};

/// Runs the line; the question's content is one text and one part, the rest as given.
fn as_the_script_asks(
    scene: &Scene,
    line: &str,
    asked: &[&str],
    purpose: &str,
    text: &str,
    part: &Value,
    more: &Value,
) {
    let ran = scene.ok(line);
    let ledger = scene.ledger();
    assert_eq!(ledger.asked(), asked);
    assert_eq!(
        ledger.requests[0].part("purpose").text.as_deref(),
        Some(purpose)
    );
    let mut body = json!({
        "model": "gpt-5.2",
        "input": [{"role": "user", "content": [part, {"type": "input_text", "text": text}]}],
    });
    let fields = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    let mut sent = ledger.requests[1].json();
    let part = sent["input"][0]["content"][0].as_object_mut().unwrap();
    let older = part.contains_key("image_file_id");
    let key = if older { "image_file_id" } else { "file_id" };
    let id = part.insert(key.to_owned(), json!("ID")).unwrap();
    let deleted = ledger.requests.last().unwrap().path.clone();
    assert_eq!(deleted, format!("/v1/files/{}", id.as_str().unwrap()));
    assert_eq!(sent, body);
    assert_eq!(ran.stdout, format!("{}\n", text_of(&ledger.responses[0])));
    scene.nothing_left();
}

#[test]
fn seed_attach_a_document_file_input_file() {
    let scene = Scene::new();
    scene.file("worksheet.pdf", PDF);
    as_the_script_asks(
        &scene,
        "oa-upload worksheet.pdf | oa-respond -p 'Check all answers and list corrections.' | oa-delete -t",
        &["POST /files", "POST /responses", "DELETE /files/*"],
        "user_data",
        "Check all answers and list corrections.",
        &json!({"type": "input_file", "file_id": "ID"}),
        &json!({}),
    );
}

#[test]
fn seed_attach_an_image_file_image_file_id() {
    let scene = Scene::with(&["--older-guide"]);
    scene.file("diagram.png", PNG);
    as_the_script_asks(
        &scene,
        "oa-upload diagram.png | oa-respond --image-field image_file_id -p 'Describe the geometry shown and produce LaTeX.' | oa-delete -t",
        &["POST /files", "POST /responses", "DELETE /files/*"],
        "vision",
        "Describe the geometry shown and produce LaTeX.",
        &json!({"type": "input_image", "image_file_id": "ID", "detail": "auto"}),
        &json!({}),
    );
}

#[test]
fn seed_attach_an_image_file_as_the_api_names_it() {
    let scene = Scene::new();
    scene.file("diagram.png", PNG);
    as_the_script_asks(
        &scene,
        "oa-upload diagram.png | oa-respond -p 'Describe the geometry shown and produce LaTeX.' | oa-delete -t",
        &["POST /files", "POST /responses", "DELETE /files/*"],
        "vision",
        "Describe the geometry shown and produce LaTeX.",
        &json!({"type": "input_image", "file_id": "ID", "detail": "auto"}),
        &json!({}),
    );
}

#[test]
fn seed_background_mode_with_file_attachment_and_polling() {
    let scene = Scene::new();
    scene.file("long_report.pdf", PDF);
    as_the_script_asks(
        &scene,
        "oa-upload long_report.pdf | oa-respond -b -p 'Perform a detailed audit and summarize issues.' | oa-poll --interval 20ms | oa-delete -t",
        &[
            "POST /files",
            "POST /responses",
            "GET /responses/*",
            "GET /responses/*",
            "DELETE /files/*",
        ],
        "user_data",
        "Perform a detailed audit and summarize issues.",
        &json!({"type": "input_file", "file_id": "ID"}),
        &json!({"background": true, "store": true}),
    );
}

#[test]
fn seed_background_mode_that_does_not_complete_raises() {
    for end in ["failed", "cancelled", "expired", "incomplete"] {
        let scene = Scene::faulty(&format!("POST /responses end status={end}"));
        scene.file("long_report.pdf", PDF);
        let line = "oa-upload long_report.pdf | oa-respond -b -p x | oa-poll --interval 20ms | oa-delete -t";
        let ran = scene.sh(line);
        assert!([8, 9].contains(&ran.status), "{end}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
        ran.says(&[&format!("status={end}")]);
        scene.nothing_left();
    }
}
