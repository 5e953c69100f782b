//! The options that tools share.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgAction;

use crate::connection::Connection;
use crate::duration::duration;

/// Options of every tool.
#[derive(clap::Args, Clone, Debug)]
#[expect(clippy::doc_markdown, reason = "the doc comments are the help text")]
pub struct Options {
    /// Print errors only on stderr [env: OA_QUIET=1]
    #[arg(short, long, help_heading = "Output", overrides_with = "verbose")]
    pub quiet: bool,
    /// Print a line per HTTP exchange; -vv: headers, too
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output", overrides_with = "quiet")]
    pub verbose: u8,
    /// Write FILE instead of stdout, whole or not at all
    ///
    /// Where a record failed, FILE stays as it was, and all records are kept
    /// beside it as FILE.failed.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Accept that no record comes on stdin
    #[arg(short = 'r', long, help_heading = "Input", hide_short_help = true)]
    pub no_run_if_empty: bool,
    /// The server and the way to it.
    #[command(flatten)]
    pub connection: Connection,
}

/// Options of tools that do several jobs.
#[derive(clap::Args, Clone, Debug)]
pub struct Order {
    /// Write records in the order of the input [default, but for oa-poll]
    #[arg(
        short,
        long,
        help_heading = "Jobs",
        hide_short_help = true,
        overrides_with = "unordered"
    )]
    pub keep_order: bool,
    /// Write records as their jobs end [default of oa-poll]
    #[arg(
        long,
        help_heading = "Jobs",
        hide_short_help = true,
        overrides_with = "keep_order"
    )]
    pub unordered: bool,
    /// Start nothing new after the first failure
    ///
    /// The records behind it are passed on as `skipped`.
    #[arg(long, help_heading = "Jobs")]
    pub fail_fast: bool,
}

/// How often something is looked at, and how long.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Patience {
    /// Longest time between two looks [default: 10s]
    ///
    /// Without it the time grows with that waited, to 5 minutes after hours.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub interval: Option<Duration>,
    /// Give up after this time; 0: never [default: 1h]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub deadline: Option<Duration>,
}
