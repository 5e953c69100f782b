//! The progress line: one, by one process at a time, gone before anything else is written.

use super::session::{Session, start};
use crate::scene::Scene;

/// Ctrl-C and Ctrl-Z.
const INTERRUPT: &str = "\u{3}";
const STOP: &str = "\u{1a}";

fn is_last(rows: &[String], begin: &str) -> bool {
    rows.last().is_some_and(|row| row.starts_with(begin))
}

/// Waits until this is drawn below all else.
fn until_drawn(session: &mut Session, begin: &str) {
    session.until(begin, |rows| is_last(rows, begin));
}

#[test]
fn each_tool_says_how_far_it_is_and_wipes_it() {
    let cases = [
        (
            "POST /files stall when=before",
            "oa-upload notes.txt report.pdf >made",
            "oa-upload: done 0/2 files ",
        ),
        (
            "POST /files stall when=before",
            "oa-upload --each -j 1 notes.txt report.pdf figure.png >made",
            "oa-upload: done 0/3 files ",
        ),
        (
            "POST /responses stall when=before",
            "oa-respond -n -p why >made",
            "oa-respond: done 0/1 answers ",
        ),
        (
            "POST /responses stall when=before",
            "(echo '{}'; cat) | oa-respond -p why >made",
            "oa-respond: done 0/1+ answers ",
        ),
        (
            "GET /responses/* stall when=before",
            "oa-respond -q -n -b -p why | oa-poll >made",
            "oa-poll: done 0/1 responses ",
        ),
        (
            "GET /vector_stores/*/file_batches/* stall when=before",
            "oa-upload -q -P assistants notes.txt report.pdf | oa-index >made",
            "oa-index: done 0/2 files ",
        ),
    ];
    for (fault, line, drawn) in cases {
        let scene = Scene::faulty(fault);
        let mut session = start(&scene, "xterm", 80, line);
        until_drawn(&mut session, drawn);
        scene.mock.no_faults();
        if line.contains("cat") {
            session.until_row("[response]");
            session.press("\u{4}");
        }
        let seen = session.finish().tidy(80);
        assert_eq!(seen.status, Some(0), "{line}");
        let said = seen.rows.concat();
        assert!(said.starts_with('[') && !said.contains(": done "), "{said}");
        assert_eq!(seen.cursor, (seen.rows.len(), 0), "{line}");
    }
}

#[test]
fn four_tools_share_a_terminal() {
    let scene = Scene::with(&["--fault", "POST /files stall when=before"]);
    let line =
        "oa-upload notes.txt | oa-respond -b -p why | oa-poll --interval 20ms | oa-delete -t";
    let mut session = start(&scene, "xterm", 200, line);
    until_drawn(&mut session, "oa-upload: done 0/1 files ");
    scene.mock.no_faults();
    let seen = session.finish().tidy(200);
    assert_eq!(seen.status, Some(0));
    let rows: Vec<String> = seen.steady();
    let begins: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.split(' ').next())
        .collect();
    let order = [
        "[upload]",
        "[submitted]",
        "[response]",
        "gpt-5.2",
        "input_file",
        "[delete]",
    ];
    assert_eq!(begins, order, "{rows:#?}");
    assert_eq!(rows[0], "[upload] file_id=* bytes=29 path=notes.txt");
    assert_eq!(rows[1], "[submitted] response_id=* status=queued");
    assert_eq!(rows[5], "[delete] file_id=*");
}

#[test]
fn what_one_tool_writes_takes_the_place_of_what_another_one_has_drawn() {
    let scene = Scene::faulty("POST /files stall when=before");
    let line = "oa-upload notes.txt report.pdf >made & until [ -e go ]; do sleep 0.02; done; oa-respond -q -n -p a -t; wait";
    let mut session = start(&scene, "xterm", 80, line);
    until_drawn(&mut session, "oa-upload: done 0/2 files ");
    scene.file("go", "");
    session.until_row("gpt-5.2 was asked");
    until_drawn(&mut session, "oa-upload: done 0/2 files ");
    scene.mock.no_faults();
    let seen = session.finish().tidy(80);
    assert_eq!(seen.rows[0], "gpt-5.2 was asked \"a\"", "{:#?}", seen.rows);
}

#[test]
fn ctrl_c_leaves_whole_lines_and_nothing_drawn() {
    let scene = Scene::with(&["--looks", "0"]);
    let line = "oa-upload --each *.txt *.pdf *.png | oa-respond -b -p why | oa-poll --interval 20ms | oa-delete -t";
    let mut session = start(&scene, "xterm", 200, line);
    until_drawn(&mut session, "oa-poll: done 0/3 responses ");
    session.press(INTERRUPT);
    let seen = session.finish().tidy(200);
    let known = |row: &String| row.starts_with('[') || row.starts_with("oa-poll: notes.txt: ");
    let rest: Vec<&String> = seen.rows.iter().filter(|row| !known(row)).collect();
    let waits = |row: &&String| row.starts_with("oa-poll: ") && row.contains("interrupted");
    assert!(rest.iter().all(waits), "{rest:#?}");
    assert_eq!(seen.cursor.1, 0);
    scene.nothing_left();
}

#[test]
fn a_second_ctrl_c_leaves_nothing_drawn_either() {
    // The first one waits for the id of what is on its way.
    let scene = Scene::faulty("POST /files stall when=before");
    let mut session = start(&scene, "xterm", 200, "exec oa-upload notes.txt >made");
    until_drawn(&mut session, "oa-upload: done 0/1 files ");
    while !session.is_over() {
        session.press(INTERRUPT);
    }
    session.finish().tidy(200);
}

#[test]
fn a_narrow_terminal_gets_as_much_as_fits() {
    let scene = Scene::faulty("POST /files stall when=before");
    let mut session = start(&scene, "xterm", 20, "oa-upload notes.txt >made");
    until_drawn(&mut session, "oa-upload: done 0/…");
    assert_eq!(session.screen().rows(), ["oa-upload: done 0/…"]);
    scene.mock.no_faults();
    let seen = session.finish();
    let text = seen.rows.concat();
    assert!(
        text.starts_with("[upload]file_id=") || text.starts_with("[upload] file_id="),
        "{text}"
    );
    assert!(text.ends_with("bytes=29 path=notes.txt"), "{text}");
}

#[test]
fn a_dumb_terminal_is_sent_text_only() {
    for kind in ["dumb", ""] {
        let scene = Scene::with(&["--delay", "300ms"]);
        let line = "oa-upload notes.txt | oa-respond --stream -p why | oa-delete -t";
        let seen = start(&scene, kind, 80, line).finish();
        assert!(
            !seen.drew() && !seen.bytes.contains(&0x1b),
            "{:#?}",
            seen.rows
        );
        assert_eq!(seen.status, Some(0));
    }
}

#[test]
fn quiet_and_verbose_draw_nothing() {
    for option in ["-q", "-v", "-vv"] {
        let scene = Scene::with(&["--delay", "600ms"]);
        let seen = start(
            &scene,
            "xterm",
            80,
            &format!("oa-upload {option} notes.txt >made"),
        );
        assert!(!seen.finish().drew(), "{option}");
    }
}

#[test]
fn many_at_once_draw_one_line() {
    let scene = Scene::with(&["--fault", "POST /files stall when=before"]);
    let make = "all: a b c d e f\na b c d e f:\n\t@oa-upload notes.txt >$@.json\n";
    scene.file("Makefile", make);
    let mut session = start(&scene, "xterm", 80, "make -j4");
    until_drawn(&mut session, "oa-upload: done 0/1 files ");
    scene
        .mock
        .until("all four at work", |ledger| ledger.connections >= 4);
    scene.mock.no_faults();
    let seen = session.finish().tidy(80);
    assert_eq!(seen.status, Some(0));
    assert_eq!(seen.rows.len(), 6, "{:#?}", seen.rows);
    let whole = |row: &String| row == "[upload] file_id=* bytes=29 path=notes.txt";
    assert!(seen.steady().iter().all(whole), "{:#?}", seen.rows);
}

#[test]
fn nothing_is_drawn_from_the_background_or_left_by_a_stop() {
    let scene = Scene::with(&["--looks", "0"]);
    scene.ok("oa-respond -n -b -p why >made");
    let poll = "oa-poll --interval 100ms <made >/dev/null";
    let line = format!("set -m; {poll} & read x; fg; echo stopped; read x; fg");
    let mut session = start(&scene, "xterm", 80, &line);
    let looks = |count: usize| {
        let looked = |ledger: &crate::harness::Ledger| ledger.of("GET /responses/*").len() > count;
        scene.mock.until("looks", looked);
    };
    looks(9);
    assert_eq!(session.screen().rows(), [""; 0]);
    session.press("\n");
    until_drawn(&mut session, "oa-poll: done 0/1 responses ");
    session.press(STOP);
    session.until_row("stopped");
    let rows = session.screen().rows();
    assert!(!rows.iter().any(|row| row.contains("done")), "{rows:#?}");
    session.press("\n");
    until_drawn(&mut session, "oa-poll: done 0/1 responses ");
    session.press(INTERRUPT);
    session.finish().tidy(80);
}
