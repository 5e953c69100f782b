//! A list as people read it: a row for each object, as wide as their terminal.

use std::time::{Duration, SystemTime};

use oa_pipe::escape::escape;
use oa_pipe::figure::{fit, size, time, width};
use oa_pipe::pipe::Pipe;
use serde_json::Value;

use crate::args::What;

/// Columns of a name at least, however narrow the terminal.
const NARROWEST: usize = 8;
/// Between two columns.
const GAP: &str = "  ";
/// What stands for nothing.
const NONE: &str = "-";

/// What a column shows of an object.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    /// A text.
    Text,
    /// A text that may be cut.
    Name,
    /// A number of bytes.
    Size,
    /// A number.
    Number,
    /// How long ago something was.
    Age,
    /// How soon something will be.
    Expiry,
    /// How many of how many, and how many failed.
    Counts,
}

/// Title, where the value stands in the object, and what is shown of it.
type Column = (&'static str, &'static str, Shows);

const ID: Column = ("ID", "/id", Shows::Text);
const NAME: Column = ("NAME", "/name", Shows::Name);
const STATUS: Column = ("STATUS", "/status", Shows::Text);
const USAGE: Column = ("SIZE", "/usage_bytes", Shows::Size);
const AGE: Column = ("AGE", "/created_at", Shows::Age);
const EXPIRES: Column = ("EXPIRES", "/expires_at", Shows::Expiry);

/// The columns of each list.
fn columns(what: What) -> Vec<Column> {
    let filename = ("NAME", "/filename", Shows::Name);
    let bytes = ("SIZE", "/bytes", Shows::Size);
    let files = ("FILES", "/file_counts/total", Shows::Number);
    let counts = ("DONE", "/request_counts", Shows::Counts);
    let owner = ("OWNER", "/owned_by", Shows::Name);
    let shutdown = ("SHUTDOWN", "/shutdown_date", Shows::Text);
    match what {
        What::Files => vec![ID, filename, bytes, AGE, EXPIRES],
        What::Stores => vec![ID, NAME, USAGE, files, STATUS, AGE, EXPIRES],
        What::StoreFiles => vec![ID, USAGE, STATUS, AGE],
        What::Batches => vec![ID, STATUS, counts, AGE, EXPIRES],
        What::Models => vec![ID, owner, shutdown],
    }
}

/// A table that grows page by page; a column never becomes narrower.
pub(crate) struct Table {
    columns: Vec<Column>,
    /// Columns of the terminal.
    room: usize,
    now: f64,
    widths: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table of these objects; its first row are the titles.
    pub(crate) fn new(what: What, room: usize) -> Table {
        let columns = columns(what);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let titles = columns.iter().map(|(title, ..)| (*title).to_owned());
        Table {
            room,
            now: now.unwrap_or_default().as_secs_f64(),
            widths: vec![0; columns.len()],
            rows: vec![titles.collect()],
            columns,
        }
    }

    /// A row for this object.
    pub(crate) fn add(&mut self, object: &str) {
        let object: Value = serde_json::from_str(object).unwrap_or_default();
        let cell = |(_, place, shows): &Column| {
            let value = object.pointer(place).filter(|value| !value.is_null());
            value.map_or(NONE.to_owned(), |value| self.cell(value, *shows))
        };
        let row = self.columns.iter().map(cell).collect();
        self.rows.push(row);
    }

    /// What is shown of a value; whatever is of another type, as it stands.
    fn cell(&self, value: &Value, shows: Shows) -> String {
        let seconds = |seconds: f64| time(Duration::from_secs_f64(seconds.clamp(0.0, 1e12)));
        let cell = match shows {
            Shows::Size => value.as_u64().map(size),
            Shows::Age => value.as_f64().map(|then| seconds(self.now - then)),
            Shows::Expiry => value.as_f64().map(|then| match then - self.now {
                ..=0.0 => "expired".to_owned(),
                left => seconds(left),
            }),
            Shows::Counts => counts(value),
            Shows::Text | Shows::Name | Shows::Number => value.as_str().map(escape),
        };
        cell.unwrap_or_else(|| escape(&value.to_string()))
    }

    /// Shows the rows that were added meanwhile.
    pub(crate) fn show(&mut self, pipe: &Pipe) {
        for line in self.lines() {
            pipe.show(&line);
        }
    }

    /// The rows that were added meanwhile; none where there is no object.
    fn lines(&mut self) -> Vec<String> {
        if self.rows.len() < 2 && self.widths.iter().all(|width| *width == 0) {
            return Vec::new();
        }
        let rows = std::mem::take(&mut self.rows);
        for row in &rows {
            for (most, cell) in self.widths.iter_mut().zip(row) {
                *most = width(cell).max(*most);
            }
        }
        let widths = self.fitting();
        let line = |row: &Vec<String>| self.line(row, &widths);
        rows.iter().map(line).collect()
    }

    /// The widths of the columns, with names cut where that helps.
    fn fitting(&self) -> Vec<usize> {
        let all = self.widths.iter().sum::<usize>() + GAP.len() * (self.widths.len() - 1);
        let over = all.saturating_sub(self.room);
        let columns = self.columns.iter().zip(&self.widths);
        let cut = |((_, _, shows), width): (&Column, &usize)| match shows {
            Shows::Name => width.saturating_sub(over).max(NARROWEST.min(*width)),
            _ => *width,
        };
        columns.map(cut).collect()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, (_, _, shows)), width) in row.iter().zip(&self.columns).zip(widths) {
            let cell = fit(cell, *width);
            let blank = " ".repeat(width - self::width(&cell));
            let left = matches!(shows, Shows::Text | Shows::Name);
            let (before, behind) = if left { ("", &*blank) } else { (&*blank, "") };
            line.extend([before, &cell, behind, GAP]);
        }
        line.trim_end().to_owned()
    }
}

/// How many requests of a Batch are done: `7/20`, `7/20, 2 failed`.
fn counts(counts: &Value) -> Option<String> {
    let count = |key: &str| counts[key].as_u64();
    let done = format!("{}/{}", count("completed")?, count("total")?);
    Some(match count("failed") {
        None | Some(0) => done,
        Some(failed) => format!("{done}, {failed} failed"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(what: What, room: usize, objects: &[&str]) -> Vec<String> {
        let mut table = Table::new(what, room);
        table.now = 1_000_000.0;
        for object in objects {
            table.add(object);
        }
        table.lines()
    }

    #[test]
    fn a_name_is_cut_where_there_is_no_room_and_an_id_never() {
        let file = r#"{"id":"file-abcdefgh","filename":"a very long\nname.pdf","bytes":1500000,"created_at":999000,"expires_at":1259200}"#;
        let bare = r#"{"id":"file-1","filename":"b.txt","bytes":7}"#;
        assert_eq!(
            shown(What::Files, 55, &[file, bare]),
            [
                "ID             NAME               SIZE     AGE  EXPIRES",
                "file-abcdefgh  a very long\\n…  1.4 MiB  16m40s    3d00h",
                "file-1         b.txt               7 B       -        -",
            ]
        );
        let narrow = shown(What::Files, 20, &[file]);
        assert_eq!(
            narrow[1],
            "file-abcdefgh  a very …  1.4 MiB  16m40s    3d00h"
        );
    }

    #[test]
    fn every_list_has_its_columns() {
        let cases = [
            (
                What::Batches,
                r#"{"id":"batch_1","status":"completed","request_counts":{"total":9,"completed":7,"failed":2},"created_at":999990,"expires_at":9}"#,
                "batch_1  completed  7/9, 2 failed  10s  expired",
            ),
            (
                What::Models,
                r#"{"id":"gpt-5.2","owned_by":"openai","shutdown_date":null}"#,
                "gpt-5.2  openai  -",
            ),
            (
                What::Stores,
                r#"{"id":"vs_1","name":null,"usage_bytes":0,"file_counts":{"total":3},"status":"completed","created_at":"?"}"#,
                "vs_1  -      0 B      3  completed  \"?\"        -",
            ),
            (
                What::StoreFiles,
                r#"{"id":"file-1","usage_bytes":2048,"status":"failed","created_at":940000.5}"#,
                "file-1  2 KiB  failed  16h39m",
            ),
        ];
        for (what, object, row) in cases {
            assert_eq!(shown(what, 80, &[object])[1], row);
            assert_eq!(shown(what, 80, &[]), [""; 0]);
        }
    }
}
