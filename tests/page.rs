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
        for word in ["OPENAI_API_KEY", "SSL_CERT_FILE", "129, 130, 143"] {
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
fn a_page_says_of_its_tool_only_what_is_true_of_it() {
    let scene = pages();
    for tool in tools() {
        let Some(page) = read(&scene, &tool) else {
            return;
        };
        let long = scene.ok(&format!("{tool} --help")).stdout;
        let purpose = long.lines().next().unwrap();
        assert_eq!(page.matches(purpose).count(), 1, "{tool}: {purpose}");
        let (options, _) = long.split_once("\nExamples:\n").unwrap();
        let has = |word: &str| options.contains(&format!("{word}\n"));
        let (_, exits) = page.split_once("\nEXIT STATUS\n").unwrap();
        let status = |word: &str| exits.contains(&format!("\n       {word} "));
        assert_eq!(status("11"), has("--fail-fast"), "{tool}");
        assert_eq!(
            exits.contains("--deadline ran out"),
            has("--deadline <TIME>"),
            "{tool}"
        );
        let records = tool != "oa-list";
        for words in [
            "FILE.failed",
            "tool of the pipe count",
            "found wrong before",
            "every record",
        ] {
            assert_eq!(page.contains(words), records, "{tool}: {words}");
        }
        let keeps = ["oa-upload", "oa-respond", "oa-batch"].contains(&tool.as_str());
        assert_eq!(page.contains("TMPDIR"), keeps, "{tool}");
        let arguments = long.contains("\nArguments:\n") && records;
        assert_eq!(page.contains("made of the arguments"), arguments, "{tool}");
        let order = [
            "OPTIONS",
            "   Input",
            "   Search",
            "   Jobs",
            "   Output",
            "   Connection",
        ];
        let places = order
            .iter()
            .filter_map(|name| page.find(&format!("\n{name}\n")));
        assert!(places.is_sorted(), "{tool}");
    }
    let respond = read(&scene, "oa-respond").unwrap();
    let (_, keys) = respond.split_once("Keys that are read\n").unwrap();
    assert!(keys.starts_with("       paths "), "{keys}");
}

#[test]
fn a_page_breaks_no_word_and_fits_a_terminal() {
    let scene = pages();
    if scene.sh("command -v man").status != 0 {
        return;
    }
    for tool in tools() {
        for width in [60, 80] {
            let line = format!("MANWIDTH={width} man --warnings -l share/man/man1/{tool}.1");
            let page = scene.ok(&line).stdout;
            let broken = page.lines().find(|line| line.ends_with(['-', '\u{2010}']));
            assert_eq!(broken, None, "{tool}");
            let long = page.lines().find(|line| line.chars().count() > 80);
            assert_eq!(long, None, "{tool}");
        }
    }
}

/// What bash offers for the last word of a line.
fn offered(scene: &Scene, line: &str) -> Vec<String> {
    let tool = line.split(' ').next().unwrap();
    let function = tool.replace('-', "__");
    let script = format!(
        ". share/bash-completion/completions/{tool}\ncompopt() {{ :; }}\nCOMP_WORDS=({line})\n\
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
        _{function} {tool} \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    );
    let ran = scene.file("ask", script).ok("bash ask");
    let words = ran.stdout.lines().filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

#[test]
fn a_shell_is_offered_what_can_stand_there() {
    let scene = pages();
    let efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
    let lists = ["files", "stores", "store-files", "batches", "models"];
    for (line, wanted) in [
        ("oa-list ''", &lists[..]),
        ("oa-list -q ''", &lists),
        ("oa-list st", &["stores", "store-files"]),
        ("oa-respond --reasoning-effort ''", &efforts),
        (
            "oa-respond --reasoning-effort m",
            &["minimal", "medium", "max"],
        ),
        // A name that no shell knows is no file; what is a file, bash finds by itself.
        ("oa-respond -m ''", &[]),
        ("oa-upload ''", &[]),
        ("oa-respond --schema fig", &["figure.png"]),
    ] {
        assert_eq!(offered(&scene, line), wanted, "{line}");
    }
    let help = scene.ok("oa-respond --help").stdout;
    assert!(
        help.contains(&format!("know: {}.", efforts.join(", "))),
        "{help}"
    );
    for tool in tools() {
        let help = scene.ok(&format!("{tool} --help")).stdout;
        let options = offered(&scene, &format!("{tool} -"));
        let shown = |word: &String| {
            let mut rows = help.lines().map(str::trim_start);
            rows.any(|row| row.split([' ', ',', '.']).take(3).any(|part| part == word))
        };
        let hidden = options.iter().find(|word| !shown(word));
        assert_eq!(hidden, None, "{tool}");
        assert!(options.len() > 20, "{tool}");
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
