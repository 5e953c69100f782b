//! Certificates: whom the tools trust, how they name themselves, and what they say when neither fits.

use serde_json::Value;

use super::authority::Authority;
use super::front::front;
use super::server::{Server, obliging};
use super::{at, place};
use crate::scene::Scene;

const CHAIN: &str =
    "oa-upload report.pdf | oa-respond -b -p why | oa-poll --interval 20ms | oa-delete -t";

fn backend(scene: &Scene) -> String {
    place(&scene.mock.environment[0].1).to_owned()
}

#[test]
fn the_whole_chain_works_over_tls_however_the_authority_is_named() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    let url = front(authority.server(), &backend(&scene));
    let by_name = url.replace("127.0.0.1", "localhost");
    scene.ok("mkdir -p certs/sub; cp ca.pem certs/any-name; echo rubbish >certs/readme; : >empty");
    let option = CHAIN.replace(" |", " --cacert ca.pem |") + " --cacert ca.pem";
    let lines = [
        (&url, option),
        (&url, format!("export SSL_CERT_FILE=ca.pem; {CHAIN}")),
        (&url, format!("export SSL_CERT_DIR=certs; {CHAIN}")),
        (
            &by_name,
            format!("export SSL_CERT_FILE=ca.pem SSL_CERT_DIR=missing; {CHAIN}"),
        ),
    ];
    for (url, line) in lines {
        let ran = at(&scene, url, &line).is(0);
        assert!(!ran.stdout.trim().is_empty(), "{line}");
    }
    scene.nothing_left();
}

#[test]
fn a_certificate_that_is_not_good_is_named_and_nothing_is_sent() {
    let (ours, other) = (Authority::new(), Authority::new());
    let here = ["localhost", "127.0.0.1"];
    let cases = [
        (other.server(), "UnknownIssuer", "is trusted by --cacert"),
        (
            Authority::server_with(&ours.pair(&["elsewhere.test"])),
            "elsewhere.test",
            "for other names",
        ),
        (
            Authority::server_with(&ours.expired(&here)),
            "xpired",
            "renew it",
        ),
        (
            Authority::server_with(&ours.itself()),
            "CaUsedAsEndEntity",
            "basicConstraints=CA:FALSE",
        ),
    ];
    let scene = Scene::new();
    ours.publish(&scene);
    for (config, word, hint) in cases {
        let server = Server::secure(config, obliging);
        for tool in ["oa-respond -n -p why", "oa-upload report.pdf"] {
            let line = format!("{tool} --cacert ca.pem");
            let ran = at(&scene, &server.url(), &line).is(6).says(&[
                word,
                hint,
                "certificate",
                "TLS",
                place(&server.url()),
            ]);
            assert_eq!(ran.kinds(), ["network"]);
            super::idle(&ran);
        }
        assert_eq!(server.heads(), [""; 0], "{word}");
        assert_eq!(
            server.connections(),
            2,
            "trying again mends no certificate: {word}"
        );
    }
}

#[test]
fn a_named_file_without_certificates_is_an_error() {
    let scene = Scene::new();
    Authority::new().publish(&scene);
    scene.file("empty", "").file("text", "not PEM\n");
    scene.file(
        "broken",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    scene.ok("mkdir folder; sed 's/BEGIN CERT/BEGIN SERT/;s/END CERT/END SERT/' ca.pem >other");
    let url = "https://127.0.0.1:9/v1";
    for name in ["missing", "empty", "text", "folder", "other", "broken"] {
        let lines = [
            format!("oa-respond -n -p why --cacert {name}"),
            format!("SSL_CERT_FILE={name} oa-respond -n -p why"),
            format!("oa-respond -n -p why --cacert ca.pem --cert {name}"),
        ];
        for line in lines {
            at(&scene, url, &line).is(2).says(&[name]);
        }
    }
    for name in ["missing", "empty", "folder"] {
        let line = format!("SSL_CERT_DIR={name} oa-respond -n -p why");
        at(&scene, url, &line).is(2).says(&[name]);
    }
}

#[test]
fn a_certificate_of_the_client_is_shown_where_the_server_wants_one() {
    let authority = Authority::new();
    let scene = Scene::new();
    authority.publish(&scene);
    let (mine, other) = (authority.pair(&["me"]), authority.pair(&["other"]));
    scene
        .file("me.pem", &mine.certificate)
        .file("me.key", &mine.key)
        .file("other.key", &other.key)
        .file("both.pem", mine.key.clone() + &mine.certificate);
    let foreign = Authority::new().pair(&["stranger"]);
    scene.file("stranger.pem", foreign.certificate + &foreign.key);
    let server = Server::secure(authority.demanding(), obliging);
    let run = |options: &str| {
        let line = format!("oa-respond -n -p why --cacert ca.pem {options}");
        at(&scene, &server.url(), &line)
    };
    run("--cert me.pem --key me.key").is(0);
    run("--cert both.pem").is(0);
    run("--cert me.pem").is(2).says(&["me.pem", "key"]);
    run("--key me.key").is(2).says(&["--cert"]);
    run("--cert me.pem --key other.key")
        .is(2)
        .says(&["other.key", "me.pem"]);
    run("--cert me.pem --key ca.pem").is(2).says(&["ca.pem"]);
    assert_eq!(server.heads().len(), 2);
    for (options, word) in [("", "--cert"), ("--cert stranger.pem", "certificate")] {
        let ran = run(options).is(6).says(&[word, "certificate"]);
        let error: Value = ran.record()["error"].clone();
        assert_eq!(error["kind"], "network", "{error}");
    }
    scene.file("big.txt", "x".repeat(4_000_000));
    let ran = at(&scene, &server.url(), "oa-upload --cacert ca.pem big.txt");
    assert_eq!(ran.is(6).says(&["ertificate"]).kinds(), ["network"]);
    assert_eq!(server.heads().len(), 2, "{:?}", server.heads());
}

#[test]
fn a_server_that_ends_the_handshake_is_understood() {
    let alert = |code: u8| vec![21, 3, 3, 0, 2, 2, code];
    let cases: [(Vec<u8>, &str); 8] = [
        (alert(40), "share no cipher"),
        (alert(71), "share no cipher"),
        (alert(70), "no version of TLS"),
        (alert(116), "--cert and --key"),
        (alert(42), "--cert and --key"),
        (alert(48), "--cert and --key"),
        (
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "speaks no TLS",
        ),
        (b"220 mail.test ESMTP\r\n".to_vec(), "speaks no TLS"),
    ];
    let scene = Scene::new();
    for (said, hint) in cases {
        let answer = said.clone();
        let server = Server::plain(move |mut peer| {
            // The record of the client's greeting: its length stands in its head.
            let head = peer.bytes(5);
            peer.bytes(usize::from(head[3]) << 8 | usize::from(head[4]));
            peer.say(&answer);
            peer.drain();
        });
        let url = server.url().replace("http://", "https://");
        let ran = at(
            &scene,
            &url,
            "oa-respond -n -p why --retries 0 --timeout 5s",
        )
        .is(6)
        .says(&[hint]);
        assert_eq!(ran.kinds(), ["network"], "{said:?}");
        if !hint.contains("--cert") {
            assert!(
                !ran.stderr.contains("wants to know who asks"),
                "{}",
                ran.stderr
            );
        }
    }
}
