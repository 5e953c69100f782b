//! Files that travel inside the question: base64 that is made while it is sent.

use serde_json::{Value, json};

use crate::scene::{PDF, PNG, Scene};

/// The first part of the last question.
fn part(scene: &Scene) -> Value {
    let ledger = scene.ledger();
    let body = ledger.of("POST /responses").last().unwrap().json();
    body["input"][0]["content"]
        .as_array()
        .unwrap()
        .first()
        .unwrap()
        .clone()
}

/// The bytes of a data URL as a digest, and its head.
fn digest(scene: &Scene, url: &str) -> (String, String) {
    let (head, data) = url.split_once(',').unwrap();
    scene.file("sent.b64", data);
    let sum = scene.ok("base64 -d <sent.b64 | sha256sum").stdout;
    (head.to_owned(), sum)
}

#[test]
fn inline_bytes_arrive_whole_at_every_remainder() {
    let scene = Scene::new();
    let noise: Vec<u8> = (0..1_000_001_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    for size in [1, 2, 3, 4, 5, 6, 7, 1000, 1_000_000, 1_000_001] {
        let text: Vec<u8> = noise[..size].iter().map(|b| b'a' + b % 26).collect();
        scene.file("x.txt", &text);
        scene.ok("oa-respond -n -p why -a x.txt >/dev/null");
        let part = part(&scene);
        assert_eq!(
            (&part["type"], &part["filename"]),
            (&json!("input_file"), &json!("x.txt"))
        );
        let (head, sum) = digest(&scene, part["file_data"].as_str().unwrap());
        assert_eq!(head, "data:text/plain;base64");
        assert_eq!(sum, scene.ok("sha256sum <x.txt").stdout, "{size} bytes");
    }
    let big = [PDF, &noise].concat();
    scene
        .file("big.pdf", &big)
        .ok("oa-respond -n -p why -a big.pdf >/dev/null");
    let (head, sum) = digest(&scene, part(&scene)["file_data"].as_str().unwrap());
    assert_eq!(head, "data:application/pdf;base64");
    assert_eq!(sum, scene.ok("sha256sum <big.pdf").stdout);
    let jpeg = [b"\xff\xd8\xff\xe0\0\x10JFIF\0", &noise[..]].concat();
    scene
        .file("big.jpg", &jpeg)
        .ok("oa-respond -n -p why -a big.jpg >/dev/null");
    let (head, sum) = digest(&scene, part(&scene)["image_url"].as_str().unwrap());
    assert_eq!(head, "data:image/jpeg;base64");
    assert_eq!(sum, scene.ok("sha256sum <big.jpg").stdout);
}

#[test]
fn the_length_of_an_inline_question_is_exact() {
    let scene = Scene::new();
    scene.ok("oa-respond -n -p why -a report.pdf -a figure.png");
    let ledger = scene.ledger();
    let request = ledger.of("POST /responses")[0];
    assert_eq!(
        request.headers["content-length"],
        request.length.to_string()
    );
    assert!(!request.headers.contains_key("transfer-encoding"));
    assert!(request.headers["content-type"].starts_with("application/json"));
}

#[test]
fn inline_parts_are_whole() {
    let scene = Scene::new();
    scene.file("Notes.TXT", "hello").file("main.zig", "x");
    let base64 = |name: &str| scene.ok(&format!("base64 -w0 <{name}")).stdout;
    let (pdf, png) = (base64("report.pdf"), base64("figure.png"));
    let rows = [
        (
            "report.pdf",
            json!({"type": "input_file", "filename": "report.pdf", "file_data": format!("data:application/pdf;base64,{pdf}")}),
        ),
        (
            "./figure.png",
            json!({"type": "input_image", "image_url": format!("data:image/png;base64,{png}"), "detail": "auto"}),
        ),
        (
            "Notes.TXT",
            json!({"type": "input_file", "filename": "Notes.txt", "file_data": "data:text/plain;base64,aGVsbG8="}),
        ),
        (
            "main.zig",
            json!({"type": "input_file", "filename": "main.zig.txt", "file_data": "data:text/plain;base64,eA=="}),
        ),
    ];
    for (name, whole) in rows {
        scene.ok(&format!("oa-respond -n -p why -a {name}"));
        assert_eq!(part(&scene), whole);
    }
}

#[test]
fn standard_input_can_be_attached() {
    let scene = Scene::new();
    scene.ok("printf hello | oa-respond -p why -a -");
    let text = json!({"type": "input_file", "filename": "stdin.txt", "file_data": "data:text/plain;base64,aGVsbG8="});
    assert_eq!(part(&scene), text);
    scene.ok("oa-respond -p why -a - <report.pdf");
    assert_eq!(part(&scene)["filename"], "stdin.pdf");
    let head = "data:application/pdf;base64,";
    assert!(
        part(&scene)["file_data"]
            .as_str()
            .unwrap()
            .starts_with(head)
    );
    scene.ok("oa-respond -p why -a - <figure.png");
    let head = "data:image/png;base64,";
    assert!(
        part(&scene)["image_url"]
            .as_str()
            .unwrap()
            .starts_with(head)
    );
}

#[test]
fn attachments_come_after_the_records_own_files_in_order() {
    let scene = Scene::new();
    let line = "oa-upload report.pdf | oa-respond -p why -a notes.txt -a https://example.com/x.pdf -a figure.png | oa-delete";
    scene.ok(line);
    let content = scene.question()["input"][0]["content"].clone();
    let kinds: Vec<&str> = content
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            let keys = ["text", "file_id", "file_data", "file_url", "image_url"];
            *keys.iter().find(|key| part.get(**key).is_some()).unwrap()
        })
        .collect();
    assert_eq!(
        kinds,
        ["file_id", "file_data", "file_url", "image_url", "text"]
    );
    scene.nothing_left();
}

#[test]
fn an_attached_id_is_looked_up_once() {
    let scene = Scene::new();
    let id = scene
        .ok("oa-upload figure.png | jq -r '.files[0].id'")
        .stdout;
    let id = id.trim();
    let ran = scene
        .feed("{} {} {}", &format!("oa-respond -p why -a {id}"))
        .is(0);
    assert_eq!(ran.records().len(), 3);
    assert_eq!(
        part(&scene),
        json!({"type": "input_image", "file_id": id, "detail": "auto"})
    );
    assert_eq!(scene.ledger().of("GET /files/*").len(), 1);
    scene.ok(&format!("oa-delete {id}"));
    scene.nothing_left();
}

#[test]
fn what_the_api_would_refuse_is_refused_before_it_is_sent() {
    let scene = Scene::new();
    scene
        .file("x.pdf", PNG)
        .file("empty.txt", "")
        .file("p.bmp", b"BM\x3a\0\0\0\0\0\0\0\x36\0");
    scene.ok("for n in a b big; do printf '%%PDF-1.4\\n' >$n.pdf; done; truncate -s 30000000 a.pdf b.pdf; truncate -s 50000001 big.pdf");
    for attach in [
        "-a missing.pdf",
        "-a x.pdf",
        "-a p.bmp",
        "-a big.pdf",
        "-a a.pdf -a b.pdf",
    ] {
        let ran = scene.sh(&format!("oa-respond -n -p why {attach}")).is(3);
        assert_eq!(ran.kinds(), ["input"], "{attach}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn files_of_a_record_count_towards_the_limit_of_a_question() {
    let scene = Scene::new();
    let file = |id: &str, name: &str, bytes: u64| json!({"id": id, "filename": name, "bytes": bytes, "path": name});
    let rows = [
        (json!([file("file-1", "a.pdf", 50_000_001)]), 3),
        (
            json!([
                file("file-1", "a.pdf", 30_000_000),
                file("file-2", "b.pdf", 20_000_001)
            ]),
            3,
        ),
        (
            json!([
                file("file-1", "a.pdf", 30_000_000),
                file("file-2", "b.png", 30_000_000)
            ]),
            0,
        ),
        (json!([file("file-1", "a.pdf", 49_999_999)]), 0),
    ];
    for (files, status) in rows {
        let record = json!({"files": files});
        scene
            .feed(&record.to_string(), "oa-respond -p why --dry-run")
            .is(status);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn a_file_that_has_expired_is_refused() {
    let scene = Scene::new();
    let record =
        json!({"files": [{"id": "file-1", "filename": "a.pdf", "expires_at": 1_000_000_000}]});
    let ran = scene.feed(&record.to_string(), "oa-respond -p why").is(3);
    assert_eq!(ran.kinds(), ["input"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn the_table_of_kinds_holds_inline_too() {
    let scene = Scene::new();
    scene
        .file("x.zip", b"PK\x03\x04\x14\0")
        .file("x.mp3", b"ID3\x04\0")
        .file("x.mp4", b"\0\0\0\x18ftypisom\0\0\0\0mp42isom")
        .file("x.docm", b"PK\x03\x04\x14\0")
        .file("x.bin", b"\0\x01\x02")
        .file("my x.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
        .file("x.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
        .file("x.txt", "");
    for (name, way_out) in [
        ("x.zip", "unpack it"),
        ("x.mp3", "as text"),
        ("x.mp4", "as text"),
        ("x.docm", "convert it to PDF or text"),
        ("x.bin", "convert it to PDF or text"),
        ("my x.heic", "heif-convert 'my x.heic' 'my x.jpg'"),
        ("x.svg", "rsvg-convert -o x.png x.svg"),
        ("x.txt", "leave it out"),
    ] {
        let line = format!("oa-respond -n -p why -a '{name}'");
        let ran = scene.sh(&line).is(3).says(&[way_out, "--force"]);
        let error = ran.record()["error"].clone();
        assert_eq!(error["kind"], "input", "{name}");
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{name}: ")),
            "{error}"
        );
        let ran = scene.ok(&format!("{line} --force --dry-run"));
        ran.says(&[&format!("oa-respond: warning: {name}: ")]);
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}

#[test]
fn what_is_no_file_is_named_and_not_attached() {
    let scene = Scene::new();
    scene.ok("mkdir folder");
    for (name, said) in [
        ("missing.pdf", "missing.pdf: no such file or directory"),
        ("folder", "folder: is a directory"),
        ("/dev/zero", "/dev/zero: is no regular file"),
        ("ftp://example.com/x.pdf", "http:// and https:// only"),
        ("file:///etc/hostname", "http:// and https:// only"),
        ("<(yes)", "50000001 bytes; all documents"),
    ] {
        let ran = scene.sh(&format!("oa-respond -n -p why -a {name}")).is(3);
        assert_eq!(ran.says(&[said]).kinds(), ["input"], "{name}");
    }
    scene
        .sh("yes | oa-respond -p why -a -")
        .is(3)
        .says(&["50000001 bytes"]);
    for (id, said) in [
        (
            "vs_1",
            "oa-respond --search-store vs_1; a local file of such a name is ./vs_1",
        ),
        ("resp_1", "oa-poll resp_1 | oa-respond -c"),
        ("batch_1", "a batch cannot be attached"),
    ] {
        let ran = scene.sh(&format!("oa-respond -n -p why -a {id}")).is(2);
        assert_eq!(ran.says(&[said]).kinds(), ["usage"], "{id}");
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
    scene.file("vs_1", "text");
    scene.ok("oa-respond -n -p why -a ./vs_1");
    assert_eq!(part(&scene)["filename"], "vs_1.txt");
}

#[test]
fn a_stream_is_named_by_what_it_brings_or_by_its_user() {
    let scene = Scene::new();
    let zip = |name: &str| [b"PK\x03\x04\x14\0".as_slice(), &[0; 24], name.as_bytes()].concat();
    scene
        .file("letter", zip("word/document.xml"))
        .file("sheet", zip("xl/workbook.xml"))
        .file("latin1", b"caf\xe9");
    for (line, name) in [
        ("oa-respond -p why -a - <letter", "stdin.docx"),
        ("oa-respond -p why -a - <sheet", "stdin.xlsx"),
        ("oa-respond -p why -a - <latin1", "stdin.txt"),
        (
            "oa-respond -p why -a - --filename Data.CSV <notes.txt",
            "Data.csv",
        ),
        (
            "oa-respond -p why -a - --filename main.zig <notes.txt",
            "main.zig.txt",
        ),
        (
            "oa-respond -n -p why -a <(cat notes.txt) --filename n.md",
            "n.md",
        ),
        (
            "oa-respond -n -p why -a report.pdf --filename other.pdf",
            "other.pdf",
        ),
        (
            "oa-respond -p why -a - -a report.pdf --filename s.pdf <report.pdf",
            "s.pdf",
        ),
    ] {
        scene.ok(line);
        assert_eq!(part(&scene)["filename"], name, "{line}");
    }
    scene.ok("oa-respond -n -p why -a <(cat report.pdf)");
    let name = part(&scene)["filename"].clone();
    assert_eq!(name.as_str().unwrap().rsplit('.').next(), Some("pdf"));
    scene.ok("mkfifo p; cat figure.png >p & oa-respond -n -p why -a p");
    assert_eq!(part(&scene)["type"], "input_image");
    let asked = scene.ledger().asked().len();
    for line in [
        "oa-respond -n -p why -a notes.txt -a report.pdf --filename x.txt",
        "oa-respond -n -p why -a file-1 --filename x.txt",
        "oa-respond -n -p why --filename x.txt",
    ] {
        scene.sh(line).is(2).says(&["--filename names one file"]);
    }
    let ran = scene
        .sh("oa-respond -p why -a - --filename x.pdf <figure.png")
        .is(3);
    ran.says(&["the contents are PNG, the name says PDF"]);
    let binary = "printf '\\0\\1\\2' | oa-respond -p why -a -";
    scene.sh(binary).is(3).says(&["neither text nor a type"]);
    assert_eq!(scene.ledger().asked().len(), asked);
}

#[test]
fn a_file_that_has_expired_is_told_how_to_be_uploaded_again() {
    let scene = Scene::new();
    let record = json!({"files": [{"id": "file-1", "path": "my a.pdf", "expires_at": 1}]});
    let ran = scene.feed(&record.to_string(), "oa-respond -p why").is(3);
    ran.says(&["file-1 has expired; upload it again: oa-upload 'my a.pdf'"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
}
