//! What the server takes: heads, bodies, connections and threads of a size, and a ledger that ends.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::{Heard, Mock};
use crate::scene::Scene;

const HEAD: &str = "Host: localhost\r\nAuthorization: Bearer sk-test\r\nConnection: close\r\n";

/// What is answered when the request is given in pieces, as long as they are taken.
fn in_pieces(mock: &Mock, pieces: impl Iterator<Item = Vec<u8>>) -> Heard {
    let mut socket = mock.connect();
    for piece in pieces {
        if socket.write_all(&piece).is_err() {
            break;
        }
    }
    heard(socket)
}

fn heard(mut socket: TcpStream) -> Heard {
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes);
    let answer = String::from_utf8(bytes).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    Heard {
        status: head[9..12].parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let mock = Mock::start(&[]);
    let long = "x".repeat(300_000);
    let many = "X-A: b\r\n".repeat(200);
    for head in [
        format!("GET /v1/files HTTP/1.1\r\n{HEAD}X-Long: {long}\r\n\r\n"),
        format!("GET /v1/files HTTP/1.1\r\n{HEAD}{many}\r\n"),
    ] {
        assert_eq!(mock.say(head.as_bytes()).status, 431);
    }
    let line = format!("GET /v1/files?{long} HTTP/1.1\r\n{HEAD}\r\n");
    assert!([414, 431].contains(&mock.say(line.as_bytes()).status));
    assert_eq!(mock.ledger().asked(), [""; 0]);
}

#[test]
fn a_body_that_never_ends_is_refused_however_it_is_sent() {
    let mock = Mock::start(&[]);
    let chunk = [
        b"100000\r\n".to_vec(),
        vec![b' '; 1 << 20],
        b"\r\n".to_vec(),
    ]
    .concat();
    let chunked = |head: String, first: &str| {
        let first = format!("{:x}\r\n{first}\r\n", first.len());
        let head = format!("{head}\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n{first}");
        let chunk = chunk.clone();
        [head.into_bytes()]
            .into_iter()
            .chain(std::iter::repeat_n(chunk, 600))
    };
    let json = "POST /v1/responses HTTP/1.1\r\nContent-Type: application/json".to_owned();
    assert_eq!(in_pieces(&mock, chunked(json, " ")).status, 413);
    let control = "POST /mock/faults HTTP/1.1\r\nContent-Type: application/json".to_owned();
    assert_eq!(in_pieces(&mock, chunked(control, " ")).status, 413);
    let form = "POST /v1/files HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=cut";
    let part = "--cut\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n";
    assert_eq!(in_pieces(&mock, chunked(form.to_owned(), part)).status, 413);
    let parts = part.replace("filename=a", "filename=b") + "\r\n";
    let parts = chunked(form.to_owned(), &parts.repeat(200)).take(1);
    let end = b"7\r\n--cut--\r\n0\r\n\r\n".to_vec();
    assert_eq!(in_pieces(&mock, parts.chain([end])).status, 413);
    assert_eq!(mock.ledger().files.len(), 0);
}

#[test]
fn who_dawdles_keeps_nobody_waiting() {
    let mock = Mock::start(&[]);
    let slow: Vec<TcpStream> = (0..200)
        .map(|n| {
            let mut socket = mock.connect();
            let part = if n % 2 == 0 {
                "GET /v1/fi"
            } else {
                "POST /v1/responses HTTP/1.1\r\n"
            };
            socket.write_all(part.as_bytes()).unwrap();
            if n % 2 == 1 {
                let rest =
                    format!("{HEAD}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{{");
                socket.write_all(rest.as_bytes()).unwrap();
            }
            socket
        })
        .collect();
    let ask = json!({"model": "m", "input": "why"});
    assert_eq!(mock.call("POST /responses", &ask).status, 200);
    drop(slow);
}

#[test]
fn more_connections_than_there_is_room_for_wait_until_one_ends() {
    let mock = Mock::start(&[]);
    let mut held: Vec<TcpStream> = (0..500).map(|_| mock.connect()).collect();
    let request = format!("GET /v1/files HTTP/1.1\r\n{HEAD}\r\n");
    let mut late = mock.connect();
    late.write_all(request.as_bytes()).unwrap();
    late.set_nonblocking(true).unwrap();
    // One that is in answers before the one that waits.
    held[499].write_all(request.as_bytes()).unwrap();
    assert_eq!(heard(held.pop().unwrap()).status, 200);
    late.set_nonblocking(false).unwrap();
    assert_eq!(heard(late).status, 200);
}

#[test]
fn the_ledger_keeps_so_many_bytes_and_counts_the_rest() {
    let mock = Mock::start(&[]);
    // A question of 30 MB is kept word for word, ten of them are not.
    let body = json!({"model": "m", "input": "why", "metadata": {"k": "v"}, "instructions": "é".repeat(15 << 20)});
    for _ in 0..10 {
        mock.call("POST /responses/input_tokens", &body);
    }
    let ledger = mock.ledger();
    assert!(ledger.requests.len() < 10, "{}", ledger.requests.len());
    assert_eq!(ledger.forgotten + ledger.requests.len(), 10);
    let last = ledger.requests.last().unwrap();
    assert_eq!(last.json()["model"], Value::from("m"));
}

#[test]
fn a_server_that_can_make_no_thread_says_so_or_serves_with_those_it_has() {
    let scene = Scene::new();
    for kilobytes in [20_000, 30_000, 60_000, 100_000, 200_000] {
        let ran = scene.sh(&format!("(ulimit -v {kilobytes}; exec oa-mock -- true)"));
        let said = ran.status == 0 || ran.stderr.contains("no thread can be made");
        let loaded = !ran.stderr.contains("error while loading");
        assert!(
            said || !loaded,
            "{kilobytes}: {} {}",
            ran.status,
            ran.stderr
        );
    }
}
