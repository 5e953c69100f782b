//! One request, as the tools say it.

use std::time::{Duration, Instant};

use crate::body::Body;
use crate::reply::Expect;
use crate::retry::Effect;

/// Type of a body that is an object.
const JSON: &str = "application/json";

/// One request, as the tools say it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each may be said of a request or not"
)]
pub struct Request<'a> {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<(Body, String)>,
    pub(crate) effect: Effect,
    pub(crate) expect: Expect,
    pub(crate) deadline: Option<Instant>,
    pub(crate) cleans_up: bool,
    pub(crate) once: bool,
    pub(crate) creates: bool,
    pub(crate) expires: bool,
    pub(crate) streams: bool,
    pub(crate) progress: Option<&'a dyn Fn(u64)>,
    pub(crate) look: Option<String>,
}

impl<'a> Request<'a> {
    fn new(method: &'static str, path: String, effect: Effect, expect: Expect) -> Request<'a> {
        Request {
            method,
            path,
            body: None,
            effect,
            expect,
            deadline: None,
            cleans_up: false,
            once: false,
            creates: false,
            expires: false,
            streams: false,
            progress: None,
            look: None,
        }
    }

    /// GET this path (below the base URL, with its query).
    #[must_use]
    pub fn get(path: String, expect: Expect) -> Request<'a> {
        Request::new("GET", path, Effect::Idempotent, expect)
    }

    /// DELETE this path.
    #[must_use]
    pub fn delete(path: String) -> Request<'a> {
        Request::new("DELETE", path, Effect::Idempotent, Expect::Deleted)
    }

    /// POST without a body, twice as good as once (cancel).
    #[must_use]
    pub fn touch(path: String, expect: Expect) -> Request<'a> {
        Request::new("POST", path, Effect::Idempotent, expect)
    }

    /// POST a question that changes nothing, twice as good as once (search).
    #[must_use]
    pub fn query(path: String, body: impl Into<Body>, expect: Expect) -> Request<'a> {
        let mut request = Request::new("POST", path, Effect::Idempotent, expect);
        request.body = Some((body.into(), JSON.to_owned()));
        request
    }

    /// POST this object: something is made by it.
    #[must_use]
    pub fn create(path: &str, body: impl Into<Body>, expect: Expect) -> Request<'a> {
        Request::post(path, body.into(), JSON, expect)
    }

    /// POST this body: something is made by it, or is paid for.
    #[must_use]
    pub fn post(path: &str, body: Body, content_type: &str, expect: Expect) -> Request<'a> {
        let mut request = Request::new("POST", path.to_owned(), Effect::Creates, expect);
        request.body = Some((body, content_type.to_owned()));
        request
    }

    /// Do not go on after this moment.
    #[must_use]
    pub fn until(mut self, deadline: Option<Instant>) -> Request<'a> {
        self.deadline = deadline;
        self
    }

    /// This is clean-up: it goes on after a signal.
    #[must_use]
    pub fn clean_up(mut self) -> Request<'a> {
        self.cleans_up = true;
        self
    }

    /// Do not try again: the caller looks again by its own schedule.
    #[must_use]
    pub fn once(mut self) -> Request<'a> {
        self.once = true;
        self
    }

    /// What it makes has an id that must not be lost: once sent whole, a first signal gives it a moment.
    #[must_use]
    pub fn creates(mut self) -> Request<'a> {
        self.creates = true;
        self
    }

    /// Whether what it makes costs nothing and goes by itself, so that a second one does no harm.
    #[must_use]
    pub fn expires(mut self, expires: bool) -> Request<'a> {
        self.expires = expires;
        self
    }

    /// Whether a stream of events is asked for.
    #[must_use]
    pub fn streamed(mut self, streams: bool) -> Request<'a> {
        self.streams = streams;
        self
    }

    /// Tells how many bytes of the body are sent.
    #[must_use]
    pub fn progress(mut self, progress: &'a dyn Fn(u64)) -> Request<'a> {
        self.progress = Some(progress);
        self
    }

    /// How to look whether it was done, should no answer come.
    #[must_use]
    pub fn look(mut self, how: String) -> Request<'a> {
        self.look = Some(how);
        self
    }
}

impl Request<'_> {
    /// What kind of answer is asked for. Servers are known to take this for their cue, so it says one thing.
    pub(crate) fn accept(&self) -> &'static str {
        match self.expect {
            _ if self.streams => "text/event-stream",
            Expect::Bytes => "*/*",
            _ => JSON,
        }
    }

    /// Whether it may go over a connection that was used before: should that end, nobody could tell whether the
    /// request was heard. A handshake costs less than an answer in doubt.
    pub(crate) fn may_share(&self) -> bool {
        self.effect == Effect::Idempotent || self.expires
    }

    /// The gate that it passes: one for what makes something or is paid for, another for questions that change
    /// nothing. Looking, listing and clean-up pass none.
    pub(crate) fn gate(&self) -> Option<usize> {
        let free = self.body.is_none() || self.cleans_up || self.once;
        (!free).then_some(usize::from(self.effect == Effect::Idempotent))
    }

    /// Whether there is time for this wait.
    pub(crate) fn allows(&self, wait: Duration) -> bool {
        let next = Instant::now().checked_add(wait);
        self.deadline
            .is_none_or(|end| next.is_some_and(|next| next < end))
    }
}
