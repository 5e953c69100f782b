//! Options, and what is said of those that are wrong.

use crate::house::tools;
use crate::scene::Scene;

#[test]
fn every_tool_says_its_version() {
    let scene = Scene::new();
    for tool in tools() {
        for option in ["-V", "--version"] {
            let version = scene.ok(&format!("{tool} {option}")).stdout;
            let (name, number) = version.trim_end().split_once(' ').unwrap();
            assert_eq!(name, tool);
            assert_eq!(number.split('.').count(), 3, "{version}");
        }
    }
}

#[test]
fn a_wrong_option_is_usage_and_says_so_on_stderr() {
    let scene = Scene::new();
    for tool in tools() {
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
fn at_a_terminal_the_wrong_option_is_named_and_not_the_terminal() {
    let scene = Scene::new();
    for (tool, named) in [
        ("oa-upload --bogus", "--bogus"),
        ("oa-respond -p why -j 0", "--jobs"),
        ("oa-respond -p why -b -t", "straight after -b"),
        ("oa-respond -p why --request oops", "--request"),
        ("oa-respond -p why --include-results", "nothing to search"),
        ("oa-index --chunk-overlap 9999", "overlap"),
        ("oa-search -p why --filter-json oops", "--filter-json"),
        ("oa-poll --deadline 600", "--deadline"),
        ("oa-poll --base-url nonsense", "nonsense"),
        ("oa-delete -o no/such/file", "no/such/file"),
    ] {
        let line = format!("script -qec '{tool}' /dev/null </dev/null >typed; echo $?");
        let ran = scene.ok(&line);
        let typed = scene.read("typed");
        assert_eq!(ran.stdout, "2\n", "{tool}: {typed}");
        assert!(typed.contains(named), "{tool}: {typed}");
        assert!(!typed.contains("terminal"), "{tool}: {typed}");
    }
}

#[test]
fn what_people_type_first_gets_an_answer_that_helps() {
    let scene = Scene::new();
    scene.file("job", "{}").file("it's", "x");
    for (line, answer) in [
        (
            "oa-respond report.pdf",
            "oa-respond -n -p QUESTION -a report.pdf -t",
        ),
        ("oa-respond no/such.pdf", "-a no/such.pdf"),
        (
            "oa-respond https://a.example/x.png",
            "-a https://a.example/x.png",
        ),
        ("oa-respond file-abc", "-a file-abc"),
        ("oa-respond Why?", "oa-respond -p 'Why?'"),
        (
            "oa-respond 'What is in report.pdf'",
            "-p 'What is in report.pdf'",
        ),
        (
            "oa-respond -n -p x --temperature 0.2",
            r#"--request '{"temperature":0.2}'"#,
        ),
        (
            "oa-respond -n -p x --temperature=1",
            r#"--request '{"temperature":1}'"#,
        ),
        (
            "oa-respond -n -p x --top-p 0.5",
            r#"--request '{"top_p":0.5}'"#,
        ),
        (
            "oa-respond -n -p x --service-tier flex",
            r#"--request '{"service_tier":"flex"}'"#,
        ),
        ("oa-respond -n -p x -f report.pdf", "-a report.pdf"),
        ("oa-respond -n -p x --file \"it's\"", r"-a 'it'\''s'"),
        ("oa-respond -n -p x --json", "--schema FILE"),
        ("oa-respond -n -p x --system Be.", "--instructions Be."),
        ("oa-respond -n -p x --max-tokens 5", "--max-output-tokens 5"),
        ("oa-respond -n -p x --api-key sk-secret", "OPENAI_API_KEY"),
        ("oa-upload -f report.pdf", "oa-upload report.pdf"),
        ("oa-upload --file report.pdf", "oa-upload report.pdf"),
        ("oa-upload -p why report.pdf", "oa-respond -p why"),
        ("oa-poll job.json", "oa-poll < job.json"),
        ("oa-poll job", "oa-poll < job"),
        ("oa-poll -f job", "oa-poll < job"),
        ("oa-delete job.json", "oa-delete < job.json"),
        ("oa-search -p x job.jsonl", "oa-search < job.jsonl"),
        (
            "oa-index notes.txt",
            "oa-upload -P assistants notes.txt | oa-index",
        ),
        ("oa-search why vs_1", "oa-search -p why vs_1"),
        ("oa-search 'Why so?' vs_1", "oa-search -p 'Why so?' vs_1"),
        ("oa-list", "oa-list files"),
        ("oa-list store-files", "store-files STORE_ID"),
        ("oa-list --json", "leave it out"),
        ("oa-list file", "files"),
    ] {
        let ran = scene.sh(line).is(2).says(&[answer]);
        assert_eq!(ran.stderr.lines().count(), 1, "{line}: {}", ran.stderr);
        assert!(!ran.stderr.contains("sk-secret"), "{}", ran.stderr);
    }
    for (line, answer) in [
        (
            "oa-upload https://a.example/x.pdf",
            "curl -O https://a.example/x.pdf",
        ),
        (
            "oa-upload file-abc",
            "oa-respond -n -p QUESTION -a file-abc",
        ),
        ("echo notes.txt | oa-upload", r"xargs -d '\n' oa-upload"),
        ("cat notes.txt | oa-respond -p x", "-a -"),
        ("oa-upload ''", "is a variable unset?"),
    ] {
        scene.sh(line).is(3).says(&[answer]);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn an_empty_word_where_a_value_belongs_is_usage_and_names_the_option() {
    let scene = Scene::new();
    for (line, named) in [
        ("oa-respond -n -p x -o ''", "--output"),
        ("oa-respond -n -p x --base-url ''", "--base-url"),
        ("oa-respond -n -p x -m ''", "--model"),
        ("oa-respond -n -p x -a ''", "--attach"),
        ("oa-respond -n -p x --request-file ''", "--request-file"),
        ("oa-respond -n -p x --api-key-file ''", "--api-key-file"),
        ("oa-upload --filename '' notes.txt", "--filename"),
        ("oa-index --into ''", "--into"),
        ("oa-poll ''", "an empty id"),
        ("oa-delete file-a ''", "an empty id"),
    ] {
        scene.sh(line).is(2).says(&[named]);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
    // A variable that is set but empty says nothing, as with the official SDKs.
    scene.ok("OA_MODEL= oa-respond -n -p x");
}

#[test]
fn of_an_option_given_twice_the_last_one_wins() {
    let scene = Scene::with(&["--looks", "1"]);
    scene.ok("oa-respond -n -m a -p one -q -q -m b -p two --timeout 1s --timeout 1m -o x -o y");
    assert!(!scene.path("x").exists() && scene.path("y").exists());
    let body = scene.question();
    assert_eq!(body["model"], "b");
    assert_eq!(body["input"][0]["content"][0]["text"], "two");
    for (options, loud) in [("-q -v", true), ("-v -q", false), ("-q -v -q", false)] {
        let ran = scene.ok(&format!("oa-upload notes.txt {options} | oa-delete -q"));
        assert_eq!(
            ran.stderr.contains("POST /"),
            loud,
            "{options}: {}",
            ran.stderr
        );
    }
    for tool in tools() {
        let ran = scene.sh(&format!(
            "{tool} --retries 1 --retries 2 --max-wait 1s --max-wait 2s -r -r --bogus"
        ));
        ran.is(2).says(&["--bogus"]);
    }
    for tool in ["oa-upload", "oa-respond", "oa-poll", "oa-delete"] {
        let options = "-k --unordered -k --fail-fast --fail-fast";
        scene.feed("", &format!("{tool} -r {options}")).is(0);
    }
}

#[test]
fn options_that_make_a_list_add_up_in_the_order_of_the_command_line() {
    let scene = Scene::new();
    scene.file("layer.json", r#"{"top_p":0.2,"metadata":{"b":"file"}}"#);
    scene.ok(concat!(
        "oa-respond -n -p why -a notes.txt -a report.pdf ",
        r#"--request '{"top_p":0.1,"metadata":{"a":"1","b":"1","c":"1"}}' "#,
        r#"--request-file layer.json --request '{"metadata":{"c":null}}'"#,
    ));
    let body = scene.question();
    assert_eq!(body["input"][0]["content"].as_array().unwrap().len(), 3);
    assert_eq!(body["top_p"], 0.2);
    assert_eq!(body["metadata"], serde_json::json!({"a": "1", "b": "file"}));
    let ran = scene.ok(concat!(
        r"oa-respond -n -p why --dry-run --request-file layer.json ",
        r#"--request-file layer.json --request '{"top_p":0.1}'"#,
    ));
    assert_eq!(ran.record()["request"]["top_p"], 0.1);
}

#[test]
fn a_name_that_is_not_unicode_fails_alone_and_is_named() {
    let scene = Scene::new();
    let names = r"printf 'notes.txt\0na\xefve.pdf\0report.pdf\0'";
    let ran = scene.sh(&format!("{names} | xargs -0 oa-upload --each | oa-delete"));
    let ran = ran.is(3).says(&[r"oa-upload: na\xefve.pdf: "]);
    assert_eq!(ran.kinds(), ["", "input", ""]);
    scene.nothing_left();
    assert_eq!(scene.ledger().of("POST /files").len(), 2);
    let ran = scene.sh(&format!("{names} | xargs -0 oa-upload | oa-delete"));
    ran.is(3).says(&[r"na\xefve.pdf: "]);
    assert_eq!(scene.ledger().of("POST /files").len(), 2);
    for tool in ["oa-poll", "oa-delete", "oa-search -p x", "oa-respond -n -p"] {
        let line = format!(r"{tool} $'resp_\xff\x1b'");
        scene.sh(&line).is(2).says(&[r"resp_\xff\u{1b}: not UTF-8"]);
    }
    let ran = scene.sh(r"OA_MODEL=$'\xff' oa-respond -n -p x");
    ran.is(2).says(&["OA_MODEL: not UTF-8"]);
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
