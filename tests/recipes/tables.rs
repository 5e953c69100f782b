//! Tables and lines: many records in, one of each out.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{ok, sh, start};
use crate::scene::{PDF, PNG, Scene};

/// The rows of a CSV, as a reader of others sees them.
fn rows(scene: &Scene, name: &str) -> Vec<Vec<String>> {
    let text = scene.read(name);
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut inside, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if inside && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => inside = !inside,
            ',' if !inside => row.push(std::mem::take(&mut cell)),
            '\n' if !inside => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    rows
}

const QUESTIONS: &str = "id,\"the question\",note\r\n1,\"What is \"\"this\"\", and\nwhy?\",x\r\n2,,\"\"\r\n3,Who?,\"a,b\"\r\n";

#[test]
fn questions_of_a_csv_are_answered_in_a_csv() {
    let scene = Scene::new();
    scene.file("in.csv", QUESTIONS.replace("2,,", "2,How?,"));
    ok(&scene, "$R/csv-to-csv in.csv out.csv 'the question'");
    let said = |text: &str| format!("gpt-5.2 was asked {}", Value::from(text));
    let first = "What is \"this\", and\nwhy?";
    let wanted = [
        ["id", "the question", "note", "answer", "error"].map(str::to_owned),
        ["1", first, "x", &said(first), ""].map(str::to_owned),
        ["2", "How?", "", &said("How?"), ""].map(str::to_owned),
        ["3", "Who?", "a,b", &said("Who?"), ""].map(str::to_owned),
    ];
    assert_eq!(rows(&scene, "out.csv"), wanted);
    sh(&scene, "$R/csv-to-csv in.csv out.csv")
        .is(5)
        .says(&["no column question"]);
    assert_eq!(rows(&scene, "out.csv"), wanted);
}

#[test]
fn a_row_that_failed_has_its_reason_and_only_it_is_asked_again() {
    let scene = Scene::faulty("POST /responses 400 message='not today' x1");
    scene.file("in.csv", "question\nA?\nB?\n");
    sh(&scene, "$R/csv-to-csv in.csv out.csv").is(7);
    let table = rows(&scene, "out.csv");
    let failed = table.iter().filter(|row| row[2].contains("not today"));
    assert_eq!((failed.count(), table.len()), (1, 3), "{table:?}");
    ok(&scene, "$R/csv-to-csv in.csv out.csv");
    let table = rows(&scene, "out.csv");
    assert!(table[1..].iter().all(|row| row[2].is_empty()), "{table:?}");
    assert_eq!(scene.ledger().of("POST /responses").len(), 3);
}

#[test]
fn ctrl_c_loses_no_row_and_no_answer_and_asks_nothing_twice() {
    let scene = Scene::with(&["--delay", "50ms"]);
    scene.ok("(echo question; seq 60) >in.csv");
    let running = start(&scene, "exec $R/csv-to-csv in.csv out.csv");
    scene
        .mock
        .until("some are asked", |ledger| ledger.responses.len() > 10);
    running.at_once(&[Signal::INT]).finish().is(130);
    let status = sh(&scene, "$R/csv-to-csv in.csv out.csv").status;
    assert!([0, 10, 130].contains(&status), "{status}");
    let table = rows(&scene, "out.csv");
    assert_eq!(table.len(), 61);
    let whole = |row: &Vec<String>| row[1].is_empty() != row[2].is_empty();
    assert!(table[1..].iter().all(whole), "{table:?}");
    // What was cut off on its way was bought by nobody.
    let ledger = scene.ledger();
    let asked = ledger.requests.iter().filter_map(|r| r.body.as_ref());
    let mut asked: Vec<&str> = asked.map(|body| body.get()).collect();
    let all = asked.len();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), all, "one was asked twice");
}

#[test]
fn a_row_that_has_its_answer_is_not_asked_again() {
    let scene = Scene::new();
    let asked = || scene.ledger().of("POST /responses").len();
    scene.file("in.csv", "question\nA?\nB?\n");
    let line = "$R/csv-to-csv in.csv out.csv";
    ok(&scene, line);
    let whole = scene.read("out.csv");
    ok(&scene, line);
    ok(&scene, &format!("rm out.csv; {line}"));
    assert_eq!((scene.read("out.csv"), asked()), (whole, 2));
    scene.file("in.csv", "question\nB?\nC?\n");
    ok(&scene, line);
    let table = rows(&scene, "out.csv");
    assert!(table[1][1].contains("\"B?\"") && table[2][1].contains("\"C?\""));
    assert_eq!(asked(), 3);
}

#[test]
fn a_row_that_an_earlier_run_could_not_save_is_in_the_table() {
    let scene = Scene::faulty("POST /responses 400 x1");
    scene.ok("(echo question; seq 5) >in.csv");
    sh(&scene, "$R/csv-to-csv in.csv out.csv").is(7);
    scene.ok("head -c -20 out.csv.jsonl.failed | tail -n 3 >cut; mv cut out.csv.jsonl.failed");
    ok(&scene, "$R/csv-to-csv in.csv out.csv");
    let table = rows(&scene, "out.csv");
    assert_eq!(table.len(), 6);
    assert!(table[1..].iter().all(|row| row[1].contains("was asked")));
}

#[test]
fn a_csv_of_a_spreadsheet_is_read_and_one_that_is_none_says_what_it_has() {
    let scene = Scene::new();
    scene.file("bom.csv", "\u{feff}question\r\nA?\r\n");
    ok(&scene, "$R/csv-to-csv bom.csv out.csv");
    assert_eq!(rows(&scene, "out.csv")[0], ["question", "answer", "error"]);
    let cases = [
        ("id,note\n1,2\n", "the columns are: \"id\", \"note\"\n"),
        (
            "id;question\n1;A?\n",
            "\"id;question\" (commas have to stand between them)",
        ),
        ("", "no column question"),
    ];
    for (text, said) in cases {
        scene.file("in.csv", text);
        sh(&scene, "$R/csv-to-csv in.csv no.csv")
            .is(5)
            .says(&[said]);
        assert_eq!(
            scene.ok("ls no.csv* 2>&1 | grep -c asks || true").stdout,
            "0\n"
        );
    }
    assert_eq!(scene.ledger().of("POST /responses").len(), 1);
}

#[test]
fn a_folder_of_pictures_becomes_a_table_of_captions() {
    let scene = Scene::new();
    let names = [
        "holiday/a b.png",
        "holiday/x/\"q\"\nz.PNG",
        "holiday/-n.png",
    ];
    scene.ok("mkdir -p holiday/x");
    for name in names {
        scene.file(name, PNG);
    }
    scene.file("holiday/notes.txt", "no picture\n");
    ok(&scene, "$R/captions holiday >captions.csv");
    let table = rows(&scene, "captions.csv");
    let mut found: Vec<&str> = table.iter().map(|row| row[0].as_str()).collect();
    found.sort_unstable();
    let mut wanted = names;
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    assert!(
        table
            .iter()
            .all(|row| row[1].contains("input_image ") && row[2].is_empty())
    );
    scene.nothing_left();
}

#[test]
fn many_files_get_an_answer_each_and_a_bad_one_its_reason() {
    let scene = Scene::new();
    scene.file("-x 'y\".pdf", PDF);
    let ran = sh(
        &scene,
        "$R/many-files 'Who?' report.pdf gone.pdf $'-x \\'y\".pdf'",
    )
    .is(3);
    let records = ran.records();
    let paths: Vec<&Value> = records.iter().map(|record| &record["path"]).collect();
    assert_eq!(paths, ["report.pdf", "gone.pdf", "-x 'y\".pdf"]);
    assert!(
        records[0]["answer"]
            .as_str()
            .unwrap()
            .contains("input_file report.pdf")
    );
    assert!(records[1]["answer"].is_null() && records[1]["error"].is_string());
    assert!(records[2]["answer"].as_str().unwrap().contains("sha256"));
    scene.nothing_left();
}

#[test]
fn the_first_of_many_questions_goes_ahead_and_the_others_find_the_file_in_the_cache() {
    let scene = Scene::new();
    scene.file("long.txt", "x".repeat(60_000));
    scene.file("questions", "One?\n\nTwo?\nThree?\n");
    let ran = ok(&scene, "$R/many-questions long.txt <questions");
    let asked: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("# "))
        .collect();
    assert_eq!(asked, ["# One?", "# Two?", "# Three?"]);
    let ledger = scene.ledger();
    assert_eq!(ledger.of("POST /files").len(), 1);
    let cached = |r: &Value| {
        r["usage"]["input_tokens_details"]["cached_tokens"]
            .as_u64()
            .unwrap()
    };
    let cached: Vec<u64> = ledger.responses.iter().map(cached).collect();
    assert!(
        cached[0] == 0 && cached[1] > 3000 && cached[2] > 3000,
        "{cached:?}"
    );
    scene.nothing_left();
}

#[test]
fn a_conversation_goes_on_from_its_last_answer_and_takes_everything_with_it() {
    let scene = Scene::new();
    scene.mock.fault("POST /responses 400 skip=1 x1");
    scene.file("lines", "Who signed?\nWhen?\nWhere?\n");
    let ran = sh(&scene, "$R/follow-up report.pdf figure.png <lines").is(7);
    let asked = ran.stdout.lines().filter(|line| line.contains("was asked"));
    assert_eq!(asked.count(), 2, "{}", ran.stdout);
    let ledger = scene.ledger();
    let questions = ledger.of("POST /responses");
    assert_eq!(questions.len(), 3);
    let first = questions[0].json();
    assert_eq!(first["input"][0]["content"].as_array().unwrap().len(), 3);
    let last = questions[2].json();
    assert!(last["previous_response_id"].is_string());
    assert_eq!(ledger.responses, [json!(null); 0]);
    scene.nothing_left();
}
