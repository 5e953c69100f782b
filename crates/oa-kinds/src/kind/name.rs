//! Names of files: their extension, the name to store, the name of what a stream brings or a conversion makes.

use super::{Kind, of_name};
use crate::sniff::content;

fn base(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

/// What follows the last dot of the base name, as written. `.bashrc`, `a.` and `Mr. Smith` have none.
#[must_use]
pub fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = base(name).rsplit_once('.')?;
    let real = !stem.trim_start_matches('.').is_empty()
        && !extension.is_empty()
        && !extension.contains(char::is_whitespace);
    real.then_some(extension)
}

/// The name to store a file under: base name, extension in lower case, and `.txt` appended for the
/// purposes `user_data` and `assistants` where the API knows no such extension and it is a `text`.
///
/// `Makefile` → `Makefile.txt`, `main.zig` → `main.zig.txt`, `REPORT.PDF` → `REPORT.pdf`. What file
/// search alone accepts (`main.go`) keeps its name for `assistants`.
#[must_use]
pub fn stored_name(path: &str, purpose: &str, text: bool) -> String {
    let mut name = base(path).to_owned();
    if let Some(extension) = extension(path) {
        let lower = extension.to_ascii_lowercase();
        name.truncate(name.len() - extension.len());
        name.push_str(&lower);
    }
    let kind = of_name(&name);
    let odd = match purpose {
        "user_data" => !kind.is_some_and(|kind| kind.attach),
        "assistants" => !kind.is_some_and(|kind| kind.attach || kind.search),
        _ => false,
    };
    if odd && text {
        name.truncate(name.trim_end_matches('.').len());
        name.push_str(".txt");
    }
    name
}

/// The command that makes a picture that the API accepts of one that it refuses: its words, and two files.
#[must_use]
pub fn conversion(refused: &Kind, path: &str) -> Option<(&'static str, [String; 2])> {
    let (words, target) = refused.convert?;
    // What begins with a hyphen would be an option.
    let source = format!("{}{path}", if path.starts_with('-') { "./" } else { "" });
    let given = extension(&source).unwrap_or_default();
    let stem = source.strip_suffix(given).unwrap_or(&source);
    let stem = stem.strip_suffix('.').unwrap_or(stem);
    let new = if given == target { "-new" } else { "" };
    let made = format!("{stem}{new}.{target}");
    let files = if words.ends_with("-o") {
        [made, source]
    } else {
        [source, made]
    };
    Some((words, files))
}

/// The name for what a stream brings, where its own says nothing: one with the extension that its first bytes
/// ask for, `.txt` for what may be a text.
#[must_use]
pub fn stream_name(stem: &str, head: &[u8]) -> String {
    match (of_name(stem), content(head)) {
        (None, Some(extension)) => format!("{stem}.{extension}"),
        _ => stem.to_owned(),
    }
}
