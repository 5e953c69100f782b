//! Standard input: read to its end, unless nobody reads our output any more.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;

use crate::wake::Wake;
use crate::write::Writer;

/// Bytes that are taken at most once the output is closed: as many as a pipe can hold (Linux, pipe-max-size).
/// An upstream that never ends would else be read for ever.
const LAST: usize = 1 << 20;

/// Standard input as a reader that takes only what lies ready once the output is closed.
pub(super) struct Stdin {
    source: io::Stdin,
    wake: Arc<Wake>,
    output: Arc<Writer>,
    /// Bytes that may still be taken after that.
    last: usize,
}

impl Stdin {
    pub(super) fn new(wake: Arc<Wake>, output: Arc<Writer>) -> Stdin {
        Stdin {
            source: io::stdin(),
            wake,
            output,
            last: LAST,
        }
    }

    /// Waits until there is something to read, or until nobody waits for more.
    fn wait(&self) -> io::Result<()> {
        let now = Timespec::default();
        let mut patient = false;
        while !self.wake.ends() {
            let mut fds = vec![PollFd::new(&self.source, PollFlags::IN)];
            if let Some((reader, _)) = &self.wake.pipe {
                fds.push(PollFd::new(reader, PollFlags::IN));
            }
            match poll(&mut fds, (!patient).then_some(&now)) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            // A closed stdin (`<&-`) polls as NVAL; the read then tells.
            if !fds[0].revents().is_empty() {
                break;
            }
            // Nothing lies ready: whoever waits for our lines gets them before we wait.
            self.output.flush();
            patient = true;
        }
        Ok(())
    }

    /// How much is taken now that the output is closed: what lies in the pipe.
    fn rest(&mut self, wanted: usize) -> usize {
        let lies = rustix::io::ioctl_fionread(&self.source).unwrap_or(0);
        let rest = wanted
            .min(self.last)
            .min(usize::try_from(lies).unwrap_or(0));
        self.last -= rest;
        rest
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait()?;
        let mut count = buffer.len();
        if self.wake.ends() {
            count = self.rest(count);
            if count == 0 {
                // Upstream is to stop now, not only when our last job has ended.
                rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
                return Ok(0);
            }
        }
        // Not by std's reader: what lies in its own buffer no poll can see.
        Ok(rustix::io::read(&self.source, &mut buffer[..count])?)
    }
}

/// Whether standard input is a regular file, whose records stay where they are.
pub(super) fn stdin_is_saved() -> bool {
    let stat = rustix::fs::fstat(io::stdin());
    stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

/// Whether standard input was left to a terminal, on which nobody types records.
#[must_use]
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}
