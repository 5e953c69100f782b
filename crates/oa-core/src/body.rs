//! A request body of segments: bytes, files, files in base64; its length is exact and its memory flat.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::Simd;
use base64::engine::general_purpose::PAD;

use crate::error::Error;
use crate::local::Local;
use crate::machine::{self, lock};

/// Bytes of a file that are turned into base64 at a time; a multiple of 3, small enough for the L2 cache.
const BLOCK: usize = 96 << 10;

/// One piece of a body.
#[derive(Clone, Debug)]
pub enum Segment {
    /// Bytes as they are.
    Bytes(Arc<[u8]>),
    /// A file as it is.
    File(Local),
    /// A file in standard base64 with padding.
    Base64(Local),
}

impl Segment {
    /// A segment of this text.
    #[must_use]
    pub fn text(text: &str) -> Segment {
        Segment::Bytes(text.as_bytes().into())
    }

    /// Its exact length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Segment::Bytes(bytes) => bytes.len() as u64,
            Segment::File(file) => file.bytes(),
            Segment::Base64(file) => file.bytes().div_ceil(3) * 4,
        }
    }

    /// Its bytes.
    fn open(self) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Segment::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Segment::File(file) => Box::new(Unchanged::open(file)?),
            Segment::Base64(file) => Box::new(Encoded {
                source: Unchanged::open(file)?,
                ready: Cursor::default(),
            }),
        })
    }
}

/// A body that can be sent again for another attempt.
#[derive(Clone, Debug, Default)]
pub struct Body {
    segments: Vec<Segment>,
}

impl Body {
    /// A body of these segments.
    #[must_use]
    pub fn new(segments: Vec<Segment>) -> Body {
        Body { segments }
    }

    /// A body of this text.
    #[must_use]
    pub fn text(text: &str) -> Body {
        Body::new(vec![Segment::text(text)])
    }

    /// Its exact length in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.segments.iter().map(Segment::length).sum()
    }

    /// The body from its beginning, and how far it was sent.
    #[must_use]
    pub fn open(&self) -> (Reader, Arc<Sent>) {
        let sent = Arc::new(Sent {
            total: self.length(),
            ..Sent::default()
        });
        let reader = Reader {
            segments: self.segments.clone().into_iter().rev().collect(),
            current: Box::new(io::empty()),
            left: sent.total,
            sent: Arc::clone(&sent),
        };
        (reader, sent)
    }
}

/// How far one attempt at sending a body came.
#[derive(Debug, Default)]
pub struct Sent {
    total: u64,
    count: AtomicU64,
    failure: Mutex<Option<Error>>,
}

impl Sent {
    /// Bytes given out so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Whether the last byte was given out.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.count() == self.total
    }

    /// Why a local file could not be read to its end, if so.
    #[must_use]
    pub fn failure(&self) -> Option<Error> {
        lock(&self.failure).clone()
    }
}

/// The bytes of a [`Body`]. It gives out exactly the promised length or fails: a body that ends early
/// would leave the request hanging, and ureq 3.5 spinning for ever.
pub struct Reader {
    /// Those that were not opened yet, the next one last.
    segments: Vec<Segment>,
    current: Box<dyn Read>,
    left: u64,
    sent: Arc<Sent>,
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let result = self.fill(out);
        if let Err(error) = &result {
            *lock(&self.sent.failure) = Some(Error::of_io(error.to_string(), error));
        }
        result
    }
}

impl Reader {
    /// As much as fits, over several segments: a small form is one packet.
    fn fill(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < out.len() && self.left > 0 {
            let count = self.current.read(&mut out[filled..])?;
            if count == 0 {
                let next = self.segments.pop();
                let short = || io::Error::other("the body is shorter than announced");
                self.current = next.ok_or_else(short)?.open()?;
            }
            filled += count;
            self.left -= count as u64;
            self.sent.count.fetch_add(count as u64, Ordering::SeqCst);
        }
        Ok(filled)
    }

    /// Passes over bytes of the body that nobody wants any more; returns how many.
    pub fn skip(&mut self, most: usize) -> usize {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(most);
        self.left -= count as u64;
        count
    }
}

/// A local file, read to the length that was measured; it fails where the file is no longer the same.
struct Unchanged {
    local: Local,
    file: File,
    left: u64,
}

impl Unchanged {
    fn open(local: Local) -> io::Result<Unchanged> {
        let file = local.reopen().map_err(|error| name(&local, &error))?;
        let left = local.bytes();
        Ok(Unchanged { local, file, left })
    }

    /// How many of so many bytes there still are.
    fn at_most(&self, count: usize) -> usize {
        usize::try_from(self.left).unwrap_or(count).min(count)
    }
}

impl Read for Unchanged {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wanted = self.at_most(out.len());
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.file.read(&mut out[..wanted]);
        let count = count.map_err(|error| name(&self.local, &error))?;
        if count == 0 {
            return Err(self.local.changed());
        }
        self.left -= count as u64;
        if self.left == 0 {
            self.local.check(&self.file)?;
        }
        Ok(count)
    }
}

/// A local file in base64, one block of it at a time.
struct Encoded {
    source: Unchanged,
    ready: Cursor<Vec<u8>>,
}

impl Encoded {
    fn encode(&mut self) -> io::Result<()> {
        let mut raw = vec![0; self.source.at_most(BLOCK)];
        self.source.read_exact(&mut raw)?;
        let mut ready = std::mem::take(&mut self.ready).into_inner();
        ready.resize(raw.len().div_ceil(3) * 4, 0);
        Simd::standard(PAD)
            .encode_slice(&raw, &mut ready)
            .map_err(io::Error::other)?;
        self.ready = Cursor::new(ready);
        Ok(())
    }
}

impl Read for Encoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.ready.read(out)?;
        if count > 0 || self.source.left == 0 {
            return Ok(count);
        }
        self.encode()?;
        self.ready.read(out)
    }
}

fn name(local: &Local, error: &io::Error) -> io::Error {
    let mut text = error.to_string();
    if !text.starts_with(&local.label) {
        text = format!("{}: {text}", local.label);
    }
    machine::reworded(error, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn local(bytes: &[u8]) -> io::Result<Local> {
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        Local::spooled("x", file)
    }

    fn read_by(body: &Body, step: usize) -> io::Result<Vec<u8>> {
        let mut reader = body.open().0;
        let mut all = Vec::new();
        let mut buffer = vec![0; step];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(all),
                count => all.extend_from_slice(&buffer[..count]),
            }
        }
    }

    #[test]
    fn every_length_and_buffer_size_gives_the_same_bytes() -> io::Result<()> {
        let lengths = (0..8).chain(BLOCK - 2..BLOCK + 3).chain([3 * BLOCK + 1]);
        for length in lengths {
            let bytes: Vec<u8> = (0..length)
                .map(|n| u8::try_from(n % 251).unwrap_or(0))
                .collect();
            let file = local(&bytes)?;
            let body = Body::new(vec![
                Segment::text("<"),
                Segment::Base64(file.clone()),
                Segment::text("|"),
                Segment::File(file),
                Segment::text(">"),
            ]);
            let encoded = base64::engine::general_purpose::STANDARD.encode(&bytes);
            let expected = [b"<", encoded.as_bytes(), b"|", &bytes, b">"].concat();
            assert_eq!(body.length(), expected.len() as u64);
            for step in [1, 3, 1000, 200_000] {
                assert!(read_by(&body, step)? == expected, "{length} by {step}");
                if length > 10_000 && step == 1 {
                    break;
                }
            }
        }
        Ok(())
    }

    #[test]
    fn a_file_that_shrinks_or_grows_is_an_error_that_names_it() -> io::Result<()> {
        for size in [10, 30] {
            let mut file = tempfile::NamedTempFile::new()?;
            file.write_all(&[7; 20])?;
            let path = file.path().to_string_lossy().into_owned();
            let local = Local::open(&path)?;
            let body = Body::new(vec![Segment::text("head"), Segment::File(local)]);
            let mut reader = body.open().0;
            reader.read_exact(&mut [0; 6])?;
            file.as_file().set_len(size)?;
            let error = reader.read_to_end(&mut Vec::new()).err();
            let text = error.map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(text, format!("{path}: changed while it was read"));
        }
        Ok(())
    }
}
