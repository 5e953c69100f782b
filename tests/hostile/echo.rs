//! The key in what a server says, in odd places and of odd letters; in an answer's text it is data.

use super::secret::{LONG, hides};
use crate::net::at;
use crate::net::server::{Peer, Server};
use crate::scene::Scene;

#[test]
fn the_text_of_an_answer_is_data_even_where_it_holds_the_key() {
    let body = format!(
        r#"{{"id":"resp_1","object":"response","status":"completed","output":[{{"type":"message","content":[{{"type":"output_text","text":"say {LONG}"}}]}}]}}"#
    );
    let server = Server::plain(move |mut peer: Peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", &body);
        }
    });
    let scene = Scene::new();
    let ran = at(
        &scene,
        &server.url(),
        &format!("OPENAI_API_KEY={LONG} oa-respond -vv -n -p why -t"),
    );
    assert_eq!(ran.stdout, format!("say {LONG}\n"));
    assert!(!ran.stderr.contains(&LONG[8..20]), "{}", ran.stderr);
}

#[test]
fn a_header_of_the_user_that_a_server_repeats_is_not_quoted() {
    let body = r#"{"error":{"message":"bad x-gate hush-hush-99","code":"hush-hush-99"}}"#;
    let server = Server::plain(move |mut peer: Peer| {
        while peer.request().is_some() {
            peer.answer("400 Bad Request", body);
        }
    });
    let scene = Scene::new();
    let line = "OPENAI_CUSTOM_HEADERS='X-Gate: hush-hush-99' oa-respond -n -p why";
    hides(at(&scene, &server.url(), line).is(7), "hush-hush-99");
}

#[test]
fn a_key_is_hidden_letter_by_letter_and_a_common_word_is_none() {
    let scene = Scene::new();
    for (key, said, wanted) in [
        ("test", "this test is a test", "this test is a test"),
        (
            "a.*b+c(d)[e]",
            "got a.*b+c(d)[e] and axxbbcd",
            "got *** and axxbbcd",
        ),
        ("k1-$&\\1-k2-{3}", "got k1-$&\\\\1-k2-{3}", "got ***"),
        ("shortkey", "no shortkey here", "no *** here"),
    ] {
        scene.mock.no_faults();
        let body = format!(r#"{{"error":{{"message":"{said}"}}}}"#);
        scene
            .mock
            .fault(&format!("POST /responses 400 body='{body}'"));
        scene.file("key", key).ok("chmod 600 key");
        let ran = scene
            .sh("oa-respond -n -p why --api-key-file key --retries 0")
            .is(7);
        assert_eq!(ran.record()["error"]["message"], wanted, "{key}");
    }
}

#[test]
fn the_key_in_a_proxys_page_a_stream_or_an_old_error_is_not_shown() {
    let scene = Scene::new();
    let (first, second) = LONG.split_at(20);
    let page = format!("<html><title>{LONG}</title>Bearer {LONG}</html>");
    let proxy = Server::plain(move |mut peer: Peer| {
        peer.head();
        peer.answer("407 Proxy Authentication Required", &page);
    });
    let ask = format!("export OPENAI_API_KEY={LONG}; oa-respond -vv -n -p why --retries 0");
    let line = format!("export HTTPS_PROXY={}; {ask}", proxy.url());
    hides(
        at(&scene, "https://api.far.test/v1", &line).is(6),
        &LONG[8..20],
    );
    let line = format!("export HTTP_PROXY={}; {ask}", proxy.url());
    hides(at(&scene, "http://127.0.0.1:9/v1", &line), &LONG[8..20]);
    // A message that comes in two events.
    let event = |text: &str| format!("data: {{\"type\":\"error\",\"message\":\"{text}\"}}\n\n");
    let stream = event(&format!("a {first}")) + &event(&format!("{second} b"));
    let server = Server::plain(move |mut peer: Peer| {
        peer.request();
        peer.say(format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{stream}"));
    });
    let ran = at(&scene, &server.url(), &(ask + " --stream"));
    hides(ran, &LONG[4..16]);
}
