//! A name of a file is a name: it adds no header and no field, wherever it goes.

use std::os::unix::ffi::OsStrExt;

use crate::scene::Scene;

const NAMES: [&str; 8] = [
    "a\"; name=\"purpose.txt",
    "a\r\nX-Evil: 1\r\n\r\nbody.txt",
    "a\r\n--oa-0\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nassistants.txt",
    "a\n\nb.txt",
    "a;b=c;filename*=UTF-8''evil.txt",
    "a\\\".txt",
    "a%22%0d%0a.txt",
    "a\u{85}\u{2028}\u{202e}txt.txt",
];

#[test]
fn a_name_adds_no_part_and_no_header() {
    let scene = Scene::new();
    for name in NAMES {
        scene.file(name, "text\n").file(".name", name);
        for line in [
            "oa-upload -- \"$(cat .name)\" | oa-delete",
            "oa-upload --filename \"$(cat .name)\" notes.txt | oa-delete",
            "jq -Rsc '{paths: .}' .name | oa-upload | oa-delete",
        ] {
            scene.ok(line);
            let ledger = scene.ledger();
            let request = *ledger.of("POST /files").last().unwrap();
            let parts: Vec<&str> = request
                .form
                .as_ref()
                .unwrap()
                .iter()
                .map(|p| p.name.as_str())
                .collect();
            let expected = [
                "purpose",
                "expires_after[anchor]",
                "expires_after[seconds]",
                "file",
            ];
            assert_eq!(parts, expected, "{name:?}");
            assert_eq!(request.part("purpose").text.as_deref(), Some("user_data"));
            assert!(!request.headers.contains_key("x-evil"), "{name:?}");
            assert_eq!(
                request.part("file").content_type.as_deref(),
                Some("text/plain")
            );
        }
    }
    scene.nothing_left();
}

#[test]
fn a_name_that_is_no_text_is_told_of() {
    let scene = Scene::new();
    let name = std::ffi::OsStr::from_bytes(b"bad\xff.txt");
    std::fs::write(scene.path(".").join(name), "text").unwrap();
    for line in [
        "oa-upload bad*",
        "oa-upload notes.txt bad*",
        "oa-respond -n -p why -a bad*",
        "oa-upload notes.txt --filename bad*",
        "oa-respond -n -p $'\\xff'",
        "oa-delete $'file-\\xff'",
        "oa-poll $'resp_\\xff'",
    ] {
        let ran = scene.sh(line);
        assert!(
            [2, 3].contains(&ran.status),
            "{line}: {} {}",
            ran.status,
            ran.stderr
        );
        assert!(!ran.stderr.is_empty());
    }
    assert_eq!(scene.ledger().asked(), [""; 0]);
}
