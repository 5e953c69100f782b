//! Connections that are kept, and closed by the server meanwhile.

use std::fs::File;

use super::at;
use super::authority::Authority;
use super::server::{ANSWER, DELETED, FILE, Peer, Server, obliging};
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
        let line = "oa-upload -j 1 notes.txt report.pdf figure.png --cacert ca.pem";
        at(&scene, &server.url(), line).is(0);
        assert_eq!(server.asked(), ["POST /v1/files"; 3]);
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn what_may_be_paid_for_has_a_connection_of_its_own() {
    let scene = Scene::new();
    let line = "printf '{}{}{}' | oa-respond -j 1 -p why";
    let server = Server::plain(obliging);
    at(&scene, &server.url(), line).is(0);
    assert_eq!(server.connections(), 3);
    // What stays until somebody deletes it is not made twice either.
    let server = Server::plain(obliging);
    let line = "oa-upload --keep -j 1 notes.txt report.pdf";
    at(&scene, &server.url(), line).is(0);
    assert_eq!(server.connections(), 2);
}

/// Answers the first request of each connection, takes the second, and ends the connection: by a reset, or not.
fn tired(reset: bool) -> impl Fn(Peer) + Send + Sync + 'static {
    move |mut peer: Peer| {
        let Some(head) = peer.request() else { return };
        let (file, deleted) = (head.starts_with("POST"), DELETED);
        peer.answer("200 OK", if file { FILE } else { deleted });
        peer.request();
        if reset {
            peer.reset();
        }
    }
}

#[test]
fn a_kept_connection_that_ends_without_a_byte_costs_no_wait_and_no_attempt() {
    let scene = Scene::new();
    let lines = [
        ("oa-delete -j 1 --retries 0 file-1 file-2 file-3", "DELETE"),
        (
            "oa-upload -j 1 --retries 0 notes.txt report.pdf figure.png",
            "POST",
        ),
    ];
    for (line, method) in lines {
        for reset in [false, true] {
            let server = Server::plain(tired(reset));
            at(&scene, &server.url(), &format!("{line} -v"))
                .is(0)
                .says(&["again in 0 ms"]);
            // The second and the third are asked twice: first where nobody heard it.
            let asked = server.asked();
            assert_eq!(asked.len(), 5, "{asked:?}");
            assert!(asked.iter().all(|line| line.starts_with(method)));
        }
    }
}

#[test]
fn a_new_connection_that_ends_without_a_byte_is_an_attempt_like_any_other() {
    let scene = Scene::new();
    let server = Server::plain(|mut peer| drop(peer.request()));
    at(&scene, &server.url(), "oa-delete --retries 1 file-1").is(1);
    assert_eq!(server.connections(), 2);
    let server = Server::plain(|mut peer| drop(peer.request()));
    at(&scene, &server.url(), "oa-upload --retries 1 notes.txt").is(10);
    assert_eq!(server.connections(), 1);
}

#[test]
fn connections_that_end_behind_an_answer_fail_nothing_and_pay_nothing_twice() {
    let scene = Scene::faulty("* /** but then=close percent=30 seed=1");
    let line = "oa-upload --each notes.txt report.pdf | oa-respond -p why | oa-delete -j 1";
    for _ in 0..10 {
        assert_eq!(scene.ok(line).kinds(), ["", ""]);
    }
    assert_eq!(scene.ledger().of("POST /responses").len(), 20);
    scene.nothing_left();
}
