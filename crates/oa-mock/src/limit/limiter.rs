//! Who gets in, who is told to come again, and how close to the ideal those stayed who asked.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::http::reply::Reply;
use crate::limit::meter::Meter;
use crate::limit::options::{Headers, Variant};
use crate::limit::words::{Admitted, Lines, again, crowded, refusal, state, too_large};
use crate::objects::error::ApiError;

/// An outage begins so many seconds after the first request.
const OUTAGE_AT: f64 = 1.0;
/// What an outage asks to wait, in seconds.
const OUTAGE_WAIT: f64 = 1.0;

/// The limits of a server.
#[derive(Default)]
pub(crate) struct Limiter {
    variant: Variant,
    requests: Option<Meter>,
    tokens: Option<Meter>,
    files: Option<Meter>,
    begun: Option<Instant>,
    /// When the questions under way are answered.
    ends: Vec<f64>,
    tally: Tally,
}

/// How it went so far.
#[derive(Clone, Default, Serialize)]
struct Tally {
    admitted: u64,
    refused: u64,
    /// Milliseconds from the first request to the end of the last answer.
    makespan_ms: f64,
    /// The same, had every request come at the earliest moment that gets in.
    ideal_ms: f64,
}

/// Something that wants in.
#[derive(Clone, Copy)]
pub(crate) enum Wish<'a> {
    Question { model: &'a str, tokens: u64 },
    Upload,
}

impl Limiter {
    pub(crate) fn new(rpm: Option<u32>, tpm: Option<u32>, variant: Variant) -> Limiter {
        let meter = |limit: u32| Meter::new(limit.into(), variant.shape());
        Limiter {
            variant,
            requests: rpm.map(meter),
            tokens: tpm.map(meter),
            files: variant.files.map(meter),
            ..Limiter::default()
        }
    }

    /// What was admitted and refused, and how long it took, as JSON.
    pub(crate) fn report(&self) -> serde_json::Result<String> {
        serde_json::to_string(&self.tally)
    }

    /// Begins anew, as if nothing had ever been asked.
    pub(crate) fn forget(&mut self) {
        let limit = |meter: &Option<Meter>| {
            let shape = self.variant.shape();
            meter.as_ref().map(|old| Meter::new(old.per_minute, shape))
        };
        *self = Limiter {
            variant: self.variant,
            requests: limit(&self.requests),
            tokens: limit(&self.tokens),
            files: limit(&self.files),
            ..Limiter::default()
        };
    }

    /// Lets something in, or says why not.
    pub(crate) fn admit(&mut self, wish: Wish) -> Result<Admitted, Box<Reply>> {
        let now = self.begun.get_or_insert_with(Instant::now).elapsed();
        let now = now.as_secs_f64();
        let meters = [&mut self.requests, &mut self.tokens, &mut self.files];
        for meter in meters.into_iter().flatten() {
            meter.pass(now);
        }
        self.ends.retain(|end| *end > now);
        match self.refused(wish, now) {
            Some((error, wait)) => Err(Box::new(self.refuse(wish, error, wait))),
            None => Ok(self.let_in(wish, now)),
        }
    }

    /// Why something does not get in now, and in how many seconds it would; `None` there: never, or nobody knows.
    fn refused(&self, wish: Wish, now: f64) -> Option<(ApiError, Option<f64>)> {
        let outage = self.variant.outage.map_or(0.0, |time| time.as_secs_f64());
        if now >= OUTAGE_AT && now < OUTAGE_AT + outage {
            return Some((ApiError::standard(503, None), Some(OUTAGE_WAIT)));
        }
        let (model, tokens) = match wish {
            Wish::Question { model, tokens } => (model, number(tokens)),
            Wish::Upload => {
                let (meter, model) = (self.files.as_ref()?, "file uploads");
                return over("requests", model, meter, 1.0, self.hints());
            }
        };
        if self
            .variant
            .quota
            .is_some_and(|most| self.tally.admitted >= most)
        {
            return Some((ApiError::standard(429, Some("insufficient_quota")), None));
        }
        let meter = self.tokens.as_ref();
        if let Some(meter) = meter.filter(|meter| tokens > meter.per_minute) {
            return Some((too_large("tokens", model, meter, tokens), None));
        }
        if let Some(most) = self
            .variant
            .concurrent
            .filter(|m| self.ends.len() as u64 >= *m)
        {
            return Some((crowded(model, most), None));
        }
        let requests = self.requests.as_ref();
        let requests = requests.and_then(|meter| over("requests", model, meter, 1.0, self.hints()));
        requests.or_else(|| over("tokens", model, meter?, tokens, self.hints()))
    }

    fn hints(&self) -> bool {
        self.variant.headers != Headers::Bare
    }

    fn refuse(&mut self, wish: Wish, error: ApiError, wait: Option<f64>) -> Reply {
        self.tally.refused += 1;
        if self.variant.punishes
            && let Some(meter) = &mut self.requests
        {
            meter.punish(1.0);
        }
        let mut reply = Reply::from(error);
        if self.hints() {
            reply.headers.extend(self.state(wish));
        }
        let again = wait.map(|wait| again(self.variant.headers, wait));
        reply.headers.extend(again.into_iter().flatten());
        reply
    }

    fn let_in(&mut self, wish: Wish, now: f64) -> Admitted {
        if matches!(wish, Wish::Upload) && self.files.is_none() {
            // What nothing limits is no part of what is measured.
            return Admitted {
                headers: Lines::new(),
                latency: Duration::ZERO,
            };
        }
        let take = |meter: &mut Option<Meter>, cost| {
            if let Some(meter) = meter {
                meter.take(cost);
            }
        };
        let latency = self.variant.latency;
        let end = now + latency.as_secs_f64();
        match wish {
            Wish::Question { tokens, .. } => {
                take(&mut self.requests, 1.0);
                take(&mut self.tokens, number(tokens));
                self.ends.push(end);
            }
            Wish::Upload => take(&mut self.files, 1.0),
        }
        self.tally.admitted += 1;
        self.tally.makespan_ms = self.tally.makespan_ms.max(end * 1000.0);
        self.tally.ideal_ms = self.ideal() * 1000.0;
        Admitted {
            headers: if self.hints() {
                self.state(wish)
            } else {
                Lines::new()
            },
            latency,
        }
    }

    /// Seconds that all that was admitted takes at least.
    fn ideal(&self) -> f64 {
        let latency = self.variant.latency.as_secs_f64();
        let meters = [&self.requests, &self.tokens, &self.files];
        let meters = meters.into_iter().flatten().map(Meter::ideal);
        let limits = meters.fold(0.0, f64::max);
        let concurrent = self.variant.concurrent.map_or(0.0, |most| {
            let rounds = self.tally.admitted.div_ceil(most).saturating_sub(1);
            number(rounds) * latency
        });
        let outage = self.variant.outage.map_or(0.0, |time| time.as_secs_f64());
        let ideal = limits.max(concurrent);
        // What had no time before it has to wait for its end.
        let late = self.tally.makespan_ms / 1000.0 > OUTAGE_AT + outage;
        ideal + latency + if late { outage } else { 0.0 }
    }

    fn state(&self, wish: Wish) -> Lines {
        let of = |unit, meter: &Option<Meter>| {
            let lines = meter.as_ref().map(|meter| state(unit, meter));
            lines.unwrap_or_default()
        };
        match wish {
            Wish::Question { .. } => {
                let requests = of("requests", &self.requests);
                [requests, of("tokens", &self.tokens)].concat()
            }
            Wish::Upload => of("requests", &self.files),
        }
    }
}

/// A count to reckon with; none is so large that it would matter.
#[expect(
    clippy::cast_precision_loss,
    reason = "2^52 requests or tokens take longer than anybody waits"
)]
fn number(count: u64) -> f64 {
    count as f64
}

/// What a limit says against something of this cost, and when it would fit.
fn over(
    unit: &str,
    model: &str,
    meter: &Meter,
    cost: f64,
    hints: bool,
) -> Option<(ApiError, Option<f64>)> {
    let wait = meter.wait(cost);
    let hint = hints.then_some(wait);
    (wait > 0.0).then(|| (refusal(unit, model, meter, cost, hint), hint))
}
