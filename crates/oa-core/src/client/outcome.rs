//! What an attempt comes to: the object that was asked for, or a failure and whether it may be repeated.

use std::time::SystemTime;

use ureq::http::HeaderMap;

use super::{Answer, Call, Client, header, trouble};
use crate::body::Sent;
use crate::error::{Error, Kind};
use crate::reply::Reply;
use crate::retry::{self, Effect, Outcome, Reached};

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
        step: &str,
    ) -> Failure {
        if let Some(local) = sent.and_then(Sent::failure) {
            let error = Error::input(local);
            let outcome = never_again();
            return Failure { error, outcome };
        }
        let advice = trouble::hint(error);
        let reached = match sent {
            Some(sent) if !sent.is_whole() => Reached::NotSent,
            // A handshake that failed carried nothing, whatever was written behind it.
            _ if advice.is_some() => Reached::NotSent,
            _ => Reached::Sent,
        };
        let way = self.way.through();
        let why = trouble::words(error);
        let message = format!(
            "{} {}{}{way}: {step}: {why}",
            call.method, self.base, call.path
        );
        if let Some(hint) = advice {
            let error = Error::new(Kind::Network, message).hint(hint);
            let outcome = never_again();
            return Failure { error, outcome };
        }
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
    pub(super) fn cut(&self, call: &Call, status: u16, why: &str) -> Failure {
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

    /// What an answer that was read whole comes to.
    pub(super) fn judge(
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
                    let error = self.log.redact_error(error);
                    let outcome = Outcome::Broken(Reached::Sent);
                    Err(Self::after_payment(call, error, outcome))
                }
            };
        }
        let json = reply.is_json();
        let should_retry = header(headers, "x-should-retry").and_then(|word| word.parse().ok());
        let outcome = Outcome::Answered {
            status: reply.status,
            json,
            quota: reply.is_quota(),
            should_retry,
            wait,
        };
        let mut error = self.log.redact_error(reply.error());
        if let (true, Some(word)) = (json, should_retry) {
            error.retryable = word;
        }
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
