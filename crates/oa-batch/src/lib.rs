//! Has the requests of records answered by Batches of the API, by the thousand, and joins what comes back.

mod answer;
mod args;
mod batcher;
mod check;
mod division;
mod fault;
mod group;
mod intake;
mod lines;
mod listing;
mod mark;
mod part;
mod scheduler;
mod spool;
mod submission;
mod watch;
mod writing;

use std::process::ExitCode;

use oa_core::Result;
use oa_pipe::arguments::Arguments;
use oa_pipe::glance::Glance;
use oa_pipe::options::Options;
use oa_pipe::plan::{Plan, Source};

pub use args::Args;
use batcher::Batcher;

impl Arguments for Args {
    const TOOL: &'static str = "oa-batch";
    const EXAMPLES: &'static [&'static str] = &[
        "oa-upload *.pdf --each | oa-respond --dry-run -p Why | oa-batch | oa-delete -t",
        "oa-upload *.pdf --each | oa-respond --dry-run -p Why > asked.jsonl",
        "oa-batch --submit --adopt -o jobs.jsonl < asked.jsonl",
        "oa-batch -o out.jsonl < jobs.jsonl",
        "oa-delete -t < out.jsonl",
    ];
    const EXAMPLE: &'static str = "put it behind oa-respond --dry-run";
    const PLAIN: &'static str = "records are expected: oa-respond --dry-run … | oa-batch";

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        Ok(Source::Stdin)
    }

    fn reads(_: &Glance) -> bool {
        true
    }

    fn plan(&self) -> Plan {
        Plan {
            text: self.text,
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
        Batcher::new(&run.client()?, args, run)?.serve();
        Ok(())
    })
}
