//! When the next look is due: the waits between looks at what runs on the server.

use std::time::Duration;

/// Longest time between two looks, where nobody says another.
const INTERVAL: Duration = Duration::from_secs(10);
/// The wait after the first look.
const FIRST: Duration = Duration::from_millis(500);
/// The shortest interval: a server is not to be hammered by `--interval 0`.
const SHORTEST: Duration = Duration::from_millis(10);
/// A job of hours is looked at so many times in its own age, and at least every five minutes.
const LOOKS: u32 = 50;
const RARELY: Duration = Duration::from_secs(300);
/// Longer waits are as good as this one, and can be added to any moment.
const FOR_EVER: Duration = Duration::from_secs(365 * 86400);

/// Waits between looks: the smaller of half a second and the interval, then half as much again each time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    next: Duration,
    interval: Duration,
    /// Nobody said an interval, so that it grows with the age of the job.
    grows: bool,
}

impl Schedule {
    pub(crate) fn new(interval: Option<Duration>) -> Schedule {
        let longest = interval.unwrap_or(INTERVAL).clamp(SHORTEST, FOR_EVER);
        Schedule {
            next: FIRST.min(longest),
            interval: longest,
            grows: interval.is_none(),
        }
    }

    /// The wait before the next look. `jitter` in 0..1 makes our own part of it up to a fifth shorter, or what
    /// the server asks for as much longer, so that many jobs do not look at the same moment.
    pub(crate) fn next(
        &mut self,
        waited: Duration,
        asked: Option<Duration>,
        jitter: f64,
    ) -> Duration {
        let fifth = self.next.mul_f64(jitter / 5.0);
        let own = self.next.saturating_sub(fifth);
        let most = if self.grows {
            self.interval.max((waited / LOOKS).min(RARELY))
        } else {
            self.interval
        };
        self.next = self.next.mul_f64(1.5).min(most);
        match asked {
            Some(asked) if asked > own => asked.min(FOR_EVER) + fifth,
            _ => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn waits(interval: Option<Duration>, waited: Duration) -> Vec<u128> {
        let mut schedule = Schedule::new(interval);
        let next = |_| schedule.next(waited, None, 0.0).as_millis();
        (0..20).map(next).collect()
    }

    #[test]
    fn waits_grow_by_half_to_the_interval() {
        let two = waits(Some(2 * SECOND), Duration::ZERO);
        assert_eq!(two[..6], [500, 750, 1125, 1687, 2000, 2000]);
        let short = waits(Some(Duration::from_millis(20)), Duration::ZERO);
        assert_eq!(short[..2], [20, 20]);
        assert_eq!(waits(Some(Duration::ZERO), Duration::ZERO)[0], 10);
        assert_eq!(waits(None, Duration::ZERO)[19], 10_000);
    }

    #[test]
    fn a_job_of_hours_is_looked_at_rarely_unless_an_interval_was_given() {
        let hour = 3600 * SECOND;
        assert_eq!(waits(None, hour)[19], 72_000);
        assert_eq!(waits(None, 24 * hour)[19], 300_000);
        assert_eq!(waits(Some(10 * SECOND), 24 * hour)[19], 10_000);
    }

    #[test]
    fn what_the_server_asks_for_is_the_least_and_no_time_is_too_long() {
        let mut schedule = Schedule::new(Some(2 * SECOND));
        let mut next = |asked| schedule.next(Duration::ZERO, Some(asked), 0.0);
        assert_eq!(next(5 * SECOND), 5 * SECOND);
        assert_eq!(next(Duration::ZERO).as_millis(), 750);
        assert_eq!(next(Duration::MAX), FOR_EVER);
        let mut schedule = Schedule::new(Some(Duration::MAX));
        for _ in 0..200 {
            assert!(schedule.next(Duration::MAX, Some(Duration::MAX), 0.9) <= 2 * FOR_EVER);
        }
    }

    #[test]
    fn the_looks_of_many_are_spread_over_a_fifth_of_the_wait() {
        let asked = Some(5 * SECOND);
        let wait = |asked, jitter| {
            let mut schedule = Schedule::new(None);
            schedule.next(Duration::ZERO, asked, jitter).as_millis()
        };
        assert_eq!((wait(None, 0.0), wait(None, 0.5)), (500, 450));
        assert_eq!((wait(asked, 0.0), wait(asked, 0.5)), (5000, 5050));
    }
}
