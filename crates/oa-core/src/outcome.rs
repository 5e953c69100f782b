//! What an attempt comes to: the object that was asked for, or a failure and whether it may be repeated.

use std::time::{Duration, SystemTime};

use oa_net::Connection;
use ureq::http::HeaderMap;

use crate::body::Sent;
use crate::error::{Error, Kind};
use crate::limit::{Refusal, said_wait};
use crate::reading::header;
use crate::reply::{Complaint, Received, Reply};
use crate::request::Request;
use crate::retry::{self, Effect, Outcome, Reached};
use crate::server::Server;
use crate::settings::Notice;
use crate::trouble;

/// An attempt that did not bring what was asked for.
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) outcome: Outcome,
    /// A rate limit did not let it in.
    pub(crate) refusal: Option<Refusal>,
}

impl Failure {
    pub(crate) fn new(error: Error, outcome: Outcome) -> Failure {
        Failure {
            error,
            outcome,
            refusal: None,
        }
    }
}

impl Server {
    /// What no answer at all comes to.
    pub(crate) fn broken(
        &self,
        request: &Request,
        error: &ureq::Error,
        sent: Option<&Sent>,
        connection: &Connection,
    ) -> Failure {
        if let Some(error) = sent.and_then(Sent::failure) {
            return local(error);
        }
        let advice = trouble::hint(error);
        let whole = sent.is_none_or(Sent::is_whole);
        let unheard = request.may_share() && connection.state().unheard && trouble::is_end(error);
        let reached = reached(unheard, whole, advice.is_some());
        if unheard && whole {
            self.name_first(request);
        }
        let (step, why) = (connection.state().step.clone(), trouble::words(error));
        let place = format!("{}{}", self.address(request), self.route.through());
        // An address that both of them name stands once.
        let named = format!("{}: ", step.rsplit(' ').next().unwrap_or_default());
        let why = why.trim_start_matches(&named);
        let message = format!("{place}: {step}: {why}");
        if let Some(hint) = advice {
            let mut error = Error::new(Kind::Network, message).hint(hint);
            error.retryable = false;
            return Failure::new(error, Outcome::Final);
        }
        let error = if request.effect == Effect::Creates && reached == Reached::Sent {
            let message = format!("{message}; it was sent whole, and no answer came");
            Self::unknown(request, message)
        } else {
            Error::new(Kind::Network, message)
        };
        Failure::new(error, Outcome::Broken(reached))
    }

    /// What was asked for, for a message: `POST https://api.openai.com/v1/responses`.
    fn address(&self, request: &Request) -> String {
        format!("{} {}{}", request.method, self.settings.base, request.path)
    }

    /// Says what may be there twice, because it is about to be sent again.
    fn name_first(&self, request: &Request) {
        // After a signal nothing is sent again.
        if let (Effect::Creates, Some(look), None) =
            (request.effect, &request.look, self.cancel().signal())
        {
            let path = &request.path;
            self.settings.tell(&Notice::Note(&format!(
                "POST {path}: the connection ended without an answer; it is sent again, and the first, should it have arrived, expires; {look}"
            )));
        }
    }

    fn unknown(request: &Request, message: String) -> Error {
        let error = Error::new(Kind::UnknownOutcome, message);
        let look = match &request.look {
            Some(look) => look.as_str(),
            None => "look in the dashboard's logs whether it was done",
        };
        error.hint(format!("{look}; --retry-unknown repeats such requests"))
    }

    /// What an answer that was read comes to.
    pub(crate) fn judge(
        &self,
        request: &Request,
        headers: &HeaderMap,
        reply: Received,
    ) -> std::result::Result<Reply, Failure> {
        let now = SystemTime::now();
        let said = |name| header(headers, name);
        let wait = retry::asked_wait(said("retry-after-ms"), said("retry-after"), now);
        if !(200..300).contains(&reply.status) {
            return Err(self.refused(request, headers, &reply, wait));
        }
        let poll_after = said("openai-poll-after-ms");
        match reply.expect(request.expect, &|text| self.settings.secrets.redact(text)) {
            Ok(found) => {
                if found.mended {
                    let path = &request.path;
                    let told =
                        "the answer was no JSON as it stood; what is none in it was put right";
                    let told = format!("{} {path}: {told}", request.method);
                    self.settings.tell(&Notice::Note(&told));
                }
                Ok(Reply {
                    object: found.object,
                    poll_after: retry::asked_wait(poll_after, None, now).or(wait),
                    date: said("date").and_then(|date| httpdate::parse_http_date(date).ok()),
                })
            }
            Err(complaint) => Err(self.not_understood(request, *complaint)),
        }
    }

    /// A reply that is not what its status promised: whatever was asked for may have been done, so what came
    /// of it is kept.
    fn not_understood(&self, request: &Request, complaint: Complaint) -> Failure {
        let (words, reply) = (complaint.words, complaint.reply);
        let message = format!("{}: {words}", self.address(request));
        let mut error = Error::new(Kind::Network, message);
        error.status = Some(reply.status);
        error.code = complaint.code;
        error.request_id.clone_from(&reply.request_id);
        error.hint = self.wrong_base(&reply);
        if request.effect == Effect::Creates {
            error.retryable = false;
            error.hint = error.hint.take().or_else(|| request.look.clone());
            error.body = Some(reply.kept(&|text| self.settings.secrets.redact(text)))
                .filter(|body| !body.is_empty());
            error.part = complaint.part;
        }
        let error = self.settings.secrets.redact_error(error);
        Failure::new(error, Outcome::Broken(Reached::Sent))
    }

    /// What the server, or something before it, says instead of doing what was asked.
    fn refused(
        &self,
        request: &Request,
        headers: &HeaderMap,
        reply: &Received,
        wait: Option<Duration>,
    ) -> Failure {
        let json = reply.is_json();
        if let (Some(why), false, Effect::Idempotent) = (&reply.cut, json, request.effect) {
            return self.cut(request, reply.status, why);
        }
        let mut error = reply.error(&|text| self.settings.secrets.redact(text));
        let should_retry = should_retry(headers, &error, reply.status, json);
        let wait = wait.or_else(|| said_wait(&error.message));
        let outcome = Outcome::Answered {
            status: reply.status,
            json,
            quota: error.kind == Kind::Quota,
            should_retry,
            wait,
        };
        error.hint = error.hint.take().or_else(|| self.wrong_base(reply));
        if let (Some(word), false) = (should_retry, error.kind == Kind::Quota) {
            error.retryable = word;
        }
        let unknown = should_retry != Some(true) && retry::is_unknown(reply.status, json);
        if unknown && request.effect == Effect::Creates {
            let mut unknown = Self::unknown(request, error.message.clone());
            unknown.status = error.status;
            unknown.request_id.clone_from(&error.request_id);
            error = unknown;
        }
        error.wait = wait;
        let refusal = Refusal::of(&error, json, headers, wait);
        let error = self.settings.secrets.redact_error(error);
        Failure {
            refusal,
            ..Failure::new(error, outcome)
        }
    }

    /// An answer that broke off before it said what it had to say.
    pub(crate) fn cut(&self, request: &Request, status: u16, why: &str) -> Failure {
        let message = format!("{}: the answer broke off: {why}", self.address(request));
        let mut error = Error::new(Kind::Network, message);
        error.status = Some(status);
        Failure::new(error, Outcome::Broken(Reached::Sent))
    }

    /// What to do where the address may be the matter.
    fn wrong_base(&self, reply: &Received) -> Option<String> {
        let lost = matches!(reply.status, 404 | 405) || reply.is_html();
        self.settings.advice.clone().filter(|_| lost)
    }
}

/// Whether the server says that a request is worth another attempt. A gateway's word counts only where it says what
/// became of the request.
fn should_retry(headers: &HeaderMap, error: &Error, status: u16, json: bool) -> Option<bool> {
    if error.kind == Kind::RateLimit && !error.retryable {
        return Some(false);
    }
    let counts = json || retry::is_unknown(status, true);
    let word = header(headers, "x-should-retry").and_then(|word| word.parse().ok());
    word.filter(|_| counts)
}

/// How far a request came. A handshake that failed carried nothing, whatever was written behind it.
fn reached(unheard: bool, whole: bool, untrusted: bool) -> Reached {
    match (unheard, whole) {
        (true, _) => Reached::Unheard,
        (false, true) if !untrusted => Reached::Sent,
        _ => Reached::NotSent,
    }
}

/// What could not be sent, because it could not be read; or taken, because it could not be written.
pub(crate) fn local(error: Error) -> Failure {
    let outcome = if error.retryable {
        Outcome::Broken(Reached::NotSent)
    } else {
        Outcome::Final
    };
    Failure::new(error, outcome)
}

/// What a signal in the middle of a request comes to.
pub(crate) fn interrupted(signal: i32, request: &Request, failure: &Failure) -> Error {
    let mut error = Error::interrupted(signal);
    let sent = matches!(failure.outcome, Outcome::Broken(Reached::Sent));
    if let (Effect::Creates, true, Some(look)) = (request.effect, sent, &request.look) {
        error.hint = Some(format!(
            "the request was sent whole and may have been taken: {look}"
        ));
        error.retryable = false;
    }
    error
}
