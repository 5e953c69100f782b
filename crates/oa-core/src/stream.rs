//! Bytes on their way: what is sent, as somebody looks on, and a stream of events.

use std::io::{Chain, Cursor, ErrorKind, Read};
use std::sync::Arc;

use oa_net::Connection;

use crate::body::Reader;
use crate::gate::Pass;
use crate::pool::{Pool, Pooled};
use crate::trouble;

/// Counts what is sent for whoever looks.
pub(crate) struct Watched<'a> {
    pub(crate) reader: &'a mut Reader,
    pub(crate) progress: Option<&'a dyn Fn(u64)>,
    pub(crate) done: u64,
    pub(crate) connection: &'a Connection,
}

impl Read for Watched<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.connection.state().answered {
            // The answer is here: what is still owed to the announced length goes nowhere.
            return Ok(self.reader.skip(out.len()));
        }
        let count = self.reader.read(out)?;
        if let Some(progress) = self.progress {
            self.done += count as u64;
            progress(self.done);
        }
        Ok(count)
    }
}

/// Bytes that tell events from JSON and from pages.
const HEAD: usize = 8;
/// How a line of a stream of events begins (WHATWG HTML, server-sent events).
const FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b":"];

/// The body of an answer, its first bytes at hand.
pub(crate) type Opened = Chain<Cursor<Vec<u8>>, ureq::BodyReader<'static>>;

/// Opens a body and tells whether it is a stream of events, whatever it is labelled; a refusal is none.
pub(crate) fn open(mut reader: ureq::BodyReader<'static>, success: bool) -> (Opened, bool) {
    let mut head = Vec::new();
    let events = success && is_events(&mut reader, &mut head).unwrap_or(false);
    (Cursor::new(head).chain(reader), events)
}

/// Reads as much as it takes to know events.
fn is_events(reader: &mut impl Read, head: &mut Vec<u8>) -> std::io::Result<bool> {
    while start(head).len() < HEAD {
        let first = start(head).first();
        if first.is_some_and(|first| b"{[<\"".contains(first)) {
            return Ok(false);
        }
        if reader.take(1).read_to_end(head)? == 0 {
            break;
        }
    }
    Ok(FIELDS.iter().any(|field| start(head).starts_with(field)))
}

/// What stands behind a byte order mark and blank lines.
fn start(head: &[u8]) -> &[u8] {
    let bytes = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    bytes.trim_ascii_start()
}

/// The bytes of a stream of events.
pub struct Stream<'a> {
    pub(crate) pool: &'a Pool,
    pub(crate) pooled: Arc<Pooled>,
    pub(crate) reader: Opened,
    /// It is under way until it ends.
    pub(crate) _pass: Option<Pass<'a>>,
}

impl Stream<'_> {
    /// By this the connection hears of every event; bytes alone are no sign that the server works.
    #[must_use]
    pub fn heard(&self) -> Heard {
        Heard(Arc::clone(&self.pooled.connection))
    }
}

/// Tells the connection that the server works.
pub struct Heard(Arc<Connection>);

impl Heard {
    /// The time that the server has for the next event begins.
    pub fn restart(&self) {
        self.0.restart();
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let told = |error: std::io::Error| match error.kind() {
            ErrorKind::Interrupted => error,
            _ => std::io::Error::other(trouble::of_body(&error)),
        };
        self.reader.read(out).map_err(told)
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        self.pool.forget(&self.pooled);
    }
}
