//! The options of `oa-upload`, whose comments are its help.

use std::ffi::OsString;
use std::time::Duration;

use clap::Parser;
use oa_pipe::duration::duration;
use oa_pipe::options::{Options, Order};
use oa_pipe::verdict::EXIT_TABLE;

const HOUR: u64 = 3600;
/// The life of a file where nobody names another.
pub(crate) const DEFAULT_EXPIRY: Duration = Duration::from_secs(72 * HOUR);

/// Upload files and write a record that names them
#[derive(Parser)]
#[command(name = "oa-upload", version, max_term_width = 80, after_help = "See --help for examples and exit statuses.", after_long_help = help())]
pub(crate) struct Args {
    /// Files to upload, all into one record; without any, records with
    /// `paths` are read from stdin. `-` is the bytes of stdin
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<OsString>,
    /// Write one record per path
    #[arg(long)]
    pub(crate) each: bool,
    /// What the files are for; auto: vision for PNG, JPEG, WEBP and GIF,
    /// else `user_data`
    #[arg(short = 'P', long, value_name = "PURPOSE", default_value = "auto",
          value_parser = ["auto", "user_data", "vision", "assistants", "batch", "evals", "fine-tune"])]
    pub(crate) purpose: String,
    /// Have the server delete each file after this time, 1h to 30d [default: 72h;
    /// none for fine-tune and evals]
    #[arg(long, value_name = "TIME", value_parser = expiry, conflicts_with = "keep")]
    pub(crate) expires_after: Option<Duration>,
    /// Let files stay until somebody deletes them
    #[arg(long)]
    pub(crate) keep: bool,
    /// Store the file under this name (one file only)
    #[arg(long, value_name = "NAME")]
    pub(crate) filename: Option<String>,
    /// Turn local rules on type and size into warnings
    #[arg(long)]
    pub(crate) force: bool,
    /// Upload that many files at a time
    #[arg(short, long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jobs")]
    pub(crate) jobs: u16,
    #[command(flatten)]
    pub(crate) order: Order,
    #[command(flatten)]
    pub(crate) options: Options,
}

fn help() -> String {
    format!(
        "Examples:
  oa-upload report.pdf figure.png | oa-respond -p 'Check it.' | oa-delete -t
  find . -name '*.pdf' -print0 | xargs -0 oa-upload --each -j 8

{EXIT_TABLE}"
    )
}

fn expiry(text: &str) -> std::result::Result<Duration, String> {
    let time = duration(text)?;
    if (HOUR..=30 * 24 * HOUR).contains(&time.as_secs()) {
        Ok(time)
    } else {
        Err("the API takes 1h to 30d; `--keep` for no expiry".to_owned())
    }
}
