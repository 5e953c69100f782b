//! A prompt is text, byte for byte, wherever it comes from.

use serde_json::{Value, json};

use crate::scene::Scene;

const PROMPTS: [&str; 22] = [
    "Translate: good morning",
    "Summarise this: (a) cost, (b) risk",
    "What is 3 # of items?",
    "# heading",
    "12345",
    "true",
    "null",
    "- one\n- two",
    "[todo] write",
    "\"quoted\" start",
    "{x} y",
    "{\"json\": 1}",
    "@/etc/hostname",
    "@notes.txt",
    "\\@home \\n \\u0041",
    "-5 degrees?",
    "--prompt",
    "~/x $HOME `id` %s %",
    "  blanks  around\t",
    "ends with a line\n",
    "é 日本 🎉 \u{7f}",
    "http://example.com/x.png",
];

#[test]
fn a_prompt_arrives_as_it_was_typed() {
    let scene = Scene::new();
    for (number, prompt) in PROMPTS.iter().enumerate() {
        let quoted = prompt.replace('\'', "'\\''");
        let record = json!({"prompt": prompt}).to_string();
        let options = [
            format!("-n -p '{quoted}'"),
            format!("-n --prompt='{quoted}'"),
        ];
        for option in options {
            scene.ok(&format!("oa-respond {option} >/dev/null"));
        }
        scene.feed(&record, "oa-respond").is(0);
        let ledger = scene.ledger();
        let asked = ledger.of("POST /responses");
        assert_eq!(asked.len(), 3 * (number + 1));
        for request in &asked[3 * number..] {
            let content = &request.json()["input"][0]["content"];
            assert_eq!(*content, json!([{"type": "input_text", "text": prompt}]));
        }
    }
}

#[test]
fn the_records_own_prompt_wins() {
    let scene = Scene::new();
    let ran = scene
        .feed("{\"prompt\":\"own\"} {}", "oa-respond -p common --dry-run")
        .is(0);
    let text = |n: usize| ran.records()[n]["request"]["input"][0]["content"][0]["text"].clone();
    assert_eq!((text(0), text(1)), (json!("own"), json!("common")));
    assert_eq!(ran.records()[0]["prompt"], "own");
}

#[test]
fn no_prompt_at_all_is_an_input_error_before_anything_is_sent() {
    let scene = Scene::new();
    for line in ["oa-respond -n", "oa-respond -n -a notes.txt"] {
        let ran = scene.sh(line).is(3);
        assert_eq!(ran.kinds(), ["input"], "{line}");
    }
    let ran = scene
        .feed("{\"prompt\":\"own\"} {}", "oa-respond --dry-run")
        .is(3);
    assert_eq!(ran.kinds(), ["", "input"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn instructions_are_text_too() {
    let scene = Scene::new();
    for text in ["@/etc/hostname", "-1 word", "a: b", "{}"] {
        let line = format!("oa-respond -n --dry-run -p x -i '{text}'");
        assert_eq!(scene.ok(&line).record()["request"]["instructions"], text);
    }
}

#[test]
fn a_large_prompt_arrives_whole() {
    let scene = Scene::new();
    let prompt = "All work and no play. ".repeat(40_000);
    scene.file("prompt.txt", &prompt);
    scene.ok("oa-respond -n --prompt-file prompt.txt >/dev/null");
    let text = &scene.question()["input"][0]["content"][0]["text"];
    assert_eq!(text.as_str().unwrap().trim_end(), prompt.trim_end());
}

#[test]
fn a_question_that_asks_nothing_is_an_input_error_before_anything_is_sent() {
    let scene = Scene::new();
    scene
        .file("empty.txt", "")
        .file("blank.txt", "\u{feff}\n \t\u{a0}\n");
    let message = json!([{"role": "user", "content": [{"type": "input_text", "text": " "}]}]);
    let records = [
        json!({"prompt": ""}),
        json!({"prompt": " \n"}),
        json!({"request": {"input": ""}}),
        json!({"request": {"input": []}}),
        json!({"request": {"input": message}}),
    ];
    let files = json!([{"id": "file-1"}]);
    for mut record in records {
        // The file would have to be looked up: not even that is asked for.
        if record.get("request").is_none() {
            record["files"] = files.clone();
        }
        for line in [
            "oa-respond",
            "oa-respond -p why",
            "oa-respond -p why --dry-run",
        ] {
            let ran = scene.feed(&record.to_string(), line).is(3);
            assert_eq!(ran.kinds(), ["input"], "{record} {line}");
        }
    }
    for option in [
        "-p ''",
        "-p \"$UNSET\"",
        "-p $' \\n\\t '",
        "--prompt-file empty.txt",
        "--prompt-file blank.txt",
        "-p '' --prompt-file empty.txt",
        "--request '{\"input\":\" \"}'",
    ] {
        let ran = scene.sh(&format!("oa-respond -n -a file-1 {option}")).is(3);
        assert_eq!(ran.kinds(), ["input"], "{option}");
    }
    scene.sh("printf ' ' | oa-respond --prompt-file -").is(3);
    for line in [
        "oa-search -p '' vs_1",
        "oa-search -p ' ' vs_1",
        "oa-search vs_1",
    ] {
        assert_eq!(scene.sh(line).is(3).kinds(), ["input"], "{line}");
    }
    let record = json!({"prompt": "", "vector_store": {"id": "vs_1"}});
    scene.feed(&record.to_string(), "oa-search -p why").is(3);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn an_empty_question_that_is_not_sent_does_no_harm() {
    let scene = Scene::new();
    for record in [
        json!({"prompt": "own"}),
        json!({"request": {"input": "own"}}),
        json!({"prompt": "", "request": {"input": "own"}}),
    ] {
        scene.feed(&record.to_string(), "oa-respond -p ''").is(0);
    }
    scene
        .feed("{\"prompt\":null}", "oa-respond -p common")
        .is(0);
    let ledger = scene.ledger();
    let inputs = ledger.requests.iter().map(|r| r.json()["input"].clone());
    let common = json!([{"role": "user", "content": [{"type": "input_text", "text": "common"}]}]);
    let own = json!([{"role": "user", "content": [{"type": "input_text", "text": "own"}]}]);
    let asked: Vec<Value> = inputs.collect();
    assert_eq!(asked, [own, json!("own"), json!("own"), common]);
}

#[test]
fn a_question_that_is_too_long_can_be_forced_and_an_endless_one_is_not_read() {
    let scene = Scene::new();
    scene.file("long.txt", "é".repeat(10_485_761));
    let line = "set -o pipefail; oa-respond -n --prompt-file long.txt --dry-run";
    scene
        .sh(line)
        .is(3)
        .says(&["10485761 characters", "--force"]);
    let forced = scene.ok(&format!("{line} --force | wc -c"));
    forced.says(&["warning", "10485761 characters"]);
    scene
        .sh("oa-respond -n --prompt-file <(yes)")
        .is(3)
        .says(&["more than 41943040 bytes"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn what_is_no_text_is_named_and_not_asked() {
    let scene = Scene::new();
    scene.ok("mkdir folder; printf 'caf\\xe9' >latin1.txt");
    for (file, said) in [
        ("missing.txt", "no such file"),
        ("folder", "is a directory"),
        ("/dev/zero", "is no regular file"),
        ("latin1.txt", "is no UTF-8 text"),
    ] {
        for option in [
            "--prompt-file",
            "-p x --instructions-file",
            "-p x --schema",
            "-p x --request-file",
        ] {
            let ran = scene.sh(&format!("oa-respond -n {option} {file}")).is(3);
            ran.says(&[&format!("oa-respond: {file}: {said}")]);
        }
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}
