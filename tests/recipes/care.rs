//! Recipes in careless hands: names that are commands, keys of others, checks that give nothing, files without an age.

use serde_json::json;

use super::{ok, sh};
use crate::scene::{PDF, Scene};

/// Names that a shell, or make itself, would take for something else.
const NAMES: [&str; 14] = [
    "x`touch${IFS}PWNED`",
    "y$(touch${IFS}PWNED)",
    "q'\"'\"\";touch${IFS}PWNED;'",
    "a&touch${IFS}PWNED&",
    "b;touch${IFS}PWNED",
    "-x",
    "c=d",
    "e:f",
    "g#h",
    "i%j",
    "n|o",
    "${HOME}",
    "$$z,y(",
    "p<q>r\\",
];

fn make(makefile: &str) {
    let scene = Scene::new();
    scene.ok("rm report.pdf");
    for name in NAMES {
        scene.file(&format!("{name}.pdf"), PDF);
    }
    let line = format!("make -s -j4 -f $R/{makefile}");
    ok(&scene, &line);
    for name in NAMES {
        let text = scene.read(&format!("{name}.summary.txt"));
        assert!(text.contains("sha256 efa87f93"), "{name}: {text}");
    }
    assert!(!scene.path("PWNED").exists());
    ok(&scene, &line);
    assert_eq!(scene.ledger().of("POST /responses").len(), NAMES.len());
    scene.nothing_left();
}

#[test]
fn no_name_of_a_file_is_a_command_of_make() {
    make("Makefile");
}

#[test]
fn no_name_of_a_file_is_a_command_of_a_stage() {
    make("staged.mk");
}

#[test]
fn no_name_of_a_file_is_a_command_of_a_stage_that_goes_on() {
    let scene = Scene::faulty("POST /responses 400 x1");
    scene.ok("rm report.pdf");
    let name = "x'`touch${IFS}PWNED`";
    scene.file(&format!("{name}.pdf"), PDF);
    ok(&scene, "! make -s -f $R/staged.mk");
    assert!(scene.path(&format!("{name}.asked.jsonl.failed")).exists());
    ok(&scene, "make -s -f $R/staged.mk");
    assert_eq!(scene.ledger().of("POST /files").len(), 1);
    assert!(!scene.path("PWNED").exists());
    scene.nothing_left();
}

#[test]
fn a_file_whose_age_nobody_tells_is_left() {
    let scene = Scene::new();
    let taken = |more: &str| {
        let file = format!(r#"{{"id":"file-other","object":"file"{more}}}"#);
        let rule = format!("GET /files but patch={{\"data\":[{file}]}} x1");
        scene.mock.fault(&rule);
        let ran = ok(&scene, "$R/clean-up 7 --dry-run");
        ran.stderr.contains("would delete file_id=file-other")
    };
    assert!(!taken(""));
    assert!(!taken(r#","created_at":null"#));
    assert!(taken(r#","created_at":1700000000"#));
}

#[test]
fn clean_up_says_what_it_wants_where_no_number_stands() {
    let scene = Scene::new();
    for days in ["--dry-run", "a", "7d", "''"] {
        let ran = sh(&scene, &format!("$R/clean-up {days}")).is(2);
        ran.says(&["clean-up 7 --dry-run"]);
    }
    assert!(scene.ledger().requests.is_empty());
}

#[test]
fn a_record_comes_out_once_whatever_its_check_gives() {
    let scene = Scene::new();
    let schema = json!({
        "type": "object", "properties": {"total": {"type": "integer"}},
        "required": ["total"], "additionalProperties": false,
    });
    scene.file("schema.json", schema.to_string());
    let checks = [
        ("empty", 8),
        ("[][] > 0", 8),
        ("(true, false)", 8),
        ("(true, error)", 8),
        ("(true, .total == 0)", 0),
    ];
    for (check, status) in checks {
        let line = format!("$R/structured schema.json '{check}' report.pdf");
        let record = sh(&scene, &line).is(status).record();
        assert_eq!(record["answer"], json!({"total": 0}), "{check}");
    }
    scene.nothing_left();
}

/// What a command would find in its environment.
fn environment(scene: &Scene, line: &str) -> String {
    let set = "export OPENAI_API_KEY=sk-real OPENAI_API_KEY_FILE=real OPENAI_ORG_ID=org-real OPENAI_CUSTOM_HEADERS='a: real'";
    ok(scene, &format!("{set}; {line} env")).stdout
}

#[test]
fn the_key_of_one_server_goes_to_no_other() {
    let scene = Scene::new();
    for name in ["ollama", "lm-studio", "llama.cpp", "vllm", "https://x.org"] {
        let found = environment(&scene, &format!("$R/on-server {name}"));
        assert!(found.contains("OPENAI_API_KEY=none\n"), "{found}");
        assert!(!found.contains("real"), "{found}");
    }
    let own = [
        ("OPENROUTER_API_KEY", "openrouter"),
        ("LM_API_TOKEN", "lm-studio"),
        ("SERVER_API_KEY", "https://x.org/v1"),
    ];
    for (variable, name) in own {
        let found = environment(&scene, &format!("{variable}=own $R/on-server {name}"));
        assert!(found.contains("OPENAI_API_KEY=own\n"), "{found}");
        assert!(!found.contains("real"), "{found}");
    }
    let azure = "AZURE_RESOURCE=me AZURE_OPENAI_API_KEY=own $R/on-server azure";
    let found = environment(&scene, azure);
    assert!(found.contains("OPENAI_CUSTOM_HEADERS=api-key: own\n"));
    assert!(!found.contains("real"), "{found}");
}

#[test]
fn a_server_that_wants_a_key_says_which() {
    let scene = Scene::new();
    let wanted = [
        ("openrouter", "OPENROUTER_API_KEY"),
        ("azure", "AZURE_OPENAI_API_KEY"),
    ];
    for (name, variable) in wanted {
        let line = format!("AZURE_RESOURCE=me $R/on-server {name} env");
        let said = format!("no API key: set {variable}");
        let ran = sh(&scene, &line).is(4).says(&[&said]);
        assert_eq!(ran.stdout, "");
    }
}
