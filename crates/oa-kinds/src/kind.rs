//! What a file is, by its name and its contents.
//!
//! The server goes by the *extension* of the stored name, not by the bytes or the part's MIME type;
//! only for inline `file_data` is it the MIME type of the data URL. So names are decided here, once,
//! and contents are only asked whether they contradict the name.

pub use crate::name::extension;
use crate::sniff::prove;
pub use crate::sniff::{is_text, is_utf16};
use crate::table::Family::{Office, Other, Pdf, Picture, Text};
use crate::table::KINDS;
pub use crate::table::{Family, Kind};

pub(crate) fn of_extension(extension: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .find(|kind| kind.extension.eq_ignore_ascii_case(extension))
}

/// The kind that a name claims, by its extension in any case; `None` if there is none or no list has it.
#[must_use]
pub fn of_name(name: &str) -> Option<&'static Kind> {
    of_extension(extension(name)?)
}

/// The kind that the first bytes (512 do, 1,024 find every PDF) prove. Plain text proves nothing.
///
/// A ZIP container is reported as `docx` and an OLE container as `doc`, whatever is in them.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<&'static Kind> {
    prove(head).and_then(of_extension)
}

fn label(kind: &Kind) -> String {
    match kind.extension {
        "jpg" => "JPEG".into(),
        "docx" => "ZIP".into(),
        "doc" => "OLE".into(),
        extension => extension.to_ascii_uppercase(),
    }
}

/// SVG and RTF are text too, so a text's name fits them.
fn is_text_too(found: &Kind) -> bool {
    matches!(found.extension, "svg" | "rtf")
}

/// Whether contents are a plain text: UTF-8, and not a kind that only begins like one, as an archive of few bytes
/// does.
#[must_use]
pub fn is_plain(head: &[u8], whole: bool) -> bool {
    is_text(head, whole) && sniff(head).is_none_or(is_text_too)
}

/// Of another family than the name says?
fn contradicts(found: &Kind, named: Option<&Kind>) -> bool {
    let text_too = is_text_too(found);
    match named.map(|kind| kind.family) {
        None | Some(Text) => !text_too,
        Some(Other) => matches!(found.family, Picture | Pdf) && !text_too,
        Some(family) => family != found.family,
    }
}

/// Contents that are positively of another family than the name says, as a sentence:
/// "the contents are PNG, the name says PDF".
///
/// A name on no list counts as a text's.
#[must_use]
pub fn conflict(name: &str, head: &[u8]) -> Option<String> {
    let found = sniff(head)?;
    if !contradicts(found, of_name(name)) {
        return None;
    }
    let says = extension(name).map_or_else(
        || "has no extension".into(),
        |extension| format!("says {}", extension.to_ascii_uppercase()),
    );
    Some(format!(
        "the contents are {}, the name {says}",
        label(found)
    ))
}

/// The picture that the API refuses, by contents or else by name. A name wins over contents that are
/// an accepted picture, for the server goes by it; an SVG with a text's name is a text.
#[must_use]
pub fn refused_picture(name: &str, head: &[u8]) -> Option<&'static Kind> {
    let named = of_name(name).filter(|kind| kind.family == Picture);
    let found = sniff(head).filter(|kind| kind.extension != "svg" || named.is_some());
    let contents = found.filter(|kind| kind.convert.is_some());
    let by_name = named.filter(|_| found.is_none_or(|kind| kind.family == Picture));
    contents.or(by_name.filter(|kind| kind.convert.is_some()))
}

/// Whether the name is that of a picture the API accepts: png, jpg, jpeg, gif, webp.
#[must_use]
pub fn is_picture(name: &str) -> bool {
    of_name(name).is_some_and(|kind| kind.family == Picture && kind.attach)
}

/// The purpose to upload for when none was asked: `vision` for PNG, JPEG, WEBP, GIF, else `user_data`.
#[must_use]
pub fn purpose_of(name: &str) -> &'static str {
    if is_picture(name) {
        "vision"
    } else {
        "user_data"
    }
}

/// The MIME type of a name and its first bytes; `application/octet-stream` for unknown bytes only.
///
/// Between pictures the contents decide, and an office name with a text inside (Graphviz `.dot`,
/// gettext `.pot`) is a text.
#[must_use]
pub fn mime_of(name: &str, head: &[u8]) -> &'static str {
    let found = sniff(head);
    let text = found.is_none() && is_text(head, false);
    match (of_name(name), found) {
        (Some(named), Some(found)) if named.family == Picture && found.family == Picture => {
            found.mime
        }
        (Some(named), _) if named.family == Office && text && !head.is_empty() => "text/plain",
        (Some(named), _) => named.mime,
        (None, Some(found)) if found.extension == "docx" => "application/zip",
        (None, Some(found)) => found.mime,
        (None, None) if text => "text/plain",
        (None, None) => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::DOCX;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0";
    const BMP: &[u8] = b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0";

    #[test]
    fn contents_are_recognised_only_positively() {
        for (head, expected) in [
            (PNG, Some("png")),
            (b"\xff\xd8\xff\xe0", Some("jpg")),
            (b"GIF89a\x01\0", Some("gif")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("webp")),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"My best WEBP", None),
            (b"%PDF-1.7\n", Some("pdf")),
            (b"\0rubbish\n%PDF-1.4", Some("pdf")),
            (b"A PDF begins with %PDF-1.4", None),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Some("heic")),
            (b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1", Some("avif")),
            (b"\0\0\0\x18ftypisom\0\0\0\0mp42isom", Some("mp4")),
            (b"II*\0\x08", Some("tiff")),
            (BMP, Some("bmp")),
            (b"BMW builds motor cars in Munich", None),
            (b"<svg xmlns='x'>", Some("svg")),
            (
                b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- c --><!DOCTYPE svg>\n<svg:svg>",
                Some("svg"),
            ),
            (b"<?xml version='1.0'?><html><svg>", None),
            (b"<html><svg>", None),
            (b"about <svg>", None),
            (ZIP, Some("docx")),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Some("doc")),
            (b"{\\rtf1", Some("rtf")),
            (b"\x1f\x8b\x08\0", Some("gz")),
            (b"\x7fELF\x02", Some("elf")),
            (b"ID3\x04\0", Some("mp3")),
            (b"ID3 is an algorithm", None),
            (b"SQLite format 3\0", Some("sqlite")),
            ("Grüße".as_bytes(), None),
            (b"", None),
        ] {
            let found = sniff(head).map(|kind| kind.extension);
            assert_eq!(found, expected, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn text_is_utf8_without_nul() {
        for (head, whole, expected) in [
            (b"".as_slice(), true, true),
            ("Grüße".as_bytes(), true, true),
            (b"Gr\xc3", false, true),
            (b"Gr\xc3", true, false),
            (b"Gr\xfc\xdfe", false, false),
            (b"a\0b", false, false),
        ] {
            assert_eq!(is_text(head, whole), expected, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn what_begins_like_a_text_may_be_none() {
        for (head, expected) in [
            (b"hello".as_slice(), true),
            (b"<svg>", true),
            (b"{\\rtf1", true),
            (b"PK\x03\x04", false),
            (b"ID3\x04", false),
            (b"%PDF-1.7 of letters", false),
            (b"a\0", false),
        ] {
            assert_eq!(is_plain(head, true), expected, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn names_and_contents_may_conflict() {
        let pdf: &[u8] = b"%PDF-1.7";
        let svg: &[u8] = b"<svg>";
        for (name, head, expected) in [
            (
                "x.pdf",
                PNG,
                Some("the contents are PNG, the name says PDF"),
            ),
            (
                "x.txt",
                PNG,
                Some("the contents are PNG, the name says TXT"),
            ),
            (
                "x.zig",
                PNG,
                Some("the contents are PNG, the name says ZIG"),
            ),
            (
                "photo",
                PNG,
                Some("the contents are PNG, the name has no extension"),
            ),
            (
                "x.pdf",
                ZIP,
                Some("the contents are ZIP, the name says PDF"),
            ),
            (
                "x.csv",
                ZIP,
                Some("the contents are ZIP, the name says CSV"),
            ),
            (
                "x.mp3",
                pdf,
                Some("the contents are PDF, the name says MP3"),
            ),
            (
                "x.docx",
                pdf,
                Some("the contents are PDF, the name says DOCX"),
            ),
            (
                "x.pdf",
                svg,
                Some("the contents are SVG, the name says PDF"),
            ),
            ("x.PDF", pdf, None),
            ("x.jpg", PNG, None),
            ("x.xlsx", ZIP, None),
            ("x.odt", ZIP, None),
            ("x.doc", ZIP, None),
            ("x.doc", b"{\\rtf1", None),
            ("x.txt", b"{\\rtf1", None),
            ("x.zip", ZIP, None),
            ("x.xml", svg, None),
            ("drawing", svg, None),
            ("x.html", b"<html><svg>", None),
            ("x.eml", b"From: a\n\n%PDF-1.4", None),
            ("x.pdf", b"plain text", None),
        ] {
            assert_eq!(conflict(name, head).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn pictures_are_refused_by_contents_or_name() {
        let heic: &[u8] = b"\0\0\0\x10ftypheic\0\0\0\0";
        for (name, head, expected) in [
            ("x.jpg", heic, Some("heic")),
            ("x.dng", b"II*\0".as_slice(), Some("tiff")),
            ("x.HEIC", b"", Some("heic")),
            ("x.heic", PNG, Some("heic")),
            ("x.heic", b"%PDF-1.7", None),
            ("x.svg", b"<svg>", Some("svg")),
            ("x.svg.txt", b"<svg>", None),
            ("x.png", PNG, None),
        ] {
            let found = refused_picture(name, head).map(|kind| kind.extension);
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn mime_types_follow_the_name_first() {
        let text: &[u8] = b"hello";
        for (name, head, expected) in [
            ("a.pdf", b"".as_slice(), "application/pdf"),
            ("main.zig.txt", text, "text/plain"),
            ("main.zig", text, "text/plain"),
            ("blob", b"\0\x01", "application/octet-stream"),
            ("x.jpg", PNG, "image/png"),
            ("photo", PNG, "image/png"),
            ("book.cbz", ZIP, "application/zip"),
            ("graph.dot", text, "text/plain"),
            ("letter.docx", ZIP, DOCX),
            ("letter.docx", b"", DOCX),
            ("in.jsonl", text, "application/jsonl"),
        ] {
            assert_eq!(mime_of(name, head), expected, "{name}");
        }
    }

    #[test]
    fn pictures_are_for_vision() {
        for (name, expected) in [
            ("a.PNG", "vision"),
            ("a.webp", "vision"),
            ("a.heic", "user_data"),
            ("a", "user_data"),
        ] {
            assert_eq!(purpose_of(name), expected, "{name}");
        }
    }
}
