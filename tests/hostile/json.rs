//! JSON of every kind: passed on as it is or refused in clear words, in flat memory and little stack.

use crate::net::at;
use crate::net::server::{Peer, Server};
use crate::scene::Scene;

const DEEP: usize = 100_000;
/// Kilobytes of address space that every tool must do with.
const ROOM: &str = "ulimit -v 1000000";
const TOOLS: [&str; 4] = [
    "oa-upload",
    "oa-respond -p why",
    "oa-poll --deadline 50ms --interval 20ms",
    "oa-delete",
];

fn deep(open: &str, close: &str) -> String {
    open.repeat(DEEP) + "1" + &close.repeat(DEEP)
}

#[test]
fn what_a_tool_does_not_know_passes_byte_for_byte() {
    let scene = Scene::new();
    let values = [
        deep("[", "]"),
        deep("{\"a\":", "}"),
        "{\"a\":1,\"a\":2,\"\":3}".to_owned(),
        "\"\\ud800 \\udc00\\ud800 \\uDFFF\"".to_owned(),
        "\"\\u0000\\u001f\u{7f}\u{9b}\u{2028}\"".to_owned(),
        format!("[1e999999,-0,0.10,1E+2,{}]", "9".repeat(100_000)),
        "\"\u{feff}\\/\\u002f\"".to_owned(),
    ];
    for value in values {
        scene.file("in", format!("{{\"mine\":{value},\"x\":1}}\n"));
        let wanted = format!("{{\"mine\":{value},\"x\":1");
        for tool in TOOLS {
            let ran = scene.sh(&format!("{ROOM}; {tool} <in"));
            assert!(ran.status <= 3, "{tool}: {}", ran.stderr);
            assert!(
                ran.stdout.starts_with(&wanted),
                "{tool}: {:.200}",
                ran.stdout
            );
        }
        let ran = scene
            .sh(&format!("{ROOM}; oa-respond -p why <in | oa-delete"))
            .is(0);
        assert!(ran.stdout.starts_with(&wanted), "{:.200}", ran.stdout);
    }
}

#[test]
fn depth_where_a_tool_looks_is_refused_or_borne() {
    let scene = Scene::new();
    let (lists, objects) = (deep("[", "]"), deep("{\"a\":", "}"));
    let keys = [
        "files",
        "response",
        "request",
        "prompt",
        "paths",
        "error",
        "vector_store",
        "results",
        "citations",
        "previous",
        "attributes",
        "output_text",
        "id",
        "object",
        "data",
    ];
    for deep in [&lists, &objects] {
        for key in keys {
            scene.file("in", format!("{{\"{key}\":{deep}}}"));
            for tool in TOOLS {
                let ran = scene.sh(&format!("{ROOM}; {tool} <in"));
                assert!(
                    ran.status < 125 && ran.status != 101,
                    "{tool} {key}: {:.300}",
                    ran.stderr
                );
            }
        }
        for text in [
            deep.clone(),
            deep[..DEEP].to_owned(),
            format!("{deep}]"),
            format!("[{deep}]"),
        ] {
            scene.file("in", text);
            for tool in TOOLS {
                let ran = scene.sh(&format!("{ROOM}; {tool} <in"));
                assert!([0, 3].contains(&ran.status), "{tool}: {:.300}", ran.stderr);
            }
        }
    }
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    let cases: [(&str, Vec<u8>, &str); 14] = [
        ("UTF-16", utf16("{\"prompt\":\"p\"}", false), "UTF-16"),
        (
            "UTF-16, the other way",
            utf16("{\"prompt\":\"p\"}", true),
            "UTF-16",
        ),
        (
            "Latin-1",
            b"{\"prompt\":\"\xe9t\xe9\"}".to_vec(),
            "column 12",
        ),
        (
            "a key that is no text",
            b"{\"\xff\":1}".to_vec(),
            "column 3",
        ),
        (
            "overlong",
            b"{\"prompt\":\"\xc0\xaf\"}".to_vec(),
            "column 12",
        ),
        (
            "a surrogate as bytes",
            b"{\"prompt\":\"\xed\xa0\x80\"}".to_vec(),
            "column 12",
        ),
        ("NUL", b"\0".to_vec(), "column 1"),
        ("NUL in a string", b"{\"x\":\"\0\"}".to_vec(), "line 1"),
        (
            "a control character",
            b"\n{\"x\":\"\x1b\"}".to_vec(),
            "line 2",
        ),
        ("half an escape", b"{\"x\":\"\\u12".to_vec(), "line 1"),
        ("a comment", b"/* no */ {}".to_vec(), "column 1"),
        ("NaN", b"{\"x\":NaN}".to_vec(), "line 1"),
        ("one quote", b"{'x':1}".to_vec(), "line 1"),
        ("PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(), "line 1"),
    ];
    let scene = Scene::new();
    for (name, bytes, word) in cases {
        scene.file("in", bytes);
        for tool in TOOLS {
            let ran = scene.sh(&format!("{ROOM}; {tool} <in"));
            assert_eq!(ran.status, 3, "{tool} {name}: {}", ran.stderr);
            assert_eq!(ran.kinds(), ["input"], "{tool} {name}");
            ran.says(&["stdin", word]);
        }
    }
    scene.file("in", b"\xef\xbb\xbf{\"prompt\":\"p\"}");
    scene.ok("oa-respond <in");
    let surrogates = [
        "{\"prompt\":\"\\ud800\"}",
        "{\"paths\":\"\\ud800\"}",
        "{\"paths\":\"a\\u0000b\"}",
    ];
    for (text, tool) in surrogates
        .into_iter()
        .zip(["oa-respond", "oa-upload", "oa-upload"])
    {
        let ran = scene.feed(text, tool).is(3);
        assert!(
            ran.stdout.starts_with(&text[..text.len() - 1]),
            "{}",
            ran.stdout
        );
    }
    assert_eq!(scene.ledger().asked(), ["POST /responses"]);
}

#[test]
fn an_endless_line_is_refused_when_memory_ends() {
    let scene = Scene::new();
    let word = "head -c 290000000 /dev/zero | tr '\\0' a";
    let endless = format!("(printf '%s' '{{\"x\":\"'; {word})");
    for tool in TOOLS {
        let line = format!("{endless} | (ulimit -v 200000; exec {tool})");
        let ran = scene.sh(&line).is(3).says(&["more than"]);
        assert_eq!(ran.kinds(), ["input"], "{tool}");
    }
    let line = format!("{word} | (ulimit -v 200000; exec oa-delete)");
    scene.sh(&line).is(3);
    let blanks = "yes '' | head -c 300000000 | (ulimit -v 200000; exec oa-delete -r)";
    scene.sh(blanks).is(0);
}

#[test]
fn what_a_server_answers_is_passed_on_or_refused() {
    let scene = Scene::new();
    let good = |more: &str| {
        format!("{{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\",\"output\":[],\"x\":{more}}}").into_bytes()
    };
    let latin = good("\"@\"").into_iter();
    let latin = latin.map(|byte| if byte == b'@' { 0xe9 } else { byte });
    let latin: Vec<u8> = latin.collect();
    let bodies: [(&str, Vec<u8>, bool); 10] = [
        ("deep lists", good(&deep("[", "]")), true),
        ("deep objects", good(&deep("{\"a\":", "}")), true),
        ("repeated keys", good("{\"a\":1,\"a\":2}"), true),
        ("surrogates", good("\"\\ud800\""), true),
        ("numbers", good("[1e999999,0.10]"), true),
        ("NUL", good("\"\0"), false),
        ("no UTF-8", [good("1"), vec![0xff]].concat(), true),
        ("Latin-1", latin, true),
        ("deep nonsense", "[".repeat(DEEP).into_bytes(), false),
        (
            "deep output",
            good("1").into_iter().chain(*b" ").collect::<Vec<u8>>(),
            true,
        ),
    ];
    for (name, body, passes) in bodies {
        let sent = body.clone();
        let server = Server::plain(move |mut peer: Peer| {
            while peer.request().is_some() {
                peer.say(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                    sent.len()
                ));
                peer.say(&sent);
            }
        });
        let tools = [
            "oa-respond -n -p why --retries 0",
            "oa-poll resp_1 --interval 20ms --deadline 100ms",
            "oa-upload notes.txt --retries 0",
            "oa-delete file-1 --retries 0",
            "oa-list files --retries 0",
        ];
        for (number, tool) in tools.iter().enumerate() {
            let ran = at(&scene, &server.url(), &format!("{ROOM}; {tool}"));
            let died = ran.status >= 125 || ran.status == 101;
            assert!(!died, "{tool} {name}: {:.300}", ran.stderr);
            if number < 2 && passes {
                let text = String::from_utf8_lossy(&body);
                let value = text.trim_end_matches('\u{fffd}').trim();
                assert!(
                    ran.stdout.contains(value),
                    "{tool} {name}: {:.300}",
                    ran.stdout
                );
            } else if !passes && number != 3 {
                assert_ne!(ran.status, 0, "{tool} {name}");
            }
        }
    }
}

#[test]
fn events_of_every_kind_end_a_stream_in_clear_words() {
    let scene = Scene::new();
    let deep = deep("[", "]");
    let starts = [
        format!("data: {deep}\n\n"),
        format!("data: {{\"type\":\"response.output_text.delta\",\"delta\":{deep}}}\n\n"),
        format!("data: {{\"type\":\"response.completed\",\"response\":{deep}}}\n\n"),
        "data: {\"type\":\"response.output_text.delta\",\"delta\":\"\\ud800\"}\n\n".to_owned(),
        "\0\0\0\n\ndata: \0\n\n".to_owned(),
        "data: {\"type\":\"x\",\"type\":\"response.completed\"}\n\n".to_owned(),
    ];
    for start in starts {
        let server = Server::plain(move |mut peer: Peer| {
            peer.request();
            peer.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
            peer.say(&start);
        });
        let ran = at(
            &scene,
            &server.url(),
            &format!("{ROOM}; oa-respond --stream -n -p why"),
        );
        assert!((1..125).contains(&ran.status), "{:.300}", ran.stderr);
    }
    let endless = Server::plain(|mut peer: Peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ");
        let block = "x".repeat(1 << 20);
        for _ in 0..200 {
            peer.say(&block);
        }
    });
    let line = "ulimit -v 600000; oa-respond --stream -n -p why";
    at(&scene, &endless.url(), line).is(6).says(&["larger"]);
}
