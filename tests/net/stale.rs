//! Connections that are kept, and closed by the server meanwhile.

use std::fs::File;

use super::at;
use super::authority::Authority;
use super::server::{ANSWER, DELETED, Peer, Server, obliging};
use crate::scene::Scene;

/// Two questions, the second when the file `closed` is there.
const TWO: &str = "(echo '{}'; until [ -e closed ]; do sleep 0.01; done; rm closed; echo '{}') | oa-respond -p why --cacert ca.pem";

#[test]
fn a_connection_that_the_server_closed_is_not_used_for_a_question() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    let path = scene.path("closed");
    let script = move |mut peer: Peer| {
        if peer.request().is_some() {
            peer.answer("200 OK", ANSWER);
            let closed = path.clone();
            drop(peer);
            File::create(closed).unwrap();
        }
    };
    let servers = [
        Server::plain(script.clone()),
        Server::secure(authority.server(), script),
    ];
    for server in servers {
        let ran = at(&scene, &server.url(), TWO).is(0);
        assert_eq!(ran.kinds(), ["", ""]);
        assert_eq!(server.asked(), ["POST /v1/responses"; 2]);
        assert_eq!(server.connections(), 2);
        scene.ok("rm -f closed");
    }
}

#[test]
fn a_connection_that_is_kept_is_used_again() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    for server in [
        Server::plain(obliging),
        Server::secure(authority.server(), obliging),
    ] {
        let line = "printf '{}{}{}' | oa-respond -j 1 -p why --cacert ca.pem";
        at(&scene, &server.url(), line).is(0);
        assert_eq!(server.asked(), ["POST /v1/responses"; 3]);
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_question_never_goes_over_a_connection_that_lay_idle_for_long() {
    let server = Server::plain(obliging);
    let scene = Scene::new();
    let line = "(echo '{}'; sleep 3; echo '{}') | oa-respond -p why";
    at(&scene, &server.url(), line).is(0);
    assert_eq!(
        server.connections(),
        2,
        "the server may be closing it just now"
    );
}

#[test]
fn what_may_be_repeated_is_repeated_when_a_kept_connection_breaks() {
    let server = Server::plain(|mut peer| {
        let first = peer.request();
        if first.is_none() {
            return;
        }
        peer.answer("200 OK", DELETED);
        // The next request arrives, and the connection ends instead of an answer.
        if peer.turn > 0 && peer.request().is_some() {
            peer.answer("200 OK", DELETED);
        } else {
            peer.request();
        }
    });
    let scene = Scene::new();
    at(&scene, &server.url(), "oa-delete -j 1 file-1 file-2").is(0);
    let asked = server.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert_eq!(asked[1], asked[2]);
}
