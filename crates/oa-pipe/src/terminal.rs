//! The terminal that somebody looks at, opened anew, so that its locks are this process's own.

use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, open};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::termios::{isatty, tcgetpgrp, tcgetwinsize, ttyname};

/// Columns where the terminal does not say how many it has.
const COLUMNS: usize = 80;

/// The columns of a terminal at the moment.
pub(crate) fn columns(terminal: &impl AsFd) -> usize {
    let columns = tcgetwinsize(terminal).map_or(0, |size| size.ws_col);
    match columns {
        0 => COLUMNS,
        columns => columns.into(),
    }
}

/// A terminal that can erase a line.
pub(crate) struct Terminal(OwnedFd);

impl Terminal {
    /// The terminal behind a stream; none where it is dumb, or may not be opened.
    pub(crate) fn behind(stream: &impl AsFd) -> Option<Terminal> {
        let kind = std::env::var("TERM").unwrap_or_default();
        if !isatty(stream) || matches!(kind.as_str(), "" | "dumb") {
            return None;
        }
        let name = ttyname(stream, Vec::new()).ok()?;
        // It must not become the controlling terminal, and what is only drawn waits for nobody who stopped the output.
        let how = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = open(name.as_c_str(), how, Mode::empty());
        opened.ok().map(Terminal)
    }

    /// Whether this is the terminal behind that stream.
    pub(crate) fn is_behind(&self, stream: &impl AsFd) -> bool {
        let same = |(ours, theirs)| isatty(stream) && ours == theirs;
        let device = |stat: rustix::fs::Stat| stat.st_rdev;
        let ours = fstat(&self.0).map(device).ok();
        ours.zip(fstat(stream).map(device).ok()).is_some_and(same)
    }

    /// Takes the lock, alone or with others who do not want it alone; tells whether it was to be had.
    pub(crate) fn take(&self, alone: bool) -> bool {
        let how = if alone {
            FlockOperation::NonBlockingLockExclusive
        } else {
            FlockOperation::NonBlockingLockShared
        };
        flock(&self.0, how).is_ok()
    }

    /// Lets go of the lock.
    pub(crate) fn leave(&self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }

    /// Whether this process is not in the background, where the line belongs to whoever is not.
    pub(crate) fn is_ours(&self) -> bool {
        // Not every terminal is the controlling one.
        tcgetpgrp(&self.0).map_or(true, |group| group == getpgrp())
    }

    /// Its columns at the moment.
    pub(crate) fn columns(&self) -> usize {
        columns(&self.0)
    }

    /// Writes what may as well not be written.
    pub(crate) fn draw(&self, text: &str) {
        let _ = rustix::io::write(&self.0, text.as_bytes());
    }

    /// Writes all of it, as far as there still is a terminal.
    pub(crate) fn write(&self, text: &str) {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(&self.0, rest) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let _ = poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], None);
                }
                Err(_) => return,
            }
        }
    }
}
