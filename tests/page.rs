//! Man pages: whole, in step with the help, and taken by every formatter.

use std::collections::BTreeSet;
use std::fs;

use crate::harness::{programs, root};
use crate::house::tools;
use crate::scene::Scene;

/// The sections of a page, in their order.
const SECTIONS: [&str; 10] = [
    "NAME",
    "SYNOPSIS",
    "DESCRIPTION",
    "EXAMPLES",
    "OPTIONS",
    "RECORD",
    "ENVIRONMENT",
    "FILES",
    "EXIT STATUS",
    "SEE ALSO",
];

/// A folder with all pages.
fn pages() -> Scene {
    let scene = Scene::new();
    scene.ok(&format!("'{}' .", programs().join("oa-pages").display()));
    scene
}

/// The page of a tool as a person reads it, on a line as long as it may be.
fn read(scene: &Scene, tool: &str) -> Option<String> {
    if scene.sh("command -v man").status != 0 {
        // scripts/test says that it is skipped.
        return None;
    }
    let ran = scene.ok(&format!(
        "MANWIDTH=100 man --warnings -l share/man/man1/{tool}.1"
    ));
    assert_eq!(ran.stderr, "", "{tool}");
    Some(ran.stdout)
}

#[test]
fn a_page_has_every_section_and_every_option() {
    let scene = pages();
    for tool in tools() {
        let Some(page) = read(&scene, &tool) else {
            return;
        };
        let found = page.lines().filter(|line| SECTIONS.contains(line));
        assert_eq!(found.collect::<Vec<_>>(), SECTIONS, "{tool}");
        let help = scene.ok(&format!("{tool} --help")).stdout;
        let options = |text: &str| -> BTreeSet<String> {
            let lines = text.lines().map(str::trim_start);
            let lines = lines.filter(|line| line.starts_with('-'));
            let words = lines.flat_map(|line| line.split([' ', '.']).take(2));
            words
                .filter(|word| word.starts_with("--"))
                .map(str::to_owned)
                .collect()
        };
        let missing = &options(&help) - &options(&page);
        assert!(missing.is_empty(), "{tool}: {missing:?}");
        for word in [
            "OPENAI_API_KEY",
            "SSL_CERT_FILE",
            "FILE.failed",
            "129, 130, 143",
        ] {
            assert!(page.contains(word), "{tool}: {word}");
        }
        for other in tools().iter().filter(|other| **other != tool) {
            assert!(page.contains(&format!("{other}(1)")), "{tool}: {other}");
        }
        let source = scene.read(&format!("share/man/man1/{tool}.1"));
        let lines: Vec<&str> = source.lines().collect();
        let empty = lines
            .windows(3)
            .find(|lines| lines[0] == ".TP" && lines[2].starts_with('.'));
        assert_eq!(empty, None, "{tool}");
    }
}

#[test]
fn no_formatter_warns_of_a_page() {
    let scene = pages();
    for line in [
        "groff -ww -man -Tutf8 -z share/man/man1/*.1",
        "groff -ww -man -Tascii -z share/man/man1/*.1",
        "mandoc -Tlint -W warning share/man/man1/*.1",
        "for page in share/man/man1/*.1; do lexgrog \"$page\" >/dev/null || echo \"$page\"; done",
    ] {
        let program = if line.starts_with("for") {
            "lexgrog"
        } else {
            &line[..line.find(' ').unwrap()]
        };
        if scene.sh(&format!("command -v {program}")).status != 0 {
            continue;
        }
        let ran = scene.ok(line);
        assert_eq!(ran.stdout + &ran.stderr, "", "{line}");
    }
}

/// The words in quotation marks of a source, up to where this stands.
fn quoted(source: &str) -> BTreeSet<String> {
    let words = source.split('"').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

#[test]
fn pages_know_every_key_of_a_record_and_every_variable() {
    let read = |path: &str| fs::read_to_string(root().join("crates").join(path)).unwrap();
    let table = read("oa-pages/src/table.rs");
    let keys = |text: &str| -> BTreeSet<String> {
        let rows = text.split_once("const KEYS").unwrap().1;
        let rows = rows.split_once("\n];").unwrap().0.split("\n    (").skip(1);
        rows.map(|row| row.split('"').nth(1).unwrap().to_owned())
            .collect()
    };
    assert_eq!(keys(&table), keys(&read("oa-pipe/src/record.rs")));
    let told = quoted(&table).into_iter().collect::<Vec<_>>().join(" ");
    for file in ["connection", "headers", "run", "address"] {
        let words = quoted(&read(&format!("oa-pipe/src/{file}.rs")));
        let ours = ["OPENAI_", "OA_", "SSL_"];
        let variables = words
            .iter()
            .filter(|word| ours.iter().any(|begin| word.starts_with(begin)));
        for variable in variables.filter(|word| !word.contains(' ')) {
            assert!(told.contains(variable.as_str()), "{variable}");
        }
    }
}
