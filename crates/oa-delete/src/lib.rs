//! Writes records on as they come, and at the end removes what the pipe made.

mod args;
mod bin;
mod cancellation;
mod cleaner;
mod deletion;
mod ids;
mod shared;
mod thing;

use std::process::ExitCode;

use oa_core::{Error, Result};
use oa_pipe::arguments::Arguments;
use oa_pipe::lift::{looks_like_id, of_id};
use oa_pipe::options::Options;
use oa_pipe::plan::{Plan, Source};
use oa_pipe::removal::Removals;
use oa_pipe::workers::Workers;

pub use args::Args;
use cleaner::Cleaner;

impl Arguments for Args {
    const TOOL: &'static str = "oa-delete";
    const EXAMPLES: &'static [&'static str] = &[
        "oa-upload report.pdf | oa-respond -p 'Summarise.' | oa-delete -t",
        "oa-list files | jq 'select((.created_at|numbers) < now-604800)' | oa-delete -r",
    ];
    const EXAMPLE: &'static str =
        "name the ids: oa-delete file-abc; or put it at the end of a pipe";
    const CLEANS: bool = true;

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        if self.kind.is_some() {
            return Ok(Source::of_words(&self.ids, of_id));
        }
        let source = Source::of_ids(Self::TOOL, &self.ids, of_id)?;
        let nameless = |id: &&String| *id != "-" && !looks_like_id(id);
        if let Some(id) = self.ids.iter().find(nameless) {
            let message = format!("{id}: nothing in it says what it is the id of");
            let hint = "say it: --as file, response, vector_store or batch; the records of a file: oa-delete < FILE";
            return Err(Error::usage(message).hint(hint));
        }
        Ok(source)
    }

    fn plan(&self) -> Plan {
        Plan {
            text: self.text,
            batched: self.dry_run,
            // Their files are gone.
            resumed: Some((
                "select(.error) | del(.error, .files, .response)",
                "oa-upload | oa-respond",
            )),
            ..Plan::default()
        }
    }
}

/// The whole of the program.
#[must_use]
pub fn main() -> ExitCode {
    oa_pipe::run(|args: &Args, run| {
        let client = if args.dry_run {
            None
        } else {
            Some(run.client()?)
        };
        let client = client.as_ref();
        let cleaner = Cleaner {
            removals: client.map(|client| Removals::new(client, &run.pipe)),
            client,
            workers: Workers::new(args.jobs.into()),
            args,
            run,
        };
        cleaner.clean();
        Ok(())
    })
}
