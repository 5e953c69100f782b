//! How many requests may be under way at a time, where a server takes only so many.

use std::time::{Duration, Instant};

/// How long so many at a time as get in are not exceeded: at first, and at most.
const HOLD: Duration = Duration::from_secs(1);
const LONGEST_HOLD: Duration = Duration::from_secs(60);

/// How many may be under way.
#[derive(Default)]
pub(crate) struct Crowd {
    pub(crate) most: Option<usize>,
    /// So many were served at a time.
    pub(crate) served: usize,
    step: usize,
    hold: Duration,
    grows: Option<Instant>,
}

impl Crowd {
    /// Whether as many are under way as may be, and until when. A limit that was not met for a while is exceeded.
    pub(crate) fn full(&mut self, under_way: usize, now: Instant) -> Option<Instant> {
        let (most, grows) = (self.most?, self.grows?);
        if now >= grows {
            self.most = Some(most + self.step);
            self.step *= 2;
            self.hold = (self.hold / 2).max(HOLD);
            self.grows = Some(now + self.hold);
        }
        let grows = self.grows?;
        (under_way >= self.most?).then_some(grows)
    }

    /// One was refused while so many others were being served.
    pub(crate) fn meet(&mut self, others: usize, now: Instant) {
        if others < self.served {
            // So many got in before: it is bad weather, unless it lasts.
            self.served -= (self.served / 16).max(1);
            return;
        }
        let again = self.most.is_some_and(|most| others < most && self.step > 1);
        self.hold = match self.hold {
            hold if again => (hold * 4).min(LONGEST_HOLD),
            hold => hold.max(HOLD),
        };
        self.most = Some(others);
        self.step = 1;
        self.grows = Some(now + self.hold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_under_way_as_get_in_and_one_more_is_tried_ever_more_seldom() {
        let (mut crowd, now) = (Crowd::default(), Instant::now());
        let at = |seconds: f64| now + Duration::from_secs_f64(seconds);
        assert_eq!(crowd.full(99, now), None);
        crowd.meet(4, now);
        assert!(crowd.full(4, now).is_some() && crowd.full(3, now).is_none());
        assert_eq!(crowd.full(4, at(1.0)), None);
        crowd.meet(4, at(1.0));
        assert!(crowd.full(4, at(2.0)).is_some());
        assert_eq!(crowd.full(4, at(5.0)), None);
    }

    #[test]
    fn one_refusal_among_many_that_get_in_is_weather() {
        let (mut crowd, now) = (Crowd::default(), Instant::now());
        crowd.served = 32;
        crowd.meet(20, now);
        assert_eq!(crowd.full(99, now), None);
        (0..20).for_each(|_| crowd.meet(20, now));
        assert!(crowd.full(20, now).is_some());
    }
}
