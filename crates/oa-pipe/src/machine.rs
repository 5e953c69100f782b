//! What the machine gives: threads, memory and descriptors, of which there may be fewer than wanted.

use std::hint::black_box;
use std::thread::{Builder, Scope};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Address space that has to be left when another thread is made, so that those who work can go on: what is asked
/// for in vain then ends the process.
const ROOM: usize = 48 << 20;
/// Descriptors that one job needs at the same time: a connection and one that is tried beside it, a look-up, a file.
const PER_JOB: u64 = 4;
/// Descriptors that are open where nobody tells how many.
const OPEN: u64 = 16;
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

/// A thread that nobody waits for, if there is one to be had; tells whether it was.
pub(crate) fn begin(work: impl FnOnce() + Send + 'static) -> bool {
    is_room() && Builder::new().spawn(work).is_ok()
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
