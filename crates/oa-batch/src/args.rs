//! The options of `oa-batch`, whose comments are its help.

use std::time::Duration;

use clap::Parser;
use oa_pipe::duration::duration;
use oa_pipe::options::{Options, Order, Patience};

const HOUR: u64 = 3600;
/// A Batch ends within a day, and is looked at a little longer.
const TO_THE_END: Duration = Duration::from_secs(26 * HOUR);
const TO_ACCEPTANCE: Duration = Duration::from_secs(HOUR);

/// Have thousands of requests answered within a day, at half the price
///
/// All records are read first. Their requests go into Batches of the API, which
/// are waited for; each record gets its answer, in the order of the input.
#[derive(Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[command(name = "oa-batch", version)]
pub struct Args {
    /// Stop when every Batch is accepted; feed the records in again to wait
    #[arg(long, conflicts_with_all = ["text", "cancel"])]
    pub(crate) submit: bool,
    /// Cancel the whole Batches of the records, and take what is answered
    #[arg(long)]
    pub(crate) cancel: bool,
    /// Take the Batch where these requests were submitted before
    #[arg(long, overrides_with = "again")]
    pub(crate) adopt: bool,
    /// Buy anew what was submitted before
    #[arg(long, overrides_with = "adopt")]
    pub(crate) again: bool,
    /// Put at most N requests into one Batch
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub(crate) part_size: u32,
    /// Longest time between two looks [default: 10s, more for jobs of hours]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    interval: Option<Duration>,
    /// Give up a Batch this long after its acceptance; 0: never [default: 26h,
    /// with --submit 1h for the acceptance]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    deadline: Option<Duration>,
    /// Write the text of answers, not records
    #[arg(short, long, help_heading = "Output")]
    pub(crate) text: bool,
    /// Take an incomplete answer as success
    #[arg(long, help_heading = "Output")]
    pub(crate) allow_incomplete: bool,
    #[command(flatten)]
    pub(crate) order: Order,
    #[command(flatten)]
    pub(crate) options: Options,
}

impl Args {
    /// How a Batch is waited for.
    pub(crate) fn patience(&self) -> Patience {
        let usual = if self.submit {
            TO_ACCEPTANCE
        } else {
            TO_THE_END
        };
        Patience {
            interval: self.interval,
            deadline: Some(self.deadline.unwrap_or(usual)),
        }
    }
}
