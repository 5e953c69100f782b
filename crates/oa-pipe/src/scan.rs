//! Splits a byte stream into JSON values, each handed on as soon as its last byte is there.

use std::io::Read;

pub use crate::window::Malformed;
use crate::window::Window;

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
    window: Window<R>,
    place: Place,
    /// What closes the brackets that are open in the value at hand.
    open: Vec<u8>,
}

impl<R: Read> Values<R> {
    /// The values of this source.
    pub fn new(source: R) -> Values<R> {
        Values {
            window: Window::new(source),
            place: Place::Top,
            open: Vec::new(),
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
                    _ => Err(self.window.malformed(0, "the array is not finished")),
                };
            };
            match (self.place, byte) {
                (Place::Top, b'[') => self.step(Place::ArrayStart),
                (Place::ArrayStart | Place::ArrayComma, b']') => self.step(Place::Top),
                (Place::ArrayComma, b',') => self.step(Place::ArrayValue),
                (Place::ArrayComma, _) => {
                    return Err(self.window.malformed(0, "expected `,` or `]` in an array"));
                }
                (_, b',' | b':' | b']' | b'}') => {
                    let what = format!("`{}` where a value was expected", char::from(byte));
                    return Err(self.window.malformed(0, &what));
                }
                _ => return self.value(byte).map(Some),
            }
        }
    }

    /// The value inside which the source ended, as far as it came.
    #[must_use]
    pub fn cut(&self) -> Option<&[u8]> {
        self.window.cut()
    }

    fn step(&mut self, place: Place) {
        self.window.consume(1);
        self.place = place;
    }

    fn value(&mut self, first: u8) -> Result<Framed, Malformed> {
        let length = match first {
            b'{' | b'[' => self.nested()?,
            b'"' => self.string(1)?,
            _ => self.word()?,
        };
        let (line, column) = self.window.place();
        let framed = Framed {
            text: self.window.take(length)?,
            line,
            column,
            element: self.place != Place::Top,
        };
        if self.place != Place::Top {
            self.place = Place::ArrayComma;
        }
        Ok(framed)
    }

    /// Length of the object or array at `start`.
    fn nested(&mut self) -> Result<usize, Malformed> {
        let mut at = 0;
        self.open.clear();
        loop {
            let bracket = |byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']');
            let (found, byte) = self
                .window
                .find(at, bracket, "the input ends inside a value")?;
            at = found + 1;
            match byte {
                b'"' => at = self.string(at)?,
                b'{' => self.open.push(b'}'),
                b'[' => self.open.push(b']'),
                _ if self.open.pop() != Some(byte) => {
                    let what = format!("`{}` closes nothing", char::from(byte));
                    return Err(self.window.malformed(found, &what));
                }
                _ if self.open.is_empty() => return Ok(at),
                _ => {}
            }
        }
    }

    /// End of the string whose opening quote stands before `at`.
    fn string(&mut self, mut at: usize) -> Result<usize, Malformed> {
        loop {
            let special = |byte| byte == b'"' || byte == b'\\';
            match self
                .window
                .find(at, special, "the input ends inside a string")?
            {
                (found, b'"') => return Ok(found + 1),
                (found, _) => at = found + 2,
            }
        }
    }

    /// Length of a number, a literal, or whatever word stands where a value should.
    fn word(&mut self) -> Result<usize, Malformed> {
        let ends = |byte: u8| byte.is_ascii_whitespace() || b",:[]{}\"".contains(&byte);
        let mut at = 0;
        while self.window.byte(at)?.is_some_and(|byte| !ends(byte)) {
            at += 1;
        }
        Ok(at)
    }

    fn skip_space(&mut self) -> Result<Option<u8>, Malformed> {
        // A byte order mark is what some editors leave; it says nothing. No byte is asked for that need not
        // come: whoever sent `{}` may wait for what becomes of it.
        if self.window.place() == (1, 1)
            && self.window.byte(0)? == Some(0xef)
            && self.window.byte(1)? == Some(0xbb)
            && self.window.byte(2)? == Some(0xbf)
        {
            self.window.pass(3);
        }
        while let Some(byte) = self.window.byte(0)? {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(Some(byte));
            }
            self.window.consume(1);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::CHUNK;
    use std::io;

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
