//! The one way to the server: every request of every tool goes through `send`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oa_net::{Route, Unusable};
use serde_json::value::RawValue;
use ureq::SendBody;
use ureq::http::{HeaderMap, HeaderName, Request, Response};

use crate::body::Reader;
use crate::cancel::Cancel;
use crate::error::{Error, Kind, Result};
use crate::form::random_word;
use crate::retry::{self, Effect, Outcome, Reached};
use crate::settings::{Notice, Settings};

mod call;
mod outcome;
mod pool;
mod reading;
mod stream;
mod trouble;

pub use crate::reply::Expect;
pub use call::Call;
use outcome::{Failure, interrupted};
use pool::{Pool, Pooled};
use reading::read_reply;
pub use stream::{Heard, Stream};
use stream::{Opened, Watched};

/// Patience for requests that no model works on.
const SHORT: Duration = Duration::from_secs(30);
/// Patience for clean-up after a signal.
const HURRIED: Duration = Duration::from_secs(3);
/// Longest silence in the sending of a body.
const WRITE_SILENCE: Duration = Duration::from_secs(60);

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    /// The object exactly as it came, on one line.
    pub object: Box<RawValue>,
    /// When the server wants to be asked again.
    pub poll_after: Option<Duration>,
}

/// What a question was answered with.
pub enum Told<'a> {
    /// A whole object.
    Object(Answer),
    /// A stream of events.
    Events(Stream<'a>),
}

/// The server that this run talks to.
pub struct Client {
    settings: Settings,
    route: Route,
    pool: Pool,
}

impl Client {
    /// A client for this server. Nothing is connected yet.
    ///
    /// # Errors
    /// `usage` for a certificate or proxy that cannot be used.
    pub fn new(settings: Settings) -> Result<Client> {
        let route = Route::new(&settings.route, &settings.user_agent).map_err(unusable)?;
        let headers = settings.headers.iter().map(|(_, value)| value.as_str());
        let secrets = headers
            .chain(route.password())
            .chain([settings.key.as_str()]);
        secrets.for_each(|secret| settings.secrets.add(secret));
        Ok(Client {
            pool: Pool::new(&settings.cancel),
            settings,
            route,
        })
    }

    /// Sends a request, again where that is safe, and returns the object that it was answered with.
    ///
    /// # Errors
    /// Every kind that a server, or the way to it, can cause.
    pub fn call(&self, call: &Call) -> Result<Answer> {
        self.send(call, |response, pooled| {
            let (parts, body) = response.into_parts();
            let reply = read_reply(
                &parts,
                call.expect,
                &pooled.connection,
                &mut body.into_reader(),
            );
            self.pool.release(&pooled);
            self.judge(call, &parts.headers, reply)
        })
    }

    /// Sends a question whose answer is an object or a stream of events: servers and what lies between give
    /// either, whatever was asked for and whatever they call it.
    ///
    /// # Errors
    /// As [`Client::call`]; once the stream has begun, nothing is repeated.
    pub fn ask(&self, call: &Call) -> Result<Told<'_>> {
        self.send(call, |response, pooled| {
            let (parts, body) = response.into_parts();
            let mut opened = Opened::new(body.into_reader());
            if parts.status.is_success() && opened.is_events().unwrap_or(false) {
                return Ok(Told::Events(Stream {
                    client: self,
                    pooled,
                    reader: opened,
                }));
            }
            let reply = read_reply(&parts, call.expect, &pooled.connection, &mut opened);
            self.pool.release(&pooled);
            self.judge(call, &parts.headers, reply).map(Told::Object)
        })
    }

    fn send<T>(
        &self,
        call: &Call,
        take: impl Fn(Response<ureq::Body>, Arc<Pooled>) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        let (mut attempt, mut repeated) = (0, false);
        loop {
            let mut failure = match self.attempt(call, attempt, &take) {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            failure.error.repeated = std::mem::replace(&mut repeated, true);
            if let (Some(signal), false) = (self.cancel().signal(), call.cleans_up) {
                return Err(interrupted(signal, call, &failure));
            }
            let spread = spread();
            let wait = retry::next(
                attempt,
                call.effect,
                &failure.outcome,
                self.settings.limits,
                spread,
            );
            let at_once = wait.is_some_and(|wait| wait.is_zero());
            let allowed = |wait: &Duration| (at_once || !call.once) && call.allows(*wait);
            let Some(wait) = wait.filter(allowed) else {
                return Err(failure.error);
            };
            let told = format!(
                "{}: {}; again in {} ms",
                call.path,
                failure.error,
                wait.as_millis()
            );
            self.settings
                .tell(&Notice::Exchange(&format!("[retry] {told}")));
            if call.cleans_up {
                std::thread::sleep(wait);
            } else if self.cancel().wait(wait) {
                let signal = self.cancel().signal().unwrap_or_default();
                return Err(Error::interrupted(signal));
            }
            attempt += u32::from(!at_once);
        }
    }

    fn attempt<T>(
        &self,
        call: &Call,
        attempt: u32,
        take: &impl Fn(Response<ureq::Body>, Arc<Pooled>) -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        let opened = call.body.as_ref().map(|(body, _)| body.open());
        let (mut reader, sent) = opened.unzip();
        let agent = || self.route.agent();
        let Some(pooled) = self.pool.take(call, sent.clone(), agent) else {
            let signal = self.cancel().signal().unwrap_or_default();
            return Err(Failure {
                error: Error::interrupted(signal),
                outcome: Outcome::Broken(Reached::NotSent),
            });
        };
        let begun = Instant::now();
        let answered = self.exchange(&pooled, call, reader.as_mut());
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
                take(response, pooled)
            }
            Err(error) => {
                let failure = self.broken(call, &error, sent.as_deref(), &pooled.connection);
                self.pool.release(&pooled);
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

    fn cancel(&self) -> &Cancel {
        &self.settings.cancel
    }

    fn tell(&self, call: &Call, what: &str) {
        let line = format!("[http] {} {} {what}", call.method, call.path);
        self.settings.tell(&Notice::Exchange(&line));
    }

    fn show_headers(&self, arrow: &str, headers: &HeaderMap) {
        if !self.settings.tells_headers {
            return;
        }
        for (name, value) in headers {
            let private = name == "authorization"
                || self
                    .settings
                    .headers
                    .iter()
                    .any(|own| own.0 == name.as_str());
            let value = match value.to_str() {
                Ok(value) if !private => value,
                _ => "***",
            };
            let line = format!("{arrow} {name}: {value}");
            self.settings.tell(&Notice::Header(&line));
        }
    }

    fn exchange(
        &self,
        pooled: &Pooled,
        call: &Call,
        reader: Option<&mut Reader>,
    ) -> std::result::Result<Response<ureq::Body>, ureq::Error> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.settings.base, call.path))
            .header("authorization", format!("Bearer {}", self.settings.key))
            .header("accept", call.accept());
        if call.streams {
            // A stream that is packed comes in pieces as large as the packer likes.
            request = request.header("accept-encoding", "identity");
        }
        for (name, value) in &self.settings.headers {
            // They take the place of our own of the same name.
            let own = request.headers_mut().zip(HeaderName::try_from(name).ok());
            if let Some((headers, name)) = own {
                headers.remove(name);
            }
            request = request.header(name, value);
        }
        match (reader, &call.body) {
            (Some(reader), Some((body, content_type))) => {
                let mut watched = Watched {
                    reader,
                    progress: call.progress,
                    done: 0,
                    connection: &pooled.connection,
                };
                let request = request
                    .header("content-type", content_type)
                    .header("content-length", body.length())
                    .body(SendBody::from_reader(&mut watched))?;
                self.show_headers(">", request.headers());
                pooled.agent.run(self.patience(pooled, call, request))
            }
            _ if call.method == "POST" => {
                let request = request.header("content-length", 0).body(())?;
                self.show_headers(">", request.headers());
                pooled.agent.run(self.patience(pooled, call, request))
            }
            _ => {
                let request = request.body(())?;
                self.show_headers(">", request.headers());
                pooled.agent.run(self.patience(pooled, call, request))
            }
        }
    }

    /// The request with its time-outs: a model may think long, everything else is short.
    fn patience<S: ureq::AsSendBody>(
        &self,
        pooled: &Pooled,
        call: &Call,
        request: Request<S>,
    ) -> Request<S> {
        let left = call
            .deadline
            .map(|end| end.saturating_duration_since(Instant::now()));
        let answer = match call.effect {
            _ if call.cleans_up && self.cancel().signal().is_some() => HURRIED,
            Effect::Creates => self.settings.timeout,
            Effect::Idempotent => self.settings.timeout.min(SHORT),
        };
        let answer = answer
            .min(left.unwrap_or(answer))
            .max(Duration::from_millis(1));
        let connect = self.settings.connect_timeout.min(answer);
        // The connection itself bounds the whole answer, or the silence between two events.
        pooled.connection.begin_request(answer);
        let idle = if call.may_share() {
            oa_net::IDLE
        } else {
            Duration::ZERO
        };
        pooled
            .agent
            .configure_request(request)
            .timeout_resolve(Some(connect))
            .timeout_connect(Some(connect))
            .timeout_per_write(Some(WRITE_SILENCE.min(answer)))
            .timeout_recv_response(Some(answer))
            .timeout_per_read(Some(answer))
            .max_idle_age(idle)
            .build()
    }
}

/// Why the way to the server cannot be gone.
fn unusable(found: Unusable) -> Error {
    let error = Error::from(found.cause).as_kind(Kind::Usage);
    match found.hint {
        Some(hint) => error.hint(hint),
        None => error,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_a_fraction() {
        assert!((0..100).all(|_| (0.0..1.0).contains(&spread())));
    }
}
