//! A rate limit that is played: how much gets in, what is said to the rest, and what would have been ideal.

pub(crate) mod limiter;
pub(crate) mod meter;
pub(crate) mod options;
pub(crate) mod words;
