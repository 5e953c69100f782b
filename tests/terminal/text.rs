//! Text of an answer that comes bit by bit: nobody writes behind half a line of it, or draws over it.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use serde_json::{Value, json};

use super::session::start;
use crate::net::at;
use crate::net::server::{Peer, Server};
use crate::scene::Scene;

/// A server that streams what a test sends, each time that it does.
fn streaming() -> (Server, Sender<Value>) {
    let (sender, receiver) = channel::<Value>();
    let receiver = Mutex::new(receiver);
    let server = Server::plain(move |mut peer: Peer| {
        if peer.request().is_none() {
            return;
        }
        peer.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
        while let Ok(event) = receiver.lock().unwrap().recv() {
            peer.say(format!("data: {event}\n\n"));
            if event["type"] != "response.output_text.delta" {
                return;
            }
        }
    });
    (server, sender)
}

fn delta(text: &str) -> Value {
    json!({"type": "response.output_text.delta", "delta": text, "output_index": 0})
}

fn completed(text: &str) -> Value {
    let output = json!([{"type": "message", "content": [{"type": "output_text", "text": text}]}]);
    let response =
        json!({"id": "resp_1", "object": "response", "status": "completed", "output": output});
    json!({"type": "response.completed", "response": response})
}

fn broken() -> Value {
    json!({"type": "error", "message": "it broke"})
}

#[test]
fn streamed_text_ends_its_line_before_anything_is_said_of_the_answer() {
    for columns in [80, 20] {
        let (server, says) = streaming();
        let line = format!(
            "OPENAI_BASE_URL={} oa-respond -n -p why --stream -t",
            server.url()
        );
        let scene = Scene::new();
        let mut session = start(&scene, "xterm", columns, &line);
        says.send(delta("one\ntwo")).unwrap();
        session.until("two", |rows| rows == ["one", "two"]);
        says.send(delta(" and three")).unwrap();
        session.until("three", |rows| rows == ["one", "two and three"]);
        says.send(completed("one\ntwo and three")).unwrap();
        let seen = session.finish();
        assert_eq!(seen.rows[..2], ["one", "two and three"]);
        let said = seen.rows[2..].concat();
        assert!(said.starts_with("[response]"), "{:#?}", seen.rows);
    }
}

#[test]
fn an_error_within_a_text_has_a_line_of_its_own() {
    let (server, says) = streaming();
    let line = format!(
        "OPENAI_BASE_URL={} oa-respond -n -p why --stream -t",
        server.url()
    );
    let scene = Scene::new();
    let mut session = start(&scene, "xterm", 80, &line);
    says.send(delta("one")).unwrap();
    session.until_row("one");
    says.send(broken()).unwrap();
    let seen = session.finish();
    assert_eq!(seen.rows, ["one", "oa-respond: it broke"]);
}

#[test]
fn off_a_terminal_the_line_ends_before_anything_is_said_too() {
    for (last, said) in [
        (
            completed("one"),
            "[response] response_id=resp_1 status=completed",
        ),
        (broken(), "oa-respond: it broke"),
    ] {
        let (server, says) = streaming();
        says.send(delta("one")).unwrap();
        says.send(last).unwrap();
        let scene = Scene::new();
        let ran = at(
            &scene,
            &server.url(),
            "oa-respond -n -p why --stream -t 2>&1",
        );
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!((lines.len(), lines[0]), (2, "one"), "{}", ran.stdout);
        assert!(lines[1].starts_with(said), "{}", ran.stdout);
    }
}

#[test]
fn nobody_draws_over_half_a_line_or_writes_behind_it() {
    let (server, says) = streaming();
    // The second file is on its way for as long as the text comes.
    let scene = Scene::with(&["--fault", "POST /files stall when=before skip=1"]);
    let line = format!(
        "oa-upload --each -j 1 notes.txt report.pdf | OPENAI_BASE_URL={} oa-respond -p why --stream -t",
        server.url()
    );
    let mut session = start(&scene, "xterm", 200, &line);
    // Which of the two draws is no matter.
    session.until("a progress line", |rows| {
        rows.last().is_some_and(|row| row.contains(": done "))
    });
    says.send(delta("half a")).unwrap();
    session.until("the text alone", |rows| {
        rows.last().is_some_and(|row| row == "half a")
    });
    for _ in 0..20 {
        says.send(delta(" line")).unwrap();
    }
    let whole = format!("half a{}", " line".repeat(20));
    session.until("all of the text", |rows| rows.last() == Some(&whole));
    scene.mock.no_faults();
    session.until_row("[upload] file_id=");
    session.until("a line of its own", |rows| {
        rows.last()
            .is_some_and(|row| row.ends_with("path=report.pdf"))
    });
    says.send(completed(&whole)).unwrap();
    session.until_row("[response]");
    says.send(completed("second")).unwrap();
    let seen = session.finish();
    let begins = seen.rows.iter().map(|row| row.split(' ').next().unwrap());
    let begins: Vec<&str> = begins.filter(|word| *word != "oa-respond:").collect();
    let order = [
        "[upload]",
        "half",
        "[upload]",
        // The text goes on, and its line ends.
        "",
        "[response]",
        "[response]",
        "second",
        "[total]",
    ];
    assert_eq!(begins, order, "{:#?}", seen.rows);
    assert_eq!(seen.rows[1], whole);
}

#[test]
fn records_on_a_terminal_are_whole_lines() {
    let scene = Scene::faulty("POST /responses stall when=before skip=1");
    scene.file("records", "{\"prompt\":\"why\"}\n{\"prompt\":\"how\"}\n");
    let mut session = start(&scene, "xterm", 4000, "oa-respond <records");
    session.until_row("oa-respond: done 1/2");
    scene.mock.no_faults();
    let seen = session.finish().tidy(4000);
    let begins = seen
        .rows
        .iter()
        .map(|row| row.split(['{', ' ']).next().unwrap());
    let begins: Vec<&str> = begins.collect();
    assert_eq!(
        begins[..4],
        ["[response]", "", "[response]", ""],
        "{:#?}",
        seen.rows
    );
    let parsed = |row: &String| serde_json::from_str::<Value>(row).is_ok();
    assert!(parsed(&seen.rows[1]) && parsed(&seen.rows[3]));
}
