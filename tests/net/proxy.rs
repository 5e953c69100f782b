//! Proxies: which one is taken, what it is told, and what is said of it.

use std::net::TcpStream;

use super::authority::Authority;
use super::front::splice;
use super::server::{Peer, Server, obliging};
use super::{at, place};
use crate::scene::Scene;

/// `user:s3cret-pass` as HTTP proxies are told it.
const BASIC: &str = "dXNlcjpzM2NyZXQtcGFzcw==";

/// A proxy that understands CONNECT, for those who know this (in base64), if anything.
pub(super) fn tunnel(credentials: &'static str) -> Server {
    Server::plain(move |mut peer: Peer| {
        let Some(head) = peer.head() else {
            return;
        };
        let wanted = format!("Proxy-Authorization: Basic {credentials}\r\n");
        if !credentials.is_empty() && !head.contains(&wanted) {
            peer.answer("407 Proxy Authentication Required", "{}");
            return;
        }
        let target = head.split(' ').nth(1).unwrap();
        // Every name is this machine.
        let port = target.rsplit_once(':').unwrap().1;
        match TcpStream::connect(format!("127.0.0.1:{port}")) {
            Ok(target) => {
                peer.say("HTTP/1.1 200 Connection established\r\n\r\n");
                splice(peer.socket, target);
            }
            Err(_) => peer.answer("502 Bad Gateway", "{}"),
        }
    })
}

/// A proxy that speaks SOCKS 5, for those who know this, if anything.
fn socks(credentials: &'static str) -> Server {
    Server::plain(move |mut peer: Peer| {
        let greeting = peer.bytes(2);
        let methods = peer.bytes(greeting[1].into());
        let wanted = if credentials.is_empty() { 0 } else { 2 };
        if greeting[0] != 5 || !methods.contains(&wanted) {
            peer.say([5, 0xff]);
            return;
        }
        peer.say([5, wanted]);
        if wanted == 2 {
            let length = peer.bytes(2)[1];
            let user = peer.bytes(length.into());
            let length = peer.bytes(1)[0];
            let said =
                [user, peer.bytes(length.into())].map(|word| String::from_utf8(word).unwrap());
            let good = said.join(":") == credentials;
            peer.say([1, u8::from(!good)]);
            if !good {
                return;
            }
        }
        let request = peer.bytes(4);
        let host = if request[3] == 3 {
            let length = peer.bytes(1)[0];
            String::from_utf8(peer.bytes(length.into())).unwrap()
        } else {
            peer.bytes(4)
                .iter()
                .map(u8::to_string)
                .collect::<Vec<_>>()
                .join(".")
        };
        let port = peer.bytes(2);
        let port = u16::from_be_bytes([port[0], port[1]]);
        peer.note(&format!("{host}:{port}"));
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(target) => {
                peer.say([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
                splice(peer.socket, target);
            }
            Err(_) => peer.say([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]),
        }
    })
}

/// A server that answers to a name which only a proxy can find.
struct Far {
    scene: Scene,
    server: Server,
    url: String,
}

impl Far {
    fn new() -> Far {
        let authority = Authority::new();
        let scene = Scene::new();
        authority.publish(&scene);
        let config = Authority::server_with(&authority.pair(&["api.far.test"]));
        let server = Server::secure(config, obliging);
        let url = server.url().replace("127.0.0.1", "api.far.test");
        Far { scene, server, url }
    }

    fn ask(&self, environment: &str) -> crate::scene::Ran {
        let line = format!(
            "export {environment}; oa-respond -n -p why --cacert ca.pem --retries 0 --connect-timeout 5s"
        );
        at(&self.scene, &self.url, &line)
    }
}

#[test]
fn the_scheme_chooses_the_proxy_and_credentials_go_to_it_alone() {
    let far = Far::new();
    let proxy = tunnel(BASIC);
    let plain = Server::plain(obliging);
    let with = format!("http://user:s3cret-pass@{}", proxy.address);
    let bare = with.replace("http://", "");
    let lines = [
        format!("HTTPS_PROXY={with}"),
        format!("https_proxy={with}"),
        format!("https_proxy={bare}/"),
        format!("ALL_PROXY={with}"),
        format!("all_proxy={with}"),
        format!("https_proxy={with} HTTPS_PROXY=http://127.0.0.1:9"),
        format!("https_proxy= HTTPS_PROXY={with}"),
        format!("HTTPS_PROXY={with} ALL_PROXY=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9"),
        format!(
            "HTTPS_PROXY={} NO_PROXY=other.test",
            with.replace("s3cret", "s%33cret")
        ),
    ];
    for line in &lines {
        far.ask(line).is(0);
    }
    let heads = proxy.heads();
    assert_eq!(heads.len(), lines.len());
    for head in heads {
        assert!(head.starts_with("CONNECT api.far.test:"), "{head}");
        assert!(!head.contains("Bearer"), "{head}");
    }
    for head in far.server.heads() {
        assert!(!head.to_lowercase().contains("proxy-"), "{head}");
    }
    // Neither the other scheme's proxy nor that of all schemes is asked for a host that is exempt.
    let here = format!("export HTTPS_PROXY={with}; oa-respond -n -p why");
    at(&far.scene, &plain.url(), &here).is(0);
    let own =
        format!("export HTTP_PROXY={with} HTTPS_PROXY=http://127.0.0.1:9; oa-respond -n -p why");
    at(&far.scene, &plain.url(), &own).is(0);
    assert_eq!(proxy.heads().len(), lines.len() + 1);
}

#[test]
fn socks_proxies_are_taken_and_told_the_name_where_they_are_to_find_it() {
    let far = Far::new();
    let (open, closed) = (socks(""), socks("user:s3cret-pass"));
    for variable in ["HTTPS_PROXY", "all_proxy"] {
        far.ask(&format!("{variable}=socks5h://{}", open.address))
            .is(0);
        far.ask(&format!(
            "{variable}=socks5h://user:s3cret-pass@{}",
            closed.address
        ))
        .is(0);
    }
    for proxy in [&open, &closed] {
        let expected = place(&far.url).to_owned();
        assert_eq!(proxy.heads(), [expected.clone(), expected]);
    }
    let near = Server::plain(obliging);
    let line = format!("ALL_PROXY=socks5://{} oa-respond -n -p why", open.address);
    at(&far.scene, &near.url(), &line).is(0);
    assert_eq!(open.heads().last().unwrap(), place(&near.url()));
    let wrong = format!("ALL_PROXY=socks5h://user:wrong-pass@{}", closed.address);
    let ran = far
        .ask(&wrong)
        .is(6)
        .says(&["proxy", &closed.address.to_string()]);
    assert!(!ran.stderr.contains("wrong-pass"), "{}", ran.stderr);
    let ran = far
        .ask(&format!("ALL_PROXY=socks5h://{}", closed.address))
        .is(6);
    ran.says(&["proxy", &closed.address.to_string()]);
}

#[test]
fn an_early_refusal_comes_through_a_socks_proxy_too() {
    let far = Far::new();
    super::big(&far.scene);
    let server = Server::plain(|mut peer| {
        peer.head();
        peer.take(200_000);
        peer.answer("401 Unauthorized", super::server::NO_KEY);
    });
    let proxy = socks("");
    let line = format!("ALL_PROXY=socks5://{} oa-upload big.pdf", proxy.address);
    at(&far.scene, &server.url(), &line)
        .is(4)
        .says(&["no such key"]);
    assert_eq!(server.asked(), ["POST /v1/files"]);
}

#[test]
fn no_proxy_is_read_as_curl_reads_it() {
    let far = Far::new();
    let proxy = tunnel("");
    let with = format!("HTTPS_PROXY={}", proxy.url());
    let port = far.server.address.port();
    let exempt = [
        "far.test".to_owned(),
        ".far.test".to_owned(),
        "x.test, FAR.test".to_owned(),
        "x.test api.far.test.".to_owned(),
        format!("api.far.test:{port}"),
        "*".to_owned(),
    ];
    for list in exempt {
        // Nobody but the proxy can find the host.
        let ran = far.ask(&format!("{with} no_proxy='{list}'")).is(6);
        ran.says(&["looking up", "api.far.test"]);
    }
    assert_eq!(proxy.connections(), 0);
    for list in ["ar.test", "test.far", "api.far.test:1", "10.0.0.0/8", ","] {
        far.ask(&format!("{with} NO_PROXY='{list}'")).is(0);
    }
    assert_eq!(proxy.connections(), 5);
    let near = Server::plain(obliging);
    for (list, connections) in [
        ("127.0.0.0/8", 5),
        ("127.0.0.1", 5),
        ("126.0.0.0/8,localhost", 6),
    ] {
        let line = format!(
            "HTTP_PROXY={} NO_PROXY={list} oa-respond -n -p why",
            proxy.url()
        );
        at(&far.scene, &near.url(), &line).is(0);
        assert_eq!(proxy.connections(), connections, "{list}");
    }
}

#[test]
fn trouble_with_a_proxy_names_it_and_never_its_password() {
    let far = Far::new();
    let refusing = tunnel(BASIC);
    let down = "127.0.0.1:9";
    let silent = Server::plain(|mut peer| {
        peer.head();
        peer.drain();
    });
    let cut = Server::plain(|mut peer| drop(peer.head()));
    let cases = [
        (refusing.address.to_string(), "407"),
        (down.to_owned(), "connecting"),
        (silent.address.to_string(), "proxy"),
        (cut.address.to_string(), "proxy"),
    ];
    for (address, word) in cases {
        let proxy = format!("HTTPS_PROXY=http://me:hush-hush-99@{address}");
        let line = format!(
            "{proxy} oa-respond -vv -n -p why --cacert ca.pem --retries 0 --connect-timeout 500ms"
        );
        let ran =
            at(&far.scene, &far.url, &line)
                .is(6)
                .says(&["proxy", &address, word, "api.far.test"]);
        assert_eq!(ran.kinds(), ["network"]);
        let shown = ran.stdout + &ran.stderr;
        assert!(!shown.contains("hush-hush-99"), "{shown}");
    }
    assert_eq!(far.server.connections(), 0);
    for wrong in [
        "ftp://x:hush-hush-99@y",
        "http://me:hush-hush-99@[::1",
        "http://me:hush-hush-99@",
    ] {
        let ran = far
            .ask(&format!("HTTPS_PROXY='{wrong}'"))
            .is(2)
            .says(&["HTTPS_PROXY"]);
        let shown = ran.stdout + &ran.stderr;
        assert!(!shown.contains("hush-hush-99"), "{shown}");
    }
}

#[test]
fn a_key_never_goes_to_a_proxy_in_the_clear() {
    let near = Server::plain(obliging);
    let scene = Scene::new();
    let line =
        "HTTP_PROXY=http://192.0.2.1:3128 oa-respond -n -p why --connect-timeout 1s --retries 0";
    at(&scene, &near.url(), line)
        .is(2)
        .says(&["192.0.2.1:3128", "NO_PROXY"]);
    at(&scene, &near.url(), &format!("NO_PROXY=127.0.0.1 {line}")).is(0);
    at(
        &scene,
        &near.url(),
        &format!("{line} --allow-insecure-http"),
    )
    .is(6);
}

#[test]
fn a_proxy_that_is_no_address_is_named_by_its_variable_and_nothing_is_sent() {
    let near = Server::plain(obliging);
    let scene = Scene::new();
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        for wrong in [
            "http://me:hush-hush-99@127.0.0.1:99999",
            "http://127.0.0.1:0",
            "http://127.0.0.1:",
            "127.0.0.1:x",
            "127.0.0.1:+80",
            "http://:80",
            "http://[::1",
            "http://[::1]x:80",
            "http://",
            "socks5://",
            "socks5://:1080",
            "http://a b:80",
            "://127.0.0.1:80",
            "gopher://127.0.0.1:80",
        ] {
            let line = format!("{variable}='{wrong}' oa-respond -n -p why --retries 0");
            let ran = at(&scene, &near.url(), &line)
                .is(2)
                .says(&[variable, "proxy"]);
            assert!(!ran.stderr.contains("hush"), "{}", ran.stderr);
        }
    }
    for port in ["99999", "0", "", "+80", "x"] {
        let url = format!("http://127.0.0.1:{port}/v1");
        at(&scene, &url, "oa-respond -n -p why")
            .is(2)
            .says(&["base URL"]);
    }
    assert_eq!(near.connections(), 0);
}

#[test]
fn a_socks_proxy_that_does_not_know_us_is_asked_once() {
    let far = Far::new();
    let closed = socks("user:s3cret-pass");
    let ask = |proxy: String| {
        let line = format!("export ALL_PROXY={proxy}; oa-respond -n -p why --cacert ca.pem");
        at(&far.scene, &far.url, &line).is(6)
    };
    for who in ["user:wrong-pass@", "", "user:@"] {
        let before = closed.connections();
        let ran = ask(format!("socks5h://{who}{}", closed.address));
        let ran = ran.says(&["log-in: ", "USER:PASSWORD"]);
        assert_eq!(ran.record()["error"]["retryable"], false, "{who}");
        assert!(closed.connections() <= before + 1, "{who}");
    }
    let ran = ask(format!("socks4a://a%00b@{}", closed.address));
    ran.says(&["log-in: a NUL in the user"]);
}
