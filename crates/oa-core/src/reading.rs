//! The body of an answer, read as far as somebody looks at it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use oa_net::Connection;
use ureq::http::HeaderMap;
use ureq::http::response::Parts;

use crate::reply::{Expect, Received};
use crate::trouble;

/// Bytes that are read of a refusal.
const REFUSAL: usize = 64 << 10;
/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;
/// How many times larger than what was sent an answer may be, unpacked, once it is larger than that many bytes: no
/// text packs so well.
const PACKED: u64 = 200;
const FREE: u64 = 1 << 20;

/// The answer as far as it came, or as far as somebody looks at it.
pub(crate) fn read_reply(
    parts: &Parts,
    expect: Expect,
    connection: &Connection,
    body: &mut impl Read,
) -> Received {
    let good = parts.status.is_success();
    let most = if good { expect.most() } else { REFUSAL };
    let mut bytes = Vec::new();
    let cut = read_body(body, most, connection, &mut bytes).err();
    let text = |name| header(&parts.headers, name).map(str::to_owned);
    let beginning = !good && bytes.len() > most;
    bytes.truncate(most);
    Received {
        status: parts.status.as_u16(),
        request_id: text("x-request-id"),
        location: text("location"),
        body: bytes,
        cut: cut.filter(|_| !beginning),
        beginning,
    }
}

/// Reads a body and at most one byte more than `most`; why no more of it came or was taken, if so.
fn read_body(
    body: &mut impl Read,
    most: usize,
    connection: &Connection,
    bytes: &mut Vec<u8>,
) -> Result<(), String> {
    loop {
        let room = PIECE.min(most + 1 - bytes.len());
        let mut piece = body.take(room as u64);
        let count = piece.read_to_end(bytes);
        if count.map_err(|error| trouble::of_body(&error))? < room {
            return Ok(());
        }
        if bytes.len() > most {
            return Err(format!("it is larger than {most} bytes"));
        }
        check_packing(bytes.len() as u64, connection)?;
    }
}

/// Whether a body may come of what was sent.
fn check_packing(bytes: u64, connection: &Connection) -> Result<(), String> {
    if bytes > FREE && bytes / PACKED > connection.state().received {
        return Err(format!("it unpacks to more than {PACKED} times what came"));
    }
    Ok(())
}

/// Why a body is not in its file.
pub(crate) enum Broken {
    /// No more of it came.
    Server(String),
    /// It was not taken.
    File(io::Error),
}

/// Copies a body into a file, from this place on; the server shows with every piece that it works.
pub(crate) fn copy_body(
    body: &mut impl Read,
    connection: &Connection,
    file: &File,
    start: u64,
) -> Result<(), Broken> {
    let mut piece = vec![0; PIECE];
    let mut at = start;
    loop {
        let read = body.read(&mut piece);
        let count = read.map_err(|error| Broken::Server(trouble::of_body(&error)))?;
        if count == 0 {
            return Ok(());
        }
        let written = file.write_all_at(&piece[..count], at);
        written.map_err(Broken::File)?;
        at += count as u64;
        connection.restart();
        check_packing(at - start, connection).map_err(Broken::Server)?;
    }
}

/// The value of a header, where it is text.
pub(crate) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
