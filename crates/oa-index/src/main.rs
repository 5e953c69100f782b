//! Makes a vector store of the record's files, and waits until every file is indexed.

mod attribute;
mod batch;
mod content;
mod fill;
mod member;
mod store;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use oa_core::client::Client;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::cli::{Arguments, Glance, Options, Order, Patience, Run, duration};
use oa_pipe::log::field;
use oa_pipe::pipe::{Job, Plan, Source};
use oa_pipe::record::Record;
use oa_pipe::verdict::EXIT_TABLE;
use oa_pipe::wait::{Subject, Wait};
use oa_pipe::workers::Workers;
use serde_json::Value;

use batch::Failed;
use content::{Content, Group, Groups};

const DAY: u64 = 86400;
const DEFAULT_DAYS: u64 = 3;
/// Files that a message names at most; the record names all.
const NAMED: usize = 10;

/// Make a vector store of files, so that a model can search them
///
/// Every record's files get a store of their own, or all share one; the record
/// goes on when every file is indexed.
#[derive(Parser)]
#[command(name = "oa-index", version, max_term_width = 80, after_help = "See --help for examples and exit statuses.", after_long_help = help())]
struct Args {
    /// Name of the store [default: oa-index]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Make one store for all records; they are read to the end before
    #[arg(long, requires = "name", conflicts_with = "into")]
    one: bool,
    /// Add the files to a store that exists; oa-delete takes them out again
    #[arg(long, value_name = "ID", conflicts_with_all = ["name", "expires_after", "keep"])]
    into: Option<Id>,
    /// Say of every file that K is V, to filter by; numbers and booleans are
    /// recognised, a record's own `attributes` win
    #[arg(long, value_name = "K=V", value_parser = attribute::pair)]
    attribute: Vec<(String, Value)>,
    /// Have the server delete the store so long after its last use, 1d to 365d
    /// [default: 3d]
    #[arg(long, value_name = "TIME", value_parser = days, conflicts_with = "keep")]
    expires_after: Option<u64>,
    /// Let the store stay until somebody deletes it
    #[arg(long)]
    keep: bool,
    /// Cut files into passages of so many tokens, 100 to 4096 [default: 800]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(100..=4096))]
    chunk_size: Option<u16>,
    /// Have passages share so many tokens, at most half [default: 400]
    #[arg(long, value_name = "N")]
    chunk_overlap: Option<u16>,
    /// Go on without the files that could not be indexed
    #[arg(long)]
    allow_partial: bool,
    #[command(flatten)]
    patience: Patience,
    /// Index that many records at a time
    #[arg(short, long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jobs")]
    jobs: u16,
    #[command(flatten)]
    order: Order,
    #[command(flatten)]
    options: Options,
}

fn help() -> String {
    format!(
        "Examples:
  oa-upload -P assistants *.md | oa-index | oa-respond -p 'Why?' --file-search | oa-delete -t
  oa-upload -P assistants --each *.md | oa-index --name notes --one > notes.jsonl

{EXIT_TABLE}"
    )
}

fn days(text: &str) -> std::result::Result<u64, String> {
    let seconds = duration(text)?.as_secs();
    if seconds % DAY == 0 && (1..=365).contains(&(seconds / DAY)) {
        Ok(seconds / DAY)
    } else {
        Err("the API takes whole days, 1d to 365d; `--keep` for no expiry".to_owned())
    }
}

impl Args {
    /// The life of a new store in days after its last use; `None` for no end.
    fn days(&self) -> Option<u64> {
        let default = (!self.keep).then_some(DEFAULT_DAYS);
        self.expires_after.or(default)
    }
}

impl Arguments for Args {
    const TOOL: &'static str = "oa-index";
    const EXAMPLE: &'static str = "put it behind oa-upload -P assistants";

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        Ok(Source::Stdin)
    }

    fn check(&self) -> Result<()> {
        Content::new(self).map(drop)
    }

    fn reads(_: &Glance) -> bool {
        true
    }

    fn plan(&self) -> Plan {
        Plan {
            unordered: self.order.unordered,
            fail_fast: self.order.fail_fast,
            ..Plan::default()
        }
    }
}

fn main() -> ExitCode {
    oa_pipe::run(|args: &Args, run| {
        let indexer = Indexer {
            content: Content::new(args)?,
            client: run.client()?,
            workers: Workers::new(args.jobs.into()),
            args,
            run,
        };
        if args.one {
            indexer.index_together();
        } else {
            let index = |record: &mut Record, job: &Job| indexer.index(record, job);
            run.pipe.each(&indexer.workers, index, |_| false);
        }
        Ok(())
    })
}

struct Indexer<'a> {
    content: Content,
    client: Client,
    workers: Workers,
    args: &'a Args,
    run: &'a Run,
}

impl Indexer<'_> {
    /// One record, one store.
    fn index(&self, record: &mut Record, job: &Job) -> Result<()> {
        let wait = self.wait(None, false, job.read_at);
        let group = self.content.of(record, self, wait.time()?)?;
        let (id, store) = self.store(record, &wait)?;
        let group = self.missing(&id, &store, group, job.read_at)?;
        let failed = self.fill(&id, &[group], job.read_at);
        self.renew(std::slice::from_mut(record), &id, &wait);
        self.judge(record, &failed?)
    }

    /// A wait for all about one store.
    fn wait(&self, store: Option<&Id>, drawn: bool, begun: Instant) -> Wait {
        let subject = Subject {
            event: "index",
            key: field("vector_store_id", store.map_or("-", Id::as_str)),
            name: "indexing".to_owned(),
            again: "the record keeps its store: `jq -c 'del(.error)' | oa-index` goes on"
                .to_owned(),
            drawn,
        };
        Wait::new(&self.run.pipe, self.args.patience, begun, subject)
    }

    /// All records, one store.
    fn index_together(&self) {
        let mut jobs = Vec::new();
        let mut groups = Groups::default();
        while let Some(mut job) = self.run.pipe.next() {
            let mut record = std::mem::take(&mut job.incoming.record);
            let joins = self.join(&mut record, &job, &mut groups);
            jobs.push((job, record, joins));
        }
        let (mut members, others): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|(_, _, joins)| *joins);
        let mut records: Vec<Record> = members
            .iter_mut()
            .map(|(_, record, _)| std::mem::take(record))
            .collect();
        let filled = match self.run.pipe.stopped() {
            _ if records.is_empty() => Ok(Failed::new()),
            Some(stop) => Err(stop),
            None => self.fill_together(&mut records, groups.all()),
        };
        for ((job, _, _), mut record) in members.iter().zip(records) {
            let judged = filled.as_ref().map_err(Clone::clone);
            if let Err(error) = judged.and_then(|filled| self.judge(&record, filled)) {
                self.run.pipe.fail(&mut record, &error);
            }
            self.run.pipe.put(job, record);
        }
        for (job, record, _) in others {
            self.run.pipe.put(&job, record);
        }
    }

    /// Takes a record's files up for the common store; says whether it has part in it.
    fn join(&self, record: &mut Record, job: &Job, groups: &mut Groups) -> bool {
        if record.error().is_some() {
            return false;
        }
        let problem = job.incoming.problem.clone().map_or(Ok(()), Err);
        let free = match record.store() {
            Some(store) => Err(Error::input(format!(
                "the record has a store already ({})",
                store.name()
            ))
            .hint("leave out --one, or take `vector_store` out of the record")),
            None => Ok(()),
        };
        problem
            .and(free)
            .and_then(|()| self.wait(None, false, job.read_at).time())
            .and_then(|until| self.content.of(record, self, until))
            .and_then(|group| groups.add(group))
            .inspect_err(|error| self.run.pipe.fail(record, error))
            .is_ok()
    }

    fn fill_together(&self, records: &mut [Record], groups: &[Group]) -> Result<Failed> {
        let begun = Instant::now();
        let wait = self.wait(None, false, begun);
        let (id, made) = self.make(&wait)?;
        // Records of the same files count as one, as they do when they are cleaned up.
        let sets: BTreeSet<Vec<Id>> = records.iter().map(file_set).collect();
        let count = sets.len();
        for record in &mut *records {
            store::put(record, &made, true, count);
        }
        let failed = self.fill(&id, groups, begun);
        self.renew(records, &id, &wait);
        failed
    }

    /// What the files of a record came to; those that failed are named.
    fn judge(&self, record: &Record, all_failed: &Failed) -> Result<()> {
        let files = record.files();
        let failed: Vec<String> = files
            .iter()
            .filter_map(|file| {
                Some(format!(
                    "{}: {}",
                    file.label(),
                    all_failed.get(file.id.as_ref()?)?
                ))
            })
            .collect();
        let log = &self.run.pipe.log;
        for one in failed.iter().take(NAMED) {
            log.warning(&format!("{one}; it was not indexed"));
        }
        if failed.len() > NAMED {
            let more = failed.len() - NAMED;
            log.warning(&format!("{more} more files were not indexed"));
        }
        if failed.is_empty() || (self.args.allow_partial && failed.len() < files.len()) {
            return Ok(());
        }
        let (count, all) = (failed.len(), files.len());
        let mut message = format!(
            "{count} of {all} files were not indexed: {}",
            failed[..count.min(NAMED)].join("; ")
        );
        if count > NAMED {
            let _ = write!(message, "; and {} more", count - NAMED);
        }
        let hint = "leave them out, or go on without them: --allow-partial";
        let mut error = Error::new(Kind::Failed, message).hint(hint);
        error.body = (count > NAMED).then(|| failed.join("\n"));
        Err(error)
    }
}

/// The files of a record, whatever their order.
fn file_set(record: &Record) -> Vec<Id> {
    let files = record.files();
    let ids: BTreeSet<Id> = files.iter().filter_map(|file| file.id.clone()).collect();
    ids.into_iter().collect()
}
