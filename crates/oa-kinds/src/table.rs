//! One table of file kinds: extension, MIME type, family, what accepts it.

use Family::{Office, Other, Pdf, Picture, Text};

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
    pub(crate) convert: Option<(&'static str, &'static str)>,
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

pub(crate) const DOCX: &str =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
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
pub(crate) static KINDS: &[Kind] = &[
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::of_extension;

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
}
