//! Uploads as they arrive on the server, and what is refused before anything is sent.

use serde_json::{Value, json};

use crate::harness::Request;
use crate::scene::{PDF, PNG, Scene, TEXT};

fn text<'a>(request: &'a Request, name: &str) -> &'a str {
    request.part(name).text.as_deref().expect(name)
}

fn names(request: &Request) -> Vec<&str> {
    let mut names: Vec<&str> = request
        .form
        .as_ref()
        .unwrap()
        .iter()
        .map(|p| p.name.as_str())
        .collect();
    names.sort_unstable();
    names
}

/// Uploads and deletes with these arguments; the one upload as it arrived.
pub(crate) fn uploaded(scene: &Scene, arguments: &str) -> Request {
    scene.ok(&format!("oa-upload {arguments} | oa-delete"));
    scene.nothing_left();
    let ledger = scene.ledger();
    let uploads = ledger.of("POST /files");
    (*uploads.last().unwrap()).clone()
}

#[test]
fn purpose_and_type_follow_the_extension() {
    let scene = Scene::new();
    scene
        .file("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0")
        .file("table.csv", "a,b\n1,2\n");
    scene
        .file("page.html", "<!doctype html><p>x</p>")
        .file("anim.gif", b"GIF89a\x01\0\x01\0");
    scene.file("pic.webp", b"RIFF\x1a\0\0\0WEBPVP8L");
    let rows = [
        ("report.pdf", "user_data", "application/pdf"),
        ("notes.txt", "user_data", "text/plain"),
        ("table.csv", "user_data", "text/csv"),
        ("page.html", "user_data", "text/html"),
        ("figure.png", "vision", "image/png"),
        ("photo.jpg", "vision", "image/jpeg"),
        ("anim.gif", "vision", "image/gif"),
        ("pic.webp", "vision", "image/webp"),
    ];
    for (name, purpose, kind) in rows {
        let request = uploaded(&scene, name);
        let all = [
            "expires_after[anchor]",
            "expires_after[seconds]",
            "file",
            "purpose",
        ];
        assert_eq!(names(&request), all);
        assert_eq!(text(&request, "purpose"), purpose, "{name}");
        assert_eq!(text(&request, "expires_after[anchor]"), "created_at");
        assert_eq!(text(&request, "expires_after[seconds]"), "259200");
        let file = request.part("file");
        assert_eq!(file.filename.as_deref(), Some(name));
        assert_eq!(file.content_type.as_deref(), Some(kind), "{name}");
    }
}

#[test]
fn bytes_arrive_as_they_are_with_an_exact_content_length() {
    let scene = Scene::new();
    let noise: Vec<u8> = (0..3_000_001_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    scene.file("big.pdf", [b"%PDF-1.4\n", &noise[..]].concat());
    scene.file(
        "crlf.txt",
        "a\r\n--boundary\r\n\r\nContent-Disposition: form-data\r\n--\r\n",
    );
    scene.file("one.txt", "x");
    for name in ["big.pdf", "crlf.txt", "one.txt", "report.pdf", "figure.png"] {
        let request = uploaded(&scene, name);
        let sums = scene
            .ok(&format!("stat -c %s {name}; sha256sum <{name}"))
            .stdout;
        let sums: Vec<&str> = sums.split_whitespace().collect();
        let file = request.part("file");
        assert_eq!(
            (file.bytes.to_string().as_str(), file.sha256.as_str()),
            (sums[0], sums[1])
        );
        assert_eq!(
            request.headers["content-length"],
            request.length.to_string()
        );
        assert!(!request.headers.contains_key("transfer-encoding"));
    }
}

#[test]
fn purpose_and_expiry_can_be_chosen() {
    let scene = Scene::new();
    let request = uploaded(&scene, "-P assistants --expires-after 2h notes.txt");
    assert_eq!(text(&request, "purpose"), "assistants");
    assert_eq!(text(&request, "expires_after[seconds]"), "7200");
    let request = uploaded(&scene, "--purpose user_data --expires-after 30d figure.png");
    assert_eq!(text(&request, "purpose"), "user_data");
    assert_eq!(text(&request, "expires_after[seconds]"), "2592000");
    let request = uploaded(&scene, "--keep notes.txt");
    assert_eq!(names(&request), ["file", "purpose"]);
    for line in ["--purpose fine-tune", "--purpose evals"] {
        scene.file("lines.jsonl", "{}\n");
        let request = uploaded(&scene, &format!("{line} lines.jsonl"));
        assert_eq!(names(&request), ["file", "purpose"], "{line}");
    }
}

#[test]
fn an_expiry_that_the_api_would_refuse_is_a_usage_error() {
    let scene = Scene::new();
    for wrong in ["59m", "31d", "0", "3 days", "abc"] {
        scene
            .sh(&format!("oa-upload --expires-after '{wrong}' notes.txt"))
            .is(2);
    }
    scene
        .sh("oa-upload --keep --expires-after 2h notes.txt")
        .is(2);
    scene.sh("oa-upload --purpose nonsense notes.txt").is(2);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn contents_that_belie_their_name_are_refused() {
    let scene = Scene::new();
    scene
        .file("x.pdf", PNG)
        .file("x.png", PDF)
        .file("x.txt", PNG)
        .file("y.pdf", TEXT);
    for name in ["x.pdf", "x.png", "x.txt"] {
        let ran = scene.sh(&format!("oa-upload {name}")).is(3).says(&[name]);
        assert_eq!(ran.kinds(), ["input"]);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn pictures_that_the_api_does_not_take_are_refused_with_the_conversion() {
    let scene = Scene::new();
    scene
        .file("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
        .file("b.bmp", b"BM\x3a\0\0\0\0\0\0\0\x36\0");
    scene
        .file("c.tiff", b"II*\0\x08\0\0\0")
        .file("d.avif", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1");
    scene.file("e.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    for name in ["a.heic", "b.bmp", "c.tiff", "d.avif", "e.svg"] {
        let ran = scene.sh(&format!("oa-upload {name}")).is(3).says(&[name]);
        let error = ran.record()["error"].clone();
        assert_eq!(error["kind"], "input", "{name}");
        let advice = error.to_string();
        let stem = name.split('.').next().unwrap();
        let way_out = [format!(" {stem}.png"), format!(" {stem}.jpg")];
        let way_out = way_out.iter().any(|made| advice.contains(made));
        assert!(way_out && advice.contains(&format!(" {name}")), "{advice}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn what_is_no_file_or_empty_or_too_large_is_refused() {
    let scene = Scene::new();
    scene.file("empty.txt", "");
    scene.ok("mkdir folder; truncate -s 536870913 huge.txt; printf x >secret.txt");
    for name in ["empty.txt", "folder", "missing.txt", "huge.txt"] {
        let ran = scene.sh(&format!("oa-upload {name}")).is(3).says(&[name]);
        assert_eq!(ran.kinds(), ["input"], "{name}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn force_turns_rules_on_type_into_warnings() {
    let scene = Scene::new();
    scene.file("a.bmp", b"BM\x3a\0\0\0\0\0\0\0\x36\0");
    let ran = scene
        .ok("oa-upload --force a.bmp | tee made")
        .says(&["a.bmp"]);
    assert_eq!(ran.record()["files"][0]["path"], "a.bmp");
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn standard_input_is_a_file_when_it_has_a_name() {
    let scene = Scene::new();
    scene.file("table.csv", "a,b\n1,2\n");
    let record = scene
        .ok("oa-upload - --filename Data.CSV <table.csv | tee made")
        .record();
    assert_eq!(record["files"][0]["path"], "-");
    let ledger = scene.ledger();
    let request = ledger.of("POST /files")[0];
    assert_eq!(request.part("file").filename.as_deref(), Some("Data.csv"));
    assert_eq!(request.part("file").bytes, 8);
    assert_eq!(
        request.headers["content-length"],
        request.length.to_string()
    );
    scene
        .sh("oa-upload - <table.csv")
        .is(2)
        .says(&["--filename"]);
    scene
        .sh("oa-upload --filename x.txt notes.txt report.pdf")
        .is(2);
    scene.ok("oa-delete <made");
    scene.nothing_left();
}

#[test]
fn a_fifo_is_a_file_too() {
    let scene = Scene::new();
    let line = "mkfifo report.fifo; cat report.pdf >report.fifo & oa-upload report.fifo --filename r.pdf | oa-delete";
    let record = scene.ok(line).record();
    assert_eq!(record["files"][0]["path"], "report.fifo");
    let ledger = scene.ledger();
    let request = ledger.of("POST /files")[0];
    assert_eq!(request.part("file").bytes, PDF.len() as u64);
    assert_eq!(
        request.headers["content-length"],
        request.length.to_string()
    );
    scene.nothing_left();
}

#[test]
fn a_half_done_record_is_completed_and_nothing_is_repeated() {
    let scene = Scene::faulty("POST /files 400 skip=1 x1");
    scene
        .sh("oa-upload -j 1 notes.txt report.pdf figure.png >half.json")
        .is(7);
    let half: Value = serde_json::from_str(&scene.read("half.json")).unwrap();
    let record = scene
        .ok("jq -c 'del(.error)' half.json | oa-upload | oa-delete")
        .record();
    assert_eq!(
        record["paths"],
        json!(["notes.txt", "report.pdf", "figure.png"])
    );
    let files = record["files"].as_array().unwrap();
    let paths: Vec<&Value> = files.iter().map(|f| &f["path"]).collect();
    assert_eq!(paths, ["notes.txt", "report.pdf", "figure.png"]);
    for file in half["files"].as_array().unwrap() {
        let kept = files.iter().any(|kept| kept["id"] == file["id"]);
        assert!(kept, "{file} was uploaded again");
    }
    let ledger = scene.ledger();
    let names: Vec<&str> = ledger
        .of("POST /files")
        .iter()
        .filter(|r| r.status == 200)
        .map(|r| r.part("file").filename.as_deref().unwrap())
        .collect();
    assert_eq!(names.iter().filter(|n| **n == "notes.txt").count(), 1);
    scene.nothing_left();
}

#[test]
fn paths_of_a_record_may_be_one_string_and_a_done_record_passes() {
    let scene = Scene::new();
    let ran = scene
        .feed(
            "{\"paths\":\"notes.txt\"}",
            "oa-upload | oa-upload | oa-delete",
        )
        .is(0);
    assert_eq!(ran.record()["paths"], "notes.txt");
    assert_eq!(scene.ledger().of("POST /files").len(), 1);
    scene.nothing_left();
}

#[test]
fn a_server_that_ignores_the_expiry_is_told_of() {
    let scene = Scene::faulty(
        "POST /files 200 body='{\"id\":\"file-old\",\"object\":\"file\",\"bytes\":1,\"created_at\":1,\"filename\":\"notes.txt\",\"purpose\":\"user_data\"}'",
    );
    let ran = scene.ok("oa-upload notes.txt").says(&["expir"]);
    assert_eq!(ran.record()["files"][0]["id"], "file-old");
    scene.nothing_left();
}

#[test]
fn what_is_no_path_is_told_what_to_type() {
    let scene = Scene::new();
    scene.ok("mkdir 'my folder'");
    for (path, said) in [
        ("missing.txt", "missing.txt: no such file or directory"),
        ("/dev/zero", "/dev/zero: is no regular file"),
        (
            "'my folder'",
            "`find 'my folder' -type f -print0 | xargs -0 oa-upload`",
        ),
        (
            "https://example.com/a.pdf",
            "oa-respond -n -p QUESTION -a https://example.com/a.pdf",
        ),
        ("file-abc", "oa-respond -n -p QUESTION -a file-abc"),
    ] {
        let ran = scene.sh(&format!("oa-upload {path}")).is(3).says(&[said]);
        assert_eq!(ran.kinds(), ["input"], "{path}");
    }
    scene.file("file-abc", "text");
    let request = uploaded(&scene, "file-abc");
    assert_eq!(
        request.part("file").filename.as_deref(),
        Some("file-abc.txt")
    );
    assert_eq!(scene.ledger().asked(), ["POST /files", "DELETE /files/*"]);
}

#[test]
fn force_turns_rules_on_size_into_warnings_too() {
    let scene = Scene::new();
    scene
        .file("empty.txt", "")
        .file("x.pdf", PNG)
        .file("x.zip", b"PK\x03\x04\x14\0");
    for (name, said) in [
        ("empty.txt", "a file must have at least 1"),
        ("x.pdf", "the contents are PNG, the name says PDF"),
        ("x.zip", "neither text nor a type that a question takes"),
    ] {
        let ran = scene.sh(&format!("oa-upload {name}")).is(3).says(&[said]);
        assert!(
            ran.stderr.ends_with("; --force sends it all the same\n"),
            "{}",
            ran.stderr
        );
        scene
            .sh(&format!("oa-upload --force {name}"))
            .says(&["warning: ", said]);
        let ledger = scene.ledger();
        let file = ledger
            .of("POST /files")
            .last()
            .unwrap()
            .part("file")
            .filename
            .clone();
        assert_eq!(file.as_deref(), Some(name));
    }
}

#[test]
fn a_document_too_large_to_attach_is_said_to_be_searchable() {
    let scene = Scene::new();
    scene.ok("printf '%%PDF-1.4' >big.pdf; truncate -s 50000001 big.pdf; cp big.pdf most.pdf; truncate -s 50000000 most.pdf");
    let ran = scene.ok("oa-upload big.pdf | oa-delete");
    ran.says(&[
        "warning: big.pdf: 50000001 bytes",
        "it can be searched but not attached",
    ]);
    let ran = scene.ok("oa-upload most.pdf | oa-delete");
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

#[test]
fn a_file_whose_name_is_a_word_of_the_message_is_named_all_the_same() {
    let scene = Scene::faulty("POST /files 400 message='such a purpose' x1");
    scene.file("a", "text");
    let ran = scene.sh("oa-upload a").is(7);
    assert!(ran.stderr.contains("oa-upload: a: "), "{}", ran.stderr);
}
