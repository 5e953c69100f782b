//! The options of `oa-upload`, whose comments are its help.

use std::ffi::OsString;
use std::time::Duration;

use clap::Parser;
use oa_pipe::duration::duration;
use oa_pipe::options::{Options, Order};

const HOUR: u64 = 3600;
/// The life of a file where nobody names another.
pub(crate) const DEFAULT_EXPIRY: Duration = Duration::from_secs(72 * HOUR);

/// Upload files and write a record that names them
///
/// The files are read from disk as they are sent. What the API would refuse
/// (its type, its size, a name that says something else than the contents) is
/// refused before anything is sent. Each file expires by itself; oa-delete at
/// the end of the pipe deletes it at once, whatever happens in between.
#[derive(Parser)]
#[command(name = "oa-upload", version)]
pub struct Args {
    /// Files to upload, all into one record; `-`: stdin
    ///
    /// Without any, records with `paths` are read from stdin. `-` is the bytes of
    /// stdin, and wants a --filename.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<OsString>,
    /// Write one record per path
    #[arg(long)]
    pub(crate) each: bool,
    /// What the files are for
    ///
    /// auto: vision for PNG, JPEG, WEBP and GIF, else `user_data`.
    #[arg(short = 'P', long, value_name = "PURPOSE", default_value = "auto",
          value_parser = ["auto", "user_data", "vision", "assistants", "batch", "evals", "fine-tune"])]
    pub(crate) purpose: String,
    /// Let files expire, 1h to 30d [default: 72h]
    ///
    /// Those of the purposes fine-tune and evals do not, unless it is given.
    #[arg(long, value_name = "TIME", value_parser = expiry, conflicts_with = "keep")]
    pub(crate) expires_after: Option<Duration>,
    /// Let files stay until somebody deletes them
    #[arg(long)]
    pub(crate) keep: bool,
    /// Store the file under this name
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

fn expiry(text: &str) -> std::result::Result<Duration, String> {
    let time = duration(text)?;
    if (HOUR..=30 * 24 * HOUR).contains(&time.as_secs()) {
        Ok(time)
    } else {
        Err("the API takes 1h to 30d; `--keep` for no expiry".to_owned())
    }
}
