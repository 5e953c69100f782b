//! The one way to the server: every request of every tool goes through `send`.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use ureq::SendBody;
use ureq::http::{HeaderMap, Request, Response};

use crate::body::Reader;
use crate::cli::{self, Connection};
use crate::error::{Error, Result};
use crate::form::random_word;
use crate::interrupt::Interrupt;
use crate::log::{Level, Log};
use crate::net::way::{self, Way};
use crate::reply::Reply;
use crate::retry::{self, Effect, Limits, Outcome, Reached};

mod call;
mod lane;
mod outcome;
mod stream;
mod trouble;

pub use crate::reply::Expect;
pub use call::Call;
use lane::{Lane, Lanes};
use outcome::{Failure, interrupted};
pub use stream::Stream;
use stream::Watched;

/// The largest answer that is read into memory, in bytes.
const MAX_ANSWER: u64 = 256 << 20;
/// Patience for requests that no model works on.
const SHORT: Duration = Duration::from_secs(30);
/// Patience for clean-up after a signal.
const HURRIED: Duration = Duration::from_secs(3);
/// Longest silence in a stream of events, and in the sending of a body.
const STREAM_SILENCE: Duration = Duration::from_secs(300);
const WRITE_SILENCE: Duration = Duration::from_secs(60);
/// A connection that nobody used for longer may be closed by the server just now: no question is put on it,
/// because nobody could tell whether it was heard.
const FRESH: Duration = Duration::from_secs(2);

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    /// The object exactly as it came, on one line.
    pub object: Box<RawValue>,
    /// When the server wants to be asked again.
    pub poll_after: Option<Duration>,
}

/// The server that this run talks to.
pub struct Client {
    base: String,
    key: String,
    headers: Vec<(String, String)>,
    connect_timeout: Duration,
    timeout: Duration,
    limits: Limits,
    way: Way,
    lanes: Lanes,
    log: Arc<Log>,
    interrupt: Arc<Interrupt>,
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
        let key = connection.api_key(&log)?;
        log.keep_secret(&key);
        let target = connection.target()?;
        let way = Way::new(connection, &target)?;
        Ok(Client {
            lanes: Lanes::new(&interrupt),
            base: target.base,
            key,
            headers: cli::headers()?,
            connect_timeout: connection.connect_timeout,
            timeout: connection.timeout,
            limits: connection.limits(),
            way,
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
            self.lanes.release(&lane);
            let reply = reply.map_err(|why| self.cut(call, parts.status.as_u16(), &why))?;
            self.judge(call, &parts.headers, &reply)
        })
    }

    /// Sends a request whose answer is a stream of events.
    ///
    /// # Errors
    /// As [`Client::call`]; once the stream has begun, nothing is repeated.
    pub fn stream(&self, mut call: Call) -> Result<Stream<'_>> {
        call.streams = true;
        let call = &call;
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
                    self.lanes.release(&lane);
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
        let Some(lane) = self
            .lanes
            .take(call, sent.clone(), || self.way.agent(self.log.tool()))
        else {
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
                let step = lane.wire.step();
                let failure = self.broken(call, &error, sent.as_deref(), &step);
                self.lanes.release(&lane);
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
                    wire: &lane.wire,
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
        let silence = if call.streams {
            STREAM_SILENCE.max(answer)
        } else {
            answer
        };
        let idle = match call.effect {
            Effect::Creates => FRESH,
            Effect::Idempotent => way::IDLE,
        };
        lane.agent
            .configure_request(request)
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .timeout_per_write(Some(WRITE_SILENCE.min(answer)))
            .timeout_recv_response(Some(answer))
            .timeout_per_read(Some(silence))
            .max_idle_age(idle)
            .build()
    }
}

/// A number in 0..1 that differs from process to process and from call to call.
#[must_use]
pub fn spread() -> f64 {
    let word = random_word();
    let digits = u32::from_str_radix(&word[..6], 16).unwrap_or(0);
    f64::from(digits) / f64::from(0x100_0000)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_a_fraction() {
        assert!((0..100).all(|_| (0.0..1.0).contains(&spread())));
    }
}
