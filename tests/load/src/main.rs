//! Loads for the tools: `soak` sends thousands of jobs through the pipe while one request in twenty fails,
//! `nightly` thousands of files under a rate limit, `batch` thousands of requests through Batches, `bench` runs them beside what a user would pick instead.

mod batch;
mod bench;
mod child;
mod contests;
mod cost;
mod goals;
mod ledger;
mod nightly;
mod pacing;
mod scenarios;
mod sink;
mod soak;
mod table;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

const USAGE: &str = "usage: oa-load soak FOLDER JOBS SEED
       oa-load nightly FOLDER SEED
       oa-load batch FOLDER SEED
       oa-load bench FOLDER RIVALS PYTHON [--quick] [--json FILE] [--svg FILE] [CONTEST…]
       oa-load sink FOLDER LATENCY-MS RUNS-MS
       oa-load measure FILE COMMAND [ARGUMENT…]

FOLDER holds the built programs.";

fn main() -> ExitCode {
    match start() {
        Ok(code) => code,
        Err(error) => {
            child::say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["soak", folder, jobs, seed] => {
            let jobs = jobs
                .parse()
                .with_context(|| format!("{jobs}: no number of jobs"))?;
            let seed = seed.parse().with_context(|| format!("{seed}: no seed"))?;
            soak::soak(&PathBuf::from(folder), jobs, seed)
        }
        ["nightly", folder, seed] => {
            let seed = seed.parse().with_context(|| format!("{seed}: no seed"))?;
            nightly::nightly(&PathBuf::from(folder), seed)
        }
        ["batch", folder, seed] => {
            let seed = seed.parse().with_context(|| format!("{seed}: no seed"))?;
            batch::batch(&PathBuf::from(folder), seed)
        }
        ["bench", words @ ..] => bench::bench(words),
        ["sink", folder, latency, runs] => {
            sink::serve(&PathBuf::from(folder), latency.parse()?, runs.parse()?)
        }
        ["measure", file, command @ ..] => child::measure(file, command),
        _ => bail!("{USAGE}"),
    }
}
