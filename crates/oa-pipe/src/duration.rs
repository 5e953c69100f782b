//! Durations as users write them.

use std::time::Duration;

use oa_core::cancel::LONGEST;

/// A duration as users write it: `500ms`, `30s`, `10m`, `24h`, `7d`; what is longer than a century is one.
///
/// # Errors
/// The text, with the units that are known.
pub fn duration(text: &str) -> std::result::Result<Duration, String> {
    const UNITS: [(&str, f64); 5] = [
        ("ms", 0.001),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
        ("d", 86400.0),
    ];
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|row| row.1);
    let seconds = number.parse::<f64>().ok().zip(factor);
    seconds
        .map(|(number, factor)| number * factor)
        .filter(|seconds| *seconds >= 0.0)
        .map(|seconds| Duration::try_from_secs_f64(seconds).map_or(LONGEST, |t| t.min(LONGEST)))
        .ok_or_else(|| "write a number with its unit: 500ms, 30s, 10m, 24h, 7d".to_owned())
}

/// The same of a limit, where 0 means none.
///
/// # Errors
/// As [`duration`].
pub fn limit(text: &str) -> std::result::Result<Duration, String> {
    duration(text).map(|time| if time.is_zero() { LONGEST } else { time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_with_their_unit() {
        let cases = [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("1.5m", Some(90_000)),
            ("24h", Some(86_400_000)),
            ("7d", Some(604_800_000)),
            ("0", Some(0)),
            ("110000000000000d", Some(LONGEST.as_millis())),
            ("1e400s", None),
            ("30", None),
            ("-1s", None),
            ("1y", None),
            ("nans", None),
            ("-0s", Some(0)),
            ("", None),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text).ok().map(|d| d.as_millis()), millis, "{text}");
        }
    }
}
