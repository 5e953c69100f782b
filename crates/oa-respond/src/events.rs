//! Server-sent events: the data of each, whatever line ends, comments and dialects a server has.

use std::io::{self, BufRead};

/// The longest single event, in bytes; a whole Response with pictures fits.
const MAX_EVENT: usize = 128 << 20;

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its type, where the line `event:` says it.
    pub(crate) name: Option<String>,
    /// Its data; never empty.
    pub(crate) data: String,
}

/// The events of a stream.
pub(crate) struct Events<R> {
    source: R,
    /// The last line ended with CR: an LF right behind it belongs to that end.
    after_cr: bool,
    begun: bool,
}

impl<R: BufRead> Events<R> {
    pub(crate) fn new(source: R) -> Events<R> {
        Events {
            source,
            after_cr: false,
            begun: false,
        }
    }

    /// The next event; `None` at the end of the stream or at `[DONE]`. One without data is none (WHATWG HTML).
    pub(crate) fn next_event(&mut self) -> io::Result<Option<Event>> {
        let mut name = None;
        let mut data: Option<String> = None;
        let mut size = 0;
        loop {
            let line = self.line()?;
            let ends = line.as_ref().is_none_or(String::is_empty);
            if ends {
                // Some servers forget the blank line behind their last event.
                let whole = data.take().filter(|data| !data.trim().is_empty());
                match whole {
                    Some(data) if is_done(&data) => return Ok(None),
                    Some(data) => return Ok(Some(Event { name, data })),
                    None if line.is_none() => return Ok(None),
                    None => name = None,
                }
                continue;
            }
            let mut line = line.unwrap_or_default();
            size += line.len();
            if size > MAX_EVENT {
                return Err(io::Error::other("an event is larger than any answer"));
            }
            if let Some(value) = field(&line, "event") {
                name = Some(value.to_owned()).filter(|name| !name.is_empty());
            } else if let Some(value) = field(&line, "data") {
                if let Some(data) = &mut data {
                    data.push('\n');
                    data.push_str(value);
                } else {
                    // An event may hold a whole answer: it is not copied.
                    line.drain(..line.len() - value.len());
                    data = Some(line);
                }
            }
        }
    }

    /// One line without its end, which is LF, CRLF or CR.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        loop {
            let part = self.source.fill_buf()?;
            if part.is_empty() {
                return Ok((!bytes.is_empty()).then(|| self.text(bytes)));
            }
            if std::mem::take(&mut self.after_cr) && part[0] == b'\n' {
                self.source.consume(1);
                continue;
            }
            let end = part.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            bytes.extend_from_slice(&part[..end.unwrap_or(part.len())]);
            let taken = end.map_or(part.len(), |at| at + 1);
            self.after_cr = end.is_some_and(|at| part[at] == b'\r');
            self.source.consume(taken);
            if end.is_some() {
                return Ok(Some(self.text(bytes)));
            }
            if bytes.len() > MAX_EVENT {
                return Err(io::Error::other("an event is larger than any answer"));
            }
        }
    }

    fn text(&mut self, bytes: Vec<u8>) -> String {
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        match text.strip_prefix('\u{feff}') {
            Some(rest) if !std::mem::replace(&mut self.begun, true) => rest.to_owned(),
            _ => text,
        }
    }
}

/// The value of a line, if it is one of this field: `data: x` or `data:x`.
fn field<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let value = line.strip_prefix(name)?.strip_prefix(':')?;
    Some(value.strip_prefix(' ').unwrap_or(value))
}

fn is_done(data: &str) -> bool {
    data.trim_start().starts_with("[DONE]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn all(text: &str, buffer: usize) -> Vec<String> {
        let mut events = Events::new(BufReader::with_capacity(buffer, text.as_bytes()));
        let mut seen = Vec::new();
        while let Ok(Some(event)) = events.next_event() {
            seen.push(match event.name {
                Some(name) => format!("{name}={}", event.data),
                None => event.data,
            });
        }
        seen
    }

    #[test]
    fn every_dialect_is_read() {
        let cases: [(&str, &[&str]); 14] = [
            (
                "event: a\ndata: {\"x\":1}\n\ndata: 2\n\n",
                &["a={\"x\":1}", "2"],
            ),
            ("data: 1\r\n\r\ndata: 2\r\n\r\n", &["1", "2"]),
            (": comment\n\ndata:1\n\n", &["1"]),
            ("data: a\ndata: b\n\n", &["a\nb"]),
            ("data: 1\n\ndata: [DONE]\n\ndata: 2\n\n", &["1"]),
            ("data: 1", &["1"]),
            ("data: é€\n\n", &["é€"]),
            ("", &[]),
            ("data: \n\ndata:\n\ndata: 1\n\n", &["1"]),
            ("event: a\n\ndata: 1\n\n", &["1"]),
            ("event: a\ndata: 1\n\ndata: 2\n\n", &["a=1", "2"]),
            ("data: 1\r\rdata: 2\r\r", &["1", "2"]),
            ("\u{feff}data: 1\n\n", &["1"]),
            ("event:a\r\ndata:1\r\n\r\n", &["a=1"]),
        ];
        for (text, data) in cases {
            for buffer in [1, 3, 4096] {
                assert_eq!(all(text, buffer), data, "{text:?} by {buffer}");
            }
        }
    }
}
