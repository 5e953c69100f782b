//! The command line of oa-mock: what is wrong with it is said on one line, with what to type.

use crate::scene::Scene;

/// Wrong lines, and all that is said of each.
const WRONG: [(&str, &str); 18] = [
    (
        "--port 80",
        "there is no --port; write --listen 127.0.0.1:80",
    ),
    (
        "--port=80",
        "there is no --port; write --listen 127.0.0.1:80",
    ),
    ("-p", "there is no -p; write --listen 127.0.0.1:4010"),
    (
        "--bogus",
        "unexpected argument '--bogus' found; see `oa-mock --help`",
    ),
    (
        "--fualt x",
        "unexpected argument '--fualt' found; a similar argument exists: '--fault'",
    ),
    ("ls", "'ls': a command goes behind `--`: oa-mock -- ls"),
    (
        "oa-list files",
        "'oa-list': a command goes behind `--`: oa-mock -- oa-list files",
    ),
    (
        "--key sh sh -c 'exit 3' ''",
        "'sh': a command goes behind `--`: oa-mock … -- sh -c 'exit 3' ''",
    ),
    (
        "--listen 80",
        "invalid value '80' for '--listen <ADDR>': write an address and a port: 127.0.0.1:80; see `oa-mock --help`",
    ),
    (
        "--listen localhost:4010",
        "invalid value 'localhost:4010' for '--listen <ADDR>': write an address and a port: 127.0.0.1:4010; see `oa-mock --help`",
    ),
    (
        "--listen 127.0.0.1",
        "invalid value '127.0.0.1' for '--listen <ADDR>': write an address and a port: 127.0.0.1:0, where 0 is a free port; see `oa-mock --help`",
    ),
    (
        "--limit quota=0",
        "invalid value 'quota=0' for '--limit <KEY=VALUE…>': quota: '0' is not a number from 1 on; see `oa-mock --help`",
    ),
    (
        "--rpm 0",
        "invalid value '0' for '--rpm <N>': 0 is not in 1 to 4294967295; see `oa-mock --help`",
    ),
    (
        "--looks many",
        "invalid value 'many' for '--looks <N>': a whole number is expected; see `oa-mock --help`",
    ),
    (
        "--fault x",
        "invalid value 'x' for '--fault <RULE>': no path in the rule 'x'; see `oa-mock --help`",
    ),
    (
        "--stop -- true",
        "the argument '--stop' cannot be used with a command; see `oa-mock --help`",
    ),
    ("--key $'\\xff'", "\u{fffd}: not UTF-8"),
    (
        "--listen 192.0.2.1:80",
        "192.0.2.1:80: other machines reach it; say by --key KEY who may ask, or listen at 127.0.0.1",
    ),
];

#[test]
fn a_wrong_command_line_is_one_line_that_says_what_to_type() {
    let scene = Scene::new();
    for (line, said) in WRONG {
        let ran = scene.sh(&format!("oa-mock {line}")).is(2);
        assert_eq!(ran.stderr, format!("oa-mock: {said}\n"), "{line}");
    }
}

#[test]
fn of_an_option_that_is_given_twice_the_last_one_counts() {
    let line = "oa-mock --listen 127.0.0.1:1 --listen 127.0.0.1:0 -q -- true";
    Scene::new().ok(line);
}

#[test]
fn a_command_that_cannot_be_started_ends_as_in_a_shell() {
    let scene = Scene::new();
    for (program, status, why) in [
        ("nosuchcmd", 127, "command not found"),
        ("./nosuch", 127, "no such file or directory"),
        ("./report.pdf", 126, "permission denied"),
    ] {
        let ran = scene.sh(&format!("oa-mock -- {program}")).is(status);
        let first = ran.stderr.lines().next();
        assert_eq!(first, Some(format!("oa-mock: {program}: {why}").as_str()));
    }
}

#[test]
fn an_address_that_cannot_be_had_is_named_in_plain_words() {
    let scene = Scene::new();
    let ran = scene.sh("oa-mock -q --key k --listen 192.0.2.1:1 -- true");
    let said = "oa-mock: 192.0.2.1:1: cannot assign requested address\n";
    assert_eq!(ran.is(1).stderr, said);
}
