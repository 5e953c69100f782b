//! A question, and what it is about, to a Response.

mod answer;
mod args;
mod asker;
mod asking;
mod assembly;
mod count;
mod events;
mod follow;
mod given;
mod input;
mod layers;
mod lookup;
mod models;
mod part;
mod request;
mod search;
mod template;
mod usage;
mod window;

use std::process::ExitCode;

use oa_core::{Error, Result};
use oa_pipe::arguments::Arguments;
use oa_pipe::glance::Glance;
use oa_pipe::lift::Incoming;
use oa_pipe::options::Options;
use oa_pipe::plan::{Plan, Source};
use oa_pipe::record::Record;
use oa_pipe::workers::Workers;

pub use args::Args;
use asker::Asker;
use lookup::Lookup;
use models::Models;
use part::Style;

impl Arguments for Args {
    const TOOL: &'static str = "oa-respond";
    const EXAMPLES: &'static [&'static str] = &[
        "oa-upload report.pdf | oa-respond -b -p 'Audit it.' | oa-poll | oa-delete -t",
        "oa-respond -n -p 'Describe it.' -a figure.png -t",
    ];
    const EXAMPLE: &'static str = "put it behind oa-upload, or ask without input: oa-respond -n -p 'Summarise.' -a report.pdf -t";
    const ACCEPTED: &'static str = "`-n` asks without any input, `-r` accepts none";
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
            // Answers that are there are not bought again.
            resumed: Some(("del(.error)", "oa-respond --only-missing")),
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
            models: Models::default(),
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
