//! The one way to the server: every request of every tool goes through `send`.

use std::fmt::Write as _;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::value::RawValue;
use ureq::http::{HeaderMap, Request, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Proxy, SendBody};

use crate::body::{Body, Reader, Sent};
use crate::cli::{self, Connection};
use crate::error::{Error, Kind, Result};
use crate::form::random_word;
use crate::interrupt::{Interrupt, lock};
use crate::log::{Level, Log, Progress};
use crate::net::{proxy, roots};
use crate::reply::Reply;
use crate::retry::{self, Effect, Limits, Outcome, Reached};

pub use crate::reply::Expect;

/// The largest answer that is read into memory, in bytes.
const MAX_ANSWER: u64 = 256 << 20;
/// How long a request that was sent whole is waited for after a first signal, so that its id is known.
const GRACE: Duration = Duration::from_secs(2);
/// Patience for requests that no model works on.
const SHORT: Duration = Duration::from_secs(30);
/// Patience for clean-up after a signal.
const HURRIED: Duration = Duration::from_secs(3);
/// Longest silence in a stream of events, and in the sending of a body.
const STREAM_SILENCE: Duration = Duration::from_secs(300);
const WRITE_SILENCE: Duration = Duration::from_secs(60);

/// One request, as the tools say it.
pub struct Call<'a> {
    method: &'static str,
    path: String,
    body: Option<(Body, String)>,
    effect: Effect,
    expect: Expect,
    deadline: Option<Instant>,
    cleans_up: bool,
    once: bool,
    graceful: bool,
    progress: Option<&'a Progress>,
    look: Option<String>,
}

impl<'a> Call<'a> {
    fn new(method: &'static str, path: String, effect: Effect, expect: Expect) -> Call<'a> {
        Call {
            method,
            path,
            body: None,
            effect,
            expect,
            deadline: None,
            cleans_up: false,
            once: false,
            graceful: false,
            progress: None,
            look: None,
        }
    }

    /// GET this path (below the base URL, with its query).
    #[must_use]
    pub fn get(path: String, expect: Expect) -> Call<'a> {
        Call::new("GET", path, Effect::Idempotent, expect)
    }

    /// DELETE this path.
    #[must_use]
    pub fn delete(path: String) -> Call<'a> {
        Call::new("DELETE", path, Effect::Idempotent, Expect::Deleted)
    }

    /// POST without a body, twice as good as once (cancel).
    #[must_use]
    pub fn touch(path: String, expect: Expect) -> Call<'a> {
        Call::new("POST", path, Effect::Idempotent, expect)
    }

    /// POST this body: something is made by it, or is paid for.
    #[must_use]
    pub fn post(path: &str, body: Body, content_type: &str, expect: Expect) -> Call<'a> {
        let mut call = Call::new("POST", path.to_owned(), Effect::Creates, expect);
        call.body = Some((body, content_type.to_owned()));
        call
    }

    /// Do not go on after this moment.
    #[must_use]
    pub fn until(mut self, deadline: Option<Instant>) -> Call<'a> {
        self.deadline = deadline;
        self
    }

    /// This is clean-up: it goes on after a signal.
    #[must_use]
    pub fn clean_up(mut self) -> Call<'a> {
        self.cleans_up = true;
        self
    }

    /// Do not try again: the caller looks again by its own schedule.
    #[must_use]
    pub fn once(mut self) -> Call<'a> {
        self.once = true;
        self
    }

    /// What it makes has an id that must not be lost: once sent whole, a first signal gives it a moment.
    #[must_use]
    pub fn graceful(mut self) -> Call<'a> {
        self.graceful = true;
        self
    }

    /// Shows how far the body is sent.
    #[must_use]
    pub fn progress(mut self, progress: &'a Progress) -> Call<'a> {
        self.progress = Some(progress);
        self
    }

    /// How to look whether it was done, should no answer come.
    #[must_use]
    pub fn look(mut self, how: String) -> Call<'a> {
        self.look = Some(how);
        self
    }
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    /// The object exactly as it came, on one line.
    pub object: Box<RawValue>,
    /// When the server wants to be asked again.
    pub poll_after: Option<Duration>,
}

/// One connection's worth of ureq: an agent of its own, so that a signal can end one request and spare another.
struct Lane {
    agent: Agent,
    graceful: AtomicBool,
    sent: Mutex<Option<Arc<Sent>>>,
}

impl Lane {
    fn hurry(self: &Arc<Lane>) {
        let whole = lock(&self.sent).as_ref().is_none_or(|sent| sent.is_whole());
        if self.graceful.load(Ordering::SeqCst) && whole {
            let lane = Arc::clone(self);
            std::thread::spawn(move || {
                std::thread::sleep(GRACE);
                lane.agent.clone().shutdown();
            });
        } else {
            self.agent.clone().shutdown();
        }
    }
}

#[derive(Default)]
struct Lanes {
    idle: Vec<Arc<Lane>>,
    busy: Vec<Arc<Lane>>,
}

/// The server that this run talks to.
pub struct Client {
    base: String,
    key: String,
    headers: Vec<(String, String)>,
    connect_timeout: Duration,
    timeout: Duration,
    limits: Limits,
    roots: Option<RootCerts>,
    proxy: Option<String>,
    lanes: Arc<Mutex<Lanes>>,
    log: Arc<Log>,
    interrupt: Arc<Interrupt>,
}

struct Failure {
    error: Error,
    outcome: Outcome,
}

impl Client {
    /// A client for the server that the options and the environment name. Nothing is connected yet.
    ///
    /// # Errors
    /// `auth` without a key; `usage` for a URL, certificate or proxy that cannot be used, and for a key
    /// that would travel over plain http.
    pub fn new(
        connection: &Connection,
        log: Arc<Log>,
        interrupt: Arc<Interrupt>,
    ) -> Result<Client> {
        let key = connection.key(&log)?;
        log.keep_secret(&key);
        let target = connection.target()?;
        let roots = if target.secure {
            let named = roots::load(connection.cacert.as_deref());
            Some(named.map_err(|error| Error::usage(format!("{error:#}")))?)
        } else {
            None
        };
        let environment = |name: &str| std::env::var(name).ok();
        let scheme = if target.secure { "https" } else { "http" };
        let proxy = proxy::choose(scheme, &target.host, target.port, &environment);
        if let Some(url) = &proxy {
            let hint = "check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY";
            Proxy::new(url).map_err(|error| Error::usage(format!("proxy: {error}")).hint(hint))?;
        }
        let lanes = Arc::<Mutex<Lanes>>::default();
        let reached = Arc::clone(&lanes);
        interrupt.on_signal(move || {
            for lane in &lock(&reached).busy {
                lane.hurry();
            }
        });
        Ok(Client {
            base: target.base,
            key,
            headers: cli::headers()?,
            connect_timeout: connection.connect_timeout,
            timeout: connection.timeout,
            limits: connection.limits(),
            roots,
            proxy,
            lanes,
            log,
            interrupt,
        })
    }

    /// Sends a request, again where that is safe, and returns the object that it was answered with.
    ///
    /// # Errors
    /// Every kind that a server, or the way to it, can cause.
    pub fn call(&self, call: &Call) -> Result<Answer> {
        self.send(call, |response, lane| {
            let (parts, body) = response.into_parts();
            let reply = read_reply(&parts.headers, parts.status.as_u16(), body);
            self.release(&lane);
            let reply = reply.map_err(|why| self.cut(call, parts.status.as_u16(), &why))?;
            self.judge(call, &parts.headers, &reply)
        })
    }

    /// Sends a request whose answer is a stream of events.
    ///
    /// # Errors
    /// As [`Client::call`]; once the stream has begun, nothing is repeated.
    pub fn stream(&self, call: &Call) -> Result<Stream<'_>> {
        self.send(call, |response, lane| {
            let status = response.status().as_u16();
            let (parts, body) = response.into_parts();
            let mime = header(&parts.headers, "content-type").unwrap_or_default();
            if status == 200 && mime.starts_with("text/event-stream") {
                return Ok(Stream {
                    client: self,
                    lane,
                    reader: body.into_reader(),
                    whole: None,
                });
            }
            let reply = read_reply(&parts.headers, status, body);
            let reply = reply.map_err(|why| self.cut(call, status, &why));
            let judged = reply.and_then(|reply| self.judge(call, &parts.headers, &reply));
            match judged {
                // A server that does not stream answers with the whole object.
                Ok(answer) => Ok(Stream {
                    client: self,
                    lane,
                    reader: ureq::Body::builder().data("").into_reader(),
                    whole: Some(answer.object),
                }),
                Err(failure) => {
                    self.release(&lane);
                    Err(failure)
                }
            }
        })
    }

    fn send<T>(
        &self,
        call: &Call,
        take: impl Fn(Response<ureq::Body>, Arc<Lane>) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        let mut attempt = 0;
        loop {
            let failure = match self.attempt(call, attempt, &take) {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if let (Some(signal), false) = (self.interrupt.signal(), call.cleans_up) {
                return Err(interrupted(signal, call, &failure));
            }
            let spread = spread();
            let wait = retry::next(attempt, call.effect, &failure.outcome, self.limits, spread);
            let Some(wait) = wait.filter(|wait| !call.once && call.allows(*wait)) else {
                return Err(failure.error);
            };
            let told = format!(
                "{}: {}; again in {} ms",
                call.path,
                failure.error,
                wait.as_millis()
            );
            self.log
                .detail(Level::Exchanges, &format!("[retry] {told}"));
            if call.cleans_up {
                std::thread::sleep(wait);
            } else if self.interrupt.wait(wait) {
                let signal = self.interrupt.signal().unwrap_or_default();
                return Err(Error::interrupted(signal));
            }
            attempt += 1;
        }
    }

    fn attempt<T>(
        &self,
        call: &Call,
        attempt: u32,
        take: &impl Fn(Response<ureq::Body>, Arc<Lane>) -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        let opened = call.body.as_ref().map(|(body, _)| body.open());
        let (mut reader, sent) = opened.unzip();
        let Some(lane) = self.lane(call, sent.clone()) else {
            let signal = self.interrupt.signal().unwrap_or_default();
            return Err(Failure {
                error: Error::interrupted(signal),
                outcome: Outcome::Broken(Reached::NotSent),
            });
        };
        let begun = Instant::now();
        let answered = self.exchange(&lane, call, reader.as_mut());
        let time = begun.elapsed().as_millis();
        match answered {
            Ok(response) => {
                let id = header(response.headers(), "x-request-id").unwrap_or("-");
                let status = response.status().as_u16();
                self.tell(
                    call,
                    &format!("{status} {time}ms {id} attempt={}", attempt + 1),
                );
                self.show_headers("<", response.headers());
                take(response, lane)
            }
            Err(error) => {
                self.release(&lane);
                let failure = self.broken(call, &error, sent.as_deref());
                let text = format!(
                    "- {time}ms - attempt={} {}",
                    attempt + 1,
                    failure.error.message
                );
                self.tell(call, &text);
                Err(failure)
            }
        }
    }

    fn tell(&self, call: &Call, what: &str) {
        let line = format!("[http] {} {} {what}", call.method, call.path);
        self.log.detail(Level::Exchanges, &line);
    }

    fn show_headers(&self, arrow: &str, headers: &HeaderMap) {
        if !self.log.shows(Level::Headers) {
            return;
        }
        for (name, value) in headers {
            let private =
                name == "authorization" || self.headers.iter().any(|own| own.0 == name.as_str());
            let value = match value.to_str() {
                Ok(value) if !private => value,
                _ => "***",
            };
            self.log
                .detail(Level::Headers, &format!("{arrow} {name}: {value}"));
        }
    }

    fn exchange(
        &self,
        lane: &Lane,
        call: &Call,
        reader: Option<&mut Reader>,
    ) -> std::result::Result<Response<ureq::Body>, ureq::Error> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.base, call.path))
            .header("authorization", format!("Bearer {}", self.key))
            .header("accept", "application/json, text/event-stream");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match (reader, &call.body) {
            (Some(reader), Some((body, content_type))) => {
                let mut watched = Watched {
                    reader,
                    progress: call.progress,
                    done: 0,
                };
                let request = request
                    .header("content-type", content_type)
                    .header("content-length", body.length())
                    .body(SendBody::from_reader(&mut watched))?;
                self.show_headers(">", request.headers());
                lane.agent.run(self.patience(lane, call, request))
            }
            _ if call.method == "POST" => {
                let request = request.header("content-length", 0).body(())?;
                self.show_headers(">", request.headers());
                lane.agent.run(self.patience(lane, call, request))
            }
            _ => {
                let request = request.body(())?;
                self.show_headers(">", request.headers());
                lane.agent.run(self.patience(lane, call, request))
            }
        }
    }

    /// The request with its time-outs: a model may think long, everything else is short.
    fn patience<S: ureq::AsSendBody>(
        &self,
        lane: &Lane,
        call: &Call,
        request: Request<S>,
    ) -> Request<S> {
        let left = call
            .deadline
            .map(|end| end.saturating_duration_since(Instant::now()));
        let answer = match call.effect {
            _ if call.cleans_up && self.interrupt.signal().is_some() => HURRIED,
            Effect::Creates => self.timeout,
            Effect::Idempotent => self.timeout.min(SHORT),
        };
        let answer = answer
            .min(left.unwrap_or(answer))
            .max(Duration::from_millis(1));
        let connect = self.connect_timeout.min(answer);
        lane.agent
            .configure_request(request)
            .timeout_connect(Some(connect))
            .timeout_per_write(Some(WRITE_SILENCE))
            .timeout_recv_response(Some(answer))
            .timeout_per_read(Some(STREAM_SILENCE.max(answer)))
            .build()
    }

    /// A free connection, or a new one; `None` after a signal, clean-up apart.
    fn lane(&self, call: &Call, sent: Option<Arc<Sent>>) -> Option<Arc<Lane>> {
        let mut lanes = lock(&self.lanes);
        let stopped = self.interrupt.signal().is_some();
        if stopped && !call.cleans_up {
            return None;
        }
        let lane = match lanes.idle.pop() {
            Some(lane) => lane,
            None => Arc::new(Lane {
                agent: self.agent(),
                graceful: AtomicBool::new(false),
                sent: Mutex::new(None),
            }),
        };
        lane.graceful
            .store(call.graceful || call.cleans_up, Ordering::SeqCst);
        *lock(&lane.sent) = sent;
        lanes.busy.push(Arc::clone(&lane));
        Some(lane)
    }

    fn release(&self, lane: &Arc<Lane>) {
        let mut lanes = lock(&self.lanes);
        lanes.busy.retain(|busy| !Arc::ptr_eq(busy, lane));
        // After a signal a connection may have been shut down; it is not used again.
        if self.interrupt.signal().is_none() {
            lanes.idle.push(Arc::clone(lane));
        }
    }

    fn agent(&self) -> Agent {
        let proxy = self.proxy.as_deref().and_then(|url| Proxy::new(url).ok());
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .user_agent(concat!("oa/", env!("CARGO_PKG_VERSION")))
            .max_idle_age(Duration::from_secs(60));
        if let Some(roots) = &self.roots {
            config = config.tls_config(TlsConfig::builder().root_certs(roots.clone()).build());
        }
        config.build().new_agent()
    }

    /// What no answer at all comes to.
    fn broken(&self, call: &Call, error: &ureq::Error, sent: Option<&Sent>) -> Failure {
        if let Some(local) = sent.and_then(Sent::failure) {
            let error = Error::input(local);
            let outcome = never_again();
            return Failure { error, outcome };
        }
        let reached = match sent {
            Some(sent) if !sent.is_whole() => Reached::NotSent,
            _ => Reached::Sent,
        };
        let why = error.to_string();
        let why = why.trim_start_matches("io: ");
        let way = match &self.proxy {
            Some(_) => " (through a proxy)",
            None => "",
        };
        let message = format!("{} {}{}{way}: {why}", call.method, self.base, call.path);
        let error = if call.effect == Effect::Creates && reached == Reached::Sent {
            Self::unknown(
                call,
                format!("{message}; it was sent whole, and no answer came"),
            )
        } else {
            Error::new(Kind::Network, message)
        };
        Failure {
            error,
            outcome: Outcome::Broken(reached),
        }
    }

    fn unknown(call: &Call, message: String) -> Error {
        let error = Error::new(Kind::UnknownOutcome, message);
        let look = match &call.look {
            Some(look) => look.as_str(),
            None => "look in the dashboard's logs whether it was done",
        };
        error.hint(format!("{look}; --retry-unknown repeats such requests"))
    }

    /// What an answer that broke off comes to.
    fn cut(&self, call: &Call, status: u16, why: &str) -> Failure {
        let message = format!(
            "{} {}{}: the answer broke off: {why}",
            call.method, self.base, call.path
        );
        let mut error = Error::new(Kind::Network, message);
        error.status = Some(status);
        Self::after_payment(call, error, Outcome::Broken(Reached::Sent))
    }

    /// A reply that is not what its status promised: whatever was asked for may have been done.
    fn after_payment(call: &Call, mut error: Error, outcome: Outcome) -> Failure {
        if call.effect == Effect::Creates {
            error.retryable = false;
            error.hint.clone_from(&call.look);
        }
        Failure { error, outcome }
    }

    fn judge(
        &self,
        call: &Call,
        headers: &HeaderMap,
        reply: &Reply,
    ) -> std::result::Result<Answer, Failure> {
        let now = SystemTime::now();
        let wait = retry::asked_wait(
            header(headers, "retry-after-ms"),
            header(headers, "retry-after"),
            now,
        );
        if (200..300).contains(&reply.status) {
            let poll_after = header(headers, "openai-poll-after-ms");
            return match reply.expect(call.expect) {
                Ok(object) => Ok(Answer {
                    object,
                    poll_after: retry::asked_wait(poll_after, None, now).or(wait),
                }),
                Err(why) => {
                    let message = format!("{} {}{}: {why}", call.method, self.base, call.path);
                    let mut error = Error::new(Kind::Network, message);
                    error.status = Some(reply.status);
                    error.request_id.clone_from(&reply.request_id);
                    let outcome = Outcome::Broken(Reached::Sent);
                    Err(Self::after_payment(call, error, outcome))
                }
            };
        }
        let json = reply.is_json();
        let outcome = Outcome::Answered {
            status: reply.status,
            json,
            quota: reply.is_quota(),
            should_retry: header(headers, "x-should-retry").and_then(|word| word.parse().ok()),
            wait,
        };
        let mut error = reply.error();
        error.message = self.log.redact(&error.message);
        let gateway = matches!(reply.status, 502 | 504) || (reply.status >= 500 && !json);
        if gateway && call.effect == Effect::Creates {
            let mut unknown = Self::unknown(call, error.message.clone());
            unknown.status = error.status;
            unknown.request_id.clone_from(&error.request_id);
            error = unknown;
        }
        Err(Failure { error, outcome })
    }
}

impl Call<'_> {
    fn allows(&self, wait: Duration) -> bool {
        self.deadline.is_none_or(|end| Instant::now() + wait < end)
    }
}

fn never_again() -> Outcome {
    Outcome::Answered {
        status: 400,
        json: true,
        quota: false,
        should_retry: Some(false),
        wait: None,
    }
}

fn interrupted(signal: i32, call: &Call, failure: &Failure) -> Error {
    let mut error = Error::interrupted(signal);
    let sent = matches!(failure.outcome, Outcome::Broken(Reached::Sent));
    if let (Effect::Creates, true, Some(look)) = (call.effect, sent, &call.look) {
        error.hint = Some(format!(
            "the request was sent whole and may have been taken: {look}"
        ));
        error.retryable = false;
    }
    error
}

/// A number in 0..1 that differs from process to process and from call to call.
#[must_use]
pub fn spread() -> f64 {
    let word = random_word();
    let digits = u32::from_str_radix(&word[..6], 16).unwrap_or(0);
    f64::from(digits) / f64::from(0x100_0000)
}

/// A text as one segment of a path: nothing in it can change where the request goes.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn read_reply(
    headers: &HeaderMap,
    status: u16,
    body: ureq::Body,
) -> std::result::Result<Reply, String> {
    let limited = body.into_with_config().limit(MAX_ANSWER);
    let mut bytes = Vec::new();
    limited
        .reader()
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok(Reply {
        status,
        request_id: header(headers, "x-request-id").map(str::to_owned),
        location: header(headers, "location").map(str::to_owned),
        body: bytes,
    })
}

/// Counts what is sent for whoever looks.
struct Watched<'a> {
    reader: &'a mut Reader,
    progress: Option<&'a Progress>,
    done: u64,
}

impl Read for Watched<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.reader.read(out)?;
        if let Some(progress) = self.progress {
            self.done += count as u64;
            progress.set(self.done);
        }
        Ok(count)
    }
}

/// The bytes of a stream of events.
pub struct Stream<'a> {
    client: &'a Client,
    lane: Arc<Lane>,
    reader: ureq::BodyReader<'static>,
    /// The whole object, from a server that does not stream.
    pub whole: Option<Box<RawValue>>,
}

impl Read for Stream<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.reader.read(out)
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        let mut lanes = lock(&self.client.lanes);
        lanes.busy.retain(|busy| !Arc::ptr_eq(busy, &self.lane));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_change_the_path() {
        assert_eq!(segment("file-a_B9"), "file-a_B9");
        assert_eq!(segment("file-../x?#%"), "file-%2E%2E%2Fx%3F%23%25");
    }

    #[test]
    fn the_spread_is_a_fraction() {
        assert!((0..100).all(|_| (0.0..1.0).contains(&spread())));
    }
}
