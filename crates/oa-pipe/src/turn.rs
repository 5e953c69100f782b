//! Records that wait for their turn, and where they go then.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::record::Record;
use crate::screen::Screen;
use crate::target::Target;

/// What is known of a record until its turn is over.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) text: String,
    /// The text's last line has its end.
    pub(super) closed: bool,
    pub(super) ended: bool,
    pub(super) record: Option<Record>,
    /// Bytes of the record, where it has to wait.
    pub(super) size: usize,
}

/// The output as it is just now.
#[derive(Default)]
pub(super) struct State {
    pub(super) target: Target,
    /// Somebody looks at it, and nothing of it may drive the terminal.
    pub(super) on_screen: bool,
    /// The terminal's line, where something may be drawn.
    pub(super) screen: Option<Arc<Screen>>,
    pub(super) turn: u64,
    pub(super) waiting: BTreeMap<u64, Slot>,
    /// Bytes of the records that wait.
    pub(super) size: usize,
    /// Text of the record whose turn it is was written already, and the end of its last line.
    pub(super) begun: bool,
    pub(super) closed: bool,
    /// Bytes that wait for more, or that nobody took.
    pub(super) held: String,
    pub(super) failed: Option<io::Error>,
}

impl State {
    /// Writes what was held back; what cannot be written stays.
    pub(super) fn hand_on(&mut self) -> io::Result<()> {
        self.write(&[Cow::Borrowed(&self.held)])?;
        self.held.clear();
        Ok(())
    }

    /// Writes now.
    pub(super) fn write(&self, pieces: &[Cow<str>]) -> io::Result<()> {
        match &self.screen {
            // At once, so that nobody draws between them.
            Some(screen) => screen.text(&pieces.concat(), |text| {
                self.target.write(&[Cow::Borrowed(text)])
            }),
            None => self.target.write(pieces),
        }
    }
}
