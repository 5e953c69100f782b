//! Answers of any size and shape: refused, or borne in memory of their own size, and no file stays behind.

use std::fmt::Write;

use crate::net::server::{Peer, Server};
use crate::scene::Scene;

/// Kilobytes of address space in which a tool must bear an answer of 4 MiB.
const ROOM: &str = "ulimit -v 175000";
const SIZE: usize = 4 << 20;
const START: &str = r#"{"id":"resp_1","object":"response","status":"completed""#;

/// An answer that is filled with one piece.
fn filled(start: &str, piece: &str, end: &str) -> String {
    format!("{START}{start}{}{end}", piece.repeat(SIZE / piece.len()))
}

/// A server that answers every question so; `head` are further header lines.
fn answers(status: &str, head: &str, body: impl Into<Vec<u8>>) -> Server {
    let body = body.into();
    let start = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{head}Content-Length: {}\r\n\r\n",
        body.len()
    );
    Server::plain(move |mut peer: Peer| {
        while peer.request().is_some() {
            peer.say(&start);
            peer.say(&body);
        }
    })
}

/// An upload, a question to another server, and the clean-up.
fn asked(url: &str) -> String {
    format!(
        "{ROOM}; oa-upload -q report.pdf | OPENAI_BASE_URL={url} oa-respond -p why --retries 0 | oa-delete"
    )
}

#[test]
fn an_answer_of_any_shape_is_borne_in_memory_of_its_own_size() {
    let text = r#","output":[{"type":"message","content":[{"type":"output_text","text":""#;
    let parts = r#","output":[{"type":"message","content":["#;
    let shapes = [
        filled(text, "x", "\"}]}]}"),
        filled(text, "\\n", "\"}]}]}"),
        filled(parts, "{},", "0]}]}"),
        filled(",\"output\":[", "{},", "0]}"),
        filled(",\"output\":[", "{\"\":0},", "0]}"),
        filled(",\"output\":[],\"z\":[", "0,", "0]}"),
        filled(",\"output\":[],", "\"\":0,", "\"z\":0}"),
        filled(",\"error\":[", "{},", "0]}"),
        filled(",\"usage\":{", "\"\":0,", "\"z\":0},\"output\":[]}"),
        filled(",\"output\":[],\"z\":[", " NaN,", "0]}"),
    ];
    for shape in shapes {
        let scene = Scene::new();
        let server = answers("200 OK", "", shape.clone());
        let ran = scene.sh(&asked(&server.url()));
        let told = format!("{:.200}: {}", shape, ran.stderr);
        assert!([0, 8].contains(&ran.status), "{told}");
        assert_eq!(ran.record()["response"]["id"], "resp_1", "{told}");
        scene.nothing_left();
    }
}

#[test]
fn an_answer_that_unpacks_to_hundreds_of_times_what_came_is_refused() {
    let scene = Scene::new();
    scene.file("answer", filled(",\"output\":[", "{},", "0]}"));
    scene.ok("gzip -c answer >answer.gz");
    let packed = std::fs::read(scene.path("answer.gz")).unwrap();
    let server = answers("200 OK", "Content-Encoding: gzip\r\n", packed);
    let ran = scene
        .sh(&asked(&server.url()))
        .is(6)
        .says(&["unpacks to more than 200 times"]);
    let record = ran.record();
    assert_eq!(record["response"]["id"], "resp_1");
    assert_eq!(record["error"]["retryable"], false);
    scene.nothing_left();
    // What packs well because it is text is an answer.
    scene.file("text", format!("{START},\"output\":[]}}"));
    scene.ok("gzip -c text >text.gz");
    let packed = std::fs::read(scene.path("text.gz")).unwrap();
    let server = answers("200 OK", "Content-Encoding: gzip\r\n", packed);
    let url = server.url();
    scene.ok(&format!("OPENAI_BASE_URL={url} oa-respond -n -p why"));
}

#[test]
fn of_a_refusal_only_the_beginning_is_read_and_its_words_are_found() {
    let scene = Scene::new();
    for (inside, end) in [("\"z\":[", "0]}}"), ("", "\"z\":0}}")] {
        let piece = if inside.is_empty() { "\"\":0," } else { "0," };
        let body = format!(
            r#"{{"error":{{"message":"no such thing","code":"odd",{inside}{}{end}"#,
            piece.repeat(SIZE / piece.len())
        );
        for (status, exit, kind) in [
            ("400 Bad Request", 7, "refused"),
            ("401 Unauthorized", 4, "auth"),
            ("429 Too Many Requests", 5, "rate_limit"),
        ] {
            let server = answers(status, "", body.clone());
            let line = format!(
                "ulimit -v 175000; OPENAI_BASE_URL={} oa-respond -n -p why --retries 0 --max-wait 0s",
                server.url()
            );
            let ran = scene.sh(&line).is(exit).says(&["no such thing"]);
            let record = ran.record();
            assert_eq!(record["error"]["kind"], kind);
            assert_eq!(record["error"]["code"], "odd");
        }
    }
    let quota = r#"{"error":{"code":"insufficient_quota","message":"no money","z":"#.to_owned();
    let server = answers("429 No", "", format!("{quota}\"{}\"}}}}", "x".repeat(SIZE)));
    let line = format!("OPENAI_BASE_URL={} oa-respond -n -p why", server.url());
    let record = scene.sh(&line).is(5).record();
    assert_eq!(record["error"]["kind"], "quota");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn an_object_that_is_too_large_for_one_is_refused_without_being_read() {
    let scene = Scene::new();
    let body = format!(
        r#"{{"id":"file-1","object":"file","z":[{}0]}}"#,
        "0,".repeat(12 << 20)
    );
    let server = answers("200 OK", "", body);
    let line = format!(
        "{ROOM}; OPENAI_BASE_URL={} oa-upload report.pdf --retries 0 --max-wait 0s",
        server.url()
    );
    let ran = scene
        .sh(&line)
        .is(6)
        .says(&["larger than 16777216 bytes", "file-1"]);
    assert_eq!(ran.kinds(), ["network"]);
}

#[test]
fn a_stream_is_collected_in_memory_of_its_own_size() {
    let scene = Scene::new();
    let delta = format!(
        "data: {{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"{}\"}}\n\n",
        "x".repeat(1000)
    );
    let mut events = String::from(
        "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"status\":\"in_progress\"}}\n\n",
    );
    for _ in 0..SIZE / 1000 {
        events.push_str(&delta);
    }
    let text = r#","output":[{"type":"message","content":[{"type":"output_text","text":""#;
    let end = filled(text, "x", "\"}]}]}");
    write!(
        events,
        "data: {{\"type\":\"response.completed\",\"response\":{end}}}\n\n"
    )
    .unwrap();
    let server = answers("200 OK", "", events);
    let line = format!(
        "{ROOM}; OPENAI_BASE_URL={} oa-respond --stream -n -p why",
        server.url()
    );
    let ran = scene.ok(&line);
    assert_eq!(
        ran.record()["output_text"].as_str().map(str::len),
        Some(SIZE)
    );
}

#[test]
fn each_of_many_citations_is_counted_without_comparing_it_to_the_others() {
    let scene = Scene::new();
    let mut notes = Vec::new();
    for n in 0..160_000 {
        notes.push(format!(
            r#"{{"type":"file_citation","file_id":"file-{}"}}"#,
            n / 2
        ));
    }
    let body = format!(
        r#"{START},"output":[{{"type":"message","content":[{{"type":"output_text","text":"x","annotations":[{}]}}]}}]}}"#,
        notes.join(",")
    );
    let server = answers("200 OK", "", body);
    let line = format!("OPENAI_BASE_URL={} oa-respond -n -p why", server.url());
    let record = scene.ok(&line).record();
    let cited = record["citations"].as_array().unwrap();
    assert_eq!(cited.len(), 80_000);
    assert!(cited.iter().all(|one| one["count"] == 2));
}
