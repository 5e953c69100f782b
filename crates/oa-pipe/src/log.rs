//! Standard error: event lines for people and `grep`, progress on a terminal, nothing secret, nothing raw.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use oa_core::secret::Secrets;

use crate::escape::{escape, escape_json};
use crate::machine;
use crate::object::raw;

/// Uploads below this many bytes are over before a bar says anything.
const BAR_FROM: u64 = 4 << 20;

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
    bars: OnceLock<MultiProgress>,
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
            bars: OnceLock::new(),
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
        let write = || {
            let mut stderr = io::stderr().lock();
            let _ = stderr
                .write_all(format!("{line}\n").as_bytes())
                .and_then(|()| stderr.flush());
        };
        match self.bars.get() {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// Whether progress may be drawn: on a terminal, and not with `-q` or `-v`.
    fn draws(&self) -> bool {
        !self.bare && self.level == Level::Normal
    }

    fn add_bar(&self, bar: ProgressBar, template: &str, what: &str) -> Progress {
        let bars = self
            .bars
            .get_or_init(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        let bar = bars.add(bar);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(escape(what));
        // It wants a thread, and ends the process where there is none.
        if machine::has_thread() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Progress(Some(bar))
    }

    /// A bar for an upload of that many bytes; draws nothing where nobody looks.
    #[must_use]
    pub fn upload_bar(&self, what: &str, bytes: u64) -> Progress {
        if !self.draws() || bytes < BAR_FROM {
            return Progress(None);
        }
        let template = "{msg} {wide_bar} {bytes}/{total_bytes} {eta}";
        self.add_bar(ProgressBar::new(bytes), template, what)
    }

    /// A bar that counts things; draws nothing where nobody looks.
    #[must_use]
    pub fn count_bar(&self, what: &str, count: u64) -> Progress {
        if !self.draws() {
            return Progress(None);
        }
        self.add_bar(
            ProgressBar::new(count),
            "{msg} {wide_bar} {pos}/{len} {elapsed}",
            what,
        )
    }

    /// A spinner for a wait; draws nothing where nobody looks.
    #[must_use]
    pub fn spinner(&self, what: &str) -> Progress {
        if !self.draws() {
            return Progress(None);
        }
        self.add_bar(
            ProgressBar::new_spinner(),
            "{spinner} {msg} {elapsed}",
            what,
        )
    }
}

/// Progress that somebody may be looking at; gone when dropped.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// Whether it is drawn, so that lines need not repeat it.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.0.is_some()
    }

    /// So much is done.
    pub fn set(&self, done: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(done);
        }
    }

    /// What goes on now.
    pub fn say(&self, what: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(escape(what));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
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
