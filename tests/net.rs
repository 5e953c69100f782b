//! The network as it is: certificates, proxies, early answers, dead peers, servers of every age.

mod address;
mod authority;
mod certificate;
mod dialect;
mod early;
mod front;
mod proxy;
mod redirect;
pub(crate) mod server;
mod slow;
mod stale;

use std::fs;

use crate::scene::{Ran, Scene};

/// Megabytes that no socket buffer swallows.
const BIG: u64 = 16_000_000;

/// Runs one line of shell against this server; stderr ends with the CPU seconds that it took.
pub(crate) fn at(scene: &Scene, url: &str, line: &str) -> Ran {
    scene.sh(&against(url, line))
}

pub(crate) fn against(url: &str, line: &str) -> String {
    format!("export OPENAI_BASE_URL={url}; TIMEFORMAT='cpu %U %S'; time {{ {line}; }}")
}

/// A big file called `big.pdf`.
fn big(scene: &Scene) {
    scene.file("big.pdf", crate::scene::PDF);
    let file = fs::OpenOptions::new()
        .write(true)
        .open(scene.path("big.pdf"))
        .unwrap();
    file.set_len(BIG).unwrap();
}

/// Fails if waiting was done by spinning.
fn idle(ran: &Ran) {
    let line = ran.stderr.lines().rev().find(|l| l.starts_with("cpu "));
    let seconds: f64 = line
        .unwrap()
        .split(' ')
        .skip(1)
        .map(|n| n.parse::<f64>().unwrap())
        .sum();
    assert!(seconds < 1.5, "{seconds} s of CPU\n{}", ran.stderr);
}

/// The port of a URL's server as it stands in a message.
fn place(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    rest.split('/').next().unwrap()
}
