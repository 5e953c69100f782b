//! What may be said where.

use std::fs;

use super::{LIBRARIES, code, folder, sources, tools};
use crate::harness::root;

/// Where any of these words stands in code that ships, outside the files that may say it.
fn strays(crates: &[String], words: &[&str], may: &[&str]) -> Vec<String> {
    let mut strays = Vec::new();
    for path in crates.iter().flat_map(|name| sources(&folder(name))) {
        let name = path.strip_prefix(root().join("crates")).unwrap();
        let name = name.display().to_string().replace("/src/", "/");
        if may.iter().any(|place| name.starts_with(place)) {
            continue;
        }
        let text = code(&path);
        let said = words.iter().filter(|word| text.contains(**word));
        strays.extend(said.map(|word| format!("{name}: {word}")));
    }
    strays
}

fn libraries() -> Vec<String> {
    LIBRARIES.map(str::to_owned).into()
}

fn product() -> Vec<String> {
    [tools(), libraries()].concat()
}

#[test]
fn only_core_and_net_name_ureq() {
    let none: [String; 0] = [];
    assert_eq!(
        strays(&product(), &["ureq"], &["oa-core/", "oa-net/"]),
        none
    );
}

#[test]
fn only_what_reads_a_command_line_names_clap_in_the_libraries() {
    let may = [
        "arguments",
        "command",
        "connection",
        "glance",
        "options",
        "parse",
        "search",
    ];
    let may = may.map(|name| format!("oa-pipe/{name}.rs"));
    let may: Vec<&str> = may.iter().map(String::as_str).collect();
    let none: [String; 0] = [];
    assert_eq!(strays(&libraries(), &["clap"], &may), none);
}

#[test]
fn only_a_few_files_of_the_pipe_touch_the_standard_streams() {
    let words = [
        "stdin()",
        "stdout()",
        "stderr()",
        "println!",
        "print!(",
        "eprint",
        "/dev/stdin",
    ];
    let may = ["local", "log", "stdin", "target", "write"];
    let may = may.map(|name| format!("oa-pipe/{name}.rs"));
    let may: Vec<&str> = may.iter().map(String::as_str).collect();
    let none: [String; 0] = [];
    assert_eq!(strays(&product(), &words, &may), none);
}

#[test]
fn threads_are_made_where_their_lack_is_known() {
    // A thread may not be there to be had; whoever wants one has to know what to do then.
    let words = ["thread::spawn", "Builder::new().spawn", "scope.spawn("];
    let may = [
        "oa-net/thread.rs",
        "oa-pipe/machine.rs",
        "oa-pipe/signal.rs",
    ];
    let none: [String; 0] = [];
    assert_eq!(strays(&product(), &words, &may), none);
}

#[test]
fn only_verdict_holds_a_number_that_leaves_the_process() {
    let digits = (0..10).map(|digit| format!("ExitCode::from({digit}"));
    let others = ["process::exit", "ExitCode::FAILURE"].map(str::to_owned);
    let words: Vec<String> = digits.chain(others).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let none: [String; 0] = [];
    assert_eq!(strays(&product(), &words, &["oa-pipe/verdict.rs"]), none);
}

#[test]
fn commands_in_hints_are_made_by_one_function() {
    let words: Vec<String> = tools().iter().map(|tool| format!("{tool} {{")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let none: [String; 0] = [];
    // There an option of ours follows.
    assert_eq!(strays(&product(), &words, &["oa-pipe/advice.rs"]), none);
}

#[test]
fn core_and_net_know_no_record_no_terminal_and_no_signal_handler() {
    let below = ["oa-core", "oa-net", "oa-kinds"].map(str::to_owned);
    let words = ["clap", "isatty", "signal_hook", "Record", "is_terminal"];
    let none: [String; 0] = [];
    assert_eq!(strays(&below, &words, &[]), none);
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
    let all = sources(&root().join("crates"));
    for path in all.iter().chain(&sources(&root().join("tests"))) {
        let text = fs::read_to_string(path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let sentence = first.starts_with("//! ") && first.len() > 20;
        assert!(sentence, "{}: {first:?}", path.display());
    }
}

#[test]
fn modules_are_nouns() {
    for path in sources(&root().join("crates")) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let vague = ["utils", "util", "common", "helpers", "types", "misc"];
        assert!(!vague.contains(&name), "{}", path.display());
    }
}
