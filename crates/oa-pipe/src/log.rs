//! Standard error: event lines for people and `grep`, progress on a terminal, nothing secret, nothing raw.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use oa_core::secret::Secrets;

use crate::escape::{escape, escape_json};
use crate::object::raw;
use crate::progress::{Bars, Progress};

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// Errors only.
    Quiet,
    /// One line per event.
    Normal,
    /// One line per HTTP exchange, too.
    Exchanges,
    /// Headers, too.
    Headers,
}

/// The one who writes to standard error.
pub struct Log {
    tool: &'static str,
    level: Level,
    bars: Bars,
    secrets: Arc<Secrets>,
    bare: bool,
}

impl Log {
    /// A log of this tool.
    #[must_use]
    pub fn new(tool: &'static str, level: Level) -> Log {
        Log {
            tool,
            level,
            bars: Bars::default(),
            secrets: Arc::default(),
            bare: !io::stderr().is_terminal(),
        }
    }

    /// The tool that speaks.
    #[must_use]
    pub fn tool(&self) -> &'static str {
        self.tool
    }

    /// Whether lines of this level are wanted.
    #[must_use]
    pub fn shows(&self, level: Level) -> bool {
        self.level >= level
    }

    /// From now on this text is never written.
    pub fn keep_secret(&self, secret: &str) {
        self.secrets.add(secret);
    }

    /// The text without the secrets, wherever and in whatever shape they stand.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        self.secrets.redact(text)
    }

    /// What is never written.
    #[must_use]
    pub fn secrets(&self) -> Arc<Secrets> {
        Arc::clone(&self.secrets)
    }

    /// `[event] details`.
    pub fn event(&self, event: &str, details: &str) {
        if self.shows(Level::Normal) {
            self.line(&format!("[{event}] {details}"));
        }
    }

    /// A line that only `-v` (or `-vv`) shows.
    pub fn detail(&self, level: Level, text: &str) {
        if self.shows(level) {
            self.line(text);
        }
    }

    /// `tool: what happened`; shown also with `-q`.
    pub fn error(&self, text: &str) {
        self.line(&format!("{}: {text}", self.tool));
    }

    /// `tool: warning: …`; not with `-q`.
    pub fn warning(&self, text: &str) {
        if self.shows(Level::Normal) {
            self.line(&format!("{}: warning: {text}", self.tool));
        }
    }

    /// `tool: …` for what is no trouble, but good to know; not with `-q`.
    pub fn note(&self, text: &str) {
        if self.shows(Level::Normal) {
            self.line(&format!("{}: {text}", self.tool));
        }
    }

    /// A record that could not be handed on, whole, so that it is not lost: the same JSON, in characters
    /// that a terminal shows.
    pub fn record(&self, line: &str) {
        self.write(&escape_json(&self.redact(line)));
    }

    fn line(&self, text: &str) {
        self.write(&escape(&self.redact(text)));
    }

    fn write(&self, line: &str) {
        // Nobody is left to be told when standard error itself cannot be written.
        self.bars.suspend(|| {
            let mut stderr = io::stderr().lock();
            let _ = stderr
                .write_all(format!("{line}\n").as_bytes())
                .and_then(|()| stderr.flush());
        });
    }

    /// Whether progress may be drawn: on a terminal, and not with `-q` or `-v`.
    fn draws(&self) -> bool {
        !self.bare && self.level == Level::Normal
    }

    /// Progress as `Bars::add` draws it; draws nothing where nobody looks.
    #[must_use]
    pub fn progress(&self, template: &str, what: &str, count: Option<u64>) -> Progress {
        if self.draws() {
            self.bars.add(template, what, count)
        } else {
            Progress::default()
        }
    }
}

/// `name=value`, as a field of a line: a value that could be taken for more than one is written as a JSON
/// string, so that no name forges a field or a line.
#[must_use]
pub fn field(name: &str, value: &str) -> String {
    let parts = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=');
    if value.is_empty() || value.contains(parts) || escape(value) != value {
        return format!("{name}={}", escape_json(&raw(&value).to_string()));
    }
    format!("{name}={value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_field() {
        for (value, wanted) in [
            ("report.pdf", "report.pdf"),
            ("a/\u{e9}.pdf", "a/\u{e9}.pdf"),
            ("my report.pdf", "\"my report.pdf\""),
            ("a\n[delete] file_id=b", "\"a\\n[delete] file_id=b\""),
            ("a=b", "\"a=b\""),
            ("it's", "\"it's\""),
            ("\"", "\"\\\"\""),
            ("a\u{9b} \u{202e}", "\"a\\u009b \\u202e\""),
            ("", "\"\""),
        ] {
            assert_eq!(field("path", value), format!("path={wanted}"));
        }
    }

    #[test]
    fn the_key_is_never_shown() {
        let log = Log::new("oa-test", Level::Normal);
        log.keep_secret("sk-12345");
        assert_eq!(log.redact("Incorrect key sk-12345."), "Incorrect key ***.");
    }
}
