//! Answers that come while the body is still going up, and news that is none.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use rustls::ServerConfig;

use super::authority::Authority;
use super::proxy::tunnel;
use super::server::{FILE, NO_KEY, Peer, Server, length};
use super::{BIG, at, big, idle};
use crate::harness::PATIENCE;
use crate::scene::Scene;

const HTML: &str = "<html>Request Entity Too Large</html>";

/// What a server does after an answer that came too early.
#[derive(Clone, Copy, Debug)]
enum Then {
    Closes,
    Resets,
    HalfCloses,
    Drains,
    Holds,
}

const ALL: [Then; 5] = [
    Then::Closes,
    Then::Resets,
    Then::HalfCloses,
    Then::Drains,
    Then::Holds,
];

/// Takes in a little of the body, then answers.
fn hasty(mut peer: Peer, status: &str, body: &str, then: Then) {
    if peer.head().is_none() {
        return;
    }
    peer.take(200_000);
    peer.answer(status, body);
    match then {
        Then::Closes => {}
        Then::Resets => peer.reset(),
        Then::HalfCloses => {
            peer.half_close();
            peer.drain();
        }
        Then::Drains => peer.drain(),
        Then::Holds => sleep(PATIENCE),
    }
}

fn check(secure: Option<&Arc<ServerConfig>>, scene: &Scene, options: &str, then: Then) {
    let cases = [
        ("401 Unauthorized", NO_KEY, 4, "no such key"),
        ("413 Content Too Large", HTML, 6, "413"),
    ];
    for (status, body, exit, word) in cases {
        let script = move |peer: Peer| hasty(peer, status, body, then);
        let server = match secure {
            Some(config) => Server::secure(Arc::clone(config), script),
            None => Server::plain(script),
        };
        let ran = at(
            scene,
            &server.url(),
            &format!("oa-upload big.pdf {options}"),
        );
        assert_eq!(ran.status, exit, "{then:?} {status}: {}", ran.stderr);
        let ran = ran.says(&[word, &status[..3]]);
        assert_eq!(ran.record()["error"]["status"].to_string(), status[..3]);
        assert_eq!(server.asked(), ["POST /v1/files"], "{then:?} {status}");
        idle(&ran);
    }
}

#[test]
fn a_refusal_in_the_middle_of_an_upload_is_seen_for_what_it_is() {
    let scene = Scene::new();
    big(&scene);
    for then in ALL {
        check(None, &scene, "", then);
    }
}

#[test]
fn a_refusal_in_the_middle_of_an_upload_over_tls_is_seen_for_what_it_is() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    big(&scene);
    for then in ALL {
        check(Some(&authority.server()), &scene, "--cacert ca.pem", then);
    }
}

/// Takes the body in late and whole: tickets of the session lie unread while the client is stuck.
fn reluctant(mut peer: Peer) {
    let head = peer.head().unwrap();
    sleep(Duration::from_millis(300));
    let length = length(&head);
    if peer.take(length) == length {
        peer.answer("200 OK", FILE);
    }
}

#[test]
fn tickets_of_a_session_are_no_answer() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    big(&scene);
    let server = Server::secure(authority.server(), reluctant);
    let proxy = tunnel("");
    let proxied = format!("HTTPS_PROXY={} ", proxy.url());
    for before in ["", &proxied] {
        let line = format!("{before} oa-upload big.pdf --cacert ca.pem");
        idle(&at(&scene, &server.url(), &line).is(0));
    }
    assert_eq!(server.asked(), ["POST /v1/files"; 2]);
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn a_refusal_in_the_middle_of_an_upload_comes_through_a_proxy() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    big(&scene);
    let proxy = tunnel("");
    for then in [Then::Closes, Then::Drains] {
        let server = Server::secure(authority.server(), move |peer| {
            hasty(peer, "401 Unauthorized", NO_KEY, then);
        });
        let line = format!(
            "HTTPS_PROXY={} oa-upload big.pdf --cacert ca.pem",
            proxy.url()
        );
        let ran = at(&scene, &server.url(), &line)
            .is(4)
            .says(&["no such key"]);
        assert_eq!(server.asked(), ["POST /v1/files"], "{then:?}");
        idle(&ran);
    }
}

#[test]
fn interim_answers_are_no_answer() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    big(&scene);
    let script = |mut peer: Peer| {
        let head = peer.head().unwrap();
        peer.say("HTTP/1.1 100 Continue\r\n\r\n");
        peer.take(300_000);
        peer.say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 10");
        sleep(Duration::from_millis(100));
        peer.take(1_000_000);
        peer.say("2 Processing\r\n\r\n");
        let rest = length(&head) - 1_300_000;
        if peer.take(rest) == rest {
            peer.answer("200 OK", FILE);
        }
    };
    let servers = [
        Server::plain(script),
        Server::secure(authority.server(), script),
    ];
    for server in servers {
        let line = "oa-upload big.pdf --cacert ca.pem";
        idle(&at(&scene, &server.url(), line).is(0));
        assert_eq!(server.asked(), ["POST /v1/files"]);
    }
}

#[test]
fn a_server_that_only_goes_away_is_trouble_of_the_network_and_the_upload_is_tried_again() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    big(&scene);
    let script = |mut peer: Peer| {
        let head = peer.head().unwrap();
        if peer.turn == 0 {
            peer.take(200_000);
        } else if peer.take(length(&head)) > BIG {
            peer.answer("200 OK", FILE);
        }
    };
    for server in [
        Server::plain(script),
        Server::secure(authority.server(), script),
    ] {
        let line = "oa-upload big.pdf --cacert ca.pem";
        at(&scene, &server.url(), line).is(0);
        assert_eq!(server.asked(), ["POST /v1/files"; 2]);
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_an_input_error_and_never_spins() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    for secure in [false, true] {
        big(&scene);
        let path = scene.path("big.pdf");
        let script = move |mut peer: Peer| {
            if peer.head().is_some() {
                let file = std::fs::OpenOptions::new().write(true).open(&path);
                file.unwrap().set_len(1_000).unwrap();
                peer.drain();
            }
        };
        let server = if secure {
            Server::secure(authority.server(), script)
        } else {
            Server::plain(script)
        };
        let line = "oa-upload big.pdf --cacert ca.pem";
        let ran = at(&scene, &server.url(), line)
            .is(3)
            .says(&["big.pdf", "changed"]);
        assert_eq!(ran.kinds(), ["input"]);
        assert_eq!(server.asked(), ["POST /v1/files"]);
        idle(&ran);
    }
}
