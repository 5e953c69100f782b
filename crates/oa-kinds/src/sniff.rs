//! What the first bytes of a file prove, as the extension that belongs to them.

/// Beginnings that prove a kind: offset, bytes, extension.
pub(crate) static MAGIC: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpg"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (0, b"II+\0", "tiff"),
    (0, b"MM\0+", "tiff"),
    (0, b"\0\0\x01\0", "ico"),
    (0, b"PK\x03\x04", "docx"),
    (0, b"PK\x05\x06", "docx"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "doc"),
    (0, b"{\\rtf", "rtf"),
    (0, b"\x1f\x8b\x08", "gz"),
    (0, b"\x7fELF", "elf"),
    (0, b"ID3\x02", "mp3"),
    (0, b"ID3\x03", "mp3"),
    (0, b"ID3\x04", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"\xff\xf3", "mp3"),
    (0, b"\xff\xf2", "mp3"),
    (0, b"SQLite format 3\0", "sqlite"),
    (8, b"WEBP", "webp"),
];

/// The extension of the kind that the bytes prove; see [`crate::kind::sniff`].
pub(crate) fn prove(head: &[u8]) -> Option<&'static str> {
    let magic = MAGIC.iter().find(|(at, bytes, extension)| {
        head.get(*at..).is_some_and(|rest| rest.starts_with(bytes))
            && (*extension != "webp" || head.starts_with(b"RIFF"))
    });
    magic
        .map(|&(_, _, extension)| extension)
        .or_else(|| iso_media(head))
        .or_else(|| is_bmp(head).then_some("bmp"))
        .or_else(|| is_pdf(head).then_some("pdf"))
        .or_else(|| is_svg(head).then_some("svg"))
}

/// What lies in a container, where it tells: bytes that stand near its beginning, and the extension.
static ZIPS: &[(&[u8], &str)] = &[
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "odt"),
    (
        b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        "ods",
    ),
    (
        b"mimetypeapplication/vnd.oasis.opendocument.presentation",
        "odp",
    ),
    (b"mimetypeapplication/epub+zip", "epub"),
    (b"word/", "docx"),
    (b"xl/", "xlsx"),
    (b"ppt/", "pptx"),
];

/// The same of an OLE container, whose names are UTF-16.
static OLES: &[(&[u8], &str)] = &[
    (b"W\0o\0r\0k\0b\0o\0o\0k\0", "xls"),
    (b"P\0o\0w\0e\0r\0P\0o\0i\0n\0t\0", "ppt"),
];

/// The extension that fits the contents of a file without a name; `None` for data that is neither a known kind nor
/// text in any encoding.
pub(crate) fn content(head: &[u8]) -> Option<&'static str> {
    let within = |table: &[(&[u8], &'static str)]| {
        let has = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
        table.iter().find(|(name, _)| has(name)).map(|row| row.1)
    };
    match prove(head) {
        Some("docx") => within(ZIPS).or(Some("zip")),
        Some("doc") => within(OLES).or(Some("doc")),
        Some(extension) => Some(extension),
        None if head.contains(&0) && !is_utf16(head) => None,
        None => Some("txt"),
    }
}

/// Whether the bytes begin as UTF-16 does.
#[must_use]
pub fn is_utf16(head: &[u8]) -> bool {
    head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")
}

/// The `ftyp` box: a length, "ftyp", the major brand, a version, compatible brands.
fn iso_media(head: &[u8]) -> Option<&'static str> {
    if head.first() != Some(&0) || head.get(4..8) != Some(b"ftyp".as_slice()) {
        return None;
    }
    let size = head
        .get(..4)
        .map_or(0, |b| b.iter().fold(0, |n, &b| n << 8 | usize::from(b)));
    let brands = || {
        head.get(8..size.min(head.len()))
            .unwrap_or_default()
            .chunks_exact(4)
    };
    let has = |wanted: &[&[u8]]| brands().any(|brand| wanted.contains(&brand));
    Some(if has(&[b"avif", b"avis"]) {
        "avif"
    } else if has(&[
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1",
    ]) {
        "heic"
    } else {
        "mp4"
    })
}

/// "BM" alone begins too many texts, so the reserved zeros and the size of the second header count too.
fn is_bmp(head: &[u8]) -> bool {
    head.starts_with(b"BM")
        && head.get(6..10) == Some([0; 4].as_slice())
        && head
            .get(14)
            .is_some_and(|size| [12, 40, 52, 56, 64, 108, 124].contains(size))
}

/// Readers allow rubbish before `%PDF-` within 1,024 bytes; in a text it may be a quotation.
fn is_pdf(head: &[u8]) -> bool {
    let head = head.get(..1024).unwrap_or(head);
    let found = head.windows(5).position(|window| window == b"%PDF-");
    found.is_some_and(|at| {
        let before = head.get(..at).unwrap_or_default();
        let blank = before
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(before)
            .trim_ascii()
            .is_empty();
        blank || !is_text(head, false)
    })
}

/// The first element is `svg`, with or without a prefix, after any XML declaration and comments.
fn is_svg(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let name = |tag: &str| -> String {
        tag.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == ':')
            .collect()
    };
    text.starts_with('<')
        && text
            .split('<')
            .map(name)
            .find(|name| !name.is_empty())
            .is_some_and(|name| name == "svg" || name.ends_with(":svg"))
}

/// Whether the bytes are UTF-8 without NUL; a last character cut off is allowed unless they are the `whole`.
#[must_use]
pub fn is_text(head: &[u8], whole: bool) -> bool {
    let utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => !whole && error.error_len().is_none(),
    };
    utf8 && !head.contains(&0)
}
