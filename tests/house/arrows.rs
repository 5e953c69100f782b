//! Who may know whom: crates downwards only, files of a crate never each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{PAGES, code, crates, folder, sources, tools};
use crate::harness::root;

/// The crates of ours that a manifest names.
fn named(name: &str) -> Vec<String> {
    let manifest = root().join("crates").join(name).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    let own = manifest.lines().filter(|line| line.starts_with("oa-"));
    own.filter_map(|line| line.split('.').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn arrows_between_crates_point_downwards() {
    let libraries: [(&str, &[&str]); 4] = [
        ("oa-pipe", &["oa-core"]),
        ("oa-core", &["oa-net"]),
        ("oa-net", &[]),
        ("oa-kinds", &[]),
    ];
    for (library, below) in libraries {
        assert_eq!(named(library), below, "{library}");
    }
    assert_eq!(named("oa-mock"), [""; 0]);
    // The exception: what makes the man pages and completions asks every tool what it is told on a command line.
    assert_eq!(named(PAGES), [tools(), vec!["oa-pipe".to_owned()]].concat());
    for tool in tools() {
        let used = named(&tool);
        let kinds = ["oa-upload", "oa-respond", "oa-index"].contains(&tool.as_str());
        let known = |name: &String| {
            ["oa-core", "oa-pipe"].contains(&name.as_str()) || kinds && name == "oa-kinds"
        };
        assert!(used.iter().all(known), "{tool}: {used:?}");
        assert!(used.contains(&"oa-pipe".to_owned()), "{tool}: {used:?}");
    }
}

/// A file of a crate as its path of modules; nothing for the root.
fn module(folder: &Path, path: &Path) -> Vec<String> {
    let inside = path.strip_prefix(folder).unwrap().with_extension("");
    let parts = inside.iter().map(|part| part.to_str().unwrap().to_owned());
    let mut parts: Vec<String> = parts.collect();
    if ["lib", "main"].contains(&parts.last().unwrap().as_str()) {
        parts.pop();
    }
    parts
}

/// The paths that a text names from `crate` or `super` on, those in braces one by one.
fn paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':') {
                expand(&text[at..], "", &mut found);
            }
        }
    }
    found
}

/// Takes one path, or all that stands in its braces; returns how much of the text that was.
fn expand(text: &str, before: &str, found: &mut Vec<String>) -> usize {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    let end = end.unwrap_or(text.len());
    let whole = format!("{before}{}", &text[..end]);
    if !text[end..].starts_with('{') || !whole.ends_with("::") {
        found.push(whole);
        return end;
    }
    let mut at = end + 1;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches([' ', '\n', ',']).len();
        if text[at..].is_empty() || text[at..].starts_with('}') {
            return at + 1;
        }
        at += expand(&text[at..], &whole, found).max(1);
    }
}

/// The files that each file of a crate imports.
fn imports(folder: &Path) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let files = sources(folder);
    let modules: BTreeMap<Vec<String>, String> = files
        .iter()
        .map(|path| (module(folder, path), code(path)))
        .collect();
    let target = |from: &[String], path: &str| {
        let mut parts = path.split("::").filter(|part| !part.is_empty());
        let mut base = match parts.next() {
            Some("super") => from[..from.len().saturating_sub(1)].to_vec(),
            _ => Vec::new(),
        };
        for part in parts {
            base.push(part.to_owned());
            if !modules.contains_key(&base) {
                base.pop();
                break;
            }
        }
        base
    };
    let mut all = BTreeMap::new();
    for (from, text) in &modules {
        let named = paths(text).into_iter().map(|path| target(from, &path));
        let named: BTreeSet<Vec<String>> = named.filter(|to| to != from).collect();
        // The root names the modules that it has.
        let children = text.lines().filter_map(|line| {
            let used = line.trim_start().trim_start_matches("pub ");
            let name = used.strip_prefix("use ")?.split("::").next()?;
            let child = [from.as_slice(), &[name.to_owned()]].concat();
            modules.contains_key(&child).then_some(child)
        });
        all.insert(from.clone(), named.into_iter().chain(children).collect());
    }
    all
}

/// A way from a file back to itself.
fn circle(
    imports: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>,
    start: &[String],
) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_vec()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in imports.get(way.last()?).into_iter().flatten() {
            if next == start {
                return Some(way.iter().map(|file| file.join("::")).collect());
            }
            if seen.insert(next.clone()) {
                ways.push([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

#[test]
fn no_two_files_of_a_crate_import_each_other() {
    let mut circles = Vec::new();
    for name in crates() {
        let imports = imports(&folder(&name));
        let found = imports.keys().find_map(|file| circle(&imports, file));
        circles.extend(found.map(|way| format!("{name}: {way:?}")));
    }
    assert_eq!(circles, [""; 0]);
}

#[test]
fn a_circle_of_files_is_seen() {
    let found = paths("use crate::{a::{B, c}, d::E}; super::f::g(); mycrate::no");
    assert_eq!(
        found,
        ["crate::a::B", "crate::a::c", "crate::d::E", "super::f::g"]
    );
    let file = |name: &str| vec![name.to_owned()];
    let to = |names: &[&str]| names.iter().map(|name| file(name)).collect();
    let imports = BTreeMap::from([
        (file("a"), to(&["b"])),
        (file("b"), to(&["c"])),
        (file("c"), to(&["a"])),
        (file("d"), to(&["a"])),
    ]);
    assert!(circle(&imports, &file("b")).is_some());
    assert!(circle(&imports, &file("d")).is_none());
}
