//! Threads of the server: few, and made before anything is promised.

use std::io;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::{Builder, Runtime};

/// Where requests are read and answered as they come.
const LISTENERS: usize = 2;
/// Where megabytes of JSON are read.
const WORKERS: usize = 4;

/// The event loop. Whoever would make threads later, when there may be none, has made one of each kind.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    probe(LISTENERS + 1).context("no thread can be made (ulimit -u, ulimit -v)")?;
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .worker_threads(LISTENERS)
        .max_blocking_threads(WORKERS)
        .thread_keep_alive(Duration::MAX)
        .build()?;
    runtime.block_on(runtime.spawn_blocking(|| ()))?;
    Ok(runtime)
}

/// Whether so many threads can be there at a time: the runtime panics where they cannot.
fn probe(count: usize) -> io::Result<()> {
    let gate = Arc::new(Barrier::new(count));
    let all = (0..count).map(|_| {
        let gate = Arc::clone(&gate);
        thread::Builder::new().spawn(move || gate.wait())
    });
    // A thread that waits for one that was never made goes with the process.
    let all: io::Result<Vec<_>> = all.collect();
    for thread in all? {
        let _ = thread.join();
    }
    Ok(())
}
