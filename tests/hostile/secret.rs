//! The key is shown to nobody but the server that it is for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::net::at;
use crate::net::server::{Peer, Server, obliging};
use crate::scene::{Ran, Scene};

const KEY: &str = "sk-very-secret-4711";
const TOOLS: [&str; 5] = [
    "oa-upload -vv notes.txt --retries 0 --max-wait 0s",
    "oa-respond -vv -n -p why --retries 0 --max-wait 0s",
    "oa-poll -vv resp_1 --interval 20ms --deadline 100ms",
    "oa-delete -vv file-1 --retries 0 --max-wait 0s",
    "oa-list -vv files --retries 0 --max-wait 0s",
];

pub(super) fn hides(ran: Ran, secret: &str) -> Ran {
    let shown = ran.stdout.clone() + &ran.stderr;
    assert!(!shown.contains(secret), "{shown}");
    ran
}

fn with_key(line: &str) -> String {
    format!("export OPENAI_API_KEY={KEY}; {line}")
}

#[test]
fn a_server_that_repeats_the_key_is_not_quoted() {
    let scene = Scene::new();
    let error = format!(
        r#"{{"error":{{"message":"wrong key {KEY}.","code":"{KEY}","param":"{KEY}","type":"{KEY}"}}}}"#
    );
    let answers = [
        ("401 Unauthorized", error.clone()),
        ("429 Too Many Requests", error.clone()),
        ("500 Internal Server Error", error),
        ("502 Bad Gateway", format!("<html>{KEY}</html>")),
        ("200 OK", format!("<html>Bearer {KEY}</html>")),
        ("200 OK", format!(r#"{{"object":"{KEY}"}}"#)),
        ("302 Found", String::new()),
    ];
    for (status, body) in answers {
        let head = format!(
            "HTTP/1.1 {status}\r\nx-request-id: {KEY}\r\nLocation: http://{KEY}/?{KEY}\r\nX-Echo: Bearer {KEY}\r\n"
        );
        let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let server = Server::plain(move |mut peer: Peer| {
            while peer.request().is_some() {
                peer.say(&answer);
            }
        });
        for tool in TOOLS {
            let ran = at(&scene, &server.url(), &with_key(tool));
            if ran.status == 0 {
                // Whatever object answers a deletion is data, and is handed on as it is.
                assert!(
                    tool.starts_with("oa-delete") && status == "200 OK",
                    "{tool}"
                );
                continue;
            }
            hides(ran, "4711");
        }
        assert!(server.heads()[0].contains(KEY));
    }
}

#[test]
fn a_response_that_failed_with_the_key_in_its_reason_is_not_quoted_on_stderr() {
    let body = format!(
        r#"{{"id":"resp_1","object":"response","status":"failed","output":[],"error":{{"code":"x","message":"bad {KEY}"}}}}"#
    );
    let server = Server::plain(move |mut peer: Peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", &body);
        }
    });
    let scene = Scene::new();
    for tool in ["oa-respond -n -p why", "oa-poll resp_1"] {
        let ran = at(&scene, &server.url(), &with_key(tool)).is(8);
        assert!(!ran.stderr.contains("4711"), "{}", ran.stderr);
        let error = ran.record()["error"].to_string();
        assert!(!error.contains("4711"), "{error}");
    }
}

/// A key as long as real ones are.
pub(super) const LONG: &str = "sk-proj-Qm3xV7bT1kLw9ZrY5nHs2DfGj8CpAe4UoXiW6tBqRvNzKyMaSdF0";

/// Ways in which a server may show a key that it was sent.
fn echoes() -> Vec<String> {
    let half = LONG.len() / 2;
    let percent = LONG
        .bytes()
        .map(|b| format!("%{b:02X}"))
        .collect::<Vec<String>>()
        .concat();
    let escaped = LONG
        .bytes()
        .map(|b| format!("\\u{b:04x}"))
        .collect::<Vec<String>>()
        .concat();
    let encoded = ["", "x", "xy"].map(|before| STANDARD.encode(format!("{before}{LONG}")));
    let mut echoes = vec![LONG.to_owned(), percent, escaped];
    echoes.extend(encoded);
    echoes.extend([&LONG[..half], &LONG[half..], &LONG[5..25]].map(str::to_owned));
    echoes
}

#[test]
fn no_run_of_the_key_is_shown_whatever_shape_a_server_gives_it() {
    let scene = Scene::new();
    for echo in echoes() {
        // Before the cut of a message, across it, and behind it.
        let bodies = [
            format!("<html>{echo}</html>"),
            format!("{}{echo}", "x".repeat(190)),
            format!("[\"{echo}\"]"),
            format!("{{\"seen\":\"{echo}\"}}"),
            format!(
                "{{\"error\":{{\"message\":\"{} {echo}\"}}}}",
                "y".repeat(150)
            ),
        ];
        for body in bodies {
            for status in ["401 Unauthorized", "500 Internal Server Error", "200 OK"] {
                let said = body.clone();
                let server = Server::plain(move |mut peer: Peer| {
                    while peer.request().is_some() {
                        peer.answer(status, &said);
                    }
                });
                let line = format!(
                    "export OPENAI_API_KEY={LONG}; oa-respond -vv -n -p why --retries 0 --max-wait 0s"
                );
                let ran = at(&scene, &server.url(), &line);
                let shown = ran.stdout + &ran.stderr;
                for run in echo.as_bytes().windows(16) {
                    let run = std::str::from_utf8(run).unwrap();
                    assert!(!shown.contains(run), "{run}\n{shown}");
                }
            }
        }
    }
}

#[test]
fn a_key_in_the_place_of_a_file_or_an_address_is_not_repeated() {
    let scene = Scene::new();
    for line in [
        format!("unset OPENAI_API_KEY; export OPENAI_API_KEY_FILE={LONG}; oa-respond -n -p why"),
        format!("oa-respond -n -p why --api-key-file {LONG}"),
        format!("oa-respond -n -p why --base-url={LONG}"),
        format!("OPENAI_BASE_URL=https://{LONG}@api.test/v1 oa-respond -n -p why"),
        format!(
            "HTTPS_PROXY=http://me:{LONG}@127.0.0.1:1 oa-respond -n -p why --base-url https://api.test/v1 --retries 0 --max-wait 0s"
        ),
    ] {
        let ran = scene.sh(&line);
        assert_ne!(ran.status, 0, "{line}");
        hides(ran, &LONG[8..24]);
    }
}

#[test]
fn headers_of_the_user_take_the_place_of_ours_and_frame_no_request() {
    let scene = Scene::with(&["--key", "other-key-1234"]);
    let key = "OPENAI_CUSTOM_HEADERS='Authorization: Bearer other-key-1234'";
    scene.ok(&format!("OPENAI_API_KEY=sk-wrong {key} oa-list files"));
    for name in ["Host", "content-length", "Transfer-Encoding", "connection"] {
        let line = format!("OPENAI_CUSTOM_HEADERS='{name}: x' oa-list files");
        scene.sh(&line).is(2).says(&["is set by the tool itself"]);
    }
    assert_eq!(scene.ledger().requests.len(), 1);
}

#[test]
fn a_process_that_holds_the_key_leaves_no_core() {
    let scene = Scene::faulty("POST /responses stall");
    let limit = "grep -q 'core file size *0 *0 ' /proc/$p/limits";
    scene.ok(&format!(
        "oa-respond -q -n -p why & p=$!; until {limit}; do :; done; kill $p"
    ));
}

#[test]
fn a_key_file_that_is_no_key_file_is_not_cut_and_sent() {
    let scene = Scene::new();
    scene.file("long", "k".repeat(70_000));
    scene
        .sh("chmod 600 long; oa-list files --api-key-file long")
        .is(4)
        .says(&["more than 65536 bytes"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn headers_of_the_user_are_not_shown_either() {
    let scene = Scene::new();
    let line =
        "export OPENAI_CUSTOM_HEADERS=$'X-Gate: hush-hush-99\\nAuthorization-2: hush-hush-99'";
    for tool in TOOLS {
        let ran = at(
            &scene,
            &scene.mock.environment[0].1.clone(),
            &format!("{line}; {tool}"),
        );
        let ran = hides(ran, "hush-hush-99").says(&["x-gate: ***"]);
        assert!(!ran.stderr.contains("sk-mock"), "{}", ran.stderr);
    }
}

#[test]
fn a_key_that_is_none_is_refused_before_anything_is_sent() {
    let server = Server::plain(obliging);
    let scene = Scene::new();
    scene
        .file("empty", "")
        .file("blank", " \n")
        .file("two", "sk-1\nsk-2\n");
    scene
        .file("nul", "sk-1\0sk-2")
        .file("binary", b"sk-\xff\xfe");
    scene.file("injected", "sk-1\r\nX-Evil: 1\r\n");
    scene.ok("mkdir folder; chmod 600 empty blank two nul binary injected");
    let files = [
        "empty",
        "blank",
        "two",
        "nul",
        "binary",
        "injected",
        "folder",
        "missing",
        "/dev/zero",
    ];
    for name in files {
        for line in [
            format!("oa-respond -n -p why --api-key-file {name}"),
            format!("unset OPENAI_API_KEY; OPENAI_API_KEY_FILE={name} oa-respond -n -p why"),
        ] {
            let line = format!("ulimit -v 1000000; {line}");
            let ran = at(&scene, &server.url(), &line).is(4).says(&["key"]);
            assert_eq!(ran.kinds(), ["auth"], "{name}");
        }
    }
    for key in [
        "sk-1\\nsk-2",
        "sk-1\\r\\nX-Evil: 1",
        "sk-\\x01",
        "sk-\\x1b[31m",
        "sk 1",
        "\\xff",
    ] {
        let line = format!("export OPENAI_API_KEY=$'{key}'; oa-respond -n -p why");
        at(&scene, &server.url(), &line).is(4);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_key_file_is_read_with_whatever_end_of_line_and_others_may_not_read_it() {
    let server = Server::plain(obliging);
    let scene = Scene::new();
    for (text, mode) in [
        ("sk-file-1", 600),
        ("sk-file-1\n", 600),
        ("sk-file-1\r\n", 400),
    ] {
        scene.ok("rm -f key");
        scene.file("key", text).ok(&format!("chmod {mode} key"));
        let ran = at(
            &scene,
            &server.url(),
            "oa-respond -n -p why --api-key-file key",
        )
        .is(0);
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    }
    for mode in ["644", "640", "604", "620"] {
        scene.ok(&format!("chmod {mode} key"));
        let line = "oa-respond -n -p why --api-key-file key";
        at(&scene, &server.url(), line)
            .is(0)
            .says(&["warning", "key", "chmod 600"]);
    }
    let line = "oa-respond -n -p why --api-key-file <(echo sk-file-1)";
    at(&scene, &server.url(), line).is(0);
    let heads = server.heads();
    assert!(
        heads
            .iter()
            .all(|head| head.contains("Bearer sk-file-1\r\n"))
    );
}

#[test]
fn a_key_never_travels_in_the_clear() {
    let scene = Scene::new();
    let urls = [
        "http://192.0.2.1/v1",
        "http://localhost.evil.test/v1",
        "http://127.0.0.1.evil.test/v1",
        "HTTP://api.evil.test/v1",
        "http://127.0.0.1@evil.test/v1",
        "http://127.0.0.1:80@evil.test/v1",
        "http://evil.test:80#@127.0.0.1/v1",
        "http://evil.test\\@127.0.0.1/v1",
        "http://127.0.0.1\\@evil.test/v1",
        "http://127.0.0.1\\.evil.test/v1",
        "http://[::1]evil.test/v1",
        "http://[::1].evil.test/v1",
        "http://localhost%2eevil.test/v1",
        "http://127.0.0.1%00.evil.test/v1",
        "http:/127.0.0.1/v1",
        "http://127.0.0.1 .evil.test/v1",
        "ftp://127.0.0.1/v1",
        "http:///v1",
        "http://:80/v1",
        "http://127.0.0.1:99999/v1",
        "http://127.0.0.1/v1?x=1",
        "http://127.0.0.1/v1#x",
        "https://127.0.0.1/v 1",
    ];
    for url in urls {
        let ran = at(
            &scene,
            &format!("'{url}'"),
            &with_key("oa-respond -n -p why --connect-timeout 100ms"),
        );
        assert_eq!(ran.status, 2, "{url}: {}", ran.stderr);
        hides(ran, "4711");
    }
    let server = Server::plain(obliging);
    let port = server.address.port();
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "127.0.0.1"] {
        at(
            &scene,
            &format!("http://{host}:{port}/v1/"),
            "oa-respond -n -p why",
        )
        .is(0);
    }
    assert_eq!(server.asked(), ["POST /v1/responses"; 4]);
}

#[test]
fn a_header_of_the_user_is_sent_once_and_one_that_is_none_is_refused() {
    let scene = Scene::new();
    let server = Server::plain(obliging);
    let line = "OPENAI_CUSTOM_HEADERS=$'aUTHORIZATION: Bearer mine-mine-mine\\nUser-Agent: me' oa-respond -n -p why";
    at(&scene, &server.url(), line).is(0);
    let heads = server.heads();
    let lower = heads[0].to_lowercase();
    assert_eq!(lower.matches("\r\nauthorization:").count(), 1, "{lower}");
    assert_eq!(lower.matches("\r\nuser-agent:").count(), 1, "{lower}");
    assert!(heads[0].contains("Bearer mine-mine-mine\r\n"), "{lower}");
    for wrong in [
        "X Y: hush-hush-99",
        "X-A: hush-hush-99\\rX-B: c",
        "X-A: hush-hush-99\\x01",
        "X-A: hush-hush-99\\x7f",
        "X-\u{e4}: hush-hush-99",
        ": hush-hush-99",
        "hush-hush-99",
        "Host : hush-hush-99",
    ] {
        let line = format!("OPENAI_CUSTOM_HEADERS=$'{wrong}' oa-respond -vv -n -p why");
        hides(at(&scene, &server.url(), &line).is(2), "hush-hush-99");
    }
    assert_eq!(server.heads().len(), 1);
}
