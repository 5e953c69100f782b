//! Chat Completions by curl, with the files of the pipe.

use rustix::process::Signal;

use super::{ok, sh, start};
use crate::scene::{PDF, Scene};

const ASK: &str = "'What is the first dragon in the book?'";

/// The proof of the mock for a document of this name.
fn proof(name: &str) -> String {
    format!("\ninput_file {name} 542 bytes sha256 efa87f93")
}

#[test]
fn a_chat_completion_is_asked_about_a_file_by_its_id_and_the_file_deleted() {
    let scene = Scene::new();
    scene.file("draconomicon.pdf", PDF);
    let ran = ok(&scene, &format!("$R/chat-by-id draconomicon.pdf {ASK}"));
    let asked = "gpt-5.2 was asked \"What is the first dragon in the book?\"";
    assert!(ran.stdout.starts_with(asked), "{}", ran.stdout);
    assert!(ran.stdout.contains(&proof("draconomicon.pdf")));
    assert_eq!(
        scene.ledger().asked(),
        ["POST /files", "POST /chat/completions", "DELETE /files/*"]
    );
    let body = scene.ledger().requests[1].json();
    let file = &body["messages"][0]["content"][0];
    assert_eq!(file["type"], "file");
    assert!(file["file"]["file_id"].is_string());
    scene.nothing_left();
}

#[test]
fn a_chat_completion_is_asked_about_a_file_in_base64() {
    let scene = Scene::new();
    scene.file("a \"b'.pdf", PDF);
    let ran = ok(
        &scene,
        &format!("OA_MODEL=m $R/chat-inline $'a \"b\\'.pdf' {ASK}"),
    );
    assert!(ran.stdout.starts_with("m was asked"), "{}", ran.stdout);
    assert!(ran.stdout.contains(&proof("a \"b'.pdf")), "{}", ran.stdout);
    assert_eq!(scene.ledger().asked(), ["POST /chat/completions"]);
}

#[test]
fn what_goes_wrong_with_a_chat_completion_is_said_and_the_file_deleted_all_the_same() {
    let scene = Scene::new();
    let ran = sh(&scene, "$R/chat-by-id notes.txt Why");
    ran.is(5)
        .says(&["Expected a file with an application/pdf MIME type"]);
    scene.mock.fault("POST /chat/completions cut");
    assert_ne!(sh(&scene, "$R/chat-by-id report.pdf Why").status, 0);
    sh(&scene, "$R/chat-by-id nowhere.pdf Why").is(3);
    scene.nothing_left();
}

#[test]
fn ctrl_c_while_a_chat_completion_is_waited_for_leaves_no_file() {
    let scene = Scene::faulty("POST /chat/completions stall when=before");
    let running = start(&scene, "exec $R/chat-by-id report.pdf Why");
    scene.mock.until("a question", |ledger| {
        !ledger.of("POST /chat/completions").is_empty()
    });
    running.at_once(&[Signal::INT]).finish().is(130);
    scene.nothing_left();
}

#[test]
fn the_key_stands_on_no_command_line() {
    let scene = Scene::faulty("POST /chat/completions stall when=before");
    let running = start(
        &scene,
        "export OPENAI_API_KEY=sk-secret-of-mine; exec $R/chat-by-id report.pdf Why",
    );
    scene.mock.until("a question", |ledger| {
        !ledger.of("POST /chat/completions").is_empty()
    });
    let seen = scene.ok("cat /proc/[0-9]*/cmdline 2>&- | tr '\\0' ' '; true");
    assert!(seen.stdout.contains("/chat/completions"));
    assert!(!seen.stdout.contains("sk-secret-of-mine"));
    running.at_once(&[Signal::TERM]).finish();
}

#[test]
fn a_chat_completion_takes_its_key_from_a_file_or_says_what_is_needed() {
    let scene = Scene::with(&["--key", "sk-in-a-file"]);
    scene.file("key", "sk-in-a-file\n");
    for name in ["chat-by-id", "chat-inline"] {
        let line =
            format!("unset OPENAI_API_KEY; OPENAI_API_KEY_FILE=key $R/{name} report.pdf Why");
        ok(&scene, &line);
        let before = scene.ledger().requests.len();
        let line = format!("unset OPENAI_API_KEY; $R/{name} report.pdf Why");
        let ran = sh(&scene, &line);
        assert_ne!(ran.status, 0);
        ran.says(&["OPENAI_API_KEY_FILE: is not set, nor is OPENAI_API_KEY"]);
        assert_eq!(scene.ledger().requests.len(), before);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_not_asked_about_inline() {
    let scene = Scene::new();
    scene.file("empty.pdf", "");
    for name in ["nowhere.pdf", ".", "empty.pdf"] {
        assert_ne!(sh(&scene, &format!("$R/chat-inline {name} Why")).status, 0);
    }
    assert!(scene.ledger().requests.is_empty());
}
