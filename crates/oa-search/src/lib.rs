//! A question to passages of a vector store, without a model.

use std::process::ExitCode;

use clap::Parser;
use oa_core::client::Client;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Error, Id, Result};
use oa_pipe::arguments::Arguments;
use oa_pipe::file::File;
use oa_pipe::lift::{looks_like_id, of_id};
use oa_pipe::log::field;
use oa_pipe::object::{Object, raw_array};
use oa_pipe::options::{Options, Order};
use oa_pipe::plan::{Plan, Source};
use oa_pipe::question::question;
use oa_pipe::record::Record;
use oa_pipe::run::Run;
use oa_pipe::search::Search;
use oa_pipe::shell;
use oa_pipe::workers::Workers;
use serde_json::Value;
use serde_json::value::RawValue;

/// Find passages in vector stores
///
/// No model reads them: what was found is written as it is, the best first.
#[derive(Parser)]
#[command(name = "oa-search", version)]
pub struct Args {
    /// Ids of stores; without any: records on stdin
    #[arg(value_name = "STORE_ID")]
    ids: Vec<String>,
    /// The question; a record's own `prompt` wins
    #[arg(short, long, value_name = "QUESTION", allow_hyphen_values = true)]
    prompt: Option<String>,
    #[command(flatten)]
    search: Search,
    /// Write the passages for people, not records
    #[arg(short, long, help_heading = "Output")]
    text: bool,
    /// Search for that many records at a time
    #[arg(short, long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jobs")]
    jobs: u16,
    #[command(flatten)]
    order: Order,
    #[command(flatten)]
    options: Options,
}

impl Arguments for Args {
    const TOOL: &'static str = "oa-search";
    const EXAMPLES: &'static [&'static str] = &[
        "oa-search -p 'What is deep research?' -t vs_abc",
        "oa-index < files.json | oa-search -p 'Why?' | oa-delete | jq .results",
    ];
    const EXAMPLE: &'static str =
        "name the store: oa-search -p 'Why?' vs_abc; or put it behind oa-index";

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        // Without a question the first word is none that could be searched in.
        let question = |id: &&String| *id != "-" && !looks_like_id(id);
        if let (None, Some(word)) = (&self.prompt, self.ids.iter().find(question)) {
            let stores = self.ids.iter().filter(|id| *id != word);
            let words = [word].into_iter().chain(stores).map(String::as_str);
            let message = format!("{word}: no id of a store");
            return Err(Error::usage(message).hint(shell::command("oa-search -p", words)));
        }
        Source::of_ids(Self::TOOL, &self.ids, of_id)
    }

    fn check(&self) -> Result<()> {
        self.search.filters().map(drop)
    }

    fn plan(&self) -> Plan {
        Plan {
            text: self.text,
            words: Some(passages),
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
        let searcher = Searcher {
            filters: args.search.filters()?,
            client: run.client()?,
            args,
            run,
        };
        run.pipe.each(
            &Workers::new(args.jobs.into()),
            |record, _| searcher.search(record),
            |_| false,
        );
        Ok(())
    })
}

struct Searcher<'a> {
    filters: Option<Value>,
    client: Client,
    args: &'a Args,
    run: &'a Run,
}

impl Searcher<'_> {
    /// Puts the passages that answer the record's question into `results`.
    fn search(&self, record: &mut Record) -> Result<()> {
        let question = question(record, self.args.prompt.as_deref())?;
        let store = store(record)?;
        let mut body = Object::default();
        body.put("query", &question);
        if let Some(most) = self.args.search.max_num_results {
            body.put("max_num_results", &most);
        }
        if let Some(filters) = &self.filters {
            body.put("filters", filters);
        }
        let path = store.under("/vector_stores") + "/search";
        record.object_mut().remove("results");
        let answer = self.client.call(&Request::query(path, &body, Expect::List));
        let answer = answer.map_err(|error| match error.status {
            Some(404) => error.hint(
                "does the key belong to another project, or has the store expired? oa-list stores",
            ),
            _ => error,
        })?;
        let page = Object::parse(answer.object.get()).unwrap_or_default();
        let results = results(&page, record.files());
        let key = field("vector_store_id", store.as_str());
        let line = format!("{key} results={}", results.len());
        self.run.pipe.log.event("search", &line);
        let results: Vec<Box<RawValue>> = results.iter().map(Object::to_raw).collect();
        let results = raw_array(results.iter().map(AsRef::as_ref));
        record.object_mut().set("results", results);
        Ok(())
    }
}

fn store(record: &Record) -> Result<Id> {
    let store = record.store().ok_or_else(|| {
        Error::input("the record has no `vector_store` to search").hint("oa-index makes one")
    })?;
    store
        .id
        .ok_or_else(|| Error::input("the record's `vector_store` has no id"))
}

/// The passages as they came, each with the `path` of its file where the record knows it.
fn results(page: &Object, files: &[File]) -> Vec<Object> {
    let data: Vec<&RawValue> = page
        .get("data")
        .and_then(|data| serde_json::from_str(data.get()).ok())
        .unwrap_or_default();
    let passages = data.iter().filter_map(|raw| Object::parse(raw.get()).ok());
    passages
        .map(|mut passage| {
            let id = passage.text("file_id");
            let file = files
                .iter()
                .find(|file| file.id.as_ref().map(Id::as_str) == id.as_deref());
            if let Some(path) = file.and_then(|file| file.path.as_ref()) {
                passage.put("path", path);
            }
            passage
        })
        .collect()
}

/// The results for people, a blank line between them.
fn passages(record: &Record) -> Option<String> {
    let results = record.object().get("results")?;
    let results: Vec<&RawValue> = serde_json::from_str(results.get()).ok()?;
    let results = results
        .iter()
        .filter_map(|raw| Object::parse(raw.get()).ok());
    let texts: Vec<String> = results.map(|result| passage(&result)).collect();
    Some(texts.join("\n\n"))
}

/// A passage for people: where it stands, how well it fits, what it says.
fn passage(result: &Object) -> String {
    let name = result.text("path").or_else(|| result.text("filename"));
    let name = name.or_else(|| result.text("file_id")).unwrap_or_default();
    let score = result.get("score").map(RawValue::get).unwrap_or_default();
    let content = result.get("content").map(RawValue::get).unwrap_or_default();
    let parts: Vec<Value> = serde_json::from_str(content).unwrap_or_default();
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| part["text"].as_str())
        .collect();
    format!("{name} ({score})\n{}", texts.join("\n"))
}
