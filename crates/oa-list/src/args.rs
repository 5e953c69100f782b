//! The options of `oa-list`, whose comments are its help.

use clap::{Parser, ValueEnum};
use oa_core::{Error, Id, Result};
use oa_pipe::arguments::Arguments;
use oa_pipe::glance::Glance;
use oa_pipe::options::Options;
use oa_pipe::plan::Source;

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

/// List what is stored on the server, one object a line
///
/// On a terminal it is a table; in a pipe, and with -o, JSON.
#[derive(Parser)]
#[command(name = "oa-list", version)]
pub struct Args {
    /// What to list
    #[arg(value_enum)]
    pub(crate) what: What,
    /// The store whose entries are listed
    #[arg(value_name = "STORE_ID", required_if_eq("what", "store-files"))]
    pub(crate) store: Option<Id>,
    /// Only files of this purpose
    #[arg(long, value_name = "PURPOSE", value_parser = PURPOSES)]
    pub(crate) purpose: Option<String>,
    /// Ask for that many at a time [default: most]
    ///
    /// As many as the API gives at most, and fewer where a server refuses that.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page_size: Option<u32>,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What can be listed.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum What {
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
    pub(crate) fn row(self) -> (&'static str, &'static str, u32) {
        match self {
            What::Files => ("/files", "file", 10_000),
            What::Stores => ("/vector_stores", "vector_store", 100),
            What::StoreFiles => ("/vector_stores", "vector_store.file", 100),
            What::Batches => ("/batches", "batch", 100),
            What::Models => ("/models", "model", 0),
        }
    }
}

impl Arguments for Args {
    const TOOL: &'static str = "oa-list";
    const EXAMPLES: &'static [&'static str] = &[
        "oa-list files | jq -r '[.id, .bytes, .filename] | @tsv'",
        "oa-list files | jq 'select((.created_at|numbers) < now-604800)' | oa-delete -r",
    ];
    const EXAMPLE: &'static str =
        "name what: oa-list files, stores, store-files STORE_ID, batches or models";

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
