//! Bytes on their way: what is sent, as somebody looks on, and a stream of events.

use std::io::{ErrorKind, Read};
use std::sync::Arc;

use oa_net::Connection;

use crate::body::Reader;
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
            return Ok(self.reader.forgo(out.len()));
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
pub(crate) struct Opened {
    head: Vec<u8>,
    reader: ureq::BodyReader<'static>,
}

impl Opened {
    /// Looks at the first bytes, behind a byte order mark and blank lines.
    pub(crate) fn new(reader: ureq::BodyReader<'static>) -> Opened {
        Opened {
            head: Vec::new(),
            reader,
        }
    }

    /// Whether it is a stream of events, whatever it is labelled. Reads as much as that takes.
    pub(crate) fn is_events(&mut self) -> std::io::Result<bool> {
        let mut byte = [0];
        while self.start().len() < HEAD {
            let start = self.start();
            if start.first().is_some_and(|first| b"{[<\"".contains(first)) {
                return Ok(false);
            }
            match self.reader.read(&mut byte) {
                Ok(0) => break,
                Ok(_) => self.head.push(byte[0]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let start = self.start();
        Ok(FIELDS.iter().any(|field| start.starts_with(field)))
    }

    fn start(&self) -> &[u8] {
        let bytes = self
            .head
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&self.head);
        bytes.trim_ascii_start()
    }
}

impl Read for Opened {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.head.is_empty() {
            return self.reader.read(out);
        }
        let count = self.head.len().min(out.len());
        out[..count].copy_from_slice(&self.head[..count]);
        self.head.drain(..count);
        Ok(count)
    }
}

/// The bytes of a stream of events.
pub struct Stream<'a> {
    pool: &'a Pool,
    pooled: Arc<Pooled>,
    reader: Opened,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(pool: &'a Pool, pooled: Arc<Pooled>, reader: Opened) -> Stream<'a> {
        Stream {
            pool,
            pooled,
            reader,
        }
    }
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
