//! What the machine may lack: threads, memory and descriptors.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub use oa_net::thread::lock;
use rustix::io::Errno;

/// How long somebody else may take to give back what is lacking.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// What the machine lacks, not what is wrong with what was asked for.
const SCARCITY: [Errno; 5] = [
    Errno::MFILE,
    Errno::NFILE,
    Errno::NOMEM,
    Errno::NOBUFS,
    Errno::ADDRNOTAVAIL,
];

/// Whether it is the machine that lacks something.
#[must_use]
pub fn is_scarce(error: &io::Error) -> bool {
    let number = Errno::from_io_error(error);
    error.kind() == ErrorKind::OutOfMemory
        || number.is_some_and(|number| SCARCITY.contains(&number))
}

/// The same trouble in other words.
#[must_use]
pub fn reworded(error: &io::Error, text: String) -> io::Error {
    if is_scarce(error) {
        return io::Error::new(ErrorKind::OutOfMemory, text);
    }
    io::Error::other(text)
}

/// Asks for something until it is there, or lacks for too long: others end, and give back what they had.
///
/// # Errors
/// As `ask`.
pub fn patiently<T>(mut ask: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let begun = Instant::now();
    loop {
        match ask() {
            Err(error) if is_scarce(&error) && begun.elapsed() < PATIENCE => sleep(PAUSE),
            ended => return ended,
        }
    }
}

/// Whether there is no descriptor to be had just now.
#[must_use]
pub fn lacks_descriptors() -> bool {
    File::open("/dev/null").is_err_and(|error| is_scarce(&error))
}
