//! How fast requests leave that share a rate limit: decisions only; somebody else waits, and tells the time.

use std::time::{Duration, Instant};

use crate::crowd::Crowd;
use crate::limit::Refusal;

/// Our own wait where the server names none; it doubles while nothing gets in.
pub(crate) const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// The first guess at the gap, where the server names no limit: this part of the wait that it asks for.
const GUESS: f64 = 1.0 / 8.0;
/// The gap is never longer than so many times that of the limit that was met, where the server names it, nor than so
/// many times the longest of the last waits that were asked for: what is refused at random is no limit that was met.
const SLOWEST: f64 = 4.0;
/// What an older wait counts for at the next refusal.
const OLDER: f64 = 0.9;
/// While nothing is refused, the k-th request shortens the gap by k times this part.
const QUIET: f64 = 0.0015;
/// The gap that is left of it where it is a mere guess, or where there is room.
const ROOM: f64 = 0.8;
/// The gaps differ by so much of them, so that two processes do not fall into step.
const JITTER: f64 = 0.2;
/// So many gaps more than the server asks for pass before the next one leaves: where all count the same, and where
/// they count by their size.
const EVEN: f64 = 2.0;
const SIZED: f64 = 3.0;
/// Never more seconds than this.
const CUSHION: f64 = 2.0;
/// A measure counts only if requests were waiting for at least this part of its time.
const BUSY: f64 = 0.5;
/// A gap of fewer seconds holds nobody up, and makes no figure to be told.
const SHORTEST: f64 = 0.0001;

/// How fast requests leave.
pub(crate) struct Pace {
    /// Seconds between two of them; zero before the first refusal.
    gap: f64,
    /// The gap rests on a measure, or on the very limit that was met.
    known: bool,
    slowest: f64,
    /// The longest of the last waits, in seconds; older ones count less.
    told: f64,
    /// Nothing leaves before.
    opens: Option<Instant>,
    /// The next one's turn, by the gap.
    next: Option<Instant>,
    room: Room,
    /// Only one leaves, until something has got in.
    alone: bool,
    turn: Epoch,
    last: Measure,
    /// Shuttings in a row between which nothing got in.
    dry: u32,
    crowd: Crowd,
    pub(crate) under_way: usize,
    /// Requests that left.
    pub(crate) asked: u64,
    /// When something got in at the latest, or, where nothing ever has, was refused first.
    heard: Option<Instant>,
}

/// What the last answer says of room under the limits.
#[derive(Clone, Copy, PartialEq)]
enum Room {
    None,
    Shown,
    /// One was refused in spite of such words: not every limit is named.
    Refuted,
}

/// The time between two shuttings.
#[derive(Default)]
struct Epoch {
    number: u64,
    since: Option<Instant>,
    left: u32,
    refused: u32,
    /// Seconds in which nobody waited.
    idle: f64,
}

/// What the last shutting taught, for those who were under way then and are refused later.
#[derive(Default)]
struct Measure {
    seconds: f64,
    got_in: u32,
    /// The gap before it, and whether that was more than a guess.
    before: f64,
    known: bool,
    counts: bool,
}

/// One request that left, and in which time between two shuttings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left(u64);

/// When the one whose turn it is may leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ready {
    Now,
    At(Instant),
    /// When another one has ended.
    Later,
}

impl Pace {
    pub(crate) fn new() -> Pace {
        Pace {
            gap: 0.0,
            known: false,
            slowest: f64::INFINITY,
            told: 0.0,
            opens: None,
            next: None,
            room: Room::None,
            alone: false,
            turn: Epoch::default(),
            last: Measure::default(),
            dry: 0,
            crowd: Crowd::default(),
            under_way: 0,
            asked: 0,
            heard: None,
        }
    }

    /// Whether nothing was refused yet.
    pub(crate) fn is_free(&self) -> bool {
        self.heard.is_none()
    }

    /// How long nothing gets in any more and nothing is under way that may have.
    pub(crate) fn stalled(&self, now: Instant) -> Duration {
        let heard = self.heard.filter(|_| self.under_way == 0);
        heard.map_or(Duration::ZERO, |heard| now.saturating_duration_since(heard))
    }

    /// Until when nothing leaves.
    pub(crate) fn opens(&self) -> Option<Instant> {
        self.opens
    }

    /// Requests a second, by the gap.
    pub(crate) fn rate(&self) -> Option<f64> {
        (self.gap > 0.0).then(|| 1.0 / self.gap)
    }

    /// How many may be under way at a time.
    pub(crate) fn most(&self) -> Option<usize> {
        self.crowd.most
    }

    /// When the one whose turn it is may leave.
    pub(crate) fn ready(&mut self, now: Instant) -> Ready {
        if self.under_way > 0 {
            if self.alone {
                return Ready::Later;
            }
            if let Some(grows) = self.crowd.full(self.under_way, now) {
                return Ready::At(grows);
            }
        }
        match self.opens.max(self.next) {
            Some(due) if due > now => Ready::At(due),
            _ => Ready::Now,
        }
    }

    /// One leaves; `jitter` in 0..1 makes the gap behind it a little shorter or longer.
    pub(crate) fn leave(&mut self, now: Instant, jitter: f64) -> Left {
        self.under_way += 1;
        self.asked += 1;
        self.turn.left += 1;
        if self.gap > 0.0 {
            let due = self.opens.max(self.next).unwrap_or(now);
            let late = now.saturating_duration_since(due).as_secs_f64();
            self.turn.idle += (late - self.gap).max(0.0);
            let quiet = 1.0 - QUIET * f64::from(self.turn.left.min(200));
            self.shorten(if self.known { quiet } else { ROOM });
            let gap = Duration::from_secs_f64(self.gap);
            // What was missed by less than a gap is made up for.
            let from = due.max(now.checked_sub(gap).unwrap_or(now));
            self.next = Some(from + gap.mul_f64(1.0 + JITTER * (jitter - 0.5)));
        }
        Left(self.turn.number)
    }

    /// One has ended that was not refused; it got in, as far as is known.
    pub(crate) fn ended(&mut self, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        if !self.is_free() {
            self.heard = Some(now);
        }
    }

    /// One got in; there is room for more, or not, as far as the answer says.
    pub(crate) fn got_in(&mut self, now: Instant, room: bool) {
        self.crowd.served = self.crowd.served.max(self.under_way);
        if self.is_free() {
            return;
        }
        self.heard = Some(now);
        self.alone = false;
        self.dry = 0;
        if self.room != Room::Refuted {
            self.room = if room { Room::Shown } else { Room::None };
        }
        if self.room == Room::Shown {
            self.shorten(ROOM);
        }
    }

    fn shorten(&mut self, part: f64) {
        if self.gap > 0.0 {
            self.gap = (self.gap * part).max(SHORTEST);
        }
    }

    /// One was refused. The moment until which it alone has to wait; `None`: all wait until the gate opens.
    pub(crate) fn refused(
        &mut self,
        left: Left,
        now: Instant,
        refusal: &Refusal,
        jitter: f64,
    ) -> Option<Instant> {
        let (Left(epoch), told) = (left, refusal.wait);
        self.under_way = self.under_way.saturating_sub(1);
        self.heard = self.heard.or(Some(now));
        self.turn.refused += u32::from(epoch == self.turn.number);
        if refusal.crowded && self.under_way > 0 {
            self.crowd.meet(self.under_way, now);
            return Some(now + told.unwrap_or(FIRST_WAIT));
        }
        if refusal.crowded {
            // It is no limit but an outage, which teaches nothing.
            self.crowd = Crowd::default();
            self.alone = true;
            let wait = told.unwrap_or_else(|| self.wait(None));
            self.shut(now, wait, 0.0);
            self.turn.since = None;
        } else if epoch < self.turn.number {
            self.correct(epoch);
            self.opens = self.opens.max(told.map(|told| now + told));
        } else {
            let exact = refusal.gap.filter(|_| refusal.exact);
            self.slowest = exact.map_or(f64::INFINITY, |gap| SLOWEST * gap);
            if self.room == Room::Shown && self.turn.since.is_some() {
                self.room = Room::Refuted;
            }
            let wait = told.unwrap_or(FIRST_WAIT).as_secs_f64();
            self.told = wait.max(self.told * OLDER);
            self.measure(now);
            self.guess(refusal);
            let gaps = if refusal.sized { SIZED } else { EVEN } + JITTER * jitter;
            let cushion = if self.known { self.gap * gaps } else { 0.0 };
            self.shut(now, self.wait(told), cushion);
        }
        None
    }

    /// Shuts the gate: nothing leaves until this time is over, and a little more, so that the limit is not met by the
    /// very next one that is larger or sooner than the last.
    fn shut(&mut self, now: Instant, wait: Duration, cushion: f64) {
        let got_in = self.turn.left > self.turn.refused;
        self.dry = if got_in { 0 } else { self.dry + 1 };
        let opens = now + wait + Duration::from_secs_f64(cushion.min(CUSHION));
        self.opens = self.opens.max(Some(opens));
        self.next = self.opens;
        self.turn = Epoch {
            number: self.turn.number + 1,
            since: Some(now),
            ..Epoch::default()
        };
    }

    /// How long nothing leaves: what the server asks for, else our own; twice as long each time that nothing got in
    /// meanwhile, because refusals may count, too.
    fn wait(&self, told: Option<Duration>) -> Duration {
        let got_in = self.turn.left > self.turn.refused;
        let dry = if got_in { 0 } else { self.dry };
        let first = told.unwrap_or(FIRST_WAIT);
        let doubled = first.saturating_mul(2_u32.saturating_pow(dry));
        doubled.min(LONGEST_WAIT.max(first))
    }

    /// The gap, as long as nothing was measured.
    fn guess(&mut self, refusal: &Refusal) {
        if self.gap <= 0.0 {
            let wait = refusal.wait.unwrap_or(FIRST_WAIT).as_secs_f64();
            let told = SLOWEST * self.told;
            self.gap = match refusal.gap {
                Some(gap) if refusal.exact => gap,
                Some(gap) => gap.min(told),
                None => wait * GUESS,
            };
            self.known = refusal.exact;
        }
    }

    /// What the time since the last shutting says of the limit: so many got in within it.
    fn measure(&mut self, now: Instant) {
        let since = self.turn.since;
        let seconds = since.map_or(0.0, |since| (now - since).as_secs_f64());
        self.last = Measure {
            seconds,
            got_in: self.turn.left.saturating_sub(self.turn.refused),
            before: self.gap,
            known: self.known,
            counts: since.is_some() && self.turn.idle < seconds * BUSY,
        };
        self.learn();
    }

    /// One that left before the last shutting was refused, too.
    fn correct(&mut self, epoch: u64) {
        if epoch + 1 == self.turn.number {
            self.last.got_in = self.last.got_in.saturating_sub(1);
            self.learn();
        }
    }

    fn learn(&mut self) {
        let last = &self.last;
        if last.counts && last.got_in > 0 {
            let gap = last.seconds / f64::from(last.got_in);
            let gap = if last.known {
                f64::midpoint(gap, last.before)
            } else {
                gap
            };
            self.gap = gap.min(self.slowest).min(SLOWEST * self.told);
            self.known = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, server, sizes, and how long it may take beside the ideal, and how often be refused.
    type Scene = (&'static str, Server, fn(u32) -> f64, f64, f64);

    /// A server in time that is only told: a bucket, or windows, of so much a second.
    #[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
    struct Server {
        rate: f64,
        most: f64,
        window: bool,
        level: f64,
        at: f64,
        /// What it says of a wait of so many seconds.
        says: fn(f64) -> Option<f64>,
        names_limit: bool,
        refusals_count: bool,
        /// Every answer shows room, whatever the limit.
        boasts: bool,
    }

    const BUCKET: Server = Server {
        rate: 10.0,
        most: 60.0,
        window: false,
        level: 60.0,
        at: 0.0,
        says: Some,
        names_limit: true,
        refusals_count: false,
        boasts: false,
    };

    impl Server {
        /// Lets something in, or refuses it.
        fn ask(&mut self, now: f64, cost: f64) -> Option<Refusal> {
            let span = self.most / self.rate;
            if self.window {
                if (now / span).floor() > (self.at / span).floor() {
                    self.level = self.most;
                }
            } else {
                self.level = self.most.min(self.level + (now - self.at) * self.rate);
            }
            self.at = now;
            if self.level >= cost {
                self.level -= cost;
                return None;
            }
            let wait = if self.window {
                span - now % span
            } else {
                ((cost - self.level) / self.rate).max(1e-6)
            };
            self.level -= f64::from(u8::from(self.refusals_count));
            Some(Refusal {
                wait: (self.says)(wait).map(Duration::from_secs_f64),
                gap: self.names_limit.then(|| 1.0 / self.rate),
                exact: self.names_limit,
                sized: !self.names_limit,
                crowded: false,
                words: String::new(),
            })
        }
    }

    /// A run of so many jobs of these sizes, so many at a time: seconds, and refusals for each job.
    fn run(mut server: Server, jobs: u32, at_a_time: usize, size: fn(u32) -> f64) -> (f64, f64) {
        const LATENCY: f64 = 0.2;
        let (begun, mut pace) = (Instant::now(), Pace::new());
        let (mut now, mut refused, mut next, mut random) = (0.0_f64, 0_u32, 0, 7_u32);
        let mut waiting: std::collections::BTreeSet<u32> = std::collections::BTreeSet::new();
        let mut ends: Vec<f64> = Vec::new();
        loop {
            let moment = begun + Duration::from_secs_f64(now);
            ends.retain(|end| {
                if *end <= now {
                    pace.got_in(moment, server.boasts);
                    pace.ended(moment);
                }
                *end > now
            });
            while waiting.len() + ends.len() < at_a_time && next < jobs {
                waiting.insert(next);
                next += 1;
            }
            let Some(oldest) = waiting.first().copied() else {
                if ends.is_empty() {
                    return (now, f64::from(refused) / f64::from(jobs));
                }
                now = ends.iter().copied().fold(f64::INFINITY, f64::min);
                continue;
            };
            let end = ends.iter().copied().fold(f64::INFINITY, f64::min);
            match pace.ready(moment) {
                Ready::Now => {}
                Ready::At(due) => {
                    now = end.min((due - begun).as_secs_f64() + 1e-6);
                    continue;
                }
                Ready::Later => {
                    now = end;
                    continue;
                }
            }
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let jitter = f64::from(random >> 8) / f64::from(1 << 24);
            let left = pace.leave(moment, jitter);
            match server.ask(now, size(oldest)) {
                None => {
                    ends.push(now + LATENCY);
                    waiting.remove(&oldest);
                }
                Some(refusal) => {
                    refused += 1;
                    pace.refused(left, moment, &refusal, jitter);
                }
            }
        }
    }

    #[test]
    fn a_run_takes_hardly_longer_than_the_limit_wants_and_is_seldom_refused() {
        let whole = |wait: f64| Some(wait.ceil());
        let even = |_| 1.0;
        let mixed = |job: u32| f64::from(job * 37 % 11) / 5.0;
        let scenes: [Scene; 8] = [
            ("milliseconds", BUCKET, even, 1.10, 0.15),
            (
                "seconds",
                Server {
                    says: whole,
                    ..BUCKET
                },
                even,
                1.10,
                0.15,
            ),
            (
                "nothing",
                Server {
                    says: |_| None,
                    names_limit: false,
                    ..BUCKET
                },
                even,
                1.20,
                0.20,
            ),
            (
                "no limit",
                Server {
                    names_limit: false,
                    ..BUCKET
                },
                even,
                1.10,
                0.15,
            ),
            (
                "sizes",
                Server {
                    names_limit: false,
                    ..BUCKET
                },
                mixed,
                1.10,
                0.20,
            ),
            (
                "refusals count",
                Server {
                    refusals_count: true,
                    ..BUCKET
                },
                even,
                1.15,
                0.15,
            ),
            (
                "room that is none",
                Server {
                    boasts: true,
                    ..BUCKET
                },
                even,
                1.10,
                0.20,
            ),
            (
                "windows",
                Server {
                    window: true,
                    most: 50.0,
                    level: 50.0,
                    ..BUCKET
                },
                even,
                1.15,
                0.25,
            ),
        ];
        for (name, server, size, most, often) in scenes {
            let (all, burst, rate) = ((0..300).map(size).sum::<f64>(), server.most, server.rate);
            let ideal = if server.window {
                25.2
            } else {
                (all - burst) / rate + 0.2
            };
            let (seconds, refusals) = run(server, 300, 16, size);
            let ratio = seconds / ideal;
            assert!(
                ratio <= most && refusals <= often,
                "{name}: {ratio:.3} of the ideal, {refusals:.2} refusals"
            );
        }
    }
}
