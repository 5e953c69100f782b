//! The options of `oa-delete`, whose comments are its help.

use clap::Parser;
use oa_pipe::options::{Options, Order};

use crate::thing::Kind;

/// Clean up after a pipe: delete the files and stores that it made
///
/// Records are written on as they arrive; what the pipe made is deleted at the
/// end of the input, whatever happened before. Ids and bare objects given to
/// this tool itself are deleted, and the API's answers are written.
#[derive(Parser)]
#[command(name = "oa-delete", version)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct Args {
    /// Ids of what to delete; without any: records on stdin
    ///
    /// Of files, stores or responses; Batches are cancelled. `-` reads records
    /// after the ids.
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
    /// Delete the files of entries of stores, too
    ///
    /// An entry is else detached only, and its file stays.
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
