//! Any bytes on standard input: no panic, the same records however the bytes arrive, and a record that is read
//! again is the same.
#![no_main]

use std::io::Read;

use libfuzzer_sys::fuzz_target;
use oa_pipe::lift::lift;
use oa_pipe::scan::Values;

/// Gives out at most so many bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(out.len()).min(self.0.len());
        out[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn lines(bytes: &[u8], step: usize) -> Vec<String> {
    let mut values = Values::new(Slow(bytes, step));
    let mut lines = Vec::new();
    loop {
        match values.next_value() {
            Ok(Some(framed)) => match lift(&framed.text, framed.element) {
                Ok(lifted) => lines.extend(lifted.map(|item| match &item.problem {
                    Some(problem) => format!("! {problem}"),
                    None => item.record.object().to_line(),
                })),
                Err(error) => {
                    // As the pipe does: what is malformed ends the reading.
                    lines.push(format!("!! {error}"));
                    return lines;
                }
            },
            Ok(None) => return lines,
            Err(malformed) => {
                lines.push(format!("!!! {}:{} {}", malformed.line, malformed.column, malformed.what));
                return lines;
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let whole = lines(bytes, usize::MAX);
    assert_eq!(whole, lines(bytes, 1));
    for line in whole.iter().filter(|line| !line.starts_with('!')) {
        let again = lines(line.as_bytes(), 7);
        assert_eq!(again, [line.as_str()]);
    }
});
