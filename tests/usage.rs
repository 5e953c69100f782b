//! Help, versions and options: what the tools say about themselves.

use crate::scene::Scene;

const TOOLS: [&str; 5] = ["oa-upload", "oa-respond", "oa-poll", "oa-delete", "oa-list"];

#[test]
fn every_tool_helps_in_short_and_in_long() {
    let scene = Scene::new();
    for tool in TOOLS {
        let (short, long) = (
            scene.ok(&format!("{tool} -h")),
            scene.ok(&format!("{tool} --help")),
        );
        assert!(short.stdout.len() < long.stdout.len(), "{tool}");
        for word in ["Exit status", "124", "141", tool] {
            assert!(long.stdout.contains(word), "{word} is not in {tool} --help");
        }
        let wide = long.stdout.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "{tool}");
        assert_eq!((short.stderr, long.stderr), (String::new(), String::new()));
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn every_tool_says_its_version() {
    let scene = Scene::new();
    for tool in TOOLS {
        for option in ["-V", "--version"] {
            let version = scene.ok(&format!("{tool} {option}")).stdout;
            let (name, number) = version.trim_end().split_once(' ').unwrap();
            assert_eq!(name, tool);
            assert_eq!(number.split('.').count(), 3, "{version}");
        }
    }
}

#[test]
fn help_needs_neither_key_nor_server_nor_input() {
    let scene = Scene::new();
    for tool in TOOLS {
        scene.ok(&format!(
            "env -u OPENAI_API_KEY -u OPENAI_BASE_URL {tool} --help </dev/null"
        ));
    }
}

#[test]
fn shared_options_work_on_every_tool() {
    let scene = Scene::new();
    for tool in TOOLS {
        let help = scene.ok(&format!("{tool} --help")).stdout;
        let options = [
            "--quiet",
            "--verbose",
            "--output",
            "--base-url",
            "--api-key-file",
            "--connect-timeout",
            "--timeout",
            "--retries",
            "--allow-insecure-http",
        ];
        for option in options {
            assert!(help.contains(option), "{tool} has no {option}");
        }
    }
    for tool in ["oa-upload", "oa-respond", "oa-poll"] {
        let help = scene.ok(&format!("{tool} --help")).stdout;
        for option in [
            "--no-run-if-empty",
            "--fail-fast",
            "--keep-order",
            "--unordered",
        ] {
            assert!(help.contains(option), "{tool} has no {option}");
        }
    }
}

#[test]
fn a_wrong_option_is_usage_and_says_so_on_stderr() {
    let scene = Scene::new();
    for tool in TOOLS {
        let ran = scene
            .sh(&format!("{tool} --no-such-option </dev/null"))
            .is(2);
        assert!(ran.stderr.contains("--no-such-option"), "{}", ran.stderr);
    }
    for wrong in [
        "oa-list",
        "oa-list nonsense",
        "oa-upload -j 0 notes.txt",
        "oa-respond -n -p x --retries many",
        "oa-respond -n -p x --detail huge",
        "oa-respond -n -p x -c --only-missing",
    ] {
        scene.sh(wrong).is(2);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_terminal_where_data_was_expected_is_usage() {
    let scene = Scene::new();
    for tool in ["oa-upload", "oa-respond -p why", "oa-poll", "oa-delete"] {
        let line = format!("script -qec '{tool}' /dev/null </dev/null >typed; echo $?");
        let ran = scene.ok(&line);
        assert_eq!(ran.stdout, "2\n", "{tool}: {}", scene.read("typed"));
    }
}

#[test]
fn bad_json_in_an_option_is_found_before_anything_is_sent() {
    let scene = Scene::new();
    for request in ["{oops", "[1]", "7", "\"x\""] {
        let ran = scene.sh(&format!("oa-respond -n -p x --request '{request}'"));
        assert!([2, 3].contains(&ran.status), "{request}: {}", ran.stderr);
    }
    for file in [
        "--request-file",
        "--schema",
        "--prompt-file",
        "--instructions-file",
        "--api-key-file",
    ] {
        let ran = scene.sh(&format!("oa-respond -n -p x {file} no-such-file"));
        assert!([2, 3, 4].contains(&ran.status), "{file}: {}", ran.stderr);
        assert!(ran.stderr.contains("no-such-file"), "{}", ran.stderr);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}
