//! Patience: with whom the tools wait, and with whom not.

use std::thread::sleep;
use std::time::Duration;

use super::authority::Authority;
use super::server::{FILE, Peer, Server, length};
use super::{at, big, idle, place};
use crate::harness::PATIENCE;
use crate::scene::Scene;

#[test]
fn a_server_that_takes_its_time_is_waited_for() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    big(&scene);
    let script = |mut peer: Peer| {
        let length = length(&peer.head().unwrap());
        // Longer than the silence after which a peer is probed, and than all its probes.
        sleep(Duration::from_millis(3500));
        peer.take(length / 2);
        sleep(Duration::from_millis(1500));
        if peer.take(length - length / 2) == length - length / 2 {
            peer.answer("200 OK", FILE);
        }
    };
    let servers = [
        Server::plain(script),
        Server::secure(authority.server(), script),
    ];
    std::thread::scope(|threads| {
        for server in &servers {
            let line = "oa-upload big.pdf --cacert ca.pem --keepalive-time 1s";
            threads.spawn(|| idle(&at(&scene, &server.url(), line).is(0)));
        }
    });
    for server in servers {
        assert_eq!(server.asked(), ["POST /v1/files"]);
    }
}

#[test]
fn a_server_that_takes_nothing_is_given_up() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    big(&scene);
    let script = |mut peer: Peer| {
        peer.head();
        sleep(PATIENCE);
    };
    for server in [
        Server::plain(script),
        Server::secure(authority.server(), script),
    ] {
        let line = "oa-upload big.pdf --cacert ca.pem --timeout 1s --retries 0";
        let ran = at(&scene, &server.url(), line)
            .is(6)
            .says(&["sending", place(&server.url())]);
        assert_eq!(ran.kinds(), ["network"]);
        idle(&ran);
    }
}

#[test]
fn a_question_without_an_answer_may_have_been_paid_for() {
    let server = Server::plain(|mut peer| {
        peer.request();
        sleep(PATIENCE);
    });
    let scene = Scene::new();
    let line = "oa-respond -n -p why --timeout 500ms";
    let ran = at(&scene, &server.url(), line).is(10).says(&[
        "waiting for the answer",
        place(&server.url()),
        "--timeout",
    ]);
    assert_eq!(ran.kinds(), ["unknown_outcome"]);
    assert_eq!(server.asked(), ["POST /v1/responses"]);
    idle(&ran);
}

#[test]
fn an_answer_that_stops_in_the_middle_does_not_hold_up_a_clean_up() {
    let server = Server::plain(|mut peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":");
        sleep(PATIENCE);
    });
    let scene = Scene::new();
    let line = "oa-delete file-1 --timeout 500ms --retries 1";
    at(&scene, &server.url(), line).is(1).says(&["file-1"]);
    assert_eq!(server.asked(), ["DELETE /v1/files/file-1"; 2]);
}
