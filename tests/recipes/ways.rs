//! Ways to a server, to a key, and through a filter.

use rustix::process::Signal;

use super::{ok, sh, start};
use crate::net::server::{Peer, Server};
use crate::scene::Scene;

#[test]
fn the_key_comes_from_a_password_manager_to_each_tool() {
    let scene = Scene::with(&["--key", "sk-from-pass"]);
    scene.ok("mkdir bin");
    scene.file(
        "bin/pass",
        "#!/bin/sh\necho \"$*\" >>asked\necho sk-from-pass\n",
    );
    let line = "chmod +x bin/pass; unset OPENAI_API_KEY; PATH=$PWD/bin:$PATH $R/key-from-pass report.pdf Why";
    let ran = ok(&scene, line);
    assert!(ran.stdout.contains("report.pdf"), "{}", ran.stdout);
    assert_eq!(scene.read("asked"), "show openai/api-key\n".repeat(3));
    scene.ok("OPENAI_API_KEY=sk-from-pass oa-list -q files >left; test ! -s left");
}

#[test]
fn a_filter_in_the_pipe_asks_each_kind_of_file_its_own_question() {
    let scene = Scene::new();
    let ran = ok(&scene, "$R/filter-in-the-pipe report.pdf figure.png");
    assert!(
        ran.stdout
            .contains("\"Summarise this document.\"\ninput_file report.pdf")
    );
    assert!(
        ran.stdout
            .contains("\"Describe this picture.\"\ninput_image figure.png")
    );
    scene.nothing_left();
}

#[test]
fn ctrl_c_takes_no_record_from_a_filter() {
    let scene = Scene::with(&["--looks", "0"]);
    let running = start(&scene, "exec $R/filter-in-the-pipe report.pdf figure.png");
    scene
        .mock
        .until("both run", |ledger| ledger.responses.len() == 2);
    running.at_once(&[Signal::INT]).finish().is(130);
    scene.nothing_left();
}

#[test]
fn a_command_goes_through_the_companys_proxy() {
    let scene = Scene::new();
    let proxy = Server::plain(|mut peer: Peer| {
        peer.head();
        peer.answer("502 Bad Gateway", "{}");
    });
    let address = proxy.url();
    let address = address.trim_end_matches("/v1");
    let line = format!(
        "HTTPS_PROXY={address} $R/behind-a-proxy oa-respond --retries 0 --base-url https://api.example.org/v1 -n -p Why -t"
    );
    sh(&scene, &line).is(6);
    let heads = proxy.heads();
    assert!(
        heads[0].starts_with("CONNECT api.example.org:443 "),
        "{heads:?}"
    );
    let line = "$R/behind-a-proxy sh -c 'echo $HTTPS_PROXY $NO_PROXY'";
    let ran = ok(&scene, line);
    let wanted = "http://proxy.example.com:3128 localhost,127.0.0.1,.example.com\n";
    assert_eq!(ran.stdout, wanted);
}

#[test]
fn a_command_runs_against_a_server_by_its_name() {
    let scene = Scene::new();
    let ran = ok(
        &scene,
        "$R/on-server $OPENAI_BASE_URL oa-respond -n -a figure.png -p Why -t",
    );
    assert!(
        ran.stdout.contains("input_image image/png 70 bytes"),
        "{}",
        ran.stdout
    );
    let env = "sh -c 'echo $OPENAI_BASE_URL $OPENAI_API_KEY $OPENAI_CUSTOM_HEADERS'";
    let said = |server: &str| ok(&scene, &format!("unset OPENAI_API_KEY; {server} {env}")).stdout;
    assert_eq!(
        said("$R/on-server ollama"),
        "http://127.0.0.1:11434/v1 none\n"
    );
    let azure = "AZURE_RESOURCE=me AZURE_OPENAI_API_KEY=k $R/on-server azure";
    assert_eq!(
        said(azure),
        "https://me.openai.azure.com/openai/v1 none api-key: k\n"
    );
    sh(&scene, "$R/on-server nowhere true")
        .is(2)
        .says(&["no such server"]);
}
