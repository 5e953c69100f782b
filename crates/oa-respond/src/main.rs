//! A question, and what it is about, to a Response.

mod answer;
mod events;
mod follow;
mod input;
mod layers;
mod request;
mod search;
mod template;
mod usage;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser;
use oa_core::answer::Response;
use oa_core::cli::{Arguments, Glance, Options, Order, Run, Search};
use oa_core::client::{Call, Client, Expect, segment};
use oa_core::error::EXIT_TABLE;
use oa_core::interrupt::lock;
use oa_core::object::raw_array;
use oa_core::pipe::{Job, Plan, Source};
use oa_core::record::{File, Incoming, Record};
use oa_core::{Error, Result};
use serde_json::value::RawValue;

use answer::Asking;
use input::{Attachment, Parts, Style};
use layers::Layers;
use request::{Request, Template};

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
    search_store: Vec<String>,
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
    oa_core::run(|args: &Args, run| {
        let client = if args.dry_run {
            None
        } else {
            Some(run.client()?)
        };
        let asker = Asker {
            client,
            template: template::read(args)?,
            attachments: attachments(args, run)?,
            style: Style {
                detail: args.detail.clone(),
                image_field: args.image_field.clone(),
                force: args.force,
            },
            known: Mutex::default(),
            args,
            run,
        };
        run.pipe.each(
            args.jobs.into(),
            |record, job| asker.answer(record, job),
            |_| false,
        );
        Ok(())
    })
}

fn attachments(args: &Args, run: &Run) -> Result<Vec<Attachment>> {
    let log = &run.pipe.log;
    let words = args.attach.iter();
    words
        .map(|word| Attachment::read(word, args.force, log))
        .collect()
}

struct Asker<'a> {
    /// None: nothing is sent.
    client: Option<Client>,
    template: Template,
    attachments: Vec<Attachment>,
    style: Style,
    /// Files that were looked up because only their id was known.
    known: Mutex<BTreeMap<String, File>>,
    args: &'a Args,
    run: &'a Run,
}

/// What a response that is there already means for a new question.
enum Before {
    Nothing,
    Enough,
    Continue(String),
}

impl Asker<'_> {
    fn answer(&self, record: &mut Record, job: &Job) -> Result<()> {
        let previous = match self.before(record)? {
            Before::Enough => return Ok(()),
            Before::Nothing => None,
            Before::Continue(id) => Some(id),
        };
        let request = self.request(record, previous.as_deref())?;
        if self.client.is_none() {
            return dry_run(record, &request);
        }
        if previous.is_some() {
            move_on(record);
        }
        self.ask(record, job, &request)
    }

    /// An answer is never overwritten or bought twice by accident.
    fn before(&self, record: &Record) -> Result<Before> {
        let Some(response) = record.response().map(Response::read) else {
            return Ok(Before::Nothing);
        };
        if self.args.only_missing {
            return Ok(Before::Enough);
        }
        if !self.args.continue_ {
            let id = &response.id;
            return Err(
                Error::input(format!("the record has a response already ({id})"))
                    .hint("ask on with --continue, or pass such records with --only-missing"),
            );
        }
        if !response.is_final() {
            let id = &response.id;
            return Err(
                Error::input(format!("response {id} still runs")).hint("put oa-poll before")
            );
        }
        match response.id.as_str() {
            "" => Err(Error::input(
                "the record's `response` has no id to continue from",
            )),
            id => Ok(Before::Continue(id.to_owned())),
        }
    }

    fn request(&self, record: &Record, previous: Option<&str>) -> Result<Request> {
        let mut parts = Parts::default();
        let search = self.template.search.as_ref();
        let search = search.map(|search| search.tool(record)).transpose()?;
        if previous.is_none() && search.is_none() {
            for file in record.files() {
                parts.file(&self.complete(file)?, &self.style)?;
            }
        }
        for attachment in &self.attachments {
            match attachment {
                Attachment::Id(id) => {
                    let file = File {
                        id: id.clone(),
                        ..File::default()
                    };
                    parts.file(&self.complete(file)?, &self.style)?;
                }
                Attachment::Url(url) => parts.url(url, &self.style),
                Attachment::Inline(inline) => parts.inline(inline, &self.style),
            }
        }
        parts.check(self.style.force, &self.run.pipe.log)?;
        self.template.fill(record, parts, previous, search)
    }

    /// Looks up a file that is known by its id alone, once; the name decides how it is attached.
    fn complete(&self, file: File) -> Result<File> {
        if file.id.is_empty() {
            return Err(Error::input("a File object of the record has no `id`"));
        }
        let (None, None, Some(client)) = (&file.filename, &file.purpose, &self.client) else {
            return Ok(file);
        };
        if let Some(known) = lock(&self.known).get(&file.id) {
            return Ok(known.clone());
        }
        let path = format!("/files/{}", segment(&file.id));
        let answer = client.call(&Call::get(path, Expect::Object("file")));
        let answer = answer.map_err(|mut error| {
            if error.status == Some(404) {
                let hint = "does the key belong to another project, or has the file expired?";
                error.hint = Some(hint.to_owned());
            }
            error.about(&file.id)
        })?;
        let found: File = serde_json::from_str(answer.object.get()).unwrap_or_default();
        lock(&self.known).insert(file.id, found.clone());
        Ok(found)
    }

    fn ask(&self, record: &mut Record, job: &Job, request: &Request) -> Result<()> {
        let Some(client) = &self.client else {
            return Ok(());
        };
        Asking {
            client,
            run: self.run,
            job,
            request,
            allow_incomplete: self.args.allow_incomplete,
            text: self.args.text,
        }
        .ask(record)
    }
}

/// Moves the response that is asked on from to `previous`.
fn move_on(record: &mut Record) {
    let previous = record.object().get("previous");
    let mut all: Vec<Box<RawValue>> = previous
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default();
    all.extend(record.response().map(ToOwned::to_owned));
    let object = record.object_mut();
    object.set("previous", raw_array(all.iter().map(AsRef::as_ref)));
    for key in ["response", "output_text", "citations"] {
        object.remove(key);
    }
}

/// Writes the complete body into the record, inline files and all.
fn dry_run(record: &mut Record, request: &Request) -> Result<()> {
    let mut text = String::new();
    let (mut reader, _) = request.bytes().open();
    std::io::Read::read_to_string(&mut reader, &mut text)
        .map_err(|error| Error::input(error.to_string()))?;
    let raw = RawValue::from_string(text).map_err(|error| Error::input(error.to_string()))?;
    record.object_mut().set("request", raw);
    Ok(())
}
