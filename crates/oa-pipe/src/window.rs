//! What has been read of a stream and is not used up yet, and where in the stream that is.

use std::io::{self, Read};

use oa_core::error::plain;

/// The largest single value that is read, in bytes: a record with the largest answer that is taken, with its text
/// once more beside it, and with inline files in its request fits; an endless line does not.
const MAX_VALUE: usize = 1 << 30;
/// Bytes that are asked for at a time.
pub(crate) const CHUNK: usize = 64 << 10;

/// How it is said that not the JSON, but what it stands in broke.
pub(crate) const UNREADABLE: &str = "cannot be read: ";

/// Where the JSON broke.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Line of the input, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
    /// The beginning of the value or word, for the message.
    pub text: String,
}

/// The bytes at hand of a source.
pub(crate) struct Window<R> {
    source: R,
    buffer: Vec<u8>,
    /// First byte of `buffer` that is not passed yet.
    start: usize,
    line: usize,
    column: usize,
    ended: bool,
}

impl<R: Read> Window<R> {
    pub(crate) fn new(source: R) -> Window<R> {
        Window {
            source,
            buffer: Vec::new(),
            start: 0,
            line: 1,
            column: 1,
            ended: false,
        }
    }

    /// Line and column of the next byte, from 1.
    pub(crate) fn place(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    /// A malformed value at the place `offset` bytes behind what is consumed.
    pub(crate) fn malformed(&self, offset: usize, what: &str) -> Malformed {
        let seen = &self.buffer[self.start..self.buffer.len().min(self.start + offset)];
        let (line, column) = self.behind(seen);
        let head = &self.buffer[self.start..self.buffer.len().min(self.start + 200)];
        let text = String::from_utf8_lossy(head);
        Malformed {
            line,
            column,
            what: what.to_owned(),
            text: text.lines().next().unwrap_or_default().to_owned(),
        }
    }

    /// What is left, once the source has ended.
    pub(crate) fn cut(&self) -> Option<&[u8]> {
        self.ended.then(|| &self.buffer[self.start..])
    }

    /// Passes over so many bytes that do not count.
    pub(crate) fn pass(&mut self, count: usize) {
        self.start += count;
    }

    /// The next bytes as text, which then are passed.
    pub(crate) fn take(&mut self, length: usize) -> Result<String, Malformed> {
        let text = self.checked(length)?;
        let small = (length < CHUNK).then(|| text.to_owned());
        self.consume(length);
        Ok(small.unwrap_or_else(|| self.taken(length)))
    }

    /// The next bytes as text.
    fn checked(&self, length: usize) -> Result<&str, Malformed> {
        let bytes = &self.buffer[self.start..self.start + length];
        std::str::from_utf8(bytes).map_err(|error| {
            if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
                let what = "this is UTF-16; `iconv -f UTF-16 -t UTF-8` makes JSON of it";
                return self.malformed(0, what);
            }
            self.malformed(error.valid_up_to(), "invalid UTF-8")
        })
    }

    /// The bytes that were just passed. A large value is no second time in memory: it keeps the buffer.
    fn taken(&mut self, length: usize) -> String {
        let rest = self.buffer.split_off(self.start);
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.drain(..self.start - length);
        self.start = 0;
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// The next byte of a kind, `at` bytes behind `start` or further; `cut` is what its absence means.
    pub(crate) fn find(
        &mut self,
        mut at: usize,
        is: impl Fn(u8) -> bool,
        cut: &str,
    ) -> Result<(usize, u8), Malformed> {
        while self.byte(at)?.is_some() {
            let bytes = &self.buffer[self.start + at..];
            match bytes.iter().position(|byte| is(*byte)) {
                Some(further) => return Ok((at + further, bytes[further])),
                None => at += bytes.len(),
            }
        }
        Err(self.malformed(at, cut))
    }

    /// The byte `at` bytes behind `start`, read from the source if need be; `None` at the end.
    pub(crate) fn byte(&mut self, at: usize) -> Result<Option<u8>, Malformed> {
        while self.start + at >= self.buffer.len() {
            if self.ended {
                return Ok(None);
            }
            if at > MAX_VALUE {
                return Err(self.malformed(0, &format!("a value of more than {MAX_VALUE} bytes")));
            }
            self.fill()?;
        }
        Ok(Some(self.buffer[self.start + at]))
    }

    fn fill(&mut self) -> Result<(), Malformed> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let filled = self.buffer.len();
        if self.buffer.capacity() < filled + CHUNK {
            // Doubling would ask for twice of what the largest value needs.
            let more = self.buffer.try_reserve_exact(CHUNK.max(filled / 4));
            if more.is_err() {
                self.ended = true;
                let what = format!("no memory for a value of more than {filled} bytes");
                return Err(self.malformed(0, &what));
            }
        }
        self.buffer.resize(filled + CHUNK, 0);
        let count = loop {
            match self.source.read(&mut self.buffer[filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let more = *count.as_ref().unwrap_or(&0);
        self.buffer.truncate(filled + more);
        self.ended = more == 0;
        let told = |error| self.malformed(filled, &format!("{UNREADABLE}{}", plain(&error)));
        count.map(drop).map_err(told)
    }

    /// Line and column behind these bytes, which are the next ones.
    fn behind(&self, bytes: &[u8]) -> (usize, usize) {
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => {
                let lines = bytes[..=last].split(|byte| *byte == b'\n').count() - 1;
                (self.line + lines, bytes.len() - last)
            }
            None => (self.line, self.column + bytes.len()),
        }
    }

    /// Passes over so many bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        let bytes = &self.buffer[self.start..self.start + count];
        (self.line, self.column) = self.behind(bytes);
        self.start += count;
    }
}
