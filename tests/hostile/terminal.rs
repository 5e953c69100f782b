//! What reaches a terminal is text: nothing in it moves a cursor, rings a bell or turns letters around.

use crate::net::at;
use crate::net::server::{Peer, Server};
use crate::scene::{Ran, Scene};

/// ESC, BEL, NUL, DEL, CSI as one character, a carriage return, letters turned around, lines of other kinds,
/// and letters that nobody sees.
const EVIL: [char; 24] = [
    '\u{1b}',
    '\u{7}',
    '\0',
    '\u{7f}',
    '\u{9b}',
    '\r',
    '\u{202e}',
    '\u{2066}',
    '\u{61c}',
    '\u{2028}',
    '\u{ad}',
    '\u{115f}',
    '\u{180e}',
    '\u{200b}',
    '\u{200d}',
    '\u{200f}',
    '\u{2060}',
    '\u{2064}',
    '\u{3164}',
    '\u{feff}',
    '\u{ffa0}',
    '\u{fff9}',
    '\u{e0041}',
    '\u{e0100}',
];

fn calm(ran: &Ran) {
    let bad: Vec<char> = ran
        .stderr
        .chars()
        .filter(|c| (c.is_control() && *c != '\n') || EVIL.contains(c))
        .collect();
    assert_eq!(bad, [], "{:?}", ran.stderr);
}

fn evil() -> String {
    EVIL.map(|c| format!("x{c}[1m")).concat()
}

#[test]
fn what_a_server_says_is_escaped() {
    let scene = Scene::new();
    let quoted = serde_json::to_string(&evil()).unwrap();
    let bodies = [
        (
            "400 Bad Request",
            format!(r#"{{"error":{{"message":{quoted},"code":{quoted},"param":{quoted}}}}}"#),
        ),
        ("503 Service Unavailable", evil()),
        ("200 OK", evil()),
        ("200 OK", format!(r#"{{"object":{quoted},"id":{quoted}}}"#)),
        (
            "200 OK",
            format!(r#"{{"object":"file","id":{quoted},"status":{quoted}}}"#),
        ),
        (
            "200 OK",
            format!(
                r#"{{"object":"response","id":"resp_1","status":{quoted},"error":{{"message":{quoted}}}}}"#
            ),
        ),
    ];
    for (status, body) in bodies {
        let server = Server::plain(move |mut peer: Peer| {
            while peer.request().is_some() {
                peer.say(format!(
                    "HTTP/1.1 {status}\r\nX-Colour: \u{9b}31m\tred\r\nx-request-id: a\tb\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                ));
            }
        });
        let tools = [
            "oa-upload -vv notes.txt --retries 0",
            "oa-respond -vv -n -p why --retries 0",
            "oa-respond -vv -n -b -p why --retries 0",
            "oa-poll -vv resp_1 --interval 20ms --deadline 100ms",
            "oa-delete -vv file-1 --retries 0",
            "oa-list -vv files --retries 0",
        ];
        for tool in tools {
            calm(&at(&scene, &server.url(), tool));
        }
    }
}

#[test]
fn names_paths_ids_and_options_are_escaped() {
    let scene = Scene::new();
    let evil = evil().replace('\0', "");
    scene
        .file(".evil", &evil)
        .file(&format!("{evil}.txt"), "text");
    let record = serde_json::json!({"paths": [format!("no {evil}")], "prompt": evil, "files": [{"id": evil, "path": evil}], "response": {"id": evil, "status": evil}});
    scene.file("record", record.to_string());
    scene.file(
        "error",
        serde_json::json!({"error": {"kind": "refused", "message": evil}}).to_string(),
    );
    let lines = [
        "oa-upload \"$(cat .evil).txt\"",
        "oa-upload -v \"$(cat .evil).txt\" -v | oa-respond -p why | oa-delete",
        "oa-upload \"missing $(cat .evil)\"",
        "oa-upload --\"$(cat .evil)\"",
        "oa-respond -n -p why -a \"$(cat .evil).txt\" -v",
        "oa-respond -n -p why --cacert \"$(cat .evil)\" --base-url https://127.0.0.1:9/v1",
        "oa-respond -n -p why --base-url \"http://$(cat .evil)/v1\"",
        "oa-respond -n -p why --api-key-file \"$(cat .evil)\"",
        "HTTP_PROXY=\"http://$(cat .evil)\" oa-respond -n -p why",
        "oa-poll --deadline 1s \"$(cat .evil)\"",
        "oa-delete \"$(cat .evil)\"",
        "echo '['\"$(cat .evil)\" | oa-delete",
        "oa-upload <record",
        "oa-respond -p x <record",
        "oa-poll <record",
        "oa-delete <record",
        "oa-upload <error",
        "oa-respond -p x <error",
        "oa-poll <error",
        "oa-delete <error",
    ];
    for line in lines {
        let ran = scene.sh(line);
        assert!(ran.status < 126, "{line}: {}", ran.stderr);
        calm(&ran);
    }
}

#[test]
fn a_record_that_nobody_takes_is_shown_without_control_characters() {
    let scene = Scene::new();
    let record = serde_json::json!({"prompt": "why", "mine": evil(), "files": [{"id": "file-1", "path": "a"}]});
    scene.file("record", record.to_string());
    // Standard output is closed before the answer is there.
    let ran = scene.sh("(oa-respond <record 3>&1 >/dev/full) || true");
    calm(&ran);
    let shown = ran
        .stderr
        .lines()
        .find(|line| line.starts_with('{'))
        .expect("the record");
    let shown: serde_json::Value = serde_json::from_str(shown).unwrap();
    assert_eq!(shown["mine"], record["mine"]);
}

#[test]
fn text_on_a_terminal_hides_nothing_and_off_it_stays_byte_for_byte() {
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{2764}\u{fe0f}";
    let text = format!("{family}{}\n", evil().replace('\0', ""));
    let body = serde_json::json!({"id": "resp_1", "object": "response", "status": "completed", "output": [
        {"type": "message", "content": [{"type": "output_text", "text": text}]}]});
    let body = body.to_string();
    let server = Server::plain(move |mut peer: Peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", &body);
        }
    });
    let scene = Scene::new();
    let off = at(&scene, &server.url(), "oa-respond -q -n -p why -t");
    assert_eq!(off.is(0).stdout, format!("{text}\n"));
    let line = "script -qec 'oa-respond -q -n -p why -t' /dev/null </dev/null";
    let shown = at(&scene, &server.url(), line).is(0).stdout;
    assert!(shown.starts_with(family), "{shown:?}");
    let rest = shown[family.len()..].replace("\r\n", "\n");
    let bad: Vec<char> = rest
        .chars()
        .filter(|c| (c.is_control() && *c != '\n') || EVIL.contains(c))
        .collect();
    assert_eq!(bad, [], "{shown:?}");
    assert!(
        rest.contains("x\\u{200b}[1m") && rest.contains("x\\u{e0041}[1m"),
        "{rest:?}"
    );
}
