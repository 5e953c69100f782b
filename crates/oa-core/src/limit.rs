//! What a server says of its limits: that a request did not get in, when it would, and how much room there is.

use std::time::Duration;

use ureq::http::HeaderMap;

use crate::cancel::LONGEST;
use crate::error::{Error, Kind};
use crate::reading::header;

/// An answer that says: not now.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    /// How long the server asks to wait.
    pub(crate) wait: Option<Duration>,
    /// Seconds between two requests by the limit of requests that the server names.
    pub(crate) gap: Option<f64>,
    /// It is that limit that was met.
    pub(crate) exact: bool,
    /// Requests count by their size.
    pub(crate) sized: bool,
    /// Too many at the same moment, or nothing gets in at all; not too many in a minute.
    pub(crate) crowded: bool,
    /// The limit in words: `429 requests 600/min`.
    pub(crate) words: String,
}

impl Refusal {
    /// A limit that was met: 429 that is not about money, 503 and 529 of the API, `slow_down`; none where no wait can
    /// help.
    pub(crate) fn of(
        error: &Error,
        json: bool,
        headers: &HeaderMap,
        wait: Option<Duration>,
    ) -> Option<Refusal> {
        let status = error.status?;
        let slow = error.code.as_deref() == Some("slow_down");
        let busy = matches!(status, 503 | 529) && json;
        if !error.retryable || error.kind == Kind::Quota || !(status == 429 || busy || slow) {
            return None;
        }
        let unit = unit(&error.message);
        let limit = |unit| number(headers, &format!("x-ratelimit-limit-{unit}"));
        let gap = limit("requests").map(|limit| (60.0 / limit).clamp(SHORTEST_GAP, LONGEST_GAP));
        let shown = unit.and_then(|unit| limit(unit).map(|limit| format!(" {unit} {limit}/min")));
        Some(Refusal {
            wait,
            gap,
            exact: gap.is_some() && unit == Some("requests"),
            sized: unit == Some("tokens"),
            crowded: (busy && !slow) || error.message.contains("concurrent"),
            words: format!("{status}{}", shown.unwrap_or_default()),
        })
    }
}

/// What the limit counts, by the API's sentence.
fn unit(message: &str) -> Option<&'static str> {
    let said = |unit: &&str| message.contains(&format!("{unit} per min"));
    ["requests", "tokens"].into_iter().find(said)
}

/// A limit that says less or more than these seconds between two requests is none that was meant.
const SHORTEST_GAP: f64 = 0.0001;
const LONGEST_GAP: f64 = 600.0;

/// Of every limit that is named so much is left that there is room: a twentieth.
const ROOM: f64 = 0.05;

/// Whether an answer shows room in every limit that it names; `None` where it names none.
pub(crate) fn room(headers: &HeaderMap) -> Option<bool> {
    let left = |unit| {
        let limit = number(headers, &format!("x-ratelimit-limit-{unit}"))?;
        let left = number(headers, &format!("x-ratelimit-remaining-{unit}"));
        Some(left.unwrap_or_default() >= limit * ROOM)
    };
    let all = ["requests", "tokens"].into_iter().filter_map(left);
    all.reduce(|one, other| one && other)
}

/// A header that is a number above zero.
fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    let number: f64 = header(headers, name)?.trim().parse().ok()?;
    (number > 0.0 && number.is_finite()).then_some(number)
}

/// Units of the API's times.
const UNITS: [(&str, f64); 5] = [
    ("ms", 0.001),
    ("h", 3600.0),
    ("m", 60.0),
    ("s", 1.0),
    ("d", 86400.0),
];

/// How long a sentence asks to wait: `Please try again in 1m2.5s.`
pub(crate) fn said_wait(message: &str) -> Option<Duration> {
    let (_, rest) = message.split_once("try again in ")?;
    let end = |c: char| !(c.is_ascii_alphanumeric() || c == '.');
    let mut rest = rest.split(end).next()?.trim_end_matches('.');
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, value) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
        seconds += number * value;
        rest = &rest[unit.len()..];
    }
    let wait = Duration::try_from_secs_f64(seconds.min(LONGEST.as_secs_f64()));
    wait.ok().filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn refused(status: u16, message: &str, headers: &[(&'static str, &'static str)]) -> Refusal {
        let mut error = Error::new(Kind::RateLimit, message);
        error.status = Some(status);
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(*name, value.parse().unwrap());
        }
        Refusal::of(&error, true, &all, None).unwrap()
    }

    #[test]
    fn a_sentence_says_when_to_come_again() {
        for (message, wait) in [
            ("Please try again in 120ms. Visit", Some(0.12)),
            ("Please try again in 1m2.5s.", Some(62.5)),
            ("Please try again in 6m0s. Visit x", Some(360.0)),
            ("try again in 2h3m", Some(7380.0)),
            ("try again in 1e9d", None),
            ("try again in 0s.", None),
            ("try again in a while", None),
            ("try again in 5 minutes", None),
            ("try again in -5s", None),
            ("later", None),
        ] {
            let said = said_wait(message).map(|wait| wait.as_secs_f64());
            assert_eq!(said, wait, "{message}");
        }
    }

    #[test]
    fn a_refusal_names_the_limit_that_was_met() {
        let headers = [
            ("x-ratelimit-limit-requests", "600"),
            ("x-ratelimit-limit-tokens", "30000"),
        ];
        let found = refused(429, "on requests per min (RPM): Limit 600", &headers);
        assert!(found.exact && !found.crowded);
        assert_eq!(found.words, "429 requests 600/min");
        let found = refused(429, "on tokens per min (TPM): Limit 30000", &headers);
        assert!(!found.exact && found.gap == Some(0.1));
        assert_eq!(found.words, "429 tokens 30000/min");
        let found = refused(503, "overloaded", &[]);
        assert!(found.crowded && found.gap.is_none());
        assert_eq!(found.words, "503");
    }

    #[test]
    fn there_is_room_where_every_limit_has_some() {
        let shown = |requests: &'static str, tokens: &'static str| {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("x-ratelimit-limit-requests", "600"),
                ("x-ratelimit-remaining-requests", requests),
                ("x-ratelimit-limit-tokens", "10000"),
                ("x-ratelimit-remaining-tokens", tokens),
            ] {
                headers.insert(name, value.parse().unwrap());
            }
            room(&headers)
        };
        assert_eq!(shown("30", "500"), Some(true));
        assert_eq!(shown("29", "500"), Some(false));
        assert_eq!(shown("600", "0"), Some(false));
        assert_eq!(room(&HeaderMap::new()), None);
    }
}
