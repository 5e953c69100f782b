//! The options of `oa-respond`, whose comments are its help.

use clap::Parser;
use oa_core::Id;
use oa_pipe::options::{Options, Order};
use oa_pipe::search::Search;
use oa_pipe::verdict::EXIT_TABLE;

use crate::layers::Layers;

/// Ask a model about files
#[derive(Parser)]
#[command(name = "oa-respond", version, max_term_width = 80, after_help = "See --help for examples and exit statuses.", after_long_help = help())]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(crate) struct Args {
    /// The question; a record's own `prompt` wins
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) prompt: Option<String>,
    /// Read the question from FILE; after -p and a blank line, if both
    #[arg(long, value_name = "FILE")]
    pub(crate) prompt_file: Option<String>,
    /// Attach a path (sent inline), a URL, or an id to every record; `-` is
    /// the bytes of stdin
    #[arg(short, long, value_name = "FILE|URL|ID")]
    pub(crate) attach: Vec<String>,
    /// The name of what `-a -` or a FIFO brings, since the name decides how it
    /// is read
    #[arg(long, value_name = "NAME")]
    pub(crate) filename: Option<String>,
    /// Read no stdin: one empty record
    #[arg(short, long, help_heading = "Input")]
    pub(crate) null_input: bool,
    /// The model to ask
    #[arg(short, long, env = "OA_MODEL", default_value = DEFAULT_MODEL)]
    pub(crate) model: String,
    /// Instructions to the model, beside the question
    #[arg(
        short,
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        conflicts_with = "instructions_file"
    )]
    pub(crate) instructions: Option<String>,
    /// Read the instructions from FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) instructions_file: Option<String>,
    /// Have the answer follow the JSON schema in FILE (Structured Outputs, strict)
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<String>,
    /// How hard to think: none, minimal, low, medium, high, xhigh, max
    #[arg(long, value_name = "EFFORT")]
    pub(crate) reasoning_effort: Option<String>,
    /// Longest answer, reasoning included
    #[arg(long, value_name = "N")]
    pub(crate) max_output_tokens: Option<u64>,
    /// Have the server not keep the response
    #[arg(long)]
    pub(crate) no_store: bool,
    #[command(flatten)]
    pub(crate) layers: Layers,
    /// Return at once; oa-poll waits. Background data may be kept for about ten
    /// minutes only, and does not fit projects with zero data retention
    #[arg(short, long, conflicts_with = "no_store")]
    pub(crate) background: bool,
    /// -b at a discount for an answer within that time: about 30 % off for 2h,
    /// 40 % for 8h (GPT-6.2 models, 2026-11-26; nothing in it confirms that)
    ///
    /// Below the standard price, that is. A Batch is half price within a day.
    #[arg(short, long, value_name = "2h|8h", value_parser = ["2h", "8h"], hide_possible_values = true, conflicts_with_all = ["stream", "no_store"])]
    pub(crate) window: Option<String>,
    /// Have the answer streamed; with -t it is written as it comes
    #[arg(long)]
    pub(crate) stream: bool,
    /// Ask on where a record has a response already
    #[arg(short, long = "continue", conflicts_with = "only_missing")]
    pub(crate) continue_: bool,
    /// Pass records that have a response already on as they are
    #[arg(long)]
    pub(crate) only_missing: bool,
    /// How closely pictures and PDF pages are looked at
    #[arg(long, value_name = "DETAIL", value_parser = ["auto", "low", "high", "original"])]
    pub(crate) detail: Option<String>,
    /// The field that names an uploaded picture; the second for servers that
    /// follow the older guide
    #[arg(long, value_name = "FIELD", default_value = "file_id", value_parser = ["file_id", "image_file_id"])]
    pub(crate) image_field: String,
    /// Turn local rules on type and size into warnings
    #[arg(long)]
    pub(crate) force: bool,
    /// Send nothing; write the body into `request`
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Ask nothing; write how many tokens the question has into `input_tokens`
    #[arg(long, conflicts_with_all = ["dry_run", "background", "window", "stream", "text", "max_input_tokens"])]
    pub(crate) count: bool,
    /// Have the tokens counted first, and refuse a question of more than N
    #[arg(long, value_name = "N", conflicts_with = "dry_run")]
    pub(crate) max_input_tokens: Option<u64>,
    /// Have the model search the record's own store (oa-index makes it); its
    /// files are not attached then
    #[arg(long, help_heading = "Search")]
    pub(crate) file_search: bool,
    /// Have the model search this store, too; two in all
    #[arg(long, value_name = "ID", help_heading = "Search")]
    pub(crate) search_store: Vec<Id>,
    #[command(flatten)]
    pub(crate) search: Search,
    /// Have the passages that were found come with the response
    #[arg(long, help_heading = "Search")]
    pub(crate) include_results: bool,
    /// Write the text of answers, not records
    #[arg(short, long, help_heading = "Output")]
    pub(crate) text: bool,
    /// Take an incomplete answer as success
    #[arg(long, help_heading = "Output")]
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

fn help() -> String {
    format!(
        "Examples:
  oa-upload report.pdf | oa-respond -b -p 'Audit it.' | oa-poll | oa-delete -t
  oa-respond -n -p 'Describe it.' -a figure.png -t

{EXIT_TABLE}"
    )
}
