//! Server-sent events: the data of each, whatever line ends, comments and dialects a server has.

use std::io::{self, BufRead};

/// The longest single event, in bytes; a whole Response with pictures fits.
const MAX_EVENT: usize = 128 << 20;

/// The events of a stream.
pub(crate) struct Events<R> {
    source: R,
}

impl<R: BufRead> Events<R> {
    pub(crate) fn new(source: R) -> Events<R> {
        Events { source }
    }

    /// The data of the next event; `None` at the end of the stream or at `[DONE]`.
    pub(crate) fn next_data(&mut self) -> io::Result<Option<String>> {
        let mut data: Option<String> = None;
        let mut size = 0;
        loop {
            let Some(line) = self.line()? else {
                // Some servers forget the blank line behind their last event.
                return Ok(data.filter(|data| !is_done(data)));
            };
            if line.is_empty() {
                match data.take() {
                    Some(data) if is_done(&data) => return Ok(None),
                    Some(data) => return Ok(Some(data)),
                    None => continue,
                }
            }
            let Some(value) = line.strip_prefix("data:") else {
                continue;
            };
            size += value.len();
            if size > MAX_EVENT {
                return Err(io::Error::other("an event is larger than any answer"));
            }
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => data = Some(value.to_owned()),
            }
        }
    }

    /// One line without its end, which is LF or CRLF.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::new();
        loop {
            let part = self.source.fill_buf()?;
            if part.is_empty() {
                return Ok((!bytes.is_empty()).then(|| text(bytes)));
            }
            let end = part.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(part.len(), |at| at + 1);
            bytes.extend_from_slice(&part[..end.unwrap_or(taken)]);
            self.source.consume(taken);
            if end.is_some() {
                return Ok(Some(text(bytes)));
            }
            if bytes.len() > MAX_EVENT {
                return Err(io::Error::other("an event is larger than any answer"));
            }
        }
    }
}

fn text(mut bytes: Vec<u8>) -> String {
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn is_done(data: &str) -> bool {
    data.starts_with("[DONE]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn all(text: &str, buffer: usize) -> Vec<String> {
        let mut events = Events::new(BufReader::with_capacity(buffer, text.as_bytes()));
        let mut seen = Vec::new();
        while let Ok(Some(data)) = events.next_data() {
            seen.push(data);
        }
        seen
    }

    #[test]
    fn every_dialect_is_read() {
        let cases: [(&str, &[&str]); 8] = [
            (
                "event: a\ndata: {\"x\":1}\n\ndata: 2\n\n",
                &["{\"x\":1}", "2"],
            ),
            ("data: 1\r\n\r\ndata: 2\r\n\r\n", &["1", "2"]),
            (": comment\n\ndata:1\n\n", &["1"]),
            ("data: a\ndata: b\n\n", &["a\nb"]),
            ("data: 1\n\ndata: [DONE]\n\ndata: 2\n\n", &["1"]),
            ("data: 1", &["1"]),
            ("data: é€\n\n", &["é€"]),
            ("", &[]),
        ];
        for (text, data) in cases {
            for buffer in [1, 3, 4096] {
                assert_eq!(all(text, buffer), data, "{text:?} by {buffer}");
            }
        }
    }
}
