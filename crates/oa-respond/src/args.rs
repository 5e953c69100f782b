//! The options of `oa-respond`, whose comments are its help.

use clap::Parser;
use oa_core::Id;
use oa_pipe::options::{Options, Order};
use oa_pipe::search::Search;

use crate::layers::Layers;

/// Ask a model about files
///
/// Each record gets an answer to its question, or to that of -p, about its files
/// and what -a attaches. Without -b the answer is waited for; with -b the record
/// goes on at once, and oa-poll waits, here or on another machine. What was
/// answered once is never asked again by accident.
#[derive(Parser)]
#[command(name = "oa-respond", version)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub struct Args {
    /// The question; a record's own `prompt` wins
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) prompt: Option<String>,
    /// Read the question from FILE; `-` is stdin
    ///
    /// It comes after that of -p and a blank line, if both are given.
    #[arg(long, value_name = "FILE")]
    pub(crate) prompt_file: Option<String>,
    /// Attach a file, a URL or an id to each record
    ///
    /// A file is sent inline; `-` is the bytes of stdin.
    #[arg(short, long, value_name = "FILE|URL|ID")]
    pub(crate) attach: Vec<String>,
    /// The name of what `-a -` or a FIFO brings, since the name decides how it
    /// is read
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(crate) filename: Option<String>,
    /// Read no stdin: one empty record
    #[arg(short, long, help_heading = "Input")]
    pub(crate) null_input: bool,
    /// The model
    #[arg(short, long, env = "OA_MODEL", hide_env_values = true, default_value = DEFAULT_MODEL)]
    pub(crate) model: String,
    /// Instructions, beside the question
    #[arg(
        short,
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        conflicts_with = "instructions_file"
    )]
    pub(crate) instructions: Option<String>,
    /// Read the instructions from FILE
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) instructions_file: Option<String>,
    /// Have the answer follow this JSON schema
    ///
    /// Structured Outputs, strict. An answer that is not one JSON value is a
    /// failure.
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<String>,
    /// How hard to think: low, medium, high, …
    ///
    /// All that models know: none, minimal, low, medium, high, xhigh, max.
    #[arg(long, value_name = "E")]
    pub(crate) reasoning_effort: Option<String>,
    /// Longest answer, reasoning included
    #[arg(long, value_name = "N")]
    pub(crate) max_output_tokens: Option<u64>,
    /// Have the server not keep the response
    #[arg(long, hide_short_help = true)]
    pub(crate) no_store: bool,
    #[command(flatten)]
    pub(crate) layers: Layers,
    /// Return at once; oa-poll waits
    ///
    /// The answer is stored as others are, so that it can be fetched tomorrow.
    /// Projects with zero data retention keep it for about ten minutes only.
    #[arg(short, long, conflicts_with = "no_store")]
    pub(crate) background: bool,
    /// -b at a discount: an answer within that time
    ///
    /// About 30 % below the standard price for 2h, 40 % for 8h (documented for
    /// GPT-6.2 models, 2026-11-26; nothing in the answer confirms it). A Batch is
    /// half price within a day.
    #[arg(short, long, value_name = "2h|8h", value_parser = ["2h", "8h"], hide_possible_values = true, conflicts_with_all = ["stream", "no_store"])]
    pub(crate) window: Option<String>,
    /// Have the answer streamed; -t shows it at once
    #[arg(long)]
    pub(crate) stream: bool,
    /// Ask on where a record has a response
    ///
    /// Its files are not attached again; the old response moves to `previous`.
    #[arg(short, long = "continue", conflicts_with = "only_missing")]
    pub(crate) continue_: bool,
    /// Pass records with a response on as they are
    #[arg(long, hide_short_help = true)]
    pub(crate) only_missing: bool,
    /// How closely pictures and PDF pages are looked at
    #[arg(long, value_name = "DETAIL", hide_short_help = true, value_parser = ["auto", "low", "high", "original"])]
    pub(crate) detail: Option<String>,
    /// The field that names an uploaded picture; the second for servers that
    /// follow the older guide
    #[arg(long, value_name = "FIELD", hide_short_help = true, default_value = "file_id", value_parser = ["file_id", "image_file_id"])]
    pub(crate) image_field: String,
    /// Turn local rules on type and size into warnings
    #[arg(long, hide_short_help = true)]
    pub(crate) force: bool,
    /// Send nothing; write the body into `request`
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Count the tokens of the question, ask nothing
    ///
    /// The number goes into `input_tokens`; [total] adds them up.
    #[arg(long, hide_short_help = true, conflicts_with_all = ["dry_run", "background", "window", "stream", "text", "max_input_tokens"])]
    pub(crate) count: bool,
    /// Refuse a question of more tokens than N
    ///
    /// They are counted first, by a request that costs nothing.
    #[arg(
        long,
        value_name = "N",
        hide_short_help = true,
        conflicts_with = "dry_run"
    )]
    pub(crate) max_input_tokens: Option<u64>,
    /// Search the record's store (oa-index)
    ///
    /// Its files are not attached then; -a attaches what is to be read whole.
    #[arg(long, help_heading = "Search")]
    pub(crate) file_search: bool,
    /// Search this store, too; two in all
    #[arg(
        long,
        value_name = "ID",
        hide_short_help = true,
        help_heading = "Search"
    )]
    pub(crate) search_store: Vec<Id>,
    #[command(flatten)]
    pub(crate) search: Search,
    /// Have the passages that were found come with the response
    #[arg(long, hide_short_help = true, help_heading = "Search")]
    pub(crate) include_results: bool,
    /// Write the text of answers, not records
    #[arg(short, long, help_heading = "Output")]
    pub(crate) text: bool,
    /// Take an incomplete answer as success
    #[arg(long, hide_short_help = true, help_heading = "Output")]
    pub(crate) allow_incomplete: bool,
    /// Ask that many questions at a time
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jobs")]
    pub(crate) jobs: u16,
    #[command(flatten)]
    pub(crate) order: Order,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// The model that is asked where nobody names another.
pub(crate) const DEFAULT_MODEL: &str = "gpt-5.2";
