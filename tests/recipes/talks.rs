//! Talks that go wrong: half an answer, none at all, a signal while a file is on its way.

use rustix::process::Signal;

use super::{ok, sh, start};
use crate::harness::Ledger;
use crate::scene::{Scene, signal_one};

/// What comes over Chat Completions, what is said of it, and what is shown.
const TURNS: [(&str, &str, &str); 6] = [
    (r#"but patch={"choices":[]}"#, "no answer came", ""),
    (r#"but patch={"choices":"x"}"#, "no answer came", ""),
    ("200 body=''", "no answer came", ""),
    (
        r#"but patch={"choices":[{"message":{"content":null},"finish_reason":"stop"}]}"#,
        "no answer came",
        "",
    ),
    (
        r#"but patch={"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]}"#,
        "the model refuses: No.",
        "",
    ),
    (
        r#"but patch={"choices":[{"message":{"content":"Half","refusal":null},"finish_reason":"length"}]}"#,
        "the answer is not whole: length",
        "Half\n",
    ),
];

#[test]
fn a_chat_completion_that_is_no_whole_answer_is_said_and_tells_by_its_status() {
    let scene = Scene::new();
    for (comes, said, shown) in TURNS {
        for name in ["chat-by-id", "chat-inline"] {
            let rule = format!("POST /chat/completions {comes} x1");
            scene.mock.fault(&rule);
            let ran = sh(&scene, &format!("$R/{name} report.pdf Why"));
            assert_ne!(ran.status, 0, "{comes}");
            assert_eq!(ran.stdout, shown, "{comes}");
            ran.says(&[said]);
        }
    }
    scene.nothing_left();
}

fn is_uploading(ledger: &Ledger) -> bool {
    !ledger.of("POST /files").is_empty()
}

#[test]
fn a_signal_while_the_file_goes_up_leaves_nothing() {
    let lines = [
        "$R/chat-by-id report.pdf Why",
        "$R/many-questions report.pdf <lines",
        "$R/follow-up report.pdf <lines",
    ];
    for line in lines {
        for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
            let scene = Scene::with(&["--fault", "POST /files delay ms=500"]);
            scene.file("lines", "Why?\n").ok("mkdir tmp");
            let line = format!("export TMPDIR=$PWD/tmp; echo $$ >pid; exec {line}");
            let running = start(&scene, &line);
            scene.mock.until("the file goes up", is_uploading);
            // To the script alone, as `kill` sends it.
            signal_one(&scene, "pid", signal);
            running.finish().is(status);
            scene.nothing_left();
            assert!(scene.ledger().of("POST /responses").is_empty());
            assert_eq!(scene.ok("ls tmp").stdout, "");
        }
    }
}

#[test]
fn what_fails_leaves_no_file_on_this_machine() {
    let scene = Scene::faulty("POST /files 400");
    scene.file("lines", "Why?\n").ok("mkdir tmp");
    for line in [
        "chat-by-id report.pdf Why",
        "many-questions report.pdf <lines",
        "follow-up report.pdf <lines",
    ] {
        sh(&scene, &format!("export TMPDIR=$PWD/tmp; $R/{line}")).is(7);
        assert_eq!(scene.ok("ls tmp").stdout, "", "{line}");
    }
}

#[test]
fn the_first_of_many_questions_keeps_none_of_the_others_back() {
    let scene = Scene::faulty("POST /responses 400 message='not today' x1");
    scene.file("lines", "\u{feff}One?\r\nTwo?\r\n\r\nThree?");
    let ran = sh(&scene, "$R/many-questions report.pdf <lines").is(7);
    let asked: Vec<&str> = ran.stdout.lines().filter(|l| l.starts_with('#')).collect();
    assert_eq!(asked, ["# One?", "# Two?", "# Three?"]);
    assert!(ran.stdout.starts_with("# One?\n\nnot today\n\n# Two?\n\n"));
    let text = &scene.ledger().of("POST /responses")[2].json()["input"][0]["content"];
    assert!(text.to_string().contains("\"Two?\"") || text.to_string().contains("\"Three?\""));
    scene.nothing_left();
}

#[test]
fn a_question_of_many_that_has_no_text_says_so_and_half_an_answer_both() {
    let scene = Scene::faulty("POST /responses but patch={\"output\":[]} x1");
    scene.mock.fault("POST /responses end status=incomplete x1");
    scene.file("lines", "One?\nTwo?\n");
    let ran = sh(&scene, "$R/many-questions report.pdf <lines").is(9);
    assert!(
        ran.stdout
            .starts_with("# One?\n\n(no text)\n\n# Two?\n\ngpt-5.2 was")
    );
    assert!(ran.stdout.contains(" is incomplete: "), "{}", ran.stdout);
    scene.nothing_left();
}

#[test]
fn a_conversation_asks_its_last_line_and_shows_what_was_paid_for() {
    let scene = Scene::faulty("POST /responses end status=incomplete skip=1 x1");
    scene.file("lines", "One?\nTwo?\nThree?");
    let ran = sh(&scene, "$R/follow-up report.pdf <lines").is(9);
    assert_eq!(
        ran.stdout.matches("gpt-5.2 was").count(),
        3,
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("was asked \"Three?\""));
    let ledger = scene.ledger();
    assert_eq!(ledger.of("POST /responses").len(), 3);
    assert!(ledger.responses.is_empty(), "{:?}", ledger.responses);
    scene.nothing_left();
}

#[test]
fn a_conversation_in_which_nothing_was_answered_does_not_end_well() {
    let scene = Scene::faulty("POST /responses 401");
    scene.file("lines", "One?\nTwo?\n");
    let ran = sh(&scene, "$R/follow-up report.pdf <lines").is(4);
    assert_eq!(ran.stdout, "");
    scene.mock.no_faults();
    ok(&scene, "$R/follow-up report.pdf <lines");
    scene.nothing_left();
}
