//! A request body of segments: bytes, files, files in base64; its length is exact and its memory flat.

use std::fs::File;
use std::io::{self, Read};
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
            current: None,
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

struct Current {
    segment: Segment,
    file: Option<File>,
    /// Bytes at hand that were not given out yet.
    ready: Vec<u8>,
    at: usize,
    /// Bytes of the segment's source that were not read yet.
    left: u64,
}

/// The bytes of a [`Body`]. It gives out exactly the promised length or fails: a body that ends early
/// would leave the request hanging, and ureq 3.5 spinning for ever.
pub struct Reader {
    segments: Vec<Segment>,
    current: Option<Current>,
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
        while filled < out.len() {
            match self.give(&mut out[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// Passes over bytes of the body that nobody wants any more; returns how many.
    pub fn forgo(&mut self, most: usize) -> usize {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(most);
        self.left -= count as u64;
        count
    }

    fn give(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() || self.left == 0 {
            return Ok(0);
        }
        loop {
            let Some(current) = &mut self.current else {
                let Some(segment) = self.segments.pop() else {
                    return Err(io::Error::other("the body is shorter than announced"));
                };
                self.current = Some(Current::begin(segment)?);
                continue;
            };
            let count = current.read(out)?;
            if count == 0 {
                current.end()?;
                self.current = None;
                continue;
            }
            self.left -= count as u64;
            if self.left == 0 {
                current.end()?;
            }
            self.sent.count.fetch_add(count as u64, Ordering::SeqCst);
            return Ok(count);
        }
    }
}

impl Current {
    fn begin(segment: Segment) -> io::Result<Current> {
        let (file, left) = match &segment {
            Segment::Bytes(_) => (None, 0),
            Segment::File(local) | Segment::Base64(local) => {
                let file = local.reopen();
                let file = file.map_err(|error| name(local, &error))?;
                (Some(file), local.bytes())
            }
        };
        Ok(Current {
            segment,
            file,
            ready: Vec::new(),
            at: 0,
            left,
        })
    }

    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &self.segment {
            Segment::Bytes(bytes) => {
                let rest = &bytes[self.at..];
                let count = rest.len().min(out.len());
                out[..count].copy_from_slice(&rest[..count]);
                self.at += count;
                Ok(count)
            }
            Segment::File(local) => {
                let wanted = usize::try_from(self.left).unwrap_or(usize::MAX);
                let wanted = wanted.min(out.len());
                read_some(
                    self.file.as_mut(),
                    local,
                    &mut out[..wanted],
                    &mut self.left,
                )
            }
            Segment::Base64(local) => {
                let local = local.clone();
                self.encode(&local, out)
            }
        }
    }

    /// Gives out base64, one block of the file at a time.
    fn encode(&mut self, local: &Local, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() {
            if self.left == 0 {
                return Ok(0);
            }
            let block = usize::try_from(self.left).unwrap_or(BLOCK).min(BLOCK);
            let mut raw = vec![0; block];
            let mut filled = 0;
            while filled < block {
                filled += read_some(
                    self.file.as_mut(),
                    local,
                    &mut raw[filled..],
                    &mut self.left,
                )?;
            }
            self.ready.resize(block.div_ceil(3) * 4, 0);
            self.at = 0;
            Simd::standard(PAD)
                .encode_slice(&raw, &mut self.ready)
                .map_err(io::Error::other)?;
        }
        let rest = &self.ready[self.at..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }

    /// The end of a file is the place to see that it is still the same.
    fn end(&self) -> io::Result<()> {
        match (&self.segment, &self.file) {
            (Segment::File(local) | Segment::Base64(local), Some(file)) => local.check(file),
            _ => Ok(()),
        }
    }
}

/// Reads at least one byte of those that are left; an early end is an error.
fn read_some(
    file: Option<&mut File>,
    local: &Local,
    out: &mut [u8],
    left: &mut u64,
) -> io::Result<usize> {
    if out.is_empty() {
        return Ok(0);
    }
    let Some(file) = file else {
        return Ok(0);
    };
    let count = file.read(out).map_err(|error| name(local, &error))?;
    if count == 0 {
        return Err(local.changed());
    }
    *left -= count as u64;
    Ok(count)
}

fn name(local: &Local, error: &io::Error) -> io::Error {
    let text = error.to_string();
    let named = text.starts_with(&local.label);
    let text = if named {
        text
    } else {
        format!("{}: {text}", local.label)
    };
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
