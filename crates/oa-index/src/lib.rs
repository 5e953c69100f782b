//! Makes a vector store of the record's files, and waits until every file is indexed.

mod alone;
mod args;
mod attribute;
mod batch;
mod content;
mod fill;
mod indexer;
mod member;
mod progress;
mod store;
mod together;

use std::process::ExitCode;

use oa_core::Result;
use oa_pipe::arguments::Arguments;
use oa_pipe::glance::Glance;
use oa_pipe::options::Options;
use oa_pipe::plan::{Job, Plan, Source};
use oa_pipe::record::Record;
use oa_pipe::shell;
use oa_pipe::workers::Workers;

pub use args::Args;
use content::Content;
use indexer::Indexer;

impl Arguments for Args {
    const TOOL: &'static str = "oa-index";
    const EXAMPLES: &'static [&'static str] = &[
        "oa-upload -P assistants *.md | oa-index > notes.json",
        "oa-respond -p 'Why?' --file-search < notes.json | oa-delete -t",
        "oa-upload -P assistants --each *.md | oa-index --name n --one > all.jsonl",
    ];
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

    fn advice(word: &str, _: &str) -> Option<String> {
        let path = !word.starts_with('-');
        let upload = shell::command("oa-upload -P assistants", [word]);
        path.then(|| format!("upload it: {upload} | oa-index"))
    }

    fn plan(&self) -> Plan {
        Plan {
            unordered: self.order.unordered,
            fail_fast: self.order.fail_fast,
            ..Plan::default()
        }
    }
}

/// The whole of the program.
#[must_use]
pub fn main() -> ExitCode {
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
