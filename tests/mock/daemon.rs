//! A server beside the shell: started, used, ended, without a race.

use rustix::process::Signal;

use crate::scene::{Scene, until_true};

const START: &str = "eval \"$(oa-mock --daemon)\"";

#[test]
fn a_server_beside_the_shell_is_ready_at_once_and_says_what_is_left_when_it_is_stopped() {
    let scene = Scene::new();
    let ran = scene.ok(&format!(
        "{START} && oa-upload -q report.pdf | jq -r .files[0].id && oa-mock --stop"
    ));
    let id = ran.stdout.trim().to_owned();
    ran.says(&[&format!(
        "oa-mock: left on the server: {id} report.pdf 542 bytes"
    )]);
    let ran = scene.ok(&format!(
        "{START}; oa-mock --stop; oa-list --retries 0 files || true"
    ));
    ran.says(&["nothing left on the server (0 requests)", "oa-list: GET "]);
    assert_eq!(scene.ledger().requests.len(), 0);
}

#[test]
fn a_server_that_ends_says_what_brings_the_shell_back() {
    let scene = Scene::new();
    let ran = scene.ok(&format!("{START}; oa-mock --stop"));
    let (_, advice) = ran.stderr.split_once("to go back: ").unwrap();
    assert_eq!(advice, "unset OPENAI_BASE_URL OPENAI_API_KEY\n");
    let line = format!(
        "{START}; oa-mock --stop -q; {advice} echo ${{OPENAI_BASE_URL-}}${{OPENAI_API_KEY-}}"
    );
    let ran = scene.ok(&line);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("\n", ""));
}

#[test]
fn the_options_of_a_server_hold_beside_the_shell_too() {
    let scene = Scene::new();
    let line = "eval \"$(oa-mock --daemon --key 'sk-a$b' --fault 'POST /responses 400')\"; oa-respond -n -p Why; echo $?; OPENAI_API_KEY=sk-other oa-mock --stop; echo $?; oa-mock --stop";
    let ran = scene.ok(line);
    let last = ran.stdout.lines().skip(1).collect::<Vec<_>>();
    assert_eq!(last, ["7", "1"]);
    ran.says(&["no oa-mock that this key may stop"]);
}

#[test]
fn where_no_server_could_be_started_the_next_line_never_reaches_the_real_api() {
    let scene = Scene::new();
    for wrong in ["--bogus", "--rpm 0", "--listen 192.0.2.1:1 --key k"] {
        let line = format!(
            "eval \"$(oa-mock --daemon {wrong})\"; echo $? $OPENAI_BASE_URL $OPENAI_API_KEY"
        );
        let ran = scene.ok(&line);
        let wanted = "1 https://oa-mock-did-not-start.invalid/v1 sk-none\n";
        assert_eq!(ran.stdout, wanted, "{wrong}");
        assert!(ran.stderr.len() > 20, "{wrong}");
        let ran = scene.sh(&format!(
            "set -e; eval \"$(oa-mock --daemon {wrong})\"; echo on"
        ));
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{wrong}");
    }
}

#[test]
fn ctrl_c_at_the_shell_is_none_of_the_server_beside_it() {
    let scene = Scene::new();
    let line = format!("{START}; echo $OPENAI_BASE_URL >url; exec sleep 60");
    let running = scene.start(&line);
    until_true(|| scene.path("url").exists() && scene.read("url").ends_with('\n'));
    running.signal(Signal::INT).finish().is(130);
    let ran = scene.ok("export OPENAI_BASE_URL=$(<url); oa-list -q files; oa-mock --stop");
    ran.says(&["nothing left on the server (1 request)"]);
}

#[test]
fn a_server_that_nobody_asks_ends_by_itself() {
    let scene = Scene::new();
    let line = "eval \"$(oa-mock --daemon --idle 100ms)\"; until ! oa-list -q --retries 0 --connect-timeout 1s files 2>err; do sleep 0.3; done; cat err";
    let ran = scene.ok(line);
    assert!(ran.stdout.contains("refused"), "{}", ran.stdout);
}

#[test]
fn only_a_server_on_this_machine_is_told_to_stop() {
    let scene = Scene::new();
    for url in [
        "https://api.openai.com/v1",
        "http://192.0.2.1:80/v1",
        "http://localhost.example/v1",
    ] {
        let ran = scene.sh(&format!("OPENAI_BASE_URL={url} oa-mock --stop"));
        let said = format!("oa-mock: {url}: OPENAI_BASE_URL names no server on this machine; ");
        ran.is(1).says(&[&said, "oa-mock --daemon"]);
    }
    for unset in ["env -u OPENAI_BASE_URL", "OPENAI_BASE_URL="] {
        let ran = scene.sh(&format!("{unset} oa-mock --stop"));
        let said = "oa-mock: OPENAI_BASE_URL is not set, so no server is named; ";
        ran.is(1)
            .says(&[said, "eval \"$(oa-mock --daemon)\" starts one"]);
    }
    let ran = scene.sh("OPENAI_BASE_URL=http://127.0.0.1:1/v1 oa-mock --stop");
    ran.is(1)
        .says(&["oa-mock: http://127.0.0.1:1/v1: connection refused"]);
}
