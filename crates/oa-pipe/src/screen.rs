//! The line of a terminal where the cursor stands, which programs of a pipe share: nobody writes behind what another
//! one has drawn, or draws over half a line of text.
//!
//! Whoever draws has the terminal's lock alone, and leaves the cursor in the first column, so that any line that is
//! written erases what is drawn. Whoever has written half a line of text has the lock with others of the kind.

use std::os::fd::AsFd;
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use oa_core::machine::lock;

use crate::figure::fit;
use crate::terminal::Terminal;

/// Erases what stands at and behind the cursor.
const ERASE: &str = "\x1b[K";
/// For so long whoever draws lets go of the lock each time, so that somebody with half a line of text gets in.
const GAP: Duration = Duration::from_millis(2);
/// Who draws lets go more often than that, unless it is stopped.
const PATIENCE: Duration = Duration::from_millis(500);
/// What was handed on may be shown by a program that knows nothing of what is drawn.
const REST: Duration = Duration::from_millis(250);

/// The line where the cursor stands.
pub(crate) struct Screen {
    terminal: Terminal,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Something of ours is drawn.
    drawn: bool,
    /// Half a line of ours stands there.
    open: bool,
    /// Half a line of ours was ended by a line that came between.
    cut: bool,
    /// Nothing is drawn before.
    rest: Option<Instant>,
}

impl Screen {
    /// That of the terminal behind a stream, if it can be drawn on.
    pub(crate) fn behind(stream: &impl AsFd) -> Option<Screen> {
        Some(Screen {
            terminal: Terminal::behind(stream)?,
            state: Mutex::default(),
        })
    }

    /// Whether that stream ends here.
    pub(crate) fn is_behind(&self, stream: &impl AsFd) -> bool {
        self.terminal.is_behind(stream)
    }

    /// Has whole lines written where nothing stands.
    pub(crate) fn line<T>(&self, line: &str, write: impl FnOnce(&str) -> T) -> T {
        let mut state = lock(&self.state);
        let whole = format!("{}{line}", self.before(&state));
        let written = write(&whole);
        (state.drawn, state.cut) = (false, state.cut || state.open);
        state.open = false;
        self.terminal.leave();
        written
    }

    /// Has text written that may end in half a line.
    pub(crate) fn text<T>(&self, text: &str, write: impl FnOnce(&str) -> T) -> T {
        let mut state = lock(&self.state);
        let cut = !text.is_empty() && std::mem::take(&mut state.cut);
        let text = text.strip_prefix('\n').filter(|_| cut).unwrap_or(text);
        if text.is_empty() {
            return write(text);
        }
        let before = if state.open { "" } else { self.before(&state) };
        let open = !text.ends_with('\n');
        if open && !state.open {
            self.take_half();
        }
        let written = write(&format!("{before}{text}"));
        (state.drawn, state.open) = (false, open);
        if !open {
            self.terminal.leave();
        }
        written
    }

    /// Draws a line that is gone as soon as another one is written; nothing where the terminal is somebody else's.
    pub(crate) fn draw(&self, text: &str) {
        let mut state = lock(&self.state);
        if state.open || state.rest.is_some_and(|rest| Instant::now() < rest) {
            return;
        }
        if std::mem::take(&mut state.drawn) {
            self.terminal.leave();
            sleep(GAP);
        }
        if self.terminal.is_ours() && self.terminal.take(true) {
            let text = fit(text, self.terminal.columns() - 1);
            self.terminal.draw(&format!("\r{text}{ERASE}\r"));
            state.drawn = true;
        }
    }

    /// Wipes what is drawn.
    pub(crate) fn clear(&self) {
        self.wipe(&mut lock(&self.state));
    }

    /// The same where it can be done at once: a terminal that is stopped holds up whoever writes to it.
    pub(crate) fn try_clear(&self) {
        if let Ok(mut state) = self.state.try_lock() {
            self.wipe(&mut state);
        }
    }

    /// Wipes what is drawn, and draws nothing for a while.
    pub(crate) fn stand_aside(&self) {
        let mut state = lock(&self.state);
        self.wipe(&mut state);
        state.rest = Some(Instant::now() + REST);
    }

    fn wipe(&self, state: &mut State) {
        if std::mem::take(&mut state.drawn) {
            self.terminal.write(&format!("\r{ERASE}"));
            self.terminal.leave();
        }
    }

    /// What brings the cursor to where nothing stands.
    fn before(&self, state: &State) -> &'static str {
        if state.drawn {
            "\r\x1b[K"
        } else if state.open || self.is_half() {
            "\n\x1b[K"
        } else {
            ERASE
        }
    }

    /// Whether somebody else has written half a line.
    fn is_half(&self) -> bool {
        let half = self.terminal.take(false) && !self.terminal.take(true);
        self.terminal.leave();
        half
    }

    /// Takes the lock for half a line, sooner or later.
    fn take_half(&self) {
        let begun = Instant::now();
        while !self.terminal.take(false) && begun.elapsed() < PATIENCE {
            sleep(GAP / 4);
        }
    }
}
