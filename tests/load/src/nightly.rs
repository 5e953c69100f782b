//! Thousands of files and a question for each, under a rate limit, while one request in fifty goes wrong.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use crate::child::say;
use crate::ledger::Server;
use crate::soak::{Run, end, rules};
use crate::tally::Tally;

/// Files, each with a question of its own.
const FILES: usize = 2000;
/// What the server allows.
const LIMITS: [&str; 6] = ["--rpm", "500", "--tpm", "200000", "--limit", "latency=2s"];

/// What goes wrong, and in how many of a thousand requests; together one in fifty. Nothing that was paid for is lost
/// by any of it.
const FAULTS: [(&str, f64); 8] = [
    ("* /** 500", 5.0),
    ("* /** 503 retry-after=1", 2.0),
    ("* /** 429 retry-after-ms=300", 2.0),
    ("* /** cut when=before", 3.0),
    ("* /** cut when=body", 3.0),
    ("* /** html status=502", 2.0),
    ("* /** delay ms=5000", 2.0),
    ("GET /** cut when=answer", 1.0),
];

/// Plays one night, prints a table, and fails if a promise was broken.
pub(crate) fn nightly(programs: &Path, seed: u64) -> anyhow::Result<ExitCode> {
    let faults = rules(&FAULTS, seed);
    let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
    let options: Vec<&str> = LIMITS.into_iter().chain(faults).collect();
    let server = Server::start(programs, &options)?;
    // Of tokens a question may have 400 on average, and has nearly as many: both limits are close.
    let text = |job: usize| format!("job {job}\n").repeat(40 + job * 7919 % 1000);
    let run = Run::prepare(programs, 0, FILES, text)?;
    let begun = Instant::now();
    run.play(
        &server,
        "oa-upload --each -j 16 job-*.txt | oa-respond -j 32 -p 'What is it about?' | oa-delete >records",
    )?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut tally = Tally::default();
    tally.run(&run, &server)?;
    let limit = server.limit()?;
    let number = |key: &str| limit[key].as_f64().unwrap_or_default();
    let ideal = number("ideal_ms") / 1000.0;
    let mut table = format!("\n{FILES} files, seed {seed}\n\n");
    let mut row = |what: &str, value: String| {
        // Writing to a string does not fail.
        let _ = writeln!(table, "| {what:<42} | {value:>10} |");
    };
    row(
        "from the first upload to the end, s",
        format!("{seconds:.1}"),
    );
    row("at least, under these limits, s", format!("{ideal:.1}"));
    row("times the ideal", format!("{:.3}", seconds / ideal));
    row("questions let in", number("admitted").to_string());
    row("questions refused", number("refused").to_string());
    table.push_str(&tally.table());
    say(&table);
    Ok(end(&tally))
}
