//! Waiting for what runs on the server: it is looked at again until it is final, whatever the weather.
//!
//! A look that fails says nothing of what was looked at, which may be work that was paid for. So a wait is
//! ended only by what the server says of the thing itself, or of who asks; by its deadline; or by a signal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oa_core::error::{Error, Kind, Result};
use oa_core::form::jitter;
use oa_core::id::Id;
use oa_core::reply::Reply;

use crate::log::{Level, Log, field};
use crate::options::Patience;
use crate::pipe::Pipe;
use crate::schedule::Schedule;
use crate::signal::Interrupt;

/// The deadline, where nobody says another.
const DEADLINE: Duration = Duration::from_secs(3600);
/// What was just made, or was there just now, and is "not found" may not be known everywhere at once: 33 s
/// were measured (dotnet/extensions#7704).
const YOUNG: Duration = Duration::from_secs(60);
/// What the look at the deadline may take, and all that still has to be asked after it.
const LAST_LOOK: Duration = Duration::from_secs(3);
/// How often the log repeats what is no news.
const NEWS: Duration = Duration::from_secs(60);

/// What a look brought.
pub enum Look<T> {
    /// It still runs.
    Running(Running),
    /// It has ended, and this is what it came to.
    Final(T),
}

/// Something that still runs.
#[derive(Debug, Default)]
pub struct Running {
    /// Its status in the server's words.
    pub status: String,
    /// How much of how much is done, where that is known.
    pub done: Option<(u64, u64)>,
    /// How long the server asks to wait before the next look.
    pub poll_after: Option<Duration>,
}

impl Running {
    /// What an answer says that is not final yet.
    #[must_use]
    pub fn new(status: &str, answer: &Reply) -> Running {
        Running {
            status: status.to_owned(),
            done: None,
            poll_after: answer.poll_after,
        }
    }
}

/// What is waited for, in words.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The event in the log: `poll`.
    pub event: &'static str,
    /// What it is called in the log: `response_id=resp_abc`.
    pub key: String,
    /// What it is called in a message: `response resp_abc`.
    pub name: String,
    /// The command that goes on where the wait ends too early, for a hint.
    pub again: String,
    /// Somebody looks on as it is drawn, so that lines need not repeat it.
    pub drawn: bool,
}

impl Subject {
    /// A Response; this command goes on waiting for it.
    #[must_use]
    pub fn response(id: &Id, again: String) -> Subject {
        Subject {
            event: "poll",
            key: field("response_id", id.as_str()),
            name: format!("response {id}"),
            again,
            drawn: false,
        }
    }
}

/// One wait: when the next look is due, how long there is time, and what the looks so far brought.
pub struct Wait {
    subject: Subject,
    log: Arc<Log>,
    interrupt: Arc<Interrupt>,
    interval: Option<Duration>,
    schedule: Schedule,
    begun: Instant,
    deadline: Option<Instant>,
    /// Once the deadline is over: when the last look has to be, too.
    closing: Option<Instant>,
    due: Instant,
    /// When the thing was made, first looked at, or last seen.
    known: Option<Instant>,
    status: String,
    /// How many looks in a row brought nothing but trouble, and the last of it.
    trouble: Option<(u32, Error)>,
    said: Option<(String, Instant)>,
}

impl Wait {
    /// A wait for this, as the options have it; the deadline counts from `begun`. The first look is due now.
    #[must_use]
    pub fn new(pipe: &Pipe, patience: Patience, begun: Instant, subject: Subject) -> Wait {
        let deadline = patience.deadline.unwrap_or(DEADLINE);
        let ends = !deadline.is_zero();
        Wait {
            subject,
            log: Arc::clone(&pipe.log),
            interrupt: Arc::clone(&pipe.interrupt),
            interval: patience.interval,
            schedule: Schedule::new(patience.interval),
            begun,
            deadline: ends.then(|| begun.checked_add(deadline)).flatten(),
            closing: None,
            due: Instant::now(),
            known: None,
            status: "not final".to_owned(),
            trouble: None,
            said: None,
        }
    }

    /// When the next look is due.
    #[must_use]
    pub fn due(&self) -> Instant {
        self.due
    }

    /// It was made just now: for a while "not found" means "not yet".
    pub fn made(&mut self) {
        self.known = Some(Instant::now());
    }

    /// Whether the server said at the last look that there is no such thing.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.trouble
            .as_ref()
            .is_some_and(|(_, error)| error.is_gone())
    }

    /// The time that there is for making something.
    ///
    /// # Errors
    /// `deadline` where it is over, `interrupted` after a signal.
    pub fn time(&self) -> Result<Option<Instant>> {
        let now = Instant::now();
        match self.interrupt.signal() {
            Some(signal) => Err(self.explain(Error::interrupted(signal))),
            None if self.deadline.is_some_and(|end| now >= end) => Err(self.late()),
            None => Ok(self.deadline),
        }
    }

    /// The time that there is for looks that only bring things up to date.
    #[must_use]
    pub fn spare_time(&self) -> Option<Instant> {
        let now = Instant::now();
        self.deadline?.max(now).checked_add(LAST_LOOK)
    }

    /// Looks at each time that is due until there is an end, and is ready for the next thing then.
    ///
    /// # Errors
    /// As [`Wait::look`].
    pub fn until_final<T>(
        &mut self,
        mut look: impl FnMut(Option<Instant>) -> Result<Look<T>>,
    ) -> Result<T> {
        loop {
            let left = self.due.saturating_duration_since(Instant::now());
            // A signal ends this pause; the look then says so.
            let _ = self.interrupt.wait(left);
            if let Some(ended) = self.look(&mut look) {
                self.due = Instant::now();
                self.schedule = Schedule::new(self.interval);
                return ended;
            }
        }
    }

    /// Takes one look, which has to be over at the time that it is told. `None`: it is to be looked at again
    /// when it is [`Wait::due`].
    ///
    /// # Errors
    /// What the server says of the thing, or of who asks; `deadline`; `interrupted`.
    pub fn look<T>(
        &mut self,
        look: impl FnOnce(Option<Instant>) -> Result<Look<T>>,
    ) -> Option<Result<T>> {
        if let Some(signal) = self.interrupt.signal() {
            return Some(Err(self.explain(Error::interrupted(signal))));
        }
        let now = Instant::now();
        let mut until = self.deadline;
        if until.is_some_and(|end| now >= end) {
            until = Some(*self.closing.get_or_insert(now + LAST_LOOK));
        }
        if self.closing.is_some_and(|end| now >= end) {
            return Some(Err(self.late()));
        }
        let known = *self.known.get_or_insert(now);
        let asked = match look(until) {
            Ok(Look::Final(found)) => {
                self.trouble = None;
                return Some(Ok(found));
            }
            Ok(Look::Running(running)) => self.see(running),
            Err(error) if is_weather(&error, known.elapsed()) => self.suffer(error),
            Err(error) => return Some(Err(self.explain(error))),
        };
        if self.closing.is_some() {
            return Some(Err(self.late()));
        }
        self.rest(asked);
        None
    }

    /// The next look is due after the wait that is its turn; `asked` is what the server wants.
    pub fn rest(&mut self, asked: Option<Duration>) {
        let now = Instant::now();
        let wait = self.schedule.next(now - self.begun, asked, jitter());
        let next = now + wait;
        self.due = self.deadline.map_or(next, |end| next.min(end));
        let (key, millis) = (&self.subject.key, wait.as_millis());
        let told = format!("[wait] {key} again in {millis} ms");
        self.log.detail(Level::Exchanges, &told);
    }

    fn see(&mut self, running: Running) -> Option<Duration> {
        self.known = Some(Instant::now());
        self.trouble = None;
        let done = running
            .done
            .map(|(done, all)| format!(" done={done}/{all}"));
        let done = done.unwrap_or_default();
        self.tell(field("status", &running.status), &done);
        self.status = running.status;
        running.poll_after
    }

    fn suffer(&mut self, error: Error) -> Option<Duration> {
        let status = error.status.map(|status| format!(" http={status}"));
        let (kind, status) = (error.kind.word(), status.unwrap_or_default());
        self.tell(format!("trouble={kind}{status}"), "");
        let asked = error.wait;
        let earlier = self.trouble.as_ref().map_or(0, |(looks, _)| *looks);
        self.trouble = Some((earlier.saturating_add(1), error));
        asked
    }

    /// A line for what is news, and once a minute for what is not.
    fn tell(&mut self, news: String, more: &str) {
        let old = self.said.as_ref();
        let known = old.is_some_and(|(said, at)| *said == news && at.elapsed() < NEWS);
        if known || self.subject.drawn {
            return;
        }
        let Subject { event, key, .. } = &self.subject;
        let seconds = self.begun.elapsed().as_secs();
        self.log
            .event(event, &format!("{key} {news}{more} elapsed={seconds}s"));
        self.said = Some((news, Instant::now()));
    }

    fn late(&self) -> Error {
        let name = &self.subject.name;
        let message = match &self.trouble {
            None => format!("{name} was still {} when the time was over", self.status),
            Some((1, why)) => format!("{name} was not final in time; the last look: {why}"),
            Some((count, why)) => {
                format!("{name} was not final in time; the last {count} looks: {why}")
            }
        };
        self.explain(Error::new(Kind::Deadline, message))
    }

    /// What says nothing of the thing itself can be mended and waited on.
    fn explain(&self, mut error: Error) -> Error {
        match error.kind {
            Kind::Network => error.retryable = true,
            Kind::Deadline | Kind::Interrupted => error.hint = Some(self.subject.again.clone()),
            _ => {}
        }
        error
    }
}

/// Whether a failed look says nothing of what was looked at, so that the next one may bring more; `known` is how
/// long ago that was made or seen.
fn is_weather(error: &Error, known: Duration) -> bool {
    match (error.kind, error.status) {
        // A proxy that wants to know who asks stays so, and so do sides that do not trust each other (which is
        // no status, and not retryable).
        (Kind::Network, Some(status)) => status != 407,
        (Kind::Refused, Some(404)) if known < YOUNG => true,
        (Kind::Network | Kind::RateLimit | Kind::Refused, _) => error.retryable,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn weather_is_told_from_a_verdict() {
        let cases = [
            (Kind::Network, None, true, true),
            (Kind::Network, None, false, false),
            (Kind::Network, Some(404), false, true),
            (Kind::Network, Some(407), true, false),
            (Kind::RateLimit, Some(429), true, true),
            (Kind::RateLimit, Some(429), false, false),
            (Kind::Quota, Some(429), true, false),
            (Kind::Refused, Some(503), true, true),
            (Kind::Refused, Some(503), false, false),
            (Kind::Auth, Some(401), true, false),
        ];
        for (kind, status, retryable, weather) in cases {
            let mut error = Error::new(kind, "");
            (error.status, error.retryable) = (status, retryable);
            let told = is_weather(&error, 2 * YOUNG);
            assert_eq!(told, weather, "{kind:?} {status:?}");
        }
    }

    #[test]
    fn what_is_young_may_be_unknown_for_a_minute() {
        let mut error = Error::new(Kind::Refused, "");
        error.status = Some(404);
        for (seconds, weather) in [(0, true), (59, true), (60, false)] {
            assert_eq!(is_weather(&error, seconds * SECOND), weather, "{seconds}");
        }
    }
}
