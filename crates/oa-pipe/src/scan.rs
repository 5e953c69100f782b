//! Splits a byte stream into JSON values, each handed on as soon as its last byte is there.

use std::io::{self, Read};

/// The largest single value that is read, in bytes: a record with the largest answer that is taken, with its text
/// once more beside it, and with inline files in its request fits; an endless line does not.
const MAX_VALUE: usize = 1 << 30;
const CHUNK: usize = 64 << 10;

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

/// One JSON value's text and where it begins.
#[derive(Debug)]
pub struct Framed {
    /// The value, white space inside included.
    pub text: String,
    /// Line of its first byte, from 1.
    pub line: usize,
    /// Column of its first byte, from 1.
    pub column: usize,
    /// It is an element of a top-level array.
    pub element: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    /// Inside a top-level array, whose elements are handed on one by one.
    ArrayStart,
    ArrayValue,
    ArrayComma,
}

/// The values of a stream, the elements of top-level arrays one by one.
pub struct Values<R> {
    source: R,
    buffer: Vec<u8>,
    /// First byte of `buffer` that is not consumed yet.
    start: usize,
    place: Place,
    line: usize,
    column: usize,
    ended: bool,
}

impl<R: Read> Values<R> {
    /// The values of this source.
    pub fn new(source: R) -> Values<R> {
        Values {
            source,
            buffer: Vec::new(),
            start: 0,
            place: Place::Top,
            line: 1,
            column: 1,
            ended: false,
        }
    }

    /// The next value; `None` at the end.
    ///
    /// # Errors
    /// Malformed JSON, after which nothing more is read; trouble of the source is told the same way.
    pub fn next_value(&mut self) -> Result<Option<Framed>, Malformed> {
        loop {
            let Some(byte) = self.skip_space()? else {
                return match self.place {
                    Place::Top => Ok(None),
                    _ => Err(self.malformed(0, "the array is not finished")),
                };
            };
            match (self.place, byte) {
                (Place::Top, b'[') => self.step(Place::ArrayStart),
                (Place::ArrayStart | Place::ArrayComma, b']') => self.step(Place::Top),
                (Place::ArrayComma, b',') => self.step(Place::ArrayValue),
                (Place::ArrayComma, _) => {
                    return Err(self.malformed(0, "expected `,` or `]` in an array"));
                }
                (_, b',' | b':' | b']' | b'}') => {
                    let what = format!("`{}` where a value was expected", char::from(byte));
                    return Err(self.malformed(0, &what));
                }
                _ => return self.value(byte).map(Some),
            }
        }
    }

    /// A malformed value at the place `offset` bytes behind what is consumed.
    #[must_use]
    pub fn malformed(&self, offset: usize, what: &str) -> Malformed {
        let seen = &self.buffer[self.start..self.buffer.len().min(self.start + offset)];
        let lines = seen.split(|byte| *byte == b'\n').count() - 1;
        let column = match seen.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => seen.len() - at,
            None => self.column + seen.len(),
        };
        let head = &self.buffer[self.start..self.buffer.len().min(self.start + 200)];
        let text = String::from_utf8_lossy(head);
        Malformed {
            line: self.line + lines,
            column,
            what: what.to_owned(),
            text: text.lines().next().unwrap_or_default().to_owned(),
        }
    }

    /// The value inside which the source ended, as far as it came.
    #[must_use]
    pub fn cut(&self) -> Option<&[u8]> {
        self.ended.then(|| &self.buffer[self.start..])
    }

    fn step(&mut self, place: Place) {
        self.consume(1);
        self.place = place;
    }

    fn value(&mut self, first: u8) -> Result<Framed, Malformed> {
        let length = match first {
            b'{' | b'[' => self.nested()?,
            b'"' => self.string(1)?,
            _ => self.word()?,
        };
        let bytes = &self.buffer[self.start..self.start + length];
        match std::str::from_utf8(bytes) {
            Ok(_) => {}
            Err(_) if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") => {
                let what = "this is UTF-16; `iconv -f UTF-16 -t UTF-8` makes JSON of it";
                return Err(self.malformed(0, what));
            }
            Err(error) => return Err(self.malformed(error.valid_up_to(), "invalid UTF-8")),
        }
        let (line, column) = (self.line, self.column);
        self.consume(length);
        let framed = Framed {
            text: self.taken(length),
            line,
            column,
            element: self.place != Place::Top,
        };
        if self.place != Place::Top {
            self.place = Place::ArrayComma;
        }
        Ok(framed)
    }

    /// The bytes that were just consumed. A large value is no second time in memory: it keeps the buffer.
    fn taken(&mut self, length: usize) -> String {
        let bytes = if length < CHUNK {
            self.buffer[self.start - length..self.start].to_vec()
        } else {
            let rest = self.buffer.split_off(self.start);
            let mut bytes = std::mem::replace(&mut self.buffer, rest);
            bytes.drain(..self.start - length);
            self.start = 0;
            bytes
        };
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// Length of the object or array at `start`.
    fn nested(&mut self) -> Result<usize, Malformed> {
        let mut open = Vec::new();
        let mut at = 0;
        let told = |byte: &u8| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']');
        while let Some(byte) = self.find(&mut at, told)? {
            at += 1;
            match byte {
                b'"' => at = self.string(at)?,
                b'{' => open.push(b'}'),
                b'[' => open.push(b']'),
                b'}' | b']' => {
                    if open.pop() != Some(byte) {
                        let what = format!("`{}` closes nothing", char::from(byte));
                        return Err(self.malformed(at - 1, &what));
                    }
                    if open.is_empty() {
                        return Ok(at);
                    }
                }
                _ => {}
            }
        }
        Err(self.malformed(at, "the input ends inside a value"))
    }

    /// End of the string whose opening quote stands before `at`.
    fn string(&mut self, mut at: usize) -> Result<usize, Malformed> {
        while let Some(byte) = self.find(&mut at, |byte| matches!(byte, b'"' | b'\\'))? {
            match byte {
                b'"' => return Ok(at + 1),
                _ => at += 2,
            }
        }
        Err(self.malformed(at, "the input ends inside a string"))
    }

    /// Length of a number, a literal, or whatever word stands where a value should.
    fn word(&mut self) -> Result<usize, Malformed> {
        let mut at = 0;
        while let Some(byte) = self.byte(at)? {
            if byte.is_ascii_whitespace() || b",:[]{}\"".contains(&byte) {
                break;
            }
            at += 1;
        }
        Ok(at)
    }

    fn skip_space(&mut self) -> Result<Option<u8>, Malformed> {
        // A byte order mark is what some editors leave; it says nothing. No byte is asked for that need not
        // come: whoever sent `{}` may wait for what becomes of it.
        if self.line == 1
            && self.column == 1
            && self.byte(0)? == Some(0xef)
            && self.byte(1)? == Some(0xbb)
            && self.byte(2)? == Some(0xbf)
        {
            self.start += 3;
        }
        while let Some(byte) = self.byte(0)? {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(Some(byte));
            }
            self.consume(1);
        }
        Ok(None)
    }

    /// The next byte that is told of, from `at` on, which then is its place; `None` at the end.
    fn find(
        &mut self,
        at: &mut usize,
        told: impl Fn(&u8) -> bool,
    ) -> Result<Option<u8>, Malformed> {
        while self.byte(*at)?.is_some() {
            let ready = &self.buffer[self.start + *at..];
            match ready.iter().position(&told) {
                Some(found) => {
                    *at += found;
                    return self.byte(*at);
                }
                None => *at += ready.len(),
            }
        }
        Ok(None)
    }

    /// The byte `at` bytes behind `start`, read from the source if need be; `None` at the end.
    fn byte(&mut self, at: usize) -> Result<Option<u8>, Malformed> {
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
        self.buffer
            .truncate(filled + count.as_ref().map_or(0, |n| *n));
        match count {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) => {
                self.ended = true;
                return Err(self.malformed(filled, &format!("cannot be read: {error}")));
            }
        }
        Ok(())
    }

    fn consume(&mut self, count: usize) {
        let seen = &self.buffer[self.start..self.start + count];
        let lines = seen.split(|byte| *byte == b'\n').count() - 1;
        self.line += lines;
        self.column = match lines {
            0 => self.column + count,
            _ => seen.iter().rev().take_while(|byte| **byte != b'\n').count() + 1,
        };
        self.start += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out one byte a read, the worst case of a pipe.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else {
                return Ok(0);
            };
            out[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn all(text: &[u8]) -> (Vec<String>, Option<(usize, usize)>) {
        let mut values = Values::new(Drip(text));
        let mut seen = Vec::new();
        loop {
            match values.next_value() {
                Ok(Some(framed)) => seen.push(framed.text),
                Ok(None) => return (seen, None),
                Err(error) => return (seen, Some((error.line, error.column))),
            }
        }
    }

    #[test]
    fn values_are_split_wherever_they_stand() {
        let cases: [(&[u8], &[&str]); 6] = [
            (b"", &[]),
            (b"{\"a\":[\"}\"]}{}", &["{\"a\":[\"}\"]}", "{}"]),
            (
                b"\n [ {} , [1] ,\"x\\\"]\" ] 7 ",
                &["{}", "[1]", "\"x\\\"]\"", "7"],
            ),
            (b"{\n \"a\" : 1\n}\n", &["{\n \"a\" : 1\n}"]),
            (b"\xef\xbb\xbf{}", &["{}"]),
            (b"[]", &[]),
        ];
        for (text, values) in cases {
            let (seen, error) = all(text);
            assert_eq!(error, None);
            assert_eq!(seen, values);
        }
    }

    #[test]
    fn large_values_and_small_ones_take_turns() {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(3 * CHUNK));
        let text = format!(" {large}\n{{}}{large}{{\"b\":1}}");
        let mut values = Values::new(text.as_bytes());
        let mut lines = Vec::new();
        while let Ok(Some(framed)) = values.next_value() {
            lines.push((framed.line, framed.column, framed.text));
        }
        let small = |column, text: &str| (2, column, text.to_owned());
        let two = [small(1, "{}"), small(3, &large)];
        let [second, third] = two;
        let fourth = small(3 + large.len(), "{\"b\":1}");
        assert_eq!(lines, [(1, 2, large.clone()), second, third, fourth]);
    }

    #[test]
    fn what_stands_before_the_break_is_handed_on_and_the_place_is_told() {
        let cases: [(&[u8], usize, (usize, usize)); 6] = [
            (b"{}\n{\"a\":", 1, (2, 6)),
            (b"[{},{}", 2, (1, 7)),
            (b"{}\n\n  ]", 1, (3, 3)),
            (b"{\"a\":[1}}", 0, (1, 8)),
            (b"[{} {}]", 1, (1, 5)),
            (b"{\"a\":\"\xff\"}", 0, (1, 7)),
        ];
        for (text, count, place) in cases {
            let (seen, error) = all(text);
            assert_eq!((seen.len(), error), (count, Some(place)));
        }
    }
}
