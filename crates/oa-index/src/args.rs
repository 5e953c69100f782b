//! The options of `oa-index`, whose comments are its help.

use clap::Parser;
use oa_core::Id;
use oa_pipe::duration::duration;
use oa_pipe::options::{Options, Order, Patience};
use serde_json::Value;

use crate::attribute;

const DAY: u64 = 86400;
const DEFAULT_DAYS: u64 = 3;

/// Make a vector store of files, so that a model can search them
///
/// Every record's files get a store of their own, or all share one; the record
/// goes on when every file is indexed.
#[derive(Parser)]
#[command(name = "oa-index", version)]
pub struct Args {
    /// Name of the store [default: oa-index]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Make one store for all records; wants --name
    ///
    /// All records are read before the first is indexed.
    #[arg(long, requires = "name", conflicts_with = "into")]
    pub(crate) one: bool,
    /// Add the files to a store that exists
    ///
    /// oa-delete takes them, and only them, out again.
    #[arg(long, value_name = "ID", conflicts_with_all = ["name", "expires_after", "keep"])]
    pub(crate) into: Option<Id>,
    /// Say of every file that K is V, to filter by
    ///
    /// Numbers and booleans are recognised; a record's own `attributes` win.
    #[arg(long, value_name = "K=V", value_parser = attribute::pair)]
    pub(crate) attribute: Vec<(String, Value)>,
    /// Let the store expire, 1d to 365d [default: 3d]
    ///
    /// That long after its last use, that is.
    #[arg(long, value_name = "TIME", value_parser = days, conflicts_with = "keep")]
    pub(crate) expires_after: Option<u64>,
    /// Let the store stay until somebody deletes it
    #[arg(long)]
    pub(crate) keep: bool,
    /// Tokens of a passage, 100 to 4096 [default: 800]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(100..=4096))]
    pub(crate) chunk_size: Option<u16>,
    /// Tokens that two passages share [default: 400]
    ///
    /// At most half of --chunk-size.
    #[arg(long, value_name = "N")]
    pub(crate) chunk_overlap: Option<u16>,
    /// Go on without files that are not indexed
    #[arg(long)]
    pub(crate) allow_partial: bool,
    #[command(flatten)]
    pub(crate) patience: Patience,
    /// Index that many records at a time
    #[arg(short, long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jobs")]
    pub(crate) jobs: u16,
    #[command(flatten)]
    pub(crate) order: Order,
    #[command(flatten)]
    pub(crate) options: Options,
}

fn days(text: &str) -> std::result::Result<u64, String> {
    let seconds = duration(text)?.as_secs();
    if seconds % DAY == 0 && (1..=365).contains(&(seconds / DAY)) {
        Ok(seconds / DAY)
    } else {
        Err("the API takes whole days, 1d to 365d; `--keep` for no expiry".to_owned())
    }
}

impl Args {
    /// The life of a new store in days after its last use; `None` for no end.
    pub(crate) fn days(&self) -> Option<u64> {
        let default = (!self.keep).then_some(DEFAULT_DAYS);
        self.expires_after.or(default)
    }
}
