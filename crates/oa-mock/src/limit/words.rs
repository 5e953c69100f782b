//! What the API says of a limit: headers of every answer, and the words of a refusal.

use std::time::Duration;

use crate::limit::meter::Meter;
use crate::limit::options::Headers;
use crate::objects::error::ApiError;

/// Name and value of headers.
pub(crate) type Lines = Vec<(String, String)>;

/// What is said of something that got in.
pub(crate) struct Admitted {
    /// What its answer says of the limits.
    pub(crate) headers: Lines,
    /// What its answer takes.
    pub(crate) latency: Duration,
}

/// The API's way to write a time: `120ms`, `1.5s`, `6m0s`.
pub(crate) fn time(seconds: f64) -> String {
    let millis = (seconds * 1000.0).ceil();
    if millis < 1000.0 {
        return format!("{millis}ms");
    }
    let (minutes, rest) = ((millis / 60_000.0).floor(), millis % 60_000.0 / 1000.0);
    if minutes > 0.0 {
        format!("{minutes}m{rest}s")
    } else {
        format!("{rest}s")
    }
}

/// `x-ratelimit-*` of one limit, of requests or tokens.
pub(crate) fn state(unit: &str, meter: &Meter) -> Lines {
    let (left, whole) = meter.left();
    [
        ("limit", meter.per_minute.to_string()),
        ("remaining", left.floor().to_string()),
        ("reset", time(whole)),
    ]
    .map(|(what, value)| (format!("x-ratelimit-{what}-{unit}"), value))
    .to_vec()
}

/// When to come again, as headers.
pub(crate) fn again(headers: Headers, seconds: f64) -> Lines {
    let line = |name: &str, value: f64| (name.to_owned(), value.ceil().to_string());
    match headers {
        Headers::Both => vec![
            line("retry-after-ms", seconds * 1000.0),
            line("retry-after", seconds),
        ],
        Headers::Seconds => vec![line("retry-after", seconds)],
        Headers::None | Headers::Bare => Lines::new(),
    }
}

/// The refusal of what is too much for now.
pub(crate) fn refusal(
    unit: &str,
    model: &str,
    meter: &Meter,
    cost: f64,
    hint: Option<f64>,
) -> ApiError {
    let letter = unit.chars().next().unwrap_or_default();
    let short = format!("{}PM", letter.to_ascii_uppercase());
    let limit = meter.per_minute;
    let used = (limit - meter.left().0.floor()).max(0.0);
    let again = hint.map_or_else(String::new, |wait| {
        format!(" Please try again in {}.", time(wait))
    });
    limited(
        unit,
        format!(
            "Rate limit reached for {model} in organization org-mock on {unit} per min ({short}): Limit {limit}, Used {used}, Requested {cost}.{again} Visit https://platform.openai.com/account/rate-limits to learn more."
        ),
    )
}

/// The refusal of what is more than all of a limit.
pub(crate) fn too_large(unit: &str, model: &str, meter: &Meter, cost: f64) -> ApiError {
    let limit = meter.per_minute;
    limited(
        unit,
        format!(
            "Request too large for {model} in organization org-mock on {unit} per min (TPM): Limit {limit}, Requested {cost}. The input or output tokens must be reduced in order to run successfully. Visit https://platform.openai.com/account/rate-limits to learn more."
        ),
    )
}

/// The refusal of one more at the same time.
pub(crate) fn crowded(model: &str, most: u64) -> ApiError {
    limited(
        "requests",
        format!(
            "Rate limit reached for {model} in organization org-mock on concurrent requests: Limit {most}, Used {most}, Requested 1. Please reduce the number of concurrent requests."
        ),
    )
}

/// What is said of a Batch that its model's queue has no room for.
pub(crate) fn queue(model: &str, limit: u64) -> String {
    let limit = grouped(limit);
    format!(
        "Enqueued token limit reached for {model} in organization org-mock. Limit: {limit} enqueued tokens. Please try again once some in_progress batches have been completed."
    )
}

/// `2,000,000`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn limited(unit: &str, message: String) -> ApiError {
    let mut error = ApiError::new(429, message).code("rate_limit_exceeded");
    unit.clone_into(&mut error.kind);
    error
}

#[cfg(test)]
mod tests {
    use super::{grouped, time};

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (2_000_000, "2,000,000"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn times_are_written_as_the_api_does() {
        for (seconds, text) in [
            (0.0981, "99ms"),
            (1.0, "1s"),
            (1.5, "1.5s"),
            (62.5, "1m2.5s"),
            (360.0, "6m0s"),
        ] {
            assert_eq!(time(seconds), text);
        }
    }
}
