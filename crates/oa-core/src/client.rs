//! The one way to the server: every request of every tool goes through `send`.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::Response;

use crate::error::{Error, Result, plain};
use crate::form::jitter;
use crate::gate::{Gate, News, Pass, Place, Refused};
use crate::limit::room;
use crate::outcome::{Failure, interrupted, local};
use crate::pool::{Pool, Pooled};
use crate::reading::{Broken, copy_body, header, read_reply};
use crate::reply::Reply;
use crate::request::Request;
use crate::retry::{self, Outcome, Reached};
use crate::server::Server;
use crate::settings::{Notice, Settings};
use crate::stream::{Stream, open};

/// What a question was answered with.
pub enum Streamed<'a> {
    /// A whole object.
    Object(Reply),
    /// A stream of events.
    Events(Stream<'a>),
}

/// What is made of an answer as it comes.
type Attempted<T> = std::result::Result<T, Failure>;

/// Who takes an answer as it comes; who reads it for long takes the pass along.
trait Take<'a, T>:
    Fn(Response<ureq::Body>, Arc<Pooled>, &mut Option<Pass<'a>>) -> Attempted<T>
{
}

impl<'a, T, F> Take<'a, T> for F where
    F: Fn(Response<ureq::Body>, Arc<Pooled>, &mut Option<Pass<'a>>) -> Attempted<T>
{
}

/// The server that this run talks to.
pub struct Client {
    server: Server,
    pool: Pool,
    /// What makes something or is paid for passes the first, questions that change nothing the second.
    gates: [Arc<Gate>; 2],
}

impl Client {
    /// A client for this server. Nothing is connected yet.
    ///
    /// # Errors
    /// `usage` for a certificate or proxy that cannot be used.
    pub fn new(settings: Settings) -> Result<Client> {
        Ok(Client {
            gates: [Gate::new(&settings), Gate::new(&settings)],
            pool: Pool::new(&settings.cancel),
            server: Server::new(settings)?,
        })
    }

    /// Sends a request, again where that is safe, and returns the object that it was answered with.
    ///
    /// # Errors
    /// Every kind that a server, or the way to it, can cause.
    pub fn call(&self, request: &Request) -> Result<Reply> {
        self.send(request, |response, pooled, _| {
            let (parts, body) = response.into_parts();
            let mut body = body.into_reader();
            let received = read_reply(&parts, request.expect, &pooled.connection, &mut body);
            self.pool.release(&pooled);
            self.server.judge(request, &parts.headers, received)
        })
    }

    /// Sends a question whose answer is an object or a stream of events: servers and what lies between give
    /// either, whatever was asked for and whatever they call it.
    ///
    /// # Errors
    /// As [`Client::call`]; once the stream has begun, nothing is repeated.
    pub fn ask(&self, request: &Request) -> Result<Streamed<'_>> {
        self.send(request, |response, pooled, pass| {
            let (parts, body) = response.into_parts();
            let (mut reader, events) = open(body.into_reader(), parts.status.is_success());
            if events {
                return Ok(Streamed::Events(Stream {
                    pool: &self.pool,
                    pooled,
                    reader,
                    _pass: pass.take(),
                }));
            }
            let received = read_reply(&parts, request.expect, &pooled.connection, &mut reader);
            self.pool.release(&pooled);
            let judged = self.server.judge(request, &parts.headers, received);
            judged.map(Streamed::Object)
        })
    }

    /// Fetches the bytes that a request is answered with, which may be more than fit into memory, to the end of a
    /// file; where an attempt fails, nothing of it stays there. The server's time begins anew with every piece.
    ///
    /// # Errors
    /// As [`Client::call`]; or the file cannot be written.
    pub fn download(&self, request: &Request, file: &File) -> Result<()> {
        let start = file.metadata().map_err(|error| unwritten(&error))?.len();
        self.send(request, |response, pooled, _| {
            let (parts, body) = response.into_parts();
            let (mut body, status) = (body.into_reader(), parts.status);
            if !status.is_success() {
                let received = read_reply(&parts, request.expect, &pooled.connection, &mut body);
                self.pool.release(&pooled);
                let judged = self.server.judge(request, &parts.headers, received);
                return judged.map(drop);
            }
            let copied = copy_body(&mut body, &pooled.connection, file, start);
            self.pool.release(&pooled);
            copied.map_err(|broken| match (broken, file.set_len(start)) {
                (Broken::Server(why), Ok(())) => self.server.cut(request, status.as_u16(), &why),
                (Broken::File(error), _) | (_, Err(error)) => local(unwritten(&error)),
            })
        })
    }

    fn send<'a, T>(&'a self, request: &Request, take: impl Take<'a, T>) -> Result<T> {
        let cancel = self.server.cancel();
        let gate = request.gate().map(|number| &self.gates[number]);
        let (mut place, mut attempt, mut repeated) = (Place::default(), 0, false);
        loop {
            let pass = gate.map(|gate| gate.pass(&mut place, request.deadline));
            let mut pass = pass.transpose()?;
            let mut failure = match self.attempt(request, attempt, &mut pass, &take) {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if let (Some(signal), false) = (cancel.signal(), request.cleans_up) {
                return Err(interrupted(signal, request, &failure));
            }
            if let (Some(gate), Some(refusal)) = (gate, &failure.refusal) {
                match gate.refused(&mut place, pass, refusal, &failure.error) {
                    Refused::Again(news) => self.tell_limit(news),
                    Refused::GiveUp => return Err(failure.error),
                }
                continue;
            }
            drop(pass);
            if let Some(gate) = gate {
                gate.note(&failure.error);
            }
            failure.error.repeated = std::mem::replace(&mut repeated, true);
            let Some(wait) = self.next_wait(request, attempt, &failure) else {
                return Err(failure.error);
            };
            if request.cleans_up {
                std::thread::sleep(wait);
            } else if cancel.wait(wait) {
                return Err(Error::interrupted(cancel.signal().unwrap_or_default()));
            }
            attempt += u32::from(!wait.is_zero());
        }
    }

    fn tell_limit(&self, news: Option<News>) {
        if let Some(News(limit, now)) = news {
            self.server.settings.tell(&Notice::Limit(&limit, &now));
        }
    }

    /// How long to wait before the next attempt, if there is one; that is told.
    fn next_wait(&self, request: &Request, attempt: u32, failure: &Failure) -> Option<Duration> {
        let settings = &self.server.settings;
        let (effect, outcome) = (request.effect, &failure.outcome);
        let wait = retry::next(attempt, effect, outcome, settings.limits, jitter())?;
        if (request.once && !wait.is_zero()) || !request.allows(wait) {
            return None;
        }
        let (path, error, millis) = (&request.path, &failure.error, wait.as_millis());
        let told = format!("[retry] {path}: {error}; again in {millis} ms");
        settings.tell(&Notice::Exchange(&told));
        Some(wait)
    }

    fn attempt<'a, T>(
        &'a self,
        request: &Request,
        attempt: u32,
        pass: &mut Option<Pass<'a>>,
        take: &impl Take<'a, T>,
    ) -> Attempted<T> {
        let server = &self.server;
        let opened = request.body.as_ref().map(|(body, _)| body.open());
        let (mut reader, sent) = opened.unzip();
        let agent = || server.route.agent();
        let Some(pooled) = self.pool.take(request, sent.clone(), agent) else {
            let signal = server.cancel().signal().unwrap_or_default();
            let outcome = Outcome::Broken(Reached::NotSent);
            return Err(Failure::new(Error::interrupted(signal), outcome));
        };
        let begun = Instant::now();
        let answered = server.exchange(&pooled, request, reader.as_mut());
        let (time, count) = (begun.elapsed().as_millis(), attempt + 1);
        match answered {
            Ok(response) => {
                let id = header(response.headers(), "x-request-id").unwrap_or("-");
                let status = response.status().as_u16();
                server.tell(request, &format!("{status} {time}ms {id} attempt={count}"));
                server.show_headers("<", response.headers());
                if let (Some(pass), true) = (&pass, response.status().is_success()) {
                    pass.got_in(room(response.headers()));
                }
                take(response, pooled, pass)
            }
            Err(error) => {
                let failure = server.broken(request, &error, sent.as_deref(), &pooled.connection);
                self.pool.release(&pooled);
                let message = &failure.error.message;
                server.tell(request, &format!("- {time}ms - attempt={count} {message}"));
                Err(failure)
            }
        }
    }
}

/// Why an answer is not where it was to be kept (retryable).
fn unwritten(error: &io::Error) -> Error {
    let mut error = Error::input(format!("the answer was not kept: {}", plain(error)));
    error.retryable = true;
    error
}

impl Drop for Client {
    fn drop(&mut self) {
        for gate in &self.gates {
            if let Some(sum) = gate.summary() {
                self.server.settings.tell(&Notice::Limits(&sum));
            }
        }
    }
}
