//! What an attempt comes to: the object that was asked for, or a failure and whether it may be repeated.

use std::time::{Duration, SystemTime};

use ureq::http::HeaderMap;

use super::{Answer, Call, Client, header, trouble};
use crate::body::Sent;
use crate::error::{Error, Kind};
use crate::reply::{Complaint, Reply};
use crate::retry::{self, Effect, Outcome, Reached};
use crate::settings::Notice;
use oa_net::Connection;

/// Bytes of a reply that may have been paid for and was not understood, which are kept; fewer of a page.
const KEPT: usize = 1 << 20;
const KEPT_OF_PAGE: usize = 4 << 10;
/// Bytes that a secret takes at most, however it is written.
const SECRET: usize = 64 << 10;

/// An attempt that did not bring what was asked for.
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) outcome: Outcome,
}

impl Client {
    /// What no answer at all comes to.
    pub(super) fn broken(
        &self,
        call: &Call,
        error: &ureq::Error,
        sent: Option<&Sent>,
        connection: &Connection,
    ) -> Failure {
        if let Some(error) = sent.and_then(Sent::failure) {
            return local(error);
        }
        let advice = trouble::hint(error);
        let whole = sent.is_none_or(Sent::is_whole);
        let unheard = call.may_share() && connection.state().unheard && trouble::is_end(error);
        let reached = match (unheard, whole) {
            (true, _) => Reached::Unheard,
            // A handshake that failed carried nothing, whatever was written behind it.
            (false, true) if advice.is_none() => Reached::Sent,
            _ => Reached::NotSent,
        };
        if reached == Reached::Unheard && whole {
            self.name_first(call);
        }
        let route = self.route.through();
        let (step, why) = (connection.state().step.clone(), trouble::words(error));
        let message = format!(
            "{} {}{}{route}: {step}: {why}",
            call.method, self.settings.base, call.path
        );
        if let Some(hint) = advice {
            let mut error = Error::new(Kind::Network, message).hint(hint);
            error.retryable = false;
            let outcome = never_again();
            return Failure { error, outcome };
        }
        let error = if call.effect == Effect::Creates && reached == Reached::Sent {
            let message = format!("{message}; it was sent whole, and no answer came");
            Self::unknown(call, message)
        } else {
            Error::new(Kind::Network, message)
        };
        Failure {
            error,
            outcome: Outcome::Broken(reached),
        }
    }

    /// Says what may be there twice, because it is about to be sent again.
    fn name_first(&self, call: &Call) {
        // After a signal nothing is sent again.
        if let (Effect::Creates, Some(look), None) =
            (call.effect, &call.look, self.cancel().signal())
        {
            let path = &call.path;
            self.settings.tell(&Notice::Note(&format!(
                "POST {path}: the connection ended without an answer; it is sent again, and the first, should it have arrived, expires; {look}"
            )));
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

    /// What an answer that was read comes to.
    pub(super) fn judge(
        &self,
        call: &Call,
        headers: &HeaderMap,
        reply: Reply,
    ) -> std::result::Result<Answer, Failure> {
        let now = SystemTime::now();
        let wait = retry::asked_wait(
            header(headers, "retry-after-ms"),
            header(headers, "retry-after"),
            now,
        );
        if !(200..300).contains(&reply.status) {
            return Err(self.refused(call, headers, &reply, wait));
        }
        let poll_after = header(headers, "openai-poll-after-ms");
        match reply.expect(call.expect, &|text| self.settings.secrets.redact(text)) {
            Ok(understood) => {
                if understood.mended {
                    let path = &call.path;
                    let told =
                        "the answer was no JSON as it stood; what is none in it was put right";
                    let told = format!("{} {path}: {told}", call.method);
                    self.settings.tell(&Notice::Note(&told));
                }
                Ok(Answer {
                    object: understood.object,
                    poll_after: retry::asked_wait(poll_after, None, now).or(wait),
                })
            }
            Err(complaint) => Err(self.not_understood(call, *complaint)),
        }
    }

    /// A reply that is not what its status promised: whatever was asked for may have been done, so what came
    /// of it is kept.
    fn not_understood(&self, call: &Call, complaint: Complaint) -> Failure {
        let (words, reply) = (complaint.words, complaint.reply);
        let message = format!(
            "{} {}{}: {words}",
            call.method, self.settings.base, call.path
        );
        let mut error = Error::new(Kind::Network, message);
        error.status = Some(reply.status);
        error.code = complaint.code;
        error.request_id.clone_from(&reply.request_id);
        error.hint = self.wrong_base(&reply);
        if call.effect == Effect::Creates {
            error.retryable = false;
            error.hint = error.hint.take().or_else(|| call.look.clone());
            error.body = Some(self.kept(&reply)).filter(|body| !body.is_empty());
            error.part = complaint.part;
        }
        Failure {
            error: self.settings.secrets.redact_error(error),
            outcome: Outcome::Broken(Reached::Sent),
        }
    }

    /// The body of a reply that was not understood, as far as it is worth keeping. Secrets go before it is cut.
    fn kept(&self, reply: &Reply) -> String {
        let most = if reply.is_html() { KEPT_OF_PAGE } else { KEPT };
        let body = &reply.body[..reply.body.len().min(most + SECRET)];
        let body = self.settings.secrets.redact(&String::from_utf8_lossy(body));
        String::from_utf8_lossy(&body.as_bytes()[..body.len().min(most)]).into_owned()
    }

    /// What the server, or something before it, says instead of doing what was asked.
    fn refused(
        &self,
        call: &Call,
        headers: &HeaderMap,
        reply: &Reply,
        wait: Option<Duration>,
    ) -> Failure {
        let json = reply.is_json();
        if let (Some(why), false, Effect::Idempotent) = (&reply.cut, json, call.effect) {
            return self.cut(call, reply, why);
        }
        // A gateway's word counts only where it says what became of the request.
        let counts = json || retry::is_unknown(reply.status, true);
        let should_retry = header(headers, "x-should-retry").and_then(|word| word.parse().ok());
        let should_retry = should_retry.filter(|_| counts);
        let outcome = Outcome::Answered {
            status: reply.status,
            json,
            quota: reply.is_quota(),
            should_retry,
            wait,
        };
        let mut error = reply.error(&|text| self.settings.secrets.redact(text));
        error.hint = error.hint.take().or_else(|| self.wrong_base(reply));
        if let (Some(word), false) = (should_retry, error.kind == Kind::Quota) {
            error.retryable = word;
        }
        let unknown = should_retry != Some(true) && retry::is_unknown(reply.status, json);
        if unknown && call.effect == Effect::Creates {
            let mut unknown = Self::unknown(call, error.message.clone());
            unknown.status = error.status;
            unknown.request_id.clone_from(&error.request_id);
            error = unknown;
        }
        error.wait = wait;
        Failure {
            error: self.settings.secrets.redact_error(error),
            outcome,
        }
    }

    /// An answer that broke off before it said what it had to say.
    fn cut(&self, call: &Call, reply: &Reply, why: &str) -> Failure {
        let (method, path, base) = (call.method, &call.path, &self.settings.base);
        let message = format!("{method} {base}{path}: the answer broke off: {why}");
        let mut error = Error::new(Kind::Network, message);
        error.status = Some(reply.status);
        Failure {
            error,
            outcome: Outcome::Broken(Reached::Sent),
        }
    }

    /// What to do where the address may be the matter.
    fn wrong_base(&self, reply: &Reply) -> Option<String> {
        let lost = matches!(reply.status, 404 | 405) || reply.is_html();
        self.settings.advice.clone().filter(|_| lost)
    }
}

/// What could not be sent, because it could not be read.
fn local(error: Error) -> Failure {
    let outcome = if error.retryable {
        Outcome::Broken(Reached::NotSent)
    } else {
        never_again()
    };
    Failure { error, outcome }
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

/// What a signal in the middle of a request comes to.
pub(super) fn interrupted(signal: i32, call: &Call, failure: &Failure) -> Error {
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
