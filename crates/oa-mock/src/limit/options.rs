//! What the command line says of a limit.

use std::str::FromStr;
use std::time::Duration;

use crate::limit::meter::Shape;

/// What a refusal says of when to come again.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Headers {
    /// `retry-after-ms`, and `retry-after` in whole seconds.
    #[default]
    Both,
    /// `retry-after` alone.
    Seconds,
    /// Neither: the message says it, and `x-ratelimit-*`.
    None,
    /// Nothing at all.
    Bare,
}

/// What gets in, and how the rest is told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Variant {
    pub(crate) headers: Headers,
    /// What can come at once after a quiet time: as much as in this time.
    pub(crate) burst: Option<Duration>,
    pub(crate) window: Option<Duration>,
    pub(crate) ramp: Option<Duration>,
    /// Refused requests count, too.
    pub(crate) punishes: bool,
    /// What an answer takes.
    pub(crate) latency: Duration,
    /// Questions at a time.
    pub(crate) concurrent: Option<u64>,
    /// Questions until the money is gone.
    pub(crate) quota: Option<u64>,
    /// From one second after the first request on nothing gets in for so long.
    pub(crate) outage: Option<Duration>,
    /// Uploads a minute.
    pub(crate) files: Option<u32>,
}

/// A bucket holds what comes in six seconds.
const BURST: Duration = Duration::from_secs(6);

impl Variant {
    pub(crate) fn shape(&self) -> Shape {
        let burst = self.burst.unwrap_or(BURST).as_secs_f64();
        match (self.window, self.ramp) {
            (Some(window), _) => Shape::Window {
                seconds: window.as_secs_f64(),
            },
            (None, Some(ramp)) => Shape::Ramp {
                seconds: ramp.as_secs_f64(),
            },
            (None, None) => Shape::Bucket { seconds: burst },
        }
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Variant, String> {
        let mut variant = Variant::default();
        for word in text.split_whitespace() {
            let pair = word.split_once('=');
            let (key, value) = pair.ok_or_else(|| format!("'{word}' is no KEY=VALUE"))?;
            let set = variant.set(key, value);
            set.map_err(|why| format!("{key}: {why}"))?;
        }
        if variant.window.is_some() && variant.ramp.is_some() {
            return Err("window= and ramp= exclude each other".to_owned());
        }
        Ok(variant)
    }
}

impl Variant {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "headers" => self.headers = headers(value)?,
            "burst" => self.burst = Some(positive(value)?),
            "window" => self.window = Some(positive(value)?),
            "ramp" => self.ramp = Some(positive(value)?),
            "refused" if value == "count" => self.punishes = true,
            "refused" => return Err("only `count` is known".to_owned()),
            "latency" => self.latency = duration(value)?,
            "concurrent" => self.concurrent = Some(number(value)?),
            "quota" => self.quota = Some(number(value)?),
            "outage" => self.outage = Some(positive(value)?),
            "files" => self.files = Some(number(value)?),
            _ => return Err("no key of --limit".to_owned()),
        }
        Ok(())
    }
}

fn headers(word: &str) -> Result<Headers, String> {
    Ok(match word {
        "both" => Headers::Both,
        "seconds" => Headers::Seconds,
        "none" => Headers::None,
        "bare" => Headers::Bare,
        _ => return Err(format!("'{word}' is none of both, seconds, none, bare")),
    })
}

fn number<T: FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| *number >= T::from(1));
    number.ok_or_else(|| format!("'{text}' is not a number from 1 on"))
}

fn positive(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    (!time.is_zero())
        .then_some(time)
        .ok_or_else(|| "more than 0 is wanted".to_owned())
}

/// A time: 500ms, 1s, 2m.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = units
        .iter()
        .find(|(unit, _)| *unit == &text[number.len()..]);
    let (_, factor) = unit.ok_or("a number with ms, s, m or h is wanted: 500ms, 1s, 2m")?;
    let number: u64 = number
        .parse()
        .map_err(|_| format!("'{number}' is not a number"))?;
    Ok(Duration::from_millis(number.saturating_mul(*factor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_and_nonsense_is_named() {
        let read: Result<Variant, String> = "headers=seconds window=5s refused=count".parse();
        let wanted = Variant {
            headers: Headers::Seconds,
            window: Some(Duration::from_secs(5)),
            punishes: true,
            ..Variant::default()
        };
        assert_eq!(read, Ok(wanted));
        for (text, word) in [
            ("x=1", "x: no key"),
            ("window", "KEY=VALUE"),
            ("window=0s", "window: more"),
            ("headers=all", "bare"),
            ("concurrent=0", "from 1"),
            ("window=5s ramp=5s", "exclude"),
        ] {
            let error = text.parse::<Variant>().err().unwrap_or_default();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
