//! Servers of every age: HTTP/1.0, chunks, closed connections, compression.

use std::fs;

use super::at;
use super::authority::Authority;
use super::server::{ANSWER, DELETED, Peer, Server};
use crate::scene::Scene;

/// Answers with these bytes, then closes.
fn once(bytes: Vec<u8>) -> impl Fn(Peer) + Send + Sync + Clone + 'static {
    move |mut peer| {
        if peer.request().is_some() {
            peer.say(&bytes);
        }
    }
}

fn chunked(body: &str) -> String {
    let (head, tail) = body.split_at(7);
    let chunks = [head, tail].map(|part| format!("{:x};x=y\r\n{part}\r\n", part.len()));
    let end = "0\r\nTrailer: 1\r\n\r\n";
    format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}{end}",
        chunks.concat()
    )
}

#[test]
fn answers_are_understood_however_they_are_framed() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    scene.file("answer", ANSWER).ok("gzip -c answer >answer.gz");
    let packed = fs::read(scene.path("answer.gz")).unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    let length = ANSWER.len();
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(ANSWER).unwrap())
            .unwrap();
    let answers: [(&str, Vec<u8>); 8] = [
        ("HTTP/1.0", format!("HTTP/1.0 200 OK\r\n\r\n{ANSWER}").into()),
        ("HTTP/1.0 with a length", format!("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n{ANSWER}").into()),
        ("until the end", format!("HTTP/1.1 200 OK\r\n\r\n{ANSWER}").into()),
        ("closing", format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{ANSWER}").into()),
        ("chunked", chunked(ANSWER).into()),
        ("gzip", [head.into_bytes(), packed].concat()),
        ("after 100", format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{ANSWER}").into()),
        ("pretty, no reason", format!("HTTP/1.1 200\r\nContent-Length: {}\r\n\r\n{pretty}", pretty.len()).into()),
    ];
    for (name, bytes) in answers {
        let servers = [
            Server::plain(once(bytes.clone())),
            Server::secure(authority.server(), once(bytes)),
        ];
        for server in servers {
            let line = "oa-respond -n -p why --cacert ca.pem";
            let ran = at(&scene, &server.url(), line);
            assert_eq!(ran.status, 0, "{name}: {}", ran.stderr);
            assert_eq!(ran.record()["output_text"], "yes", "{name}");
        }
    }
}

#[test]
fn an_answer_that_comes_byte_by_byte_is_an_answer() {
    let server = Server::plain(|mut peer| {
        if peer.request().is_some() {
            let text = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{ANSWER}",
                ANSWER.len()
            );
            for byte in text.bytes() {
                peer.say([byte]);
            }
        }
    });
    let scene = Scene::new();
    at(&scene, &server.url(), "oa-respond -n -p why").is(0);
}

#[test]
fn an_answer_that_is_cut_is_no_answer_however_it_is_framed() {
    let half = &ANSWER[..ANSWER.len() / 2];
    let length = ANSWER.len();
    let cuts = [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{half}"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{half}"),
        format!("HTTP/1.1 200 OK\r\n\r\n{half}"),
    ];
    let scene = Scene::new();
    for cut in cuts {
        let server = Server::plain(once(cut.clone().into_bytes()));
        let ran = at(&scene, &server.url(), "oa-respond -n -p why").is(6);
        let error = ran.record()["error"].clone();
        assert_eq!(
            (&error["kind"], &error["retryable"]),
            (&"network".into(), &false.into()),
            "{cut}"
        );
        assert_eq!(server.asked().len(), 1);
    }
    let (length, half) = (DELETED.len(), &DELETED[..DELETED.len() - 1]);
    let server = Server::plain(once(
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{half}").into_bytes(),
    ));
    at(&scene, &server.url(), "oa-delete file-1 --retries 1").is(1);
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn an_answer_whose_json_is_whole_is_read_although_more_was_announced() {
    let scene = Scene::new();
    for (answer, tool) in [
        (ANSWER, "oa-respond -n -p why"),
        (DELETED, "oa-delete file-1"),
    ] {
        let length = answer.len() + 9;
        let said = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{answer}");
        let server = Server::plain(once(said.into_bytes()));
        at(&scene, &server.url(), tool).is(0);
        assert_eq!(server.asked().len(), 1);
    }
}

#[test]
fn what_is_no_http_is_trouble_of_the_network() {
    let scene = Scene::new();
    let answers = [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\0\u{1}\u{2}",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "",
    ];
    for answer in answers {
        let server = Server::plain(once(answer.into()));
        let ran = at(&scene, &server.url(), "oa-respond -n -p why").is(10);
        assert_eq!(ran.kinds(), ["unknown_outcome"], "{answer:?}");
        assert_eq!(server.asked().len(), 1);
        let ran = at(
            &scene,
            &server.url(),
            "oa-poll resp_1 --deadline 200ms --interval 100ms",
        );
        assert_ne!(ran.status, 0);
    }
    let endless = Server::plain(|mut peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\n");
        for number in 0..100_000 {
            peer.say(format!("X-{number}: {}\r\n", "x".repeat(100)));
        }
    });
    at(&scene, &endless.url(), "oa-respond -n -p why").is(10);
    let plain = Server::plain(|mut peer| {
        peer.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        peer.drain();
    });
    let url = plain.url().replace("http:", "https:");
    at(&scene, &url, "oa-respond -n -p why")
        .is(6)
        .says(&["TLS"]);
}
