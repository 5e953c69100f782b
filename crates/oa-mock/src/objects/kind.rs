//! How the API decides what a stored file is: by the extension of its name.

use crate::objects::error::ApiError;
use crate::state::file::File;

/// The extensions that `input_file` takes, as the API lists them.
const DOCUMENTS: &str = "\
    .art .asm .bat .brf .c .cc .cls .conf .cpp .css .csv .cxx .def .dic .diff .doc .docx .dot \
    .eml .es .h .hh .hs .htm .html .ics .ifb .iif .in .java .js .json .ksh .list .log .ltx .mail \
    .markdown .md .mht .mhtml .mime .mjs .nws .odt .patch .pdf .pl .pm .pot .ppa .pps .ppt .pptx \
    .pwz .py .rst .rtf .s .scala .sh .shtml .sql .srt .sty .svg .tex .text .tsv .txt .vcf .vtt \
    .wiz .xla .xlb .xlc .xlm .xls .xlsx .xlt .xlw .xml .yaml .yml";

const IMAGES: &str = ".jpeg .jpg .png .gif .webp";

/// What a data URL may call a document beside `text/…`: the names behind `application/`, without `x-`.
const APPLICATIONS: &str = "\
    pdf csv iif rtf msword vnd.ms-excel vnd.ms-powerpoint \
    vnd.openxmlformats-officedocument.spreadsheetml.sheet \
    vnd.openxmlformats-officedocument.wordprocessingml.document \
    vnd.openxmlformats-officedocument.presentationml.presentation vnd.oasis.opendocument.text \
    vnd.apple.pages vnd.apple.keynote vnd.apple.iwork vnd.google-apps.spreadsheet \
    vnd.google-apps.document vnd.google-apps.presentation javascript typescript json json5 \
    ndjson yaml toml graphql protobuf sql bash powershell awk scala rust php httpd-php \
    httpd-php-source terraform patch subrip";

/// First bytes of images; in a file of another extension they are refused.
const IMAGE_STARTS: &[&[u8]] = &[b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"];

/// Refuses a file that cannot be an `input_file`.
pub(crate) fn document(file: &File) -> Result<(), ApiError> {
    supported("context stuffing file type", DOCUMENTS, file)?;
    let image = IMAGE_STARTS
        .iter()
        .any(|start| file.content.starts_with(start));
    if !image && file.extension() != ".svg" {
        return Ok(());
    }
    let message = "You uploaded an invalid file: it is badly formatted or corrupted. Please try again with a different file.";
    Err(ApiError::invalid("invalid_file", "input", message))
}

/// Whether a data URL of this MIME type is a document to the API.
pub(crate) fn is_inline(mime: &str) -> bool {
    let mime = mime.split(';').next().unwrap_or_default().trim();
    match mime.split_once('/') {
        Some(("text", _)) => true,
        Some(("application", name)) => {
            let name = name.strip_prefix("x-").unwrap_or(name);
            APPLICATIONS.split(' ').any(|one| one == name)
        }
        _ => mime == "message/rfc822",
    }
}

/// Refuses a file that cannot be an `input_image`.
pub(crate) fn image(file: &File) -> Result<(), ApiError> {
    supported("image type", IMAGES, file)
}

fn supported(what: &str, known: &str, file: &File) -> Result<(), ApiError> {
    let extension = file.extension();
    if known.split(' ').any(|one| one == extension) {
        return Ok(());
    }
    let got = if extension.is_empty() {
        "none"
    } else {
        extension
    };
    let message = format!(
        "Invalid input: Expected {what} to be a supported format: {} but got {got}.",
        known.replace(' ', ", ")
    );
    Err(ApiError::new(400, message).param("input"))
}
