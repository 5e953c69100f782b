//! When a request is sent again, and how long to wait before: decisions only, no deeds.

use std::time::{Duration, SystemTime};

const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(8);

/// What a request does on the server, which decides when it may be repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Twice is as good as once: GET, DELETE, cancel.
    Idempotent,
    /// Makes something, or is paid for: never sent again while the first may have been taken.
    Creates,
}

/// How far an attempt came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// The server cannot have begun: no connection, or the body was not sent whole.
    NotSent,
    /// The request went out whole, and no answer came.
    Sent,
    /// It went over a connection that was kept from an earlier request and ended without a byte: the server closed
    /// it before it saw the request, as good as surely.
    Unheard,
}

/// What an attempt came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// No answer.
    Broken(Reached),
    /// What no repeating mends.
    Final,
    /// An answer with this status.
    Answered {
        /// HTTP status.
        status: u16,
        /// Whether its body is a JSON object, so that the API itself spoke.
        json: bool,
        /// It says that money is the matter, which no waiting mends.
        quota: bool,
        /// The header `x-should-retry`.
        should_retry: Option<bool>,
        /// How long the server asks to wait.
        wait: Option<Duration>,
    },
}

/// What the user allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Attempts after the first.
    pub retries: u32,
    /// Repeat also what may have been paid for.
    pub retry_unknown: bool,
    /// Longest wait that a server may ask for; for more we would rather give up.
    pub max_wait: Duration,
}

/// The wait before attempt `attempt + 1` (attempts count from 0), or `None` when this was the last.
///
/// `jitter` in 0..1 shortens our own delay by up to a quarter; never what the server asked for.
#[must_use]
pub fn next(
    attempt: u32,
    effect: Effect,
    outcome: &Outcome,
    limits: Limits,
    jitter: f64,
) -> Option<Duration> {
    if let Outcome::Broken(Reached::Unheard) = outcome {
        // There are only so many kept connections; the attempt does not count.
        return Some(Duration::ZERO);
    }
    if attempt >= limits.retries || !repeats(effect, outcome, limits.retry_unknown) {
        return None;
    }
    if let Outcome::Answered {
        wait: Some(wait), ..
    } = outcome
    {
        (*wait <= limits.max_wait).then_some(*wait)
    } else {
        let doubled = FIRST_DELAY.saturating_mul(2_u32.saturating_pow(attempt));
        Some(doubled.min(LONGEST_DELAY).mul_f64(1.0 - jitter / 4.0))
    }
}

fn repeats(effect: Effect, outcome: &Outcome, retry_unknown: bool) -> bool {
    match outcome {
        Outcome::Broken(Reached::NotSent | Reached::Unheard) => true,
        Outcome::Broken(Reached::Sent) => effect == Effect::Idempotent || retry_unknown,
        Outcome::Final | Outcome::Answered { quota: true, .. } => false,
        Outcome::Answered {
            should_retry: Some(word),
            ..
        } => *word,
        Outcome::Answered { status, json, .. } => match effect {
            Effect::Idempotent => matches!(status, 408 | 409 | 429 | 500..),
            // The limit is looked at before the work begins, whoever says so.
            Effect::Creates if *status == 429 => true,
            Effect::Creates if is_unknown(*status, *json) => retry_unknown,
            Effect::Creates => *json && matches!(status, 409 | 500 | 503 | 529),
        },
    }
}

/// Whether this status says nothing of what became of a request that was sent whole: a gateway gave up on a
/// server that may still work, and bill.
#[must_use]
pub fn is_unknown(status: u16, json: bool) -> bool {
    matches!(status, 408 | 502 | 504) || (status >= 500 && !json)
}

/// Longest wait that is taken for advice, so that no time that is reckoned with it overflows.
const LONGEST_ADVICE: Duration = Duration::from_secs(365 * 86400);

/// How long the server asks to wait: `retry-after-ms`, else `Retry-After` in seconds or as an HTTP date. Zero, less
/// than that, and what is no number are no advice (some gateways always send 0).
#[must_use]
pub fn asked_wait(millis: Option<&str>, after: Option<&str>, now: SystemTime) -> Option<Duration> {
    let advice = |seconds: f64| {
        let longest = LONGEST_ADVICE.as_secs_f64();
        (seconds > 0.0 && seconds.is_finite())
            .then(|| Duration::from_secs_f64(seconds.min(longest)))
    };
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let date = |text: &str| {
        let date = httpdate::parse_http_date(text.trim()).ok()?;
        date.duration_since(now).ok()
    };
    let millis = millis
        .and_then(number)
        .and_then(|value| advice(value / 1000.0));
    let after = || {
        let text = after?;
        let seconds = number(text).or_else(|| date(text).map(|wait| wait.as_secs_f64()));
        seconds.and_then(advice)
    };
    millis.or_else(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, json: bool) -> Outcome {
        Outcome::Answered {
            status,
            json,
            quota: false,
            should_retry: None,
            wait: None,
        }
    }

    const LIMITS: Limits = Limits {
        retries: 2,
        retry_unknown: false,
        max_wait: Duration::from_secs(120),
    };

    #[test]
    fn what_may_have_been_paid_for_is_not_repeated_on_a_guess() {
        use Effect::{Creates, Idempotent};
        let cases = [
            (Creates, Outcome::Broken(Reached::NotSent), true),
            (Creates, Outcome::Broken(Reached::Sent), false),
            (Idempotent, Outcome::Broken(Reached::Sent), true),
            (Creates, answered(429, true), true),
            (Creates, answered(500, true), true),
            (Creates, answered(503, true), true),
            (Creates, answered(503, false), false),
            (Creates, answered(502, false), false),
            (Creates, answered(504, true), false),
            (Creates, answered(408, true), false),
            (Creates, answered(429, false), true),
            (Creates, answered(529, true), true),
            (Creates, answered(529, false), false),
            (Creates, answered(407, true), false),
            (Idempotent, answered(407, false), false),
            (Idempotent, answered(408, false), true),
            (Creates, answered(400, true), false),
            (Idempotent, answered(504, false), true),
            (Idempotent, answered(404, true), false),
        ];
        for (effect, outcome, again) in cases {
            let wait = next(0, effect, &outcome, LIMITS, 0.0);
            assert_eq!(wait.is_some(), again, "{effect:?} {outcome:?}");
        }
    }

    #[test]
    fn the_server_decides_the_wait_up_to_a_limit_and_whether_to_retry() {
        let ask = |wait, should_retry, quota| Outcome::Answered {
            status: 429,
            json: true,
            quota,
            should_retry,
            wait,
        };
        let second = Duration::from_secs(1);
        let next = |outcome| next(0, Effect::Creates, &outcome, LIMITS, 0.9);
        assert_eq!(next(ask(Some(second), None, false)), Some(second));
        assert_eq!(next(ask(Some(LIMITS.max_wait + second), None, false)), None);
        assert_eq!(next(ask(None, Some(false), false)), None);
        assert_eq!(next(ask(None, Some(true), true)), None);
    }

    #[test]
    fn our_own_delay_doubles_to_eight_seconds() {
        let limits = Limits {
            retries: 9,
            retry_unknown: false,
            ..LIMITS
        };
        let delay = |attempt| {
            let outcome = Outcome::Broken(Reached::NotSent);
            next(attempt, Effect::Creates, &outcome, limits, 0.0).map(|d| d.as_millis())
        };
        let delays: Vec<_> = (0..7).filter_map(delay).collect();
        assert_eq!(delays, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        assert_eq!(delay(9), None);
    }

    #[test]
    fn retry_after_comes_in_three_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let cases = [
            (Some("250"), Some("9"), Some(250)),
            (None, Some("2"), Some(2000)),
            (None, Some("1.5"), Some(1500)),
            (None, Some("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10_000)),
            (None, Some("Sun, 06 Nov 1994 08:49:27 GMT"), None),
            (None, Some("soon"), None),
            (None, Some("inf"), None),
            (Some("-5"), None, None),
            (Some("0"), Some("0"), None),
            (Some("0"), Some("2"), Some(2000)),
            (Some("NaN"), None, None),
            (Some("1e22"), None, Some(31_536_000_000)),
        ];
        for (millis, after, wait) in cases {
            let asked = asked_wait(millis, after, now).map(|wait| wait.as_millis());
            assert_eq!(asked, wait, "{millis:?} {after:?}");
        }
    }
}
