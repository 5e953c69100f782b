//! What the machine gives: threads, memory and descriptors, of which there may be fewer than wanted.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::thread::{Builder, Scope, sleep};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Address space that has to be left when another thread is made, so that those who work can go on: what is asked
/// for in vain then ends the process.
const ROOM: usize = 48 << 20;
/// Descriptors that one job needs at the same time: a connection and one that is tried beside it, a look-up, a file.
const PER_JOB: u64 = 4;
/// Descriptors that are open where nobody tells how many.
const OPEN: u64 = 16;
/// How long somebody else may take to give back what is lacking.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// What the machine lacks, not what is wrong with what was asked for.
const SCARCITY: [Errno; 5] = [
    Errno::MFILE,
    Errno::NFILE,
    Errno::NOMEM,
    Errno::NOBUFS,
    Errno::ADDRNOTAVAIL,
];

/// Takes as many descriptors as may be had, and leaves no image of this process on disk, should it abort: its memory
/// holds the key.
pub(crate) fn settle_in() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    let files = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: files.maximum,
        ..files
    };
    let _ = setrlimit(Resource::Nofile, most);
}

/// How many of these jobs there are descriptors for at the same time; one at least.
pub(crate) fn jobs(wanted: usize) -> usize {
    let Some(most) = getrlimit(Resource::Nofile).current else {
        return wanted;
    };
    let open = std::fs::read_dir("/proc/self/fd").map_or(OPEN, |open| open.count() as u64);
    let jobs = most.saturating_sub(open) / PER_JOB;
    usize::try_from(jobs)
        .unwrap_or(usize::MAX)
        .clamp(1, wanted.max(1))
}

/// Another thread of this scope, if there is one to be had; tells whether it was.
pub(crate) fn another<'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() + Send + 'scope,
) -> bool {
    is_room() && Builder::new().spawn_scoped(scope, work).is_ok()
}

/// Has work done on a thread of its own.
///
/// # Errors
/// The work, where no thread is to be had.
pub(crate) fn aside<W: Fn() + Send + Sync + 'static>(work: W) -> Result<(), impl Fn()> {
    let work = Arc::new(work);
    let theirs = Arc::clone(&work);
    let made = Builder::new().spawn(move || theirs());
    made.map(drop).map_err(|_| move || work())
}

/// Whether there is address space for another thread and all that it needs.
fn is_room() -> bool {
    has_memory(ROOM)
}

/// Whether so many bytes can be had in one piece. To ask for them in vain would end the process.
pub(crate) fn has_memory(bytes: usize) -> bool {
    let mut room = Vec::<u8>::new();
    let had = room.try_reserve_exact(bytes);
    black_box(&room);
    had.is_ok()
}

/// Whether it is the machine that lacks something.
pub(crate) fn is_scarce(error: &io::Error) -> bool {
    let number = Errno::from_io_error(error);
    error.kind() == ErrorKind::OutOfMemory
        || number.is_some_and(|number| SCARCITY.contains(&number))
}

/// The same trouble in other words.
pub(crate) fn reworded(error: &io::Error, text: String) -> io::Error {
    if is_scarce(error) {
        return io::Error::new(ErrorKind::OutOfMemory, text);
    }
    io::Error::other(text)
}

/// Asks for something until it is there, or lacks for too long: others end, and give back what they had.
///
/// # Errors
/// As `ask`.
pub(crate) fn patiently<T>(mut ask: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let begun = Instant::now();
    loop {
        match ask() {
            Err(error) if is_scarce(&error) && begun.elapsed() < PATIENCE => sleep(PAUSE),
            ended => return ended,
        }
    }
}

/// Opens a file for reading, when there is a descriptor for it.
///
/// # Errors
/// It cannot be opened.
pub(crate) fn open(path: impl AsRef<Path>) -> io::Result<File> {
    patiently(|| File::open(&path))
}

/// Whether there is no descriptor to be had just now.
pub(crate) fn lacks_descriptors() -> bool {
    File::open("/dev/null").is_err_and(|error| is_scarce(&error))
}
