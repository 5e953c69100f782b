//! A question, and what it is about, to a Response.

mod answer;
mod asker;
mod assembly;
mod events;
mod follow;
mod given;
mod input;
mod layers;
mod lookup;
mod part;
mod request;
mod search;
mod template;
mod usage;

use std::process::ExitCode;

use clap::Parser;
use oa_core::{Error, Id, Result};
use oa_pipe::cli::{Arguments, Glance, Options, Order, Search};
use oa_pipe::pipe::{Plan, Source};
use oa_pipe::record::{Incoming, Record};
use oa_pipe::verdict::EXIT_TABLE;
use oa_pipe::workers::Workers;

use asker::Asker;
use layers::Layers;
use lookup::Lookup;
use part::Style;

/// Ask a model about files
#[derive(Parser)]
#[command(name = "oa-respond", version, max_term_width = 80, after_help = "See --help for examples and exit statuses.", after_long_help = help())]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
struct Args {
    /// The question; a record's own `prompt` wins
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    prompt: Option<String>,
    /// Read the question from FILE; after -p and a blank line, if both
    #[arg(long, value_name = "FILE")]
    prompt_file: Option<String>,
    /// Attach a path (sent inline), a URL, or an id to every record; `-` is
    /// the bytes of stdin
    #[arg(short, long, value_name = "FILE|URL|ID")]
    attach: Vec<String>,
    /// The name of what `-a -` or a FIFO brings, since the name decides how it
    /// is read
    #[arg(long, value_name = "NAME")]
    filename: Option<String>,
    /// Read no stdin: one empty record
    #[arg(short, long, help_heading = "Input")]
    null_input: bool,
    /// The model to ask
    #[arg(short, long, env = "OA_MODEL", default_value = DEFAULT_MODEL)]
    model: String,
    /// Instructions to the model, beside the question
    #[arg(
        short,
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        conflicts_with = "instructions_file"
    )]
    instructions: Option<String>,
    /// Read the instructions from FILE
    #[arg(long, value_name = "FILE")]
    instructions_file: Option<String>,
    /// Have the answer follow the JSON schema in FILE (Structured Outputs, strict)
    #[arg(long, value_name = "FILE")]
    schema: Option<String>,
    /// How hard to think: none, minimal, low, medium, high, xhigh, max
    #[arg(long, value_name = "EFFORT")]
    reasoning_effort: Option<String>,
    /// Longest answer, reasoning included
    #[arg(long, value_name = "N")]
    max_output_tokens: Option<u64>,
    /// Have the server not keep the response
    #[arg(long)]
    no_store: bool,
    #[command(flatten)]
    layers: Layers,
    /// Return at once; oa-poll waits. Background data may be kept for about ten
    /// minutes only, and does not fit projects with zero data retention
    #[arg(short, long, conflicts_with = "no_store")]
    background: bool,
    /// Have the answer streamed; with -t it is written as it comes
    #[arg(long)]
    stream: bool,
    /// Ask on where a record has a response already
    #[arg(short, long = "continue", conflicts_with = "only_missing")]
    continue_: bool,
    /// Pass records that have a response already on as they are
    #[arg(long)]
    only_missing: bool,
    /// How closely pictures and PDF pages are looked at
    #[arg(long, value_name = "DETAIL", value_parser = ["auto", "low", "high", "original"])]
    detail: Option<String>,
    /// The field that names an uploaded picture; the second for servers that
    /// follow the older guide
    #[arg(long, value_name = "FIELD", default_value = "file_id", value_parser = ["file_id", "image_file_id"])]
    image_field: String,
    /// Have the model search the record's own store (oa-index makes it); its
    /// files are not attached then
    #[arg(long, help_heading = "Search")]
    file_search: bool,
    /// Have the model search this store, too; two in all
    #[arg(long, value_name = "ID", help_heading = "Search")]
    search_store: Vec<Id>,
    #[command(flatten)]
    search: Search,
    /// Have the passages that were found come with the response
    #[arg(long, help_heading = "Search")]
    include_results: bool,
    /// Turn local rules on type and size into warnings
    #[arg(long)]
    force: bool,
    /// Send nothing; write the body into `request`
    #[arg(long)]
    dry_run: bool,
    /// Write the text of answers, not records
    #[arg(short, long, help_heading = "Output")]
    text: bool,
    /// Take an incomplete answer as success
    #[arg(long)]
    allow_incomplete: bool,
    /// Ask that many questions at a time
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jobs")]
    jobs: u16,
    #[command(flatten)]
    order: Order,
    #[command(flatten)]
    options: Options,
}

const DEFAULT_MODEL: &str = "gpt-5.2";

fn help() -> String {
    format!(
        "Examples:
  oa-upload report.pdf | oa-respond -b -p 'Audit it.' | oa-poll | oa-delete -t
  oa-respond -n -p 'Describe it.' -a figure.png -t

{EXIT_TABLE}"
    )
}

impl Arguments for Args {
    const TOOL: &'static str = "oa-respond";
    const EXAMPLE: &'static str = "put it behind oa-upload, or ask without input: oa-respond -n -p 'Summarise.' -a report.pdf -t";
    const PLAIN: &'static str = "attach it: -a -; or ask it: --prompt-file -";

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        let bytes = usage::stdin_users(self);
        if bytes > 1 {
            return Err(Error::usage("`-` can be read once only"));
        }
        if !self.null_input && bytes == 0 {
            return Ok(Source::Stdin);
        }
        Ok(Source::Given(vec![Incoming {
            record: Record::default(),
            bare: None,
            problem: None,
        }]))
    }

    fn check(&self) -> Result<()> {
        usage::check(self)
    }

    fn reads(glance: &Glance) -> bool {
        usage::reads(glance)
    }

    fn advice(word: &str, next: &str) -> Option<String> {
        usage::advice(word, next)
    }

    fn plan(&self) -> Plan {
        Plan {
            text: self.text,
            unordered: self.order.unordered,
            fail_fast: self.order.fail_fast,
            batched: self.dry_run,
            ..Plan::default()
        }
    }
}

fn main() -> ExitCode {
    oa_pipe::run(|args: &Args, run| {
        let client = if args.dry_run {
            None
        } else {
            Some(run.client()?)
        };
        let asker = Asker {
            client,
            template: template::read(args, &run.pipe.interrupt)?,
            attachments: input::attachments(
                &args.attach,
                args.filename.as_deref(),
                args.force,
                &run.pipe,
            )?,
            style: Style {
                detail: args.detail.clone(),
                image_field: args.image_field.clone(),
                force: args.force,
            },
            lookup: Lookup::default(),
            args,
            run,
        };
        run.pipe.each(
            &Workers::new(args.jobs.into()),
            |record, job| asker.answer(record, job),
            |_| false,
        );
        Ok(())
    })
}
