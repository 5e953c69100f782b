//! A prompt is text, byte for byte, wherever it comes from.

use serde_json::json;

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
