//! Lists: a table where people read them, JSON everywhere else.

use serde_json::{Value, json};

use super::session::start;
use crate::scene::Scene;

#[test]
fn a_list_is_a_table_on_a_terminal_and_json_everywhere_else() {
    let scene = Scene::new();
    scene.ok("oa-upload -P assistants notes.txt report.pdf | oa-index --name Reports >made");
    let seen = start(&scene, "xterm", 100, "oa-list files").finish();
    let words = |row: &String| {
        row.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        words(&seen.rows[0]),
        ["ID", "NAME", "SIZE", "AGE", "EXPIRES"]
    );
    assert_eq!(seen.rows.len(), 3, "{:#?}", seen.rows);
    for row in &seen.rows[1..] {
        let words = words(row);
        assert!(words[0].starts_with("file-"), "{row}");
        assert!(
            ["notes.txt", "report.pdf"].contains(&words[1].as_str()),
            "{row}"
        );
        let ends = seen.rows[0].len();
        assert_eq!(row.len(), ends, "{row}");
    }
    let seen = start(&scene, "xterm", 100, "oa-list stores").finish();
    let row = words(&seen.rows[1]);
    assert!(row[0].starts_with("vs_") && row[1] == "Reports", "{row:?}");
    for line in [
        "oa-list files | cat",
        "oa-list files -o listed; cat listed",
        "oa-list files -o -",
    ] {
        let seen = start(&scene, "xterm", 4000, line).finish();
        assert_eq!(seen.rows.len(), 2, "{line}: {:#?}", seen.rows);
        let json = |row: &String| serde_json::from_str::<Value>(row).is_ok();
        assert!(seen.rows.iter().all(json), "{line}: {:#?}", seen.rows);
    }
}

#[test]
fn a_name_in_a_table_does_nothing_to_the_terminal_and_is_cut() {
    let id = "file-abcdefghijklmnopqrstuvwxyz";
    let name = format!("\u{1b}[31m{}.txt", "long".repeat(30));
    let file = json!({"id": id, "object": "file", "filename": name, "bytes": 7});
    let list = json!({"object": "list", "data": [file], "has_more": false});
    let scene = Scene::faulty(&format!("GET /files 200 body='{list}'"));
    let seen = start(&scene, "xterm", 70, "oa-list files").finish();
    assert_eq!(seen.rows.len(), 2, "{:#?}", seen.rows);
    assert!(seen.rows[1].starts_with(id), "{:#?}", seen.rows);
    assert!(seen.rows[1].contains('…'), "{:#?}", seen.rows);
    // An id is whole, however narrow the terminal.
    let seen = start(&scene, "xterm", 20, "oa-list files").finish();
    assert!(seen.rows.concat().contains(id), "{:#?}", seen.rows);
}

#[test]
fn an_empty_list_shows_no_titles() {
    let seen = start(&Scene::new(), "xterm", 80, "oa-list files").finish();
    assert_eq!(seen.rows, [""; 0]);
    assert_eq!(seen.status, Some(0));
}
