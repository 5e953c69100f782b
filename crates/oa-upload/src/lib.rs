//! Turns local files into records with File objects.

mod args;
mod file;
mod paths;
mod uploader;

use std::process::ExitCode;
use std::sync::Mutex;

use oa_core::Result;
use oa_pipe::arguments::Arguments;
use oa_pipe::glance::Glance;
use oa_pipe::options::Options;
use oa_pipe::plan::{Plan, Source};
use oa_pipe::removal::Removals;
use oa_pipe::workers::Workers;

pub use args::Args;
use uploader::Uploader;

impl Arguments for Args {
    const TOOL: &'static str = "oa-upload";
    const EXAMPLES: &'static [&'static str] = &[
        "oa-upload report.pdf figure.png | oa-respond -p 'Check it.' | oa-delete -t",
        "find . -name '*.pdf' -print0 | xargs -0 oa-upload --each -j 8",
    ];
    const EXAMPLE: &'static str = "name the files: oa-upload report.pdf figure.png";
    const PLAIN: &'static str = "name paths as arguments: … | xargs -d '\\n' oa-upload";

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        paths::source(&self.paths, self.filename.is_some(), self.each)
    }

    fn reads(glance: &Glance) -> bool {
        // `-` is the bytes of a file here.
        glance.operands().is_empty()
    }

    fn advice(word: &str, next: &str) -> Option<String> {
        paths::advice(word, next)
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
        let client = &run.client()?;
        let uploader = Uploader {
            removals: Removals::new(client, &run.pipe),
            client,
            args,
            run,
            workers: Workers::new(args.jobs.into()),
            made: Mutex::default(),
        };
        run.pipe.each(
            &uploader.workers,
            |record, _| uploader.upload(record),
            |record| uploader.take_back(record),
        );
        uploader.removals.warn();
        Ok(())
    })
}
