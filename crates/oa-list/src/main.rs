//! Lists the project's objects, one a line, all pages.

use std::collections::{BTreeSet, VecDeque};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use oa_core::client::Client;
use oa_core::id::encode;
use oa_core::reply::{Expect, Reply};
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::arguments::Arguments;
use oa_pipe::glance::Glance;
use oa_pipe::object::Object;
use oa_pipe::options::Options;
use oa_pipe::pages::{Ending, pages};
use oa_pipe::plan::Source;
use oa_pipe::verdict::EXIT_TABLE;
use serde_json::value::RawValue;

/// List what is stored on the server, one object a line
#[derive(Parser)]
#[command(name = "oa-list", version, max_term_width = 80, after_help = "See --help for examples and exit statuses.", after_long_help = help())]
struct Args {
    /// What to list
    #[arg(value_enum)]
    what: What,
    /// The store whose entries are listed
    #[arg(value_name = "STORE_ID", required_if_eq("what", "store-files"))]
    store: Option<Id>,
    /// Only files of this purpose
    #[arg(long, value_name = "PURPOSE", value_parser = PURPOSES)]
    purpose: Option<String>,
    /// Ask for that many at a time [default: what the API gives at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    page_size: Option<u32>,
    #[command(flatten)]
    options: Options,
}

/// Purposes that a file may have, those of the API's own files included.
const PURPOSES: [&str; 9] = [
    "assistants",
    "assistants_output",
    "batch",
    "batch_output",
    "evals",
    "fine-tune",
    "fine-tune-results",
    "user_data",
    "vision",
];

/// Sizes of a page, to be tried one after the other where a server refuses one; 0: the server's own.
const SIZES: [u32; 4] = [10_000, 1_000, 100, 0];

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// Uploaded files
    Files,
    /// Vector stores
    Stores,
    /// Entries of one store
    StoreFiles,
    /// Batches
    Batches,
    /// Models that the key may use
    Models,
}

impl What {
    /// Path of the list, `object` of its elements, and the largest page that the API gives.
    fn row(self) -> (&'static str, &'static str, u32) {
        match self {
            What::Files => ("/files", "file", 10_000),
            What::Stores => ("/vector_stores", "vector_store", 100),
            What::StoreFiles => ("/vector_stores", "vector_store.file", 100),
            What::Batches => ("/batches", "batch", 100),
            What::Models => ("/models", "model", 0),
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
            return Err(Error::usage("--purpose is for files; others have none"));
        }
        if self.store.is_some() && self.what != What::StoreFiles {
            return Err(Error::usage("only store-files are those of one store"));
        }
        Ok(Source::Given(Vec::new()))
    }

    fn reads(_: &Glance) -> bool {
        false
    }
}

fn main() -> ExitCode {
    oa_pipe::run(|args: &Args, run| {
        let (pipe, client) = (&run.pipe, run.client()?);
        let mut sizes = args.sizes();
        let fetch = |after: Option<&str>| {
            let page = (!pipe.is_closed()).then(|| args.page(&client, &mut sizes, after));
            page.transpose()
        };
        // What was printed: ids, or whole elements that have none.
        let mut seen = BTreeSet::new();
        let print = |item: &RawValue, id: Option<&str>| {
            let line = args.line(item);
            let new = seen.insert(id.unwrap_or(&line).to_owned());
            if new && !pipe.is_closed() {
                pipe.emit(&line);
            }
            new
        };
        match pages(args.what != What::Models, fetch, print)? {
            Ending::Whole => {}
            Ending::Repeats => pipe.log.warning(
                "the server says that there is more and repeats itself; the list may not be whole",
            ),
            Ending::Nowhere => {
                let why = "the list goes on, but nothing in it has an id to go on from";
                return Err(Error::new(Kind::Network, why));
            }
        }
        Ok(())
    })
}

impl Args {
    /// Sizes of a page to be tried: the user's, or what the API gives at most and less.
    fn sizes(&self) -> VecDeque<u32> {
        let (_, _, largest) = self.what.row();
        let sizes = SIZES.iter().copied().filter(|size| *size <= largest);
        self.page_size
            .map_or_else(|| sizes.collect(), |size| [size].into())
    }

    /// The page behind an element, as large as the server gives it.
    fn page(
        &self,
        client: &Client,
        sizes: &mut VecDeque<u32>,
        after: Option<&str>,
    ) -> Result<Reply> {
        loop {
            let address = self.address(sizes.front(), after);
            match client.call(&Request::get(address, Expect::List)) {
                Err(error) if speaks_of_limit(&error) && sizes.len() < 2 => {
                    return Err(error.hint("ask for smaller pages: --page-size N"));
                }
                Err(error) if speaks_of_limit(&error) => drop(sizes.pop_front()),
                ended => return ended,
            }
        }
    }

    fn address(&self, size: Option<&u32>, after: Option<&str>) -> String {
        let (path, _, _) = self.what.row();
        let store = self.store.as_ref();
        let path = store.map_or(path.to_owned(), |store| store.under(path) + "/files");
        let size = size.filter(|size| **size > 0);
        let query = [
            ("limit", size.map(u32::to_string)),
            ("purpose", self.purpose.as_deref().map(encode)),
            ("after", after.map(encode)),
        ];
        let query = query.into_iter();
        let query = query.filter_map(|(key, value)| Some(format!("{key}={}", value?)));
        let query: Vec<String> = query.collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{path}{mark}{}", query.join("&"))
    }

    /// An element's line; where it does not say what it is, the line does.
    fn line(&self, item: &RawValue) -> String {
        let Ok(mut object) = Object::parse(item.get()) else {
            return item.get().to_owned();
        };
        let store = self.store.as_ref().map(Id::as_str);
        let kind = Some(self.what.row().1);
        let mut marked = false;
        for (key, mark) in [("object", kind), ("vector_store_id", store)] {
            if let (None, Some(mark)) = (object.get(key), mark) {
                object.put(key, &mark);
                marked = true;
            }
        }
        if marked {
            object.to_line()
        } else {
            item.get().to_owned()
        }
    }
}

/// Whether a server refuses the size of a page.
fn speaks_of_limit(error: &Error) -> bool {
    let words = [Some(&error.message), error.param.as_ref()];
    let mut words = words.into_iter().flatten();
    matches!(error.status, Some(400 | 422))
        && words.any(|text| text.to_lowercase().contains("limit"))
}
