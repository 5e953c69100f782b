//! Standard error: lines for people and for grep, in the words of the seeds.

use crate::scene::Scene;

/// Replaces what differs from run to run.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for word in text.split_inclusive([' ', '\n']) {
        let (name, rest) = word.split_at(word.find('=').map_or(0, |at| at + 1));
        let end = &rest[rest.trim_end().len()..];
        let value = match name {
            "elapsed=" => "Ns",
            "file_id=" | "response_id=" => "ID",
            "input_tokens=" | "output_tokens=" => "N",
            _ => rest.trim_end(),
        };
        steady.extend([name, value, end]);
    }
    steady
}

#[test]
fn every_stage_writes_its_lines_in_the_format_of_the_seeds() {
    let scene = Scene::new();
    let upload = scene
        .ok("oa-upload notes.txt report.pdf -j 1 >up.json")
        .stderr;
    let sizes = scene.ok("stat -c %s notes.txt report.pdf").stdout;
    let sizes: Vec<&str> = sizes.lines().collect();
    let ids = scene.ok("jq -r '.files[].id' up.json").stdout;
    let ids: Vec<&str> = ids.lines().collect();
    let expected = format!(
        "[upload] file_id={} bytes={} path=notes.txt\n[upload] file_id={} bytes={} path=report.pdf\n",
        ids[0], sizes[0], ids[1], sizes[1]
    );
    assert_eq!(upload, expected);
    let submit = scene.ok("oa-respond -b -p why <up.json >job.json").stderr;
    assert_eq!(
        steady(&submit),
        "[submitted] response_id=ID status=queued\n"
    );
    let poll = scene
        .ok("oa-poll --interval 20ms <job.json >done.json")
        .stderr;
    let expected = concat!(
        "[poll] response_id=ID status=in_progress elapsed=Ns\n",
        "[response] response_id=ID status=completed input_tokens=N output_tokens=N elapsed=Ns",
        " path=notes.txt cached_tokens=0 service_tier=default\n",
    );
    assert_eq!(steady(&poll), expected);
    let delete = scene.ok("oa-delete -j 1 <done.json").stderr;
    assert_eq!(
        delete,
        format!("[delete] file_id={}\n[delete] file_id={}\n", ids[0], ids[1])
    );
    let ask = scene.ok("oa-respond -n -p why").stderr;
    let expected = concat!(
        "[response] response_id=ID status=completed input_tokens=N output_tokens=N elapsed=Ns",
        " cached_tokens=0 service_tier=default\n",
    );
    assert_eq!(steady(&ask), expected);
    scene.nothing_left();
}

#[test]
fn tokens_in_the_line_are_those_of_the_response() {
    let scene = Scene::new();
    let ran = scene.ok("oa-respond -n -p why");
    let usage = ran.record()["response"]["usage"].clone();
    let words = format!(
        "status=completed input_tokens={} output_tokens={} elapsed=",
        usage["input_tokens"], usage["output_tokens"]
    );
    ran.says(&[&words]);
}

#[test]
fn q_leaves_only_errors() {
    let scene = Scene::new();
    let quiet = "oa-upload -q notes.txt | oa-respond -q -b -p why | oa-poll -q --interval 20ms | oa-delete -q";
    assert_eq!(scene.ok(quiet).stderr, "");
    let loud = "oa-upload notes.txt | oa-respond -p why | oa-delete";
    assert_eq!(scene.ok(&format!("export OA_QUIET=1; {loud}")).stderr, "");
    let ran = scene.sh("oa-upload -q no-such-file").is(3);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    scene.nothing_left();
}

#[test]
fn v_adds_a_line_for_each_exchange() {
    let scene = Scene::faulty("POST /responses 429 retry-after-ms=1 x1");
    let ran = scene.ok("oa-respond -v -n -p why");
    let exchanges: Vec<&str> = ran.stderr.lines().filter(|l| l.contains("POST")).collect();
    assert_eq!(exchanges.len(), 2, "{}", ran.stderr);
    for (line, status) in exchanges.iter().zip(["429", "200"]) {
        for word in ["/responses", status, "ms", "req_"] {
            assert!(line.contains(word), "{word} is not in {line}");
        }
    }
}

#[test]
fn the_key_is_never_printed() {
    let scene = Scene::with(&["--key", "sk-very-secret-4711"]);
    let ran = scene.ok("oa-upload -vv notes.txt | oa-respond -vv -p why | oa-delete -vv");
    let shown = ran.stdout + &ran.stderr;
    assert!(!shown.contains("4711"), "{shown}");
    assert!(shown.to_lowercase().contains("authorization"), "{shown}");
    scene
        .mock
        .fault("POST /responses 401 message='Incorrect API key provided: sk-very-secret-4711.'");
    let ran = scene.sh("oa-respond -vv -n -p why").is(4);
    let shown = ran.stdout + &ran.stderr;
    assert!(!shown.contains("4711"), "{shown}");
    scene.nothing_left();
}

#[test]
fn control_characters_of_names_and_servers_are_escaped() {
    let scene = Scene::faulty(
        "POST /responses 400 body='{\"error\":{\"message\":\"red \\u001b[31m \\u0007bell\"}}'",
    );
    scene.file("es\u{1b}[31mc.txt", "text\n");
    let ran = scene
        .sh("oa-upload es*.txt | oa-respond -p why | oa-delete")
        .is(7);
    let raw = ran
        .stderr
        .bytes()
        .filter(|b| *b < 32 && *b != b'\n')
        .count();
    assert_eq!(raw, 0, "{:?}", ran.stderr);
    scene.nothing_left();
}

#[test]
fn data_never_goes_to_stderr_and_lines_never_to_stdout() {
    let scene = Scene::new();
    let ran = scene.ok("oa-upload notes.txt | oa-respond -v -p why | oa-delete -v");
    assert_eq!(ran.records().len(), 1);
    assert!(
        !ran.stderr.lines().any(|line| line.starts_with('{')),
        "{}",
        ran.stderr
    );
    scene.nothing_left();
}

#[test]
fn a_message_names_program_record_and_what_happened() {
    let scene =
        Scene::faulty("POST /responses 400 code=unknown_parameter message='Unknown parameter.'");
    let ran = scene
        .sh("oa-upload report.pdf | oa-respond -p why | oa-delete")
        .is(7);
    let id = ran.record()["error"]["request_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let line = ran
        .stderr
        .lines()
        .find(|line| line.starts_with("oa-respond: "));
    let start = format!("oa-respond: report.pdf: Unknown parameter. (400 unknown_parameter, {id})");
    assert!(line.expect("a message").starts_with(&start), "{line:?}");
    scene.nothing_left();
}

#[test]
fn no_name_forges_a_field_or_a_line() {
    let scene = Scene::new();
    let name = "report file_id=file-victim .txt";
    scene
        .file(name, "text\n")
        .file("a\n[delete] file_id=file-victim", "text\n");
    let ran = scene.ok(&format!(
        "oa-upload '{name}' $'a\\n[delete] file_id=file-victim' | oa-delete"
    ));
    ran.says(&[
        &format!("path=\"{name}\"\n"),
        "path=\"a\\n[delete] file_id=file-victim\"\n",
    ]);
    let body = r#"{"id":"resp_1 status=completed","object":"response","status":"queued"}"#;
    scene
        .mock
        .fault(&format!("POST /responses 200 body='{body}'"));
    let ran = scene.sh("oa-respond -n -b -p why");
    ran.says(&["[submitted] response_id=\"resp_1 status=completed\" status=queued\n"]);
    let ran = scene.sh("oa-delete --as file 'file-a file_id=b'");
    ran.says(&["[delete] file_id=\"file-a file_id=b\" status=gone\n"]);
}
