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
