//! The one progress line of a process: how much is done of how much, and for how long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use oa_core::machine::lock;

use crate::escape::escape;
use crate::figure::{size, time};
use crate::machine;
use crate::screen::Screen;

/// How often it is drawn anew; what takes less is not drawn at all.
const TICK: Duration = Duration::from_millis(200);

/// The progress line of this process.
pub(crate) struct Line {
    tool: &'static str,
    screen: Arc<Screen>,
    tally: Mutex<Tally>,
    /// Bytes that were sent.
    sent: AtomicU64,
    begun: Condvar,
}

#[derive(Default)]
struct Tally {
    /// What is counted.
    noun: &'static str,
    done: u64,
    /// What was begun, and what is known to come.
    all: u64,
    coming: u64,
    /// Who knows how much more comes?
    open: bool,
    /// Bytes to be sent.
    bytes: u64,
    /// Pieces of work that go on.
    working: usize,
    since: Option<Instant>,
    /// What is waited for.
    aside: String,
    /// Somebody draws.
    drawing: bool,
}

impl Line {
    pub(crate) fn new(tool: &'static str, screen: Arc<Screen>) -> Arc<Line> {
        Arc::new(Line {
            tool,
            screen,
            tally: Mutex::default(),
            sent: AtomicU64::new(0),
            begun: Condvar::new(),
        })
    }

    /// So much more is known to come, and perhaps what nobody knows of yet.
    pub(crate) fn expect(&self, coming: usize, open: bool) {
        let mut tally = lock(&self.tally);
        (tally.coming, tally.open) = (coming as u64, open);
    }

    /// What is waited for, in the server's words or ours; nothing any more where that is empty.
    pub(crate) fn aside(&self, words: &str) {
        lock(&self.tally).aside = escape(words);
    }

    /// Work begins on so many things; it is shown until what comes back is dropped.
    pub(crate) fn begin(self: &Arc<Self>, noun: &'static str, count: u64) -> Progress {
        let mut tally = lock(&self.tally);
        tally.noun = noun;
        tally.all += count;
        tally.working += 1;
        tally.since.get_or_insert_with(Instant::now);
        if !tally.drawing {
            let line = Arc::clone(self);
            tally.drawing = machine::begin(move || line.draw());
        }
        self.begun.notify_one();
        let drawn = tally.drawing;
        drop(tally);
        Progress {
            line: Some(Arc::clone(self)),
            drawn,
            left: AtomicU64::new(count),
        }
    }

    /// Draws for as long as the process lives.
    fn draw(&self) {
        let mut tally = lock(&self.tally);
        loop {
            let idle = self.begun.wait_while(tally, |tally| tally.working == 0);
            let idle = idle.unwrap_or_else(PoisonError::into_inner);
            let ticked = self.begun.wait_timeout_while(idle, TICK, |_| true);
            tally = ticked.unwrap_or_else(PoisonError::into_inner).0;
            if tally.working > 0 {
                let sent = self.sent.load(Ordering::SeqCst);
                self.screen.draw(&tally.text(self.tool, sent));
            }
        }
    }
}

impl Tally {
    fn text(&self, tool: &str, sent: u64) -> String {
        let Tally { noun, done, .. } = self;
        let all = self.all + self.coming;
        let more = if self.open { "+" } else { "" };
        let bytes = match self.bytes {
            0 => String::new(),
            _ if self.open || self.coming > 0 => format!(" {}", size(sent)),
            bytes => format!(" {}/{}", size(sent), size(bytes)),
        };
        let elapsed = time(self.since.map(|since| since.elapsed()).unwrap_or_default());
        let aside = if self.aside.is_empty() { "" } else { ", " };
        let aside = format!("{aside}{}", self.aside);
        format!("{tool}: done {done}/{all}{more} {noun}{bytes} {elapsed}{aside}")
    }
}

/// Work that somebody may be looking at; over when dropped.
#[derive(Default)]
pub struct Progress {
    line: Option<Arc<Line>>,
    drawn: bool,
    /// Things that are not done yet.
    left: AtomicU64,
}

impl Progress {
    /// Whether it is drawn, so that lines need not repeat it.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.drawn
    }

    /// So many more things are done.
    pub fn done(&self, more: u64) {
        let (order, fewer) = (Ordering::SeqCst, |left: u64| {
            Some(left.saturating_sub(more))
        });
        let Ok(left) = self.left.fetch_update(order, order, fewer) else {
            return;
        };
        if let Some(line) = &self.line {
            lock(&line.tally).done += more.min(left);
        }
    }

    /// So many bytes will be sent.
    pub fn weigh(&self, bytes: u64) {
        if let Some(line) = &self.line {
            lock(&line.tally).bytes += bytes;
        }
    }

    /// Of these bytes as many were sent as `now` says, where `before` were.
    pub fn sent(&self, before: u64, now: u64) {
        if let Some(line) = &self.line {
            // Sent again from the beginning, they become fewer.
            line.sent.fetch_add(now, Ordering::SeqCst);
            line.sent.fetch_sub(before, Ordering::SeqCst);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done(u64::MAX);
        if let Some(line) = &self.line {
            let mut tally = lock(&line.tally);
            tally.working -= 1;
            if tally.working == 0 {
                line.screen.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_only_what_is_known() {
        let mut tally = Tally {
            noun: "files",
            done: 2,
            all: 3,
            open: true,
            bytes: 3 << 20,
            ..Tally::default()
        };
        let text = |tally: &Tally| tally.text("oa-upload", 1 << 20);
        assert_eq!(text(&tally), "oa-upload: done 2/3+ files 1.0 MiB 0s");
        tally.open = false;
        assert_eq!(text(&tally), "oa-upload: done 2/3 files 1.0 MiB/3.0 MiB 0s");
        (tally.coming, tally.bytes) = (4, 0);
        tally.aside = "waits for the limit".to_owned();
        assert_eq!(
            text(&tally),
            "oa-upload: done 2/7 files 0s, waits for the limit"
        );
    }
}
