//! Names that files get: the one to store, the one of what a stream brings, the one that a conversion makes.

use crate::kind::of_name;
use crate::name::{base, extension};
use crate::sniff::content;
use crate::table::Kind;

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

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0";

    #[test]
    fn a_conversion_is_a_command_that_can_be_copied() {
        for (path, command) in [
            (
                "a/my photo.heic",
                "heif-convert a/my photo.heic a/my photo.jpg",
            ),
            ("-x.bmp", "magick ./-x.bmp ./-x.png"),
            ("plan.svg", "rsvg-convert -o plan.png plan.svg"),
        ] {
            let found = of_name(path).and_then(|kind| conversion(kind, path));
            let found = found.map(|(words, files)| format!("{words} {}", files.join(" ")));
            assert_eq!(found.as_deref(), Some(command));
        }
        let heic = of_name("x.heic").and_then(|kind| conversion(kind, "x.jpg"));
        assert_eq!(
            heic.map(|found| found.1[1].clone()).as_deref(),
            Some("x-new.jpg")
        );
    }

    #[test]
    fn a_stream_is_named_by_what_it_brings() {
        let zip = |name: &str| [ZIP, &[0; 24], name.as_bytes()].concat();
        let ole = |name: &str| {
            let wide: Vec<u8> = name.bytes().flat_map(|byte| [byte, 0]).collect();
            [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", wide.as_slice()].concat()
        };
        for (stem, head, name) in [
            ("stdin", b"hello".to_vec(), "stdin.txt"),
            ("stdin", b"caf\xe9".to_vec(), "stdin.txt"),
            ("stdin", b"\xff\xfeh\0i\0".to_vec(), "stdin.txt"),
            ("stdin", b"\0\x01\x02".to_vec(), "stdin"),
            ("stdin", PNG.to_vec(), "stdin.png"),
            ("63", b"%PDF-1.7".to_vec(), "63.pdf"),
            ("a.csv", b"1,2".to_vec(), "a.csv"),
            ("stdin", zip("word/document.xml"), "stdin.docx"),
            ("stdin", zip("xl/workbook.xml"), "stdin.xlsx"),
            ("stdin", zip("ppt/presentation.xml"), "stdin.pptx"),
            (
                "stdin",
                zip("mimetypeapplication/vnd.oasis.opendocument.text"),
                "stdin.odt",
            ),
            ("stdin", zip("mimetypeapplication/epub+zip"), "stdin.epub"),
            ("stdin", zip("holiday.jpg"), "stdin.zip"),
            ("stdin", ole("Workbook"), "stdin.xls"),
            ("stdin", ole("PowerPoint Document"), "stdin.ppt"),
            ("stdin", ole("WordDocument"), "stdin.doc"),
        ] {
            assert_eq!(stream_name(stem, &head), name, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn stored_names_are_names_that_the_api_accepts() {
        for (path, purpose, text, expected) in [
            ("src/Makefile", "user_data", true, "Makefile.txt"),
            ("main.zig", "user_data", true, "main.zig.txt"),
            ("main.zig", "assistants", true, "main.zig.txt"),
            ("main.go", "user_data", true, "main.go.txt"),
            ("main.GO", "assistants", true, "main.go"),
            ("Main.Java", "user_data", true, "Main.java"),
            ("a/REPORT.PDF", "user_data", false, "REPORT.pdf"),
            ("REPORT.PDF", "user_data", true, "REPORT.pdf"),
            (".bashrc", "user_data", true, ".bashrc.txt"),
            ("a.", "user_data", true, "a.txt"),
            ("blob", "user_data", false, "blob"),
            ("in.JSONL", "batch", true, "in.jsonl"),
            ("Makefile", "evals", true, "Makefile"),
            ("Übersicht.MD", "user_data", true, "Übersicht.md"),
            ("Foto.PNG", "vision", false, "Foto.png"),
        ] {
            assert_eq!(
                stored_name(path, purpose, text),
                expected,
                "{path} {purpose}"
            );
        }
    }
}
