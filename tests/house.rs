//! Rules of the house that a look at the sources can check.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::root;

/// Every Rust source under a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The part of a source that ships, without its comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = shipped
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Where any of these words stands in code that ships, outside the files that may say it.
fn strays(folders: &[&str], words: &[&str], may: &[&str]) -> Vec<String> {
    let all = folders
        .iter()
        .flat_map(|folder| sources(&root().join(folder)));
    let mut strays = Vec::new();
    for path in all {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let allowed = may.iter().any(|place| name.contains(place));
        let text = code(&path);
        let said = words
            .iter()
            .filter(|word| !allowed && text.contains(**word));
        strays.extend(said.map(|word| format!("{name}: {word}")));
    }
    strays
}

/// The libraries, each above those behind it that it may use.
const LIBRARIES: [&str; 4] = ["oa-pipe", "oa-core", "oa-net", "oa-kinds"];

/// The folders of the tools' sources, the libraries apart.
fn tools() -> Vec<String> {
    let crates = fs::read_dir(root().join("crates")).unwrap();
    let names = crates.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut tools: Vec<String> = names
        .filter(|name| !LIBRARIES.contains(&name.as_str()) && name != "oa-mock")
        .collect();
    tools.sort();
    tools
}

fn product() -> Vec<String> {
    let tools = tools().into_iter();
    let all = tools.chain(LIBRARIES.map(str::to_owned));
    all.map(|name| format!("crates/{name}/src")).collect()
}

fn check(words: &[&str], may: &[&str]) {
    let folders = product();
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    assert_eq!(strays(&folders, words, may), [""; 0]);
}

#[test]
fn only_client_and_net_name_ureq() {
    check(&["ureq"], &["oa-core/src/client", "oa-net/src"]);
}

#[test]
fn only_cli_names_clap_in_the_libraries() {
    let folders = LIBRARIES.map(|name| format!("crates/{name}/src"));
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    assert_eq!(strays(&folders, &["clap"], &["oa-pipe/src/cli"]), [""; 0]);
}

#[test]
fn only_pipe_and_log_touch_the_standard_streams() {
    let words = [
        "stdin()",
        "stdout()",
        "stderr()",
        "println!",
        "print!(",
        "eprint",
        "/dev/stdin",
    ];
    check(
        &words,
        &["oa-pipe/src/pipe", "oa-pipe/src/log", "oa-pipe/src/local"],
    );
}

#[test]
fn only_machine_and_interrupt_make_threads() {
    // A thread may not be there to be had; whoever wants one has to know what to do then.
    let words = ["thread::spawn", "Builder::new().spawn", "scope.spawn("];
    check(
        &words,
        &[
            "oa-net/src/thread",
            "oa-pipe/src/machine",
            "oa-pipe/src/interrupt",
        ],
    );
}

#[test]
fn only_verdict_holds_a_number_that_leaves_the_process() {
    let digits: Vec<String> = (0..10)
        .map(|digit| format!("ExitCode::from({digit}"))
        .collect();
    let numbers = digits.iter().map(String::as_str);
    let words: Vec<&str> = ["process::exit", "ExitCode::FAILURE"]
        .into_iter()
        .chain(numbers)
        .collect();
    check(&words, &["oa-pipe/src/verdict"]);
}

#[test]
fn arrows_point_downwards_and_no_tool_depends_on_another_or_the_mock() {
    let tools = tools();
    for tool in &tools {
        let manifest =
            fs::read_to_string(root().join("crates").join(tool).join("Cargo.toml")).unwrap();
        let others = tools
            .iter()
            .map(String::as_str)
            .chain(["oa-mock"])
            .filter(|o| o != tool);
        for other in others {
            let depends = manifest.lines().any(|line| line.starts_with(other));
            assert!(!depends, "{tool} depends on {other}");
        }
        assert!(manifest.contains("oa-pipe"), "{tool} does without the pipe");
    }
    let arrows = [
        ("oa-pipe", &["oa-core"][..]),
        ("oa-core", &["oa-net"]),
        ("oa-net", &[]),
        ("oa-kinds", &[]),
    ];
    for (library, below) in arrows {
        let manifest = root().join("crates").join(library).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).unwrap();
        let own = manifest.lines().filter(|line| line.starts_with("oa-"));
        let used: Vec<&str> = own.filter_map(|line| line.split('.').next()).collect();
        assert_eq!(used, below, "{library}");
    }
}

#[test]
fn every_version_stands_once_in_the_root() {
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let path = entry.unwrap().path().join("Cargo.toml");
        let manifest = fs::read_to_string(&path).unwrap();
        let dependencies = manifest.split("dependencies]").skip(1);
        for line in dependencies.flat_map(|part| part.split("\n[").next().unwrap().lines()) {
            let own = line.contains('"') && !line.contains("features") || line.contains("version");
            assert!(!own, "{}: {line}", path.display());
        }
    }
}

#[test]
fn every_file_opens_with_a_sentence() {
    for path in sources(&root().join("crates"))
        .iter()
        .chain(&sources(&root().join("tests")))
    {
        let text = fs::read_to_string(path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let sentence = first.starts_with("//! ") && first.len() > 20;
        assert!(sentence, "{}: {first:?}", path.display());
    }
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let all = sources(&root().join("crates"))
        .into_iter()
        .chain(sources(&root().join("tests")));
    let long: Vec<String> = all
        .filter_map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let lines = shipped.lines().count();
            (lines > 400).then(|| format!("{}: {lines}", path.display()))
        })
        .collect();
    assert_eq!(long, [""; 0]);
}

/// How many lines of code each crate may have: no comments, no blank lines, no unit tests. Lower a number when the crate shrinks;
/// raise it only with a reason.
const LARGEST: [(&str, usize); 11] = [
    ("oa-core", 2_900),
    ("oa-net", 1_130),
    ("oa-kinds", 760),
    ("oa-pipe", 5_170),
    // Batches, entries of stores, ids of any shape, shared stores, and what a cancellation answers.
    // Millions of ids by number.
    ("oa-delete", 910),
    // One by one where a server has no batches; entries and lists of them by themselves.
    // Batches that are looked at as they are due.
    ("oa-index", 1_050),
    // Five lists, and servers that page in other ways.
    ("oa-list", 220),
    ("oa-poll", 250),
    // Streams of every dialect are put together again, within limits; layers and attachments are judged before they
    // are sent.
    ("oa-respond", 1_930),
    ("oa-search", 170),
    ("oa-upload", 520),
];

#[test]
fn no_crate_grows_unnoticed() {
    for (name, most) in LARGEST {
        let folder = root().join("crates").join(name).join("src");
        let lines: usize = sources(&folder)
            .iter()
            .map(|path| {
                let code = code(path);
                code.lines().filter(|line| !line.trim().is_empty()).count()
            })
            .sum();
        assert!(lines <= most, "{name}: {lines} lines, {most} allowed");
    }
}

#[test]
fn commands_in_hints_are_made_by_one_function() {
    let tools = tools();
    let words: Vec<String> = tools.iter().map(|tool| format!("{tool} {{")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // There an option of ours follows.
    check(&words, &["oa-pipe/src/cli/advice"]);
}

#[test]
fn modules_are_nouns() {
    for path in sources(&root().join("crates")) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["utils", "util", "common", "helpers", "types", "misc"].contains(&name),
            "{}",
            path.display()
        );
    }
}
