//! Names and addresses that lead nowhere: what they cost, and how a signal ends the wait.

use std::fs;
use std::io::{Write, stderr};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
use rustix::process::Signal;

use super::at;
use super::server::Server;
use crate::harness::PATIENCE;
use crate::scene::{Ran, Scene};

/// An address of this machine that takes no connection and refuses none, as long as this lives.
struct Full {
    address: SocketAddr,
    _listener: OwnedFd,
    _waiting: Vec<TcpStream>,
}

impl Full {
    fn new() -> Full {
        let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&listener, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        listen(&listener, 0).unwrap();
        let address: SocketAddr = getsockname(&listener).unwrap().try_into().unwrap();
        let mut waiting = Vec::new();
        while let Ok(one) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            waiting.push(one);
        }
        Full {
            address,
            _listener: listener,
            _waiting: waiting,
        }
    }
}

fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it never came to that");
        sleep(Duration::from_millis(5));
    }
}

/// Waits until a connection to this port is being made.
fn connecting(port: u16) {
    // State 02 is SYN-SENT.
    let wanted = format!(":{port:04X} 02 ");
    until(|| {
        fs::read_to_string("/proc/net/tcp")
            .unwrap()
            .contains(&wanted)
    });
}

#[test]
fn a_signal_ends_the_wait_for_a_connection_and_the_record_says_so() {
    let full = Full::new();
    let scene = Scene::new();
    for tool in [
        "oa-respond -n -p why",
        "oa-upload report.pdf",
        "oa-poll resp_1",
    ] {
        let line = format!("exec {tool} --connect-timeout 10m");
        let line = format!("export OPENAI_BASE_URL=http://{}/v1; {line}", full.address);
        let running = scene.start(&line);
        connecting(full.address.port());
        let ran = running.signal(Signal::INT).finish();
        assert_eq!(ran.signal, Some(2), "{tool}: {}", ran.stderr);
        assert_eq!(ran.kinds(), ["interrupted"], "{tool}");
    }
}

#[test]
fn a_signal_ends_a_handshake_with_a_server_or_a_proxy() {
    let scene = Scene::new();
    let lines = [
        "OPENAI_BASE_URL=https://HERE/v1",
        "HTTPS_PROXY=http://HERE OPENAI_BASE_URL=https://api.test/v1",
        "HTTPS_PROXY=socks5h://HERE OPENAI_BASE_URL=https://api.test/v1",
        "HTTPS_PROXY=https://HERE OPENAI_BASE_URL=https://api.test/v1",
    ];
    for line in lines {
        // It listens, and never says a word.
        let server = Server::plain(|mut peer| peer.drain());
        let line = line.replace("HERE", &server.address.to_string());
        let line = format!("export {line}; exec oa-respond -n -p why --connect-timeout 10m");
        let running = scene.start(&line);
        until(|| server.connections() == 1);
        let ran = running.signal(Signal::INT).finish();
        assert_eq!(ran.signal, Some(2), "{line}: {}", ran.stderr);
        assert_eq!(ran.kinds(), ["interrupted"], "{line}");
    }
}

#[test]
fn a_connection_that_is_not_made_in_time_is_given_up_and_named() {
    let full = Full::new();
    let scene = Scene::new();
    let url = format!("http://{}/v1", full.address);
    let line = "oa-respond -n -p why --connect-timeout 200ms --retries 0";
    let ran = at(&scene, &url, line).is(6);
    let address = full.address.to_string();
    let ran = ran.says(&["connecting", &address, "--connect-timeout"]);
    assert_eq!(ran.kinds(), ["network"]);
    super::idle(&ran);
}

#[test]
fn the_message_names_host_and_phase() {
    let scene = Scene::new();
    let cases = [
        (
            "http://127.0.0.1:9/v1",
            ["connecting", "127.0.0.1:9", "refused"],
        ),
        (
            "https://localhost:9/v1",
            ["connecting", "localhost:9", "refused"],
        ),
        (
            "https://no-such-host.invalid/v1",
            ["looking up", "no-such-host.invalid", ""],
        ),
    ];
    for (url, words) in cases {
        let line = "oa-respond -n -p why --connect-timeout 2s --retries 0";
        let ran = at(&scene, url, line).is(6).says(&words);
        assert_eq!(ran.kinds(), ["network"]);
    }
}

/// A network of its own: this side is 10.9.0.1, and a server plays at 10.9.0.2 behind a wire. Packets to
/// 10.9.0.3 are swallowed. `mute` makes the server's side swallow its packets, too.
const SPACE: &str = r#"
set -eu
ip link set lo up
mount -t tmpfs none /run
ip netns add far
ip link add near type veth peer name far netns far
ip addr add 10.9.0.1/24 dev near
ip link set near up
ip -n far addr add 10.9.0.2/24 dev far
ip -n far link set far up
ip -n far link set lo up
ip neigh add 10.9.0.3 lladdr 02:00:00:00:00:03 dev near nud permanent
far() { ip netns exec far "$@"; }
mute() { ip -n far route replace blackhole 10.9.0.1/32; }
printf '%s\n' '127.0.0.1 localhost' '10.9.0.3 api.test' '10.9.0.2 api.test' >hosts
printf '%s\n' 'nameserver 10.9.0.3' >resolv
printf '%s\n' 'hosts: files dns' >nsswitch
mount --bind hosts /etc/hosts
mount --bind resolv /etc/resolv.conf
[ ! -e /etc/nsswitch.conf ] || mount --bind nsswitch /etc/nsswitch.conf
export OPENAI_BASE_URL=http://10.9.0.2:8080/v1
serve() {
  (exec ip netns exec far oa-mock --quiet --listen 10.9.0.2:8080 --host api.test --key "$OPENAI_API_KEY" "$@" >server) & mock=$!
  until [ -s server ]; do sleep 0.01; done
}
asked() { until far curl -s -H "Authorization: Bearer $OPENAI_API_KEY" http://10.9.0.2:8080/mock/ledger | grep -q POST; do sleep 0.05; done; }
ask() { exec oa-respond -n -p why --allow-insecure-http --retries 0 "$@"; }
set +e
"#;

/// Runs a script in such a network, with a server that has these options; `None`, said loudly (and by
/// `scripts/test`), where the system does not allow it.
fn in_space(options: &str, script: &str) -> Option<Ran> {
    let scene = Scene::new();
    let path = "PATH=$PATH:/usr/sbin:/sbin";
    let end = "status=$?; kill $mock; exit $status";
    scene.file(
        "space",
        format!("{SPACE}\nserve {options}\n({script})\n{end}\n"),
    );
    let wire = "unshare --net --mount ip link add oa0 type veth peer name oa1";
    let allowed = scene.sh(&format!("{path}; {wire}"));
    if allowed.status == 0 {
        return Some(scene.sh(&format!("{path}; unshare --net --mount bash space")));
    }
    let why = allowed.stderr.trim();
    let note = format!("SKIPPED: a network namespace needs root, unshare and iproute2: {why}\n");
    stderr().write_all(note.as_bytes()).unwrap();
    None
}

#[test]
fn a_peer_that_died_is_noticed_in_the_middle_of_a_long_wait() {
    let script = "(asked; mute) & ask --keepalive-time 1s";
    if let Some(ran) = in_space("--fault 'POST /responses stall'", script) {
        let ran = ran
            .is(10)
            .says(&["waiting for the answer", "10.9.0.2:8080"]);
        assert_eq!(ran.kinds(), ["unknown_outcome"]);
    }
}

#[test]
fn a_model_that_lives_and_thinks_is_waited_for() {
    let options = "--fault 'POST /responses delay ms=5000'";
    if let Some(ran) = in_space(options, "ask --keepalive-time 1s") {
        ran.is(0);
    }
}

#[test]
fn an_address_that_swallows_packets_costs_next_to_nothing() {
    let script = "export OPENAI_BASE_URL=http://api.test:8080/v1; getent ahosts api.test >&2; ask --connect-timeout 10m";
    if let Some(ran) = in_space("", script) {
        let ran = ran.is(0);
        let first = ran.stderr.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("10.9.0.3"),
            "the dead address is not the first: {first}"
        );
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_name_and_the_record_says_so() {
    // In the background of a script a tool ignores SIGINT; SIGTERM it hears.
    let script = "export OPENAI_BASE_URL=http://nobody.test:8080/v1
        ask --connect-timeout 10m >record & tool=$!
        until grep -q ':0035 ' /proc/net/udp; do sleep 0.01; done
        kill -TERM $tool; wait $tool; status=$?; cat record; exit $status";
    if let Some(ran) = in_space("", script) {
        let ran = ran.is(143);
        assert_eq!(ran.kinds(), ["interrupted"]);
    }
}
