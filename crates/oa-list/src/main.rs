//! Lists the project's objects, one a line, all pages.

use std::collections::{BTreeSet, VecDeque};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use oa_core::client::Client;
use oa_core::id::encode;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::arguments::Arguments;
use oa_pipe::glance::Glance;
use oa_pipe::object::Object;
use oa_pipe::options::Options;
use oa_pipe::plan::Source;
use oa_pipe::run::Run;
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
        let (_, _, largest) = args.what.row();
        let sizes = SIZES.iter().copied().filter(|size| *size <= largest);
        let mut lister = Lister {
            client: run.client()?,
            sizes: args
                .page_size
                .map_or(sizes.collect(), |size| vec![size].into()),
            seen: BTreeSet::new(),
            cursors: BTreeSet::new(),
            args,
            run,
        };
        let mut after = None;
        loop {
            let page = lister.page(after.as_deref())?;
            let (news, cursor) = lister.print(&page);
            match lister.next(&page, news, cursor)? {
                None => return Ok(()),
                next => after = next,
            }
        }
    })
}

struct Lister<'a> {
    client: Client,
    /// Sizes of a page that the server has not refused.
    sizes: VecDeque<u32>,
    /// What was printed: ids, or whole elements that have none.
    seen: BTreeSet<String>,
    /// Where pages began.
    cursors: BTreeSet<String>,
    args: &'a Args,
    run: &'a Run,
}

impl Lister<'_> {
    /// The page behind an element, as large as the server gives it.
    fn page(&mut self, after: Option<&str>) -> Result<Object> {
        loop {
            match self
                .client
                .call(&Request::get(self.address(after), Expect::List))
            {
                Ok(answer) => return Ok(Object::parse(answer.object.get()).unwrap_or_default()),
                Err(error) if speaks_of_limit(&error) => {
                    if self.sizes.len() < 2 {
                        return Err(error.hint("ask for smaller pages: --page-size N"));
                    }
                    self.sizes.pop_front();
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn address(&self, after: Option<&str>) -> String {
        let (path, _, _) = self.args.what.row();
        let store = self.args.store.as_ref();
        let path = store.map_or(path.to_owned(), |store| store.under(path) + "/files");
        let size = self.sizes.front().filter(|size| **size > 0);
        let purpose = self.args.purpose.as_deref();
        let query = [
            ("limit", size.map(u32::to_string)),
            ("purpose", purpose.map(encode)),
            ("after", after.map(encode)),
        ];
        let query = query
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", value?)));
        let query: Vec<String> = query.collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{path}{mark}{}", query.join("&"))
    }

    /// Prints what no page before had; says whether there was any, and where the next page begins.
    fn print(&mut self, page: &Object) -> (bool, Option<String>) {
        let data = page.get("data").map(RawValue::get).unwrap_or_default();
        let items: Vec<&RawValue> = serde_json::from_str(data).unwrap_or_default();
        let known = self.seen.len();
        let mut cursor = page.text("last_id");
        for item in items {
            let (id, line) = self.line(item);
            let mark = id.clone().unwrap_or_else(|| line.clone());
            if self.seen.insert(mark) && !self.run.pipe.is_closed() {
                self.run.pipe.emit(&line);
            }
            cursor = id.or(cursor);
        }
        (self.seen.len() > known, cursor)
    }

    /// Where to go on, if at all. A page that brings nothing new, or a cursor that was there before, leads nowhere.
    fn next(
        &mut self,
        page: &Object,
        news: bool,
        cursor: Option<String>,
    ) -> Result<Option<String>> {
        let pipe = &self.run.pipe;
        let more = page.get("has_more").map(|more| more.get() == "true");
        let paged = self.args.what != What::Models;
        if pipe.is_closed() || !more.unwrap_or(paged) {
            return Ok(None);
        }
        let nowhere = cursor.is_none();
        let next = cursor.filter(|cursor| news && self.cursors.insert(cursor.clone()));
        match (more, &next) {
            (Some(true), None) if nowhere => Err(Error::new(
                Kind::Network,
                "the list goes on, but nothing in it has an id to go on from",
            )),
            (Some(true), None) => {
                pipe.log.warning("the server says that there is more and repeats itself; the list may not be whole");
                Ok(None)
            }
            _ => Ok(next),
        }
    }

    /// An element's id and its line; where it does not say what it is, the line does.
    fn line(&self, item: &RawValue) -> (Option<String>, String) {
        let Ok(mut object) = Object::parse(item.get()) else {
            return (None, item.get().to_owned());
        };
        let id = object.text("id");
        let mut line = item.get().to_owned();
        let store = self.args.store.as_ref().map(Id::as_str);
        let marks = [
            ("object", Some(self.args.what.row().1)),
            ("vector_store_id", store),
        ];
        for (key, mark) in marks {
            if let (None, Some(mark)) = (object.get(key), mark) {
                object.put(key, &mark);
                line = object.to_line();
            }
        }
        (id, line)
    }
}

/// Whether a server refuses the size of a page.
fn speaks_of_limit(error: &Error) -> bool {
    let words = [Some(&error.message), error.param.as_ref()];
    let mut words = words.into_iter().flatten();
    matches!(error.status, Some(400 | 422))
        && words.any(|text| text.to_lowercase().contains("limit"))
}
