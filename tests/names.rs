//! The stored name decides what the API accepts later, so it is made with care.

use crate::scene::{PNG, Scene};
use crate::upload::uploaded;

/// Local name and name in the form, its `%22`, `%0D` and `%0A` read back as browsers mean them.
const ROWS: [(&str, &str); 17] = [
    ("plain.txt", "plain.txt"),
    ("Report.TXT", "Report.txt"),
    ("two.parts.MD", "two.parts.md"),
    ("Makefile", "Makefile.txt"),
    ("main.zig", "main.zig.txt"),
    (".bashrc", ".bashrc.txt"),
    ("blank in name.txt", "blank in name.txt"),
    ("résumé – 日本 🎉.txt", "résumé – 日本 🎉.txt"),
    ("say \"hi\".txt", "say \"hi\".txt"),
    ("two\nlines.txt", "two\nlines.txt"),
    ("re\rturn.txt", "re\rturn.txt"),
    ("tab\there.txt", "tab_here.txt"),
    ("back\\slash.txt", "back_slash.txt"),
    ("esc\u{1b}[31m.txt", "esc_[31m.txt"),
    ("x\"; filename=\"y.txt", "x\"; filename=\"y.txt"),
    ("-dash.txt", "-dash.txt"),
    ("'quote' $HOME `id`.txt", "'quote' $HOME `id`.txt"),
];

#[test]
fn stored_names_follow_the_rules_and_break_out_of_no_header() {
    let scene = Scene::new();
    for (local, stored) in ROWS {
        scene.file(local, "text\n").file(".name", local);
        let ran = scene.ok("oa-upload -- \"$(cat .name)\" | oa-delete");
        assert_eq!(ran.record()["files"][0]["path"], local);
        let ledger = scene.ledger();
        let request = *ledger.of("POST /files").last().unwrap();
        let file = request.part("file");
        assert_eq!(file.filename.as_deref(), Some(stored), "{local:?}");
        assert_eq!(file.bytes, 5, "{local:?}");
        assert_eq!(request.form.as_ref().unwrap().len(), 4, "{local:?}");
    }
    scene.nothing_left();
}

#[test]
fn an_added_extension_is_said() {
    let scene = Scene::new();
    scene.file("Makefile", "all:\n").file("data.jsonl", "{}\n");
    scene
        .ok("oa-upload Makefile | oa-delete")
        .says(&["Makefile.txt"]);
    scene.ok("oa-upload -P batch data.jsonl | oa-delete");
    let ledger = scene.ledger();
    let names: Vec<&str> = ledger
        .of("POST /files")
        .iter()
        .map(|r| r.part("file").filename.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["Makefile.txt", "data.jsonl"]);
    scene.nothing_left();
}

#[test]
fn only_the_base_name_is_sent_and_the_path_stays_as_typed() {
    let scene = Scene::new();
    scene.ok("mkdir -p a b; echo one >a/x.txt; echo two >b/x.txt");
    let line = "oa-upload -j 1 a/x.txt ./b/../b/x.txt \"$PWD/notes.txt\" | oa-delete";
    let record = scene.ok(line).record();
    assert_eq!(record["files"][0]["path"], "a/x.txt");
    assert_eq!(record["files"][1]["path"], "./b/../b/x.txt");
    let ledger = scene.ledger();
    let names: Vec<&str> = ledger
        .of("POST /files")
        .iter()
        .map(|r| r.part("file").filename.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["x.txt", "x.txt", "notes.txt"]);
    scene.nothing_left();
}

#[test]
fn a_name_that_is_no_utf8_is_uploaded_or_refused_but_never_lost() {
    let scene = Scene::new();
    let ran =
        scene.sh("printf x >$'caf\\xe9.txt'; oa-upload $'caf\\xe9.txt' notes.txt | oa-delete");
    assert!([0, 2, 3].contains(&ran.status), "{}", ran.stderr);
    assert!(!ran.stderr.contains("panic"), "{}", ran.stderr);
    scene.nothing_left();
}

#[test]
fn the_name_of_one_file_can_be_chosen() {
    let scene = Scene::new();
    let record = scene
        .ok("oa-upload --filename 'Q3 report.PDF' report.pdf | oa-delete")
        .record();
    assert_eq!(record["files"][0]["filename"], "Q3 report.pdf");
    assert_eq!(record["files"][0]["path"], "report.pdf");
    scene.nothing_left();
}

#[test]
fn text_of_an_unknown_type_becomes_txt_and_other_data_is_refused() {
    let scene = Scene::new();
    scene
        .file("data.xyz", "text")
        .file("data.bin", b"\0\x01\x02\xff\xfe\0binary");
    scene.file("noext", b"\x7fELF\x02\x01\x01\0\0");
    for name in ["data.bin", "noext"] {
        scene.sh(&format!("oa-upload {name}")).is(3).says(&[name]);
    }
    let record = scene.ok("oa-upload data.xyz | oa-delete").record();
    assert_eq!(record["files"][0]["filename"], "data.xyz.txt");
    scene.nothing_left();
}

#[test]
fn contents_are_refused_only_where_they_are_positively_of_another_family() {
    let scene = Scene::new();
    scene
        .file("a.pdf", "plain words")
        .file("b.txt", "%PDF is how a PDF begins")
        .file("c.jpg", PNG)
        .file("d.xml", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
        .file("e.docx", b"PK\x03\x04\x14\0")
        .file("f.txt", b"\xff\xfeh\0i\0")
        .file("g.csv", b"caf\xe9,1\n");
    for name in [
        "a.pdf", "b.txt", "c.jpg", "d.xml", "e.docx", "f.txt", "g.csv",
    ] {
        let request = uploaded(&scene, name);
        let file = request.part("file");
        assert_eq!(file.filename.as_deref(), Some(name));
        assert_ne!(
            file.content_type.as_deref(),
            Some("application/octet-stream")
        );
    }
}

#[test]
fn txt_is_appended_for_questions_and_searches_only() {
    let scene = Scene::new();
    scene
        .file("main.zig", "text\n")
        .file("table.csv", "a,b\n")
        .file("main.go", "package x\n");
    let named = |arguments: &str| {
        uploaded(&scene, arguments)
            .part("file")
            .filename
            .clone()
            .unwrap()
    };
    assert_eq!(named("main.zig"), "main.zig.txt");
    assert_eq!(named("-P assistants main.zig"), "main.zig.txt");
    assert_eq!(named("-P assistants main.go"), "main.go");
    for purpose in ["batch", "evals", "fine-tune"] {
        let ran = scene.sh(&format!("oa-upload -P {purpose} main.zig")).is(3);
        ran.says(&["this purpose is for JSON lines"]);
        if purpose != "batch" {
            assert_eq!(named(&format!("-P {purpose} --force main.zig")), "main.zig");
        }
    }
    // What a search does not take keeps its name, and is refused with the way out.
    let ran = scene.sh("oa-upload -P assistants table.csv").is(3);
    ran.says(&["file search does not take this type", "--filename NAME.txt"]);
    assert_eq!(
        named("-P assistants table.csv --filename table.csv.txt"),
        "table.csv.txt"
    );
}
