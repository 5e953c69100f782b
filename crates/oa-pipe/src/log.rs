//! Standard error: event lines for people and `grep`, progress on a terminal, nothing secret, nothing raw.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use oa_core::secret::Secrets;

use crate::escape::{escape, escape_json};
use crate::object::raw;
use crate::progress::{Line, Progress};
use crate::screen::Screen;

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
    secrets: Arc<Secrets>,
    screen: Option<Arc<Screen>>,
    progress: Option<Arc<Line>>,
}

impl Log {
    /// A log of this tool.
    #[must_use]
    pub fn new(tool: &'static str, level: Level) -> Log {
        let screen = Screen::behind(&io::stderr()).map(Arc::new);
        let drawn = screen.clone().filter(|_| level == Level::Normal);
        Log {
            tool,
            level,
            secrets: Arc::default(),
            screen,
            progress: drawn.map(|screen| Line::new(tool, screen)),
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
        let write = |line: &str| drop(io::stderr().write_all(line.as_bytes()));
        let line = format!("{line}\n");
        match &self.screen {
            Some(screen) => screen.line(&line, write),
            None => write(&line),
        }
    }

    /// Work on so many things begins. It is drawn on a terminal, and not with `-q` or `-v`.
    #[must_use]
    pub fn progress(&self, noun: &'static str, count: u64) -> Progress {
        let line = self.progress.as_ref();
        line.map(|line| line.begin(noun, count)).unwrap_or_default()
    }

    /// So much more is known to come, and perhaps what nobody knows of yet.
    pub(crate) fn expect(&self, coming: usize, open: bool) {
        if let Some(line) = &self.progress {
            line.expect(coming, open);
        }
    }

    /// What is waited for, as the end of the line that is drawn; nothing any more where that is empty. Where nothing
    /// is drawn ([`Log::draws`]), it is said nowhere.
    pub fn aside(&self, words: &str) {
        if let Some(line) = &self.progress {
            line.aside(words);
        }
    }

    /// Whether progress is drawn while there is work, so that lines need not repeat it.
    #[must_use]
    pub fn draws(&self) -> bool {
        self.progress.is_some()
    }

    /// Wipes what is drawn, before the end.
    pub(crate) fn clear(&self) {
        if let Some(screen) = &self.screen {
            screen.try_clear();
        }
    }

    /// Lets others write for a while, who know nothing of what is drawn.
    pub(crate) fn stand_aside(&self) {
        if let Some(screen) = self.screen.as_ref().filter(|_| self.progress.is_some()) {
            screen.stand_aside();
        }
    }

    /// The terminal behind another stream, if it is one, which may be the log's own.
    pub(crate) fn screen_of(&self, stream: &impl AsFd) -> Option<Arc<Screen>> {
        let ours = self.screen.clone();
        let ours = ours.filter(|screen| screen.is_behind(stream));
        ours.or_else(|| Screen::behind(stream).map(Arc::new))
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
