//! The options of tools that wait for something on the server.

use std::time::Duration;

use super::duration;

/// How often something is looked at, and how long.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Patience {
    /// Longest time between two looks [default: 10s, more for jobs of hours]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub interval: Option<Duration>,
    /// Give up a record after this time; 0: never [default: 1h]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub deadline: Option<Duration>,
}
