//! The schedule of looking again at something that runs on the server.

use std::time::Duration;

use crate::error::{Error, Kind};

const FIRST: Duration = Duration::from_millis(500);

/// Waits between looks: the smaller of half a second and the interval, then half as much again each time.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    next: Duration,
    interval: Duration,
}

impl Schedule {
    /// A schedule that grows to this interval.
    #[must_use]
    pub fn new(interval: Duration) -> Schedule {
        Schedule {
            next: FIRST.min(interval),
            interval,
        }
    }

    /// The wait before the next look. `asked` is what the server wants; `spread` in 0..1 shortens our own
    /// wait by up to a fifth, so that many jobs do not look at the same moment.
    pub fn next_wait(&mut self, asked: Option<Duration>, spread: f64) -> Duration {
        let own = self.next.mul_f64(1.0 - spread / 5.0);
        self.next = self.next.mul_f64(1.5).min(self.interval);
        asked.map_or(own, |asked| asked.max(own))
    }
}

/// Whether a failed look is one that time mends.
#[must_use]
pub fn passes(error: &Error) -> bool {
    match error.kind {
        Kind::Network => true,
        Kind::RateLimit | Kind::Refused => error.retryable,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_by_half_to_the_interval() {
        let mut schedule = Schedule::new(Duration::from_secs(2));
        let waits: Vec<u128> = (0..6)
            .map(|_| schedule.next_wait(None, 0.0).as_millis())
            .collect();
        assert_eq!(waits, [500, 750, 1125, 1687, 2000, 2000]);
        let asked = schedule.next_wait(Some(Duration::from_secs(5)), 0.0);
        assert_eq!(asked, Duration::from_secs(5));
        let mut short = Schedule::new(Duration::from_millis(10));
        assert_eq!(short.next_wait(None, 0.0).as_millis(), 10);
    }
}
