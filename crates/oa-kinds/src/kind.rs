//! One table of file kinds: extension, MIME type, family, what accepts it.
//!
//! The server goes by the *extension* of the stored name, not by the bytes or the part's MIME type;
//! only for inline `file_data` is it the MIME type of the data URL. So names are decided here, once,
//! and contents are only asked whether they contradict the name.

use crate::sniff::prove;
pub use crate::sniff::{is_text, is_utf16};
use Family::{Office, Other, Pdf, Picture, Text};

mod name;

pub use name::{conversion, extension, stored_name, stream_name};

/// What a file is, as coarsely as the API tells files apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A picture, accepted (`input_image`) or not.
    Picture,
    /// A PDF.
    Pdf,
    /// Anything read as text: prose, code, tables, mail.
    Text,
    /// An office document: a ZIP or OLE container, or RTF.
    Office,
    /// Recognised, but of no use to a model: archives, sound, film, programs, databases.
    Other,
}

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// In lower case, without the dot.
    pub extension: &'static str,
    /// The type for a form part or a data URL; one that the API lists where it lists any.
    pub mime: &'static str,
    /// What it is.
    pub family: Family,
    /// Accepted as `input_file`, or as `input_image` if it is a picture.
    pub attach: bool,
    /// Accepted by file search.
    pub search: bool,
    /// For a picture that the API refuses: the command that makes one it accepts, and what that is called. The
    /// file comes before what is made of it, but behind `-o`.
    convert: Option<(&'static str, &'static str)>,
}

const fn known(extension: &'static str, mime: &'static str, family: Family) -> Kind {
    let (attach, search, convert) = (false, false, None);
    Kind {
        extension,
        mime,
        family,
        attach,
        search,
        convert,
    }
}

const fn attached(extension: &'static str, mime: &'static str, family: Family) -> Kind {
    Kind {
        attach: true,
        ..known(extension, mime, family)
    }
}

const fn searched(extension: &'static str, mime: &'static str, family: Family) -> Kind {
    Kind {
        search: true,
        ..known(extension, mime, family)
    }
}

const fn both(extension: &'static str, mime: &'static str, family: Family) -> Kind {
    Kind {
        search: true,
        ..attached(extension, mime, family)
    }
}

const fn refused(
    extension: &'static str,
    mime: &'static str,
    convert: (&'static str, &'static str),
) -> Kind {
    Kind {
        convert: Some(convert),
        ..known(extension, mime, Picture)
    }
}

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const DOCM: &str = "application/vnd.ms-word.document.macroenabled.12";
const XLSM: &str = "application/vnd.ms-excel.sheet.macroenabled.12";
const PPTM: &str = "application/vnd.ms-powerpoint.presentation.macroenabled.12";
const ODP: &str = "application/vnd.oasis.opendocument.presentation";
const ODS: &str = "application/vnd.oasis.opendocument.spreadsheet";
const EXCEL: &str = "application/vnd.ms-excel";
const POWERPOINT: &str = "application/vnd.ms-powerpoint";

/// Sources: file inputs guide, images guide, file search guide, and for the extensions marked
/// "server" the list in its message "Expected context stuffing file type to be a supported format".
static KINDS: &[Kind] = &[
    // Pictures; an animated GIF is refused by the server.
    attached("png", "image/png", Picture),
    attached("jpg", "image/jpeg", Picture),
    attached("jpeg", "image/jpeg", Picture),
    attached("gif", "image/gif", Picture),
    attached("webp", "image/webp", Picture),
    refused("heic", "image/heic", ("heif-convert", "jpg")),
    refused("heif", "image/heif", ("heif-convert", "jpg")),
    refused("avif", "image/avif", ("magick", "png")),
    refused("tif", "image/tiff", ("magick", "png")),
    refused("tiff", "image/tiff", ("magick", "png")),
    refused("bmp", "image/bmp", ("magick", "png")),
    refused("ico", "image/vnd.microsoft.icon", ("magick", "png")),
    // The server's list has .svg, but it answers "You uploaded an invalid file".
    refused("svg", "image/svg+xml", ("rsvg-convert -o", "png")),
    both("pdf", "application/pdf", Pdf),
    // Sheets
    attached("xla", EXCEL, Office),
    attached("xlb", EXCEL, Office),
    attached("xlc", EXCEL, Office),
    attached("xlm", EXCEL, Office),
    attached("xls", EXCEL, Office),
    attached("xlsx", XLSX, Office),
    attached("xlt", EXCEL, Office),
    attached("xlw", EXCEL, Office),
    attached("csv", "text/csv", Text),
    attached("tsv", "text/tsv", Text),
    attached("iif", "text/x-iif", Text),
    // Documents
    both("doc", "application/msword", Office),
    both("docx", DOCX, Office),
    attached("dot", "application/msword", Office),
    attached("odt", "application/vnd.oasis.opendocument.text", Office),
    attached("rtf", "application/rtf", Office),
    attached("pages", "application/vnd.apple.pages", Office),
    // Slides
    attached("pot", POWERPOINT, Office),
    attached("ppa", POWERPOINT, Office),
    attached("pps", POWERPOINT, Office),
    attached("ppt", POWERPOINT, Office),
    both("pptx", PPTX, Office),
    attached("pwz", POWERPOINT, Office),
    attached("wiz", POWERPOINT, Office),
    attached("key", "application/vnd.apple.keynote", Office),
    // Text and code
    attached("asm", "text/x-asm", Text),
    attached("bat", "text/plain", Text),
    both("c", "text/x-c", Text),
    attached("cc", "text/x-c++", Text),
    attached("conf", "text/plain", Text),
    both("cpp", "text/x-c++", Text),
    both("css", "text/css", Text),
    attached("cxx", "text/x-c++", Text),
    attached("def", "text/plain", Text),
    attached("dic", "text/plain", Text),
    attached("eml", "message/rfc822", Text),
    attached("h", "text/x-c", Text),
    attached("hh", "text/x-c++", Text),
    attached("htm", "text/html", Text),
    both("html", "text/html", Text),
    attached("ics", "text/calendar", Text),
    attached("ifb", "text/calendar", Text),
    attached("in", "text/plain", Text),
    both("js", "text/javascript", Text),
    both("json", "application/json", Text),
    attached("ksh", "text/x-shellscript", Text),
    attached("list", "text/plain", Text),
    attached("log", "text/plain", Text),
    attached("markdown", "text/markdown", Text),
    both("md", "text/markdown", Text),
    attached("mht", "message/rfc822", Text),
    attached("mhtml", "message/rfc822", Text),
    attached("mime", "message/rfc822", Text),
    attached("mjs", "text/javascript", Text),
    attached("nws", "message/rfc822", Text),
    attached("pl", "text/x-perl", Text),
    both("py", "text/x-python", Text),
    attached("rst", "text/x-rst", Text),
    attached("s", "text/x-asm", Text),
    attached("sql", "text/x-sql", Text),
    attached("srt", "text/srt", Text),
    attached("text", "text/plain", Text),
    both("txt", "text/plain", Text),
    attached("vcf", "text/x-vcard", Text),
    attached("vtt", "text/vtt", Text),
    attached("xml", "text/xml", Text),
    // server
    attached("art", "text/plain", Text),
    attached("brf", "text/plain", Text),
    attached("cls", "text/x-tex", Text),
    attached("diff", "text/x-diff", Text),
    attached("es", "text/javascript", Text),
    attached("hs", "text/x-haskell", Text),
    both("java", "text/x-java", Text),
    attached("ltx", "text/x-tex", Text),
    attached("mail", "message/rfc822", Text),
    attached("patch", "text/x-patch", Text),
    attached("pm", "text/x-perl", Text),
    attached("scala", "text/x-scala", Text),
    both("sh", "text/x-sh", Text),
    attached("shtml", "text/html", Text),
    attached("sty", "text/x-tex", Text),
    both("tex", "text/x-tex", Text),
    attached("yaml", "application/yaml", Text),
    attached("yml", "application/yaml", Text),
    // File search only: their MIME types are listed for `input_file`, their extensions are refused.
    searched("cs", "text/x-csharp", Text),
    searched("go", "text/x-golang", Text),
    searched("php", "text/x-php", Text),
    searched("rb", "text/x-ruby", Text),
    searched("ts", "application/typescript", Text),
    // Batches, fine-tuning, evals
    known("jsonl", "application/jsonl", Text),
    // On no list; here so that name, contents and MIME type agree.
    known("docm", DOCM, Office),
    known("xlsm", XLSM, Office),
    known("pptm", PPTM, Office),
    known("numbers", "application/vnd.apple.numbers", Office),
    known("odp", ODP, Office),
    known("ods", ODS, Office),
    known("zip", "application/zip", Other),
    known("epub", "application/epub+zip", Other),
    known("gz", "application/gzip", Other),
    known("tgz", "application/gzip", Other),
    known("mp3", "audio/mpeg", Other),
    known("m4a", "audio/mp4", Other),
    known("mp4", "video/mp4", Other),
    known("mov", "video/quicktime", Other),
    known("sqlite", "application/vnd.sqlite3", Other),
    known("db", "application/vnd.sqlite3", Other),
    known("elf", "application/x-executable", Other),
];

fn of_extension(extension: &str) -> Option<&'static Kind> {
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

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0";
    const BMP: &[u8] = b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0";

    #[test]
    fn every_row_is_well_formed_and_stands_once() {
        for (at, kind) in KINDS.iter().enumerate() {
            let same = |other: &Kind| other.extension == kind.extension;
            assert_eq!(KINDS.iter().position(same), Some(at), "{}", kind.extension);
            assert_eq!(kind.extension, kind.extension.to_ascii_lowercase());
            assert_ne!(kind.mime, "application/octet-stream");
            assert!(kind.convert.is_none() || !kind.attach, "{}", kind.extension);
        }
        for (_, _, extension) in crate::sniff::MAGIC {
            assert!(of_extension(extension).is_some(), "{extension}");
        }
    }

    #[test]
    fn the_lists_of_the_guides_are_complete() {
        let attach = "png jpg jpeg gif webp pdf xla xlb xlc xlm xls xlsx xlt xlw csv tsv iif doc docx dot odt \
            rtf pot ppa pps ppt pptx pwz wiz asm bat c cc conf cpp css cxx def dic eml h hh htm html ics ifb in \
            js json ksh list log markdown md mht mhtml mime mjs nws pl py rst s sql srt text txt vcf vtt xml art \
            brf cls diff es hs java ltx mail patch pm scala sh shtml sty tex yaml yml";
        let search =
            "c cpp cs css doc docx go html java js json md pdf php pptx py rb sh tex ts txt";
        for extension in attach.split_whitespace() {
            assert!(
                of_extension(extension).is_some_and(|kind| kind.attach),
                "{extension}"
            );
        }
        for extension in search.split_whitespace() {
            assert!(
                of_extension(extension).is_some_and(|kind| kind.search),
                "{extension}"
            );
        }
        let found = KINDS.iter().filter(|kind| kind.search).count();
        assert_eq!(found, search.split_whitespace().count());
    }

    #[test]
    fn an_extension_follows_the_last_dot_of_the_base_name() {
        for (name, expected) in [
            ("a.txt", Some("txt")),
            ("dir.d/a", None),
            ("a.tar.GZ", Some("GZ")),
            (".bashrc", None),
            ("..bashrc", None),
            ("a.", None),
            ("a", None),
            ("", None),
            ("/", None),
            ("Mr. Smith", None),
            (".a.md", Some("md")),
        ] {
            assert_eq!(extension(name), expected, "{name}");
        }
    }

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
