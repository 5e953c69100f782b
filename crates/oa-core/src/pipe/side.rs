//! So many pieces of work at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls `work` with every number below `count`, in their order, at most `jobs` at a time.
pub fn side_by_side(jobs: usize, count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let serve = || {
        loop {
            let index = next.fetch_add(1, Ordering::SeqCst);
            if index >= count {
                return;
            }
            work(index);
        }
    };
    match count.min(jobs) {
        0 => {}
        1 => serve(),
        threads => std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(serve);
            }
        }),
    }
}
