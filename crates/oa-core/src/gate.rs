//! The gate that all requests of a process pass which may be refused for their number: who waits, and for how long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread::{Thread, current, park, park_timeout};
use std::time::{Duration, Instant};

use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::form::jitter;
use crate::limit::Refusal;
use crate::machine::lock;
use crate::pace::{FIRST_WAIT, Left, Pace, Ready};
use crate::settings::Settings;

/// How often the limit is told of.
const NEWS: Duration = Duration::from_secs(10);
/// One request is not asked again that was refused so often, over more than the longest wait.
const OFTEN: u32 = 10;

/// The gate of one kind of requests.
pub(crate) struct Gate {
    state: Mutex<State>,
    cancel: Arc<Cancel>,
    /// Longest wait that a server may ask for, and longest time in which nothing gets in.
    max_wait: Duration,
    /// Whether nobody wants an answer any more.
    unwanted: Arc<dyn Fn() -> bool + Send + Sync>,
}

struct State {
    pace: Pace,
    /// By their turn: who waits.
    queue: BTreeMap<u64, Waiting>,
    /// The turn of the next one that comes.
    turns: u64,
    refused: u64,
    given_up: u64,
    told: Option<Instant>,
    /// What nobody asks for any more, because money is the matter.
    quota: Option<Error>,
    /// The last refusal, for those who are not let out any more.
    last: Option<Error>,
    /// Those with an earlier turn are not let out any more.
    stalled: u64,
    /// Until then the server wants nobody, which is longer than anybody may wait.
    far: Option<Instant>,
}

struct Waiting {
    thread: Thread,
    from: Option<Instant>,
}

/// The place of one request, from its first attempt to its last.
#[derive(Default)]
pub(crate) struct Place {
    turn: Option<u64>,
    from: Option<Instant>,
    refusals: u32,
    first: Option<Instant>,
}

/// A request that is under way, until it is dropped.
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    left: Option<Left>,
}

/// The limit and how fast is asked; how it stands at this moment.
pub(crate) struct News(pub(crate) String, pub(crate) String);

/// What a refusal comes to.
pub(crate) enum Refused {
    /// It is asked again when its turn comes; what is to be told of that, if anything.
    Again(Option<News>),
    /// No wait helps, or none that is allowed.
    GiveUp,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.left.is_some() {
            let mut state = lock(&self.gate.state);
            state.pace.ended(Instant::now());
            state.wake_next();
        }
    }
}

impl Pass<'_> {
    /// It got in; there is room for more, or not, as far as its answer says.
    pub(crate) fn got_in(&self, room: Option<bool>) {
        let mut state = lock(&self.gate.state);
        state.pace.got_in(Instant::now(), room == Some(true));
        state.wake_next();
    }
}

impl Gate {
    /// An open gate; a signal wakes everybody who waits at it.
    pub(crate) fn new(settings: &Settings) -> Arc<Gate> {
        let cancel = &settings.cancel;
        let gate = Arc::new(Gate {
            state: Mutex::new(State {
                pace: Pace::new(),
                queue: BTreeMap::new(),
                turns: 0,
                refused: 0,
                given_up: 0,
                told: None,
                quota: None,
                last: None,
                stalled: 0,
                far: None,
            }),
            cancel: Arc::clone(cancel),
            max_wait: settings.limits.max_wait,
            unwanted: Arc::clone(&settings.unwanted),
        });
        let woken = Arc::clone(&gate);
        cancel.on_signal(move || lock(&woken.state).wake_all());
        gate
    }

    /// Waits for the turn of a request.
    ///
    /// # Errors
    /// `interrupted`; `skipped` where nobody wants the answer any more; `quota` once money is the matter; the last refusal where waiting has no end in sight, or where
    /// `deadline` comes first.
    pub(crate) fn pass(&self, place: &mut Place, deadline: Option<Instant>) -> Result<Pass<'_>> {
        let mut state = lock(&self.state);
        let turn = *place.turn.get_or_insert(state.turns);
        state.turns = state.turns.max(turn + 1);
        let (thread, from) = (current(), place.from);
        state.queue.insert(turn, Waiting { thread, from });
        let ended = loop {
            let now = Instant::now();
            if let Some(error) = self.hopeless(&state, turn, now, deadline) {
                break Err(error);
            }
            let due = match state.ready(turn, now) {
                Ready::Now => break Ok(state.pace.leave(now, jitter())),
                Ready::At(due) => Some(due),
                Ready::Later => None,
            };
            drop(state);
            let due = [due, deadline].into_iter().flatten().min();
            match self.cancel.glance(due.map(|due| due - now)) {
                Some(time) => park_timeout(time),
                None => park(),
            }
            state = lock(&self.state);
        };
        state.queue.remove(&turn);
        state.wake_next();
        state.given_up += u64::from(ended.is_err() && place.refusals > 0);
        let left = ended?;
        Ok(Pass {
            gate: self,
            left: Some(left),
        })
    }

    /// Why one that waits is not let out any more.
    fn hopeless(
        &self,
        state: &State,
        turn: u64,
        now: Instant,
        deadline: Option<Instant>,
    ) -> Option<Error> {
        if let Some(signal) = self.cancel.signal() {
            return Some(Error::interrupted(signal));
        }
        if state.quota.is_some() {
            return state.quota.clone();
        }
        if (self.unwanted)() {
            let message = "not sent, because nobody reads the answer any more";
            return Some(Error::new(Kind::Skipped, message));
        }
        let far = |end: Instant| end.saturating_duration_since(now) > self.max_wait;
        if turn < state.stalled || state.far.is_some_and(far) {
            return state.last.clone();
        }
        deadline.filter(|end| now >= *end).map(|_| {
            let message = "the time was over before a rate limit let the request out";
            Error::new(Kind::Deadline, message)
        })
    }

    /// One was refused.
    pub(crate) fn refused(
        &self,
        place: &mut Place,
        mut pass: Option<Pass>,
        refusal: &Refusal,
        error: &Error,
    ) -> Refused {
        let now = Instant::now();
        let mut state = lock(&self.state);
        if let Some(left) = pass.as_mut().and_then(|pass| pass.left.take()) {
            place.from = state.pace.refused(left, now, refusal, jitter());
        }
        state.refused += 1;
        place.refusals += 1;
        let first = *place.first.get_or_insert(now);
        let wait = refusal.wait.unwrap_or(FIRST_WAIT);
        let far = wait > self.max_wait;
        if far {
            state.far = state.far.max(now.checked_add(wait));
        }
        let often = place.refusals >= OFTEN && now - first > self.max_wait;
        let stalled = state.pace.under_way == 0 && state.pace.stalled(now) >= self.max_wait;
        state.last = Some(of_others(error));
        if stalled {
            state.stalled = state.turns;
        }
        if stalled || far {
            state.wake_all();
        } else {
            state.wake_next();
        }
        if far || often || stalled {
            state.given_up += 1;
            return Refused::GiveUp;
        }
        Refused::Again(state.news(refusal, now))
    }

    /// What no wait mends: once money is the matter, it is the matter for all.
    pub(crate) fn note(&self, error: &Error) {
        if error.kind == Kind::Quota {
            let mut state = lock(&self.state);
            state.quota = Some(of_others(error));
            state.wake_all();
        }
    }

    /// What is to be told at the end, if anything was refused.
    pub(crate) fn summary(&self) -> Option<String> {
        let state = lock(&self.state);
        let (refused, given_up) = (state.refused, state.given_up);
        let again = match given_up {
            0 => "each asked again".to_owned(),
            _ => format!("{} asked again", refused.saturating_sub(given_up)),
        };
        (refused > 0).then(|| format!("{refused} refused, {again}"))
    }
}

impl State {
    /// Whose turn it is: the oldest that may leave at all, else the first that may again.
    fn next(&self, now: Instant) -> Option<u64> {
        let may = |waiting: &Waiting| waiting.from.is_none_or(|from| from <= now);
        let mut queue = self.queue.iter();
        let oldest = queue.find(|(_, waiting)| may(waiting));
        oldest.map(|(turn, _)| *turn)
    }

    /// When the one with this turn may leave.
    fn ready(&mut self, turn: u64, now: Instant) -> Ready {
        let from = self.queue.get(&turn).and_then(|waiting| waiting.from);
        match from.filter(|from| *from > now) {
            Some(from) => Ready::At(from),
            None if self.next(now) == Some(turn) => self.pace.ready(now),
            None => Ready::Later,
        }
    }

    fn wake_next(&self) {
        let next = self.next(Instant::now());
        if let Some(waiting) = next.and_then(|turn| self.queue.get(&turn)) {
            waiting.thread.unpark();
        }
    }

    fn wake_all(&self) {
        for waiting in self.queue.values() {
            waiting.thread.unpark();
        }
    }

    /// How it goes, at first and then now and again.
    fn news(&mut self, refusal: &Refusal, now: Instant) -> Option<News> {
        if self.told.is_some_and(|told| now - told < NEWS) {
            return None;
        }
        self.told = Some(now);
        let rate = match (self.pace.rate(), self.pace.most()) {
            (Some(rate), _) if rate < 1.0 => format!("asking about {:.0}/min", rate * 60.0),
            (Some(rate), _) => format!("asking about {rate:.0}/s"),
            (None, Some(most)) => format!("asking at most {most} at a time"),
            (None, None) => "one asks".to_owned(),
        };
        let opens = self.pace.opens();
        let wait = opens.map_or(0.0, |opens| (opens - now).as_secs_f64());
        let (words, asked) = (&refusal.words, self.pace.asked);
        Some(News(
            format!("{words}: {rate}"),
            format!("{asked} asked, next in {wait:.1}s"),
        ))
    }
}

/// A refusal as it counts for others: who was asked about is somebody else.
fn of_others(error: &Error) -> Error {
    let mut error = error.clone();
    error.request_id = None;
    error
}
