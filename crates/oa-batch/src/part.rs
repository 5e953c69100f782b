//! The requests of a part as the lines of a file, and their checksum.

use std::io::{self, BufWriter, Write};

use oa_core::local::Local;
use oa_core::{Error, Result};
use oa_pipe::local::{nameless, no_room};
use oa_pipe::record::Record;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::spool::Spool;

/// Bytes of one file of requests at most (the Batch guide).
pub(crate) const LARGEST: u64 = 200_000_000;
/// What stands around a request in its line, which no `custom_id` makes longer.
const AROUND: u64 = 100;
/// The endpoint of all requests, whatever the base URL.
pub(crate) const ENDPOINT: &str = "/v1/responses";

/// The `custom_id` of a record: its number in the input, from 1.
pub(crate) fn custom_id(place: u32) -> String {
    (u64::from(place) + 1).to_string()
}

/// Bytes that a request takes in a file.
pub(crate) fn size(request: &RawValue) -> u64 {
    request.get().len() as u64 + AROUND
}

/// Writes the lines of these records; gives the SHA-256 of all of them.
fn write(spool: &Spool, members: &[u32], mut out: impl Write) -> Result<String> {
    let mut sum = Sha256::new();
    for place in members {
        let record = spool.record(*place)?;
        let line = line(&record, *place);
        sum.update(line.as_bytes());
        let written = out.write_all(line.as_bytes());
        written.map_err(|error| unwritten(&error))?;
    }
    out.flush().map_err(|error| unwritten(&error))?;
    let hex = |text: String, byte: &u8| text + &format!("{byte:02x}");
    Ok(sum.finalize().iter().fold(String::new(), hex))
}

fn unwritten(error: &io::Error) -> Error {
    no_room("the requests of a Batch", error)
}

fn line(record: &Record, place: u32) -> String {
    let body = record.object().get("request").map_or("{}", RawValue::get);
    let id = custom_id(place);
    format!(
        "{{\"custom_id\":\"{id}\",\"method\":\"POST\",\"url\":\"{ENDPOINT}\",\"body\":{body}}}\n"
    )
}

/// The SHA-256 by which the requests of these records are known again.
pub(crate) fn checksum(spool: &Spool, members: &[u32]) -> Result<String> {
    write(spool, members, io::sink())
}

/// The file of these records' requests.
pub(crate) fn file(spool: &Spool, members: &[u32]) -> Result<Local> {
    let file = nameless().map_err(|error| unwritten(&error))?;
    write(spool, members, BufWriter::new(&file))?;
    Local::spooled("the requests", file).map_err(|error| unwritten(&error))
}
