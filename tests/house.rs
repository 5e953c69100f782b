//! Rules of the house that a look at the sources can check.

mod arrows;
mod sentences;
mod sizes;

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::root;

/// The libraries, each above those behind it that it may use.
const LIBRARIES: [&str; 4] = ["oa-pipe", "oa-core", "oa-net", "oa-kinds"];

/// What describes the tools, and is no part of any: it alone may name them.
const PAGES: &str = "oa-pages";

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
    let shipped = text.split("\n#[cfg(test)]\n").next().unwrap();
    let lines = shipped
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The folder of a crate's sources.
fn folder(name: &str) -> PathBuf {
    root().join("crates").join(name).join("src")
}

/// Every crate, the mock included.
fn crates() -> Vec<String> {
    let crates = fs::read_dir(root().join("crates")).unwrap();
    let names = crates.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The tools.
pub(crate) fn tools() -> Vec<String> {
    let mut names = crates();
    let others = ["oa-mock", PAGES];
    names.retain(|name| !LIBRARIES.contains(&name.as_str()) && !others.contains(&name.as_str()));
    names
}
