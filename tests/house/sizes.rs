//! How large things may be.

use std::fs;
use std::path::Path;

use super::{code, crates, folder, sources};
use crate::harness::root;

/// Lines of code of a text: no blank ones.
fn count(code: &str) -> usize {
    code.lines().filter(|line| !line.trim().is_empty()).count()
}

/// How many lines of code each crate may have: no comments, no blank lines, no unit tests. Lower a number when the
/// crate shrinks; raise it only with a reason, in the open. A tool is a library and a program of a line, so that what
/// it is told can be asked for.
const LARGEST: [(&str, usize); 14] = [
    // Replies of any server are read for what they are, secrets found in whatever shape; a rate limit is measured and
    // kept by all requests of a process; what is larger than memory goes to disk: each is a promise.
    ("oa-core", 3_537),
    // An answer is seen while a body is sent, addresses race, proxies are read as curl reads them, and what
    // goes wrong is said in words for people: each is a promise.
    ("oa-net", 909),
    // Records of any shape and size, in what memory there is; files that nobody sees before they are whole, and that no
    // later run overwrites where it has less; what the
    // answers of a run come to; a terminal that programs of a pipe share; what a record says of its Batch; help that
    // fits a screen, and words that people understand.
    ("oa-pipe", 6_095),
    ("oa-kinds", 767),
    ("oa-upload", 562),
    // Streams of every dialect are put together again; what a request mentions is looked for here alone; questions are
    // counted, files outlive a window, models that are not known are looked for.
    ("oa-respond", 2_239),
    ("oa-poll", 270),
    // A queue that holds so many tokens, parts that were bought before, creations in doubt, lines that went wrong in
    // every way that was met; a killed run goes on where it was.
    ("oa-batch", 2_044),
    // Batches that run and what they answered, entries of stores, what records share, ids by the million.
    ("oa-delete", 1_160),
    // A row for each object, where people read it.
    ("oa-list", 328),
    // One by one where a server has no batches; batches that are looked at as they are due.
    ("oa-index", 1_077),
    ("oa-search", 180),
    // What a page says that no command line does, and of each tool only what is true of it: rows of text; what shells
    // are told to complete.
    ("oa-pages", 560),
    // Rate limits are played in every variant that was met, and the ideal is reckoned beside them; models go by name
    // and date, prompts are read as a model reads them, and the beginnings of them are known again; Batches run their
    // requests, and go wrong in every way that was met; the same questions come as Chat Completions; a server stays
    // beside its shell; a wrong command line is told what to type.
    ("oa-mock", 7_900),
];

#[test]
fn no_crate_grows_unnoticed() {
    let mut names: Vec<String> = LARGEST.iter().map(|row| row.0.to_owned()).collect();
    names.sort();
    assert_eq!(names, crates());
    for (name, most) in LARGEST {
        let files = sources(&folder(name));
        let lines: usize = files.iter().map(|path| count(&code(path))).sum();
        assert!(lines <= most, "{name}: {lines} lines, {most} allowed");
    }
}

/// Lines that a file of the product may have, its unit tests apart.
const FILE: usize = 350;
/// The same of a file of tests.
const TESTS: usize = 400;

#[test]
fn no_file_is_longer_than_350_lines() {
    let mut long = Vec::new();
    for (folder, most) in [("crates", FILE), ("tests", TESTS)] {
        for path in sources(&root().join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            let shipped = text.split("\n#[cfg(test)]\n").next().unwrap();
            let lines = shipped.lines().count();
            if lines > most {
                long.push(format!("{}: {lines}", path.display()));
            }
        }
    }
    assert_eq!(long, [""; 0]);
}

/// Name and lines of every function of a source, as rustfmt writes them.
fn functions(path: &Path) -> Vec<(String, usize)> {
    let text = code(path);
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let inner = line.trim_start();
        let plain = inner
            .replace("pub(crate) ", "pub ")
            .replace("pub(super) ", "pub ");
        let words = plain.split(['(', '<']).next().unwrap_or_default();
        let Some(name) = words.split("fn ").nth(1).filter(|_| {
            let before = words.split("fn ").next().unwrap_or_default();
            let known = ["pub", "const", "async"];
            before.split_whitespace().all(|word| known.contains(&word))
        }) else {
            continue;
        };
        let end = format!("{}}}", &line[..line.len() - inner.len()]);
        let Some(length) = lines[at..].iter().position(|line| **line == end) else {
            continue;
        };
        let body = &lines[at..=at + length];
        let code = body.iter().filter(|line| !line.trim().is_empty()).count();
        found.push((name.to_owned(), code));
    }
    found
}

#[test]
fn a_function_fits_on_a_screen() {
    let all = crates().into_iter();
    let files: Vec<_> = all.flat_map(|name| sources(&folder(&name))).collect();
    let mut long = Vec::new();
    let mut sizes = Vec::new();
    for path in &files {
        for (name, lines) in functions(path) {
            sizes.push(lines);
            if lines > 40 {
                long.push(format!("{}: {name}: {lines}", path.display()));
            }
        }
    }
    assert_eq!(long, [""; 0]);
    sizes.sort_unstable();
    let (median, most) = (sizes[sizes.len() / 2], sizes[sizes.len() * 9 / 10]);
    assert!(
        median < 10 && most < 25,
        "median {median}, nine in ten {most}"
    );
}
