//! Lists the project's objects, one a line, all pages.

use std::collections::BTreeSet;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use oa_core::cli::{Arguments, Glance, Options, Run};
use oa_core::client::{Call, Client, Expect};
use oa_core::error::EXIT_TABLE;
use oa_core::id::encode;
use oa_core::object::Object;
use oa_core::pipe::Source;
use oa_core::{Error, Kind, Result};
use serde_json::value::RawValue;

/// List what is stored on the server, one object a line
#[derive(Parser)]
#[command(name = "oa-list", version, max_term_width = 80, after_help = "See --help for examples and exit statuses.", after_long_help = help())]
struct Args {
    /// What to list
    #[arg(value_enum)]
    what: What,
    /// Only files of this purpose
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    #[command(flatten)]
    options: Options,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Uploaded files
    Files,
    /// Vector stores
    Stores,
}

impl What {
    /// Path of the list, and the largest page that the API gives.
    fn page(self) -> (&'static str, u32) {
        match self {
            What::Files => ("/files", 10_000),
            What::Stores => ("/vector_stores", 100),
        }
    }
}

fn help() -> String {
    format!(
        "Examples:
  oa-list files | jq -r '[.id, .bytes, .filename] | @tsv'
  oa-list files | jq -c 'select(.created_at < now - 604800)' | oa-delete -r

{EXIT_TABLE}"
    )
}

impl Arguments for Args {
    const TOOL: &'static str = "oa-list";
    const EXAMPLE: &'static str = "oa-list files";

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        if self.purpose.is_some() && !matches!(self.what, What::Files) {
            return Err(Error::usage("--purpose is for files; stores have none"));
        }
        Ok(Source::Given(Vec::new()))
    }

    fn reads(_: &Glance) -> bool {
        false
    }
}

fn main() -> ExitCode {
    oa_core::run(|args: &Args, run| list(&run.client()?, args, run))
}

/// Follows the pages to the end; an object that two pages name is printed once.
fn list(client: &Client, args: &Args, run: &Run) -> Result<()> {
    let (path, limit) = args.what.page();
    let mut seen = BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![format!("limit={limit}")];
        query.extend(
            args.purpose
                .as_ref()
                .map(|p| format!("purpose={}", encode(p))),
        );
        query.extend(after.as_ref().map(|id| format!("after={}", encode(id))));
        let address = format!("{path}?{}", query.join("&"));
        let answer = client.call(&Call::get(address, Expect::List))?;
        let page = Object::parse(answer.object.get()).unwrap_or_default();
        let data: Vec<&RawValue> = page
            .get("data")
            .and_then(|data| serde_json::from_str(data.get()).ok())
            .unwrap_or_default();
        let before = seen.len();
        for item in &data {
            let id = Object::parse(item.get())
                .ok()
                .and_then(|item| item.text("id"));
            let Some(id) = id else {
                return Err(Error::new(
                    Kind::Network,
                    "the list holds an object without an id",
                ));
            };
            if seen.insert(id.clone()) && !run.pipe.is_closed() {
                run.pipe.emit(item.get());
            }
            after = Some(id);
        }
        let more = page
            .get("has_more")
            .is_some_and(|more| more.get() == "true");
        // A page that brings nothing new is a cursor that stands still.
        if !more || seen.len() == before || run.pipe.is_closed() {
            return Ok(());
        }
    }
}
