//! The options of `oa-delete`, whose comments are its help.

use clap::Parser;
use oa_pipe::options::{Options, Order};
use oa_pipe::verdict::EXIT_TABLE;

use crate::thing::Kind;

/// Clean up after a pipe: delete the files and stores that it made
///
/// Records are written on as they arrive; what the pipe made is deleted at the
/// end of the input, whatever happened before. Ids and bare objects given to
/// this tool itself are deleted, and the API's answers are written.
#[derive(Parser)]
#[command(name = "oa-delete", version, max_term_width = 80, after_help = "See --help for examples and exit statuses.", after_long_help = help())]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(crate) struct Args {
    /// Ids of files, stores or responses to delete, of Batches to cancel; without
    /// any, records are read from stdin. `-` reads them after the ids
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Delete stored responses of records, too
    #[arg(long)]
    pub(crate) responses: bool,
    /// Delete after each record, not at the end of the input
    #[arg(long)]
    pub(crate) now: bool,
    /// Leave responses and Batches that still run, and their files, alone
    #[arg(long)]
    pub(crate) keep_pending: bool,
    /// Take ids for that kind, whatever they look like
    #[arg(long = "as", value_name = "KIND", value_enum)]
    pub(crate) kind: Option<Kind>,
    /// Delete the files of entries of stores, which are else detached only
    #[arg(long)]
    pub(crate) files: bool,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write the text of answers, not records
    #[arg(short, long, help_heading = "Output")]
    pub(crate) text: bool,
    /// Delete that many things at a time
    #[arg(short, long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jobs")]
    pub(crate) jobs: u16,
    #[command(flatten)]
    pub(crate) order: Order,
    #[command(flatten)]
    pub(crate) options: Options,
}

fn help() -> String {
    format!(
        "Examples:
  oa-upload report.pdf | oa-respond -p 'Summarise.' | oa-delete -t
  oa-list files | jq -c 'select(.created_at < now - 604800)' | oa-delete -r

{EXIT_TABLE}"
    )
}
