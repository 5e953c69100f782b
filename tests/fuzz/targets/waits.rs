//! Any headers that ask for a wait: no panic, and never longer than the user allows.
#![no_main]

use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use oa_core::retry::{Effect, Limits, Outcome, asked_wait, next};

fuzz_target!(|input: (u32, u16, u32, Option<String>, Option<String>)| {
    let (attempt, status, now, millis, after) = input;
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.into());
    let wait = asked_wait(millis.as_deref(), after.as_deref(), now);
    let limits = Limits {
        retries: u32::MAX,
        retry_unknown: true,
        max_wait: Duration::from_secs(120),
    };
    let outcome = Outcome::Answered {
        status,
        json: status % 2 == 0,
        quota: false,
        should_retry: Some(true),
        wait,
    };
    for effect in [Effect::Creates, Effect::Idempotent] {
        if let Some(wait) = next(attempt, effect, &outcome, limits, 0.5) {
            assert!(wait <= limits.max_wait);
        }
    }
});
