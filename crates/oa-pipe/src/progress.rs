//! Progress on a terminal: lines that are drawn anew, and stand aside while others are written.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::escape::escape;
use crate::machine;

/// A bar for bytes.
pub const BYTES: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {eta}";
/// A bar for things that are counted.
pub const COUNT: &str = "{msg} {wide_bar} {pos}/{len} {elapsed}";
/// A spinner for a wait.
pub const SPINNER: &str = "{spinner} {msg} {elapsed}";

/// All that is drawn at the moment.
#[derive(Default)]
pub(crate) struct Bars(OnceLock<MultiProgress>);

impl Bars {
    /// Runs `write` while nothing is drawn.
    pub(crate) fn suspend(&self, write: impl FnOnce()) {
        match self.0.get() {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// Draws one more: `what` goes on, of which there are `count`, where that is known.
    pub(crate) fn add(&self, template: &str, what: &str, count: Option<u64>) -> Progress {
        let target = ProgressDrawTarget::stderr;
        let bars = self
            .0
            .get_or_init(|| MultiProgress::with_draw_target(target()));
        let bar = bars.add(ProgressBar::with_draw_target(count, target()));
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
}

/// Progress that somebody may be looking at; gone when dropped.
#[derive(Default)]
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
