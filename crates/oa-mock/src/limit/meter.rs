//! How much comes in over time: a bucket that fills, or windows that begin anew.

/// A limit of so much a minute. Times are seconds from the first request on.
pub(crate) struct Meter {
    pub(crate) per_minute: f64,
    shape: Shape,
    /// What can be taken at the moment.
    level: f64,
    at: f64,
    /// All that was taken.
    taken: f64,
}

/// How a limit gives.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// A bucket that holds what comes in these seconds, and begins full.
    Bucket { seconds: f64 },
    /// Windows of so many seconds, each with all of its share from its beginning.
    Window { seconds: f64 },
    /// A bucket whose limit grows from a tenth to all of it in these seconds.
    Ramp { seconds: f64 },
}

/// What a bucket holds whose limit grows.
const RAMP_BUCKET: f64 = 1.0;

impl Meter {
    pub(crate) fn new(per_minute: f64, shape: Shape) -> Meter {
        let mut meter = Meter {
            per_minute,
            shape,
            level: 0.0,
            at: 0.0,
            taken: 0.0,
        };
        meter.level = meter.most();
        meter
    }

    /// What can be taken at once after a quiet time; one at least.
    fn most(&self) -> f64 {
        let second = self.per_minute / 60.0;
        let most = match self.shape {
            Shape::Bucket { seconds } | Shape::Window { seconds } => second * seconds,
            Shape::Ramp { .. } => second * RAMP_BUCKET,
        };
        most.max(1.0)
    }

    /// What has come in until then.
    fn given(&self, at: f64) -> f64 {
        let second = self.per_minute / 60.0;
        match self.shape {
            Shape::Ramp { seconds } if at < seconds => {
                second * (0.1 * at + 0.45 * at * at / seconds)
            }
            Shape::Ramp { seconds } => second * (at - 0.45 * seconds),
            _ => second * at,
        }
    }

    /// When so much has come in.
    fn when(&self, given: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        while self.given(high) < given {
            high *= 2.0;
        }
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if self.given(middle) < given {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// Brings the level up to date.
    pub(crate) fn pass(&mut self, now: f64) {
        if let Shape::Window { seconds } = self.shape {
            if (now / seconds).floor() > (self.at / seconds).floor() {
                self.level = self.most();
            }
        } else {
            let gained = self.given(now) - self.given(self.at);
            self.level = (self.level + gained).min(self.most());
        }
        self.at = now;
    }

    /// Seconds until so much can be taken; what is more than it ever holds waits until it is full.
    pub(crate) fn wait(&self, cost: f64) -> f64 {
        let missing = cost.min(self.most()) - self.level;
        if missing <= 0.0 {
            return 0.0;
        }
        if let Shape::Window { seconds } = self.shape {
            return seconds - self.at % seconds;
        }
        self.when(self.given(self.at) + missing) - self.at
    }

    /// Takes what gets in.
    pub(crate) fn take(&mut self, cost: f64) {
        self.level -= cost;
        self.taken += cost;
    }

    /// Counts what was refused, too; never so much that it could not recover.
    pub(crate) fn punish(&mut self, cost: f64) {
        self.level = (self.level - cost).max(-self.most());
    }

    /// What is left of it now, and seconds until it is whole again.
    pub(crate) fn left(&self) -> (f64, f64) {
        (self.level.max(0.0), self.wait(self.most()))
    }

    /// When the last of all that was taken could have got in at the earliest.
    pub(crate) fn ideal(&self) -> f64 {
        let most = self.most();
        match self.shape {
            Shape::Window { seconds } => ((self.taken / most).ceil() - 1.0).max(0.0) * seconds,
            _ if self.taken <= most => 0.0,
            _ => self.when(self.taken - most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, wanted: f64) {
        assert!((value - wanted).abs() < 1e-6, "{value}, not {wanted}");
    }

    #[test]
    fn a_bucket_gives_what_it_holds_and_then_what_comes_in() {
        let mut meter = Meter::new(600.0, Shape::Bucket { seconds: 6.0 });
        for _ in 0..60 {
            near(meter.wait(1.0), 0.0);
            meter.take(1.0);
        }
        near(meter.wait(1.0), 0.1);
        meter.pass(0.25);
        near(meter.wait(1.0), 0.0);
        near(meter.wait(4.0), 0.15);
        near(meter.wait(1000.0), 5.75);
        meter.take(1.0);
        near(meter.ideal(), 0.1);
        meter.pass(100.0);
        near(meter.left().0, 60.0);
    }

    #[test]
    fn a_window_begins_anew() {
        let mut meter = Meter::new(600.0, Shape::Window { seconds: 5.0 });
        meter.pass(1.0);
        (0..50).for_each(|_| meter.take(1.0));
        near(meter.wait(1.0), 4.0);
        meter.pass(5.5);
        near(meter.wait(1.0), 0.0);
        meter.take(1.0);
        near(meter.ideal(), 5.0);
    }

    #[test]
    fn a_ramp_grows_to_its_limit() {
        let mut meter = Meter::new(600.0, Shape::Ramp { seconds: 10.0 });
        near(meter.given(10.0), 55.0);
        near(meter.given(11.0), 65.0);
        (0..10).for_each(|_| meter.take(1.0));
        let first = meter.wait(1.0);
        assert!(first > 0.5 && first < 1.0, "{first}");
        meter.pass(20.0);
        meter.take(10.0);
        near(meter.wait(1.0), 0.1);
    }
}
