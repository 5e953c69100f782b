//! Thousands of jobs through the whole pipe while one request in twenty goes wrong.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::child::say;
use crate::ledger::Server;
use crate::tally::Tally;

/// What goes wrong, and in how many of a thousand requests; together about one in twenty.
const FAULTS: [(&str, f64); 15] = [
    ("* /** 429 retry-after-ms=5", 5.0),
    ("* /** 500 retry-after-ms=5", 5.0),
    ("* /** 503 retry-after-ms=5", 5.0),
    ("* /** html status=502", 5.0),
    ("* /** html", 2.5),
    ("* /** cut", 5.0),
    ("* /** cut when=body", 2.5),
    ("* /** cut when=answer", 5.0),
    ("* /** delay ms=30", 5.0),
    ("* /** empty", 2.5),
    ("* /** cut-json", 2.5),
    ("* /** no-id", 2.5),
    ("* /** wrong-kind", 2.5),
    ("POST /responses end status=failed code=server_error", 5.0),
    (
        "POST /responses end status=incomplete reason=max_output_tokens",
        5.0,
    ),
];

/// How a run asks; the background first, because it makes most requests.
const WAYS: [&str; 4] = [
    "oa-respond -j 4 -b | oa-poll --interval 20ms",
    "oa-respond -j 4 -b | oa-poll --interval 20ms",
    "oa-respond -j 4",
    "oa-respond -j 4 --stream",
];

/// Jobs of one run, in turn: memory must not depend on them.
const SIZES: [usize; 5] = [100, 400, 1900, 100, 1500];

/// Sends the jobs, prints a table, and fails if a promise was broken.
pub(crate) fn soak(programs: &Path, jobs: usize, seed: u64) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let faults = rules(&FAULTS, seed);
    let options: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    let server = Server::start(programs, &options)?;
    let mut tally = Tally::default();
    let (mut done, mut turn) = (0, 0);
    while done < jobs {
        let size = SIZES[turn % SIZES.len()].min(jobs - done);
        let text = |job| format!("the text of job {job}\n");
        let run = Run::prepare(programs, done, size, text)?;
        let way = WAYS[turn % WAYS.len()];
        run.play(
            &server,
            &format!("oa-upload -j 4 <jobs | {way} | oa-delete -j 4 >records"),
        )?;
        tally.run(&run, &server)?;
        server.forget()?;
        done += size;
        turn += 1;
        say(&format!("soak: {done} of {jobs} jobs"));
    }
    let mut table = format!(
        "\n{jobs} jobs, seed {seed}, {} s\n\n",
        begun.elapsed().as_secs()
    );
    table.push_str(&tally.table());
    say(&table);
    Ok(end(&tally))
}

/// Rules for a server: what goes wrong, and in how many of a thousand requests.
pub(crate) fn rules(faults: &[(&str, f64)], seed: u64) -> Vec<String> {
    let rule = |(rule, of_thousand): &(&str, f64)| {
        format!("{rule} percent={} seed={seed}", of_thousand / 10.0)
    };
    faults.iter().map(rule).collect()
}

/// Names the promises that were broken.
pub(crate) fn end(tally: &Tally) -> ExitCode {
    if tally.broken.is_empty() {
        return ExitCode::SUCCESS;
    }
    say(&format!("BROKEN:\n{}", tally.broken.join("\n")));
    ExitCode::FAILURE
}

/// One run of the pipe.
pub(crate) struct Run {
    programs: PathBuf,
    folder: tempfile::TempDir,
    /// Number of the first job.
    pub(crate) first: usize,
    pub(crate) size: usize,
}

impl Run {
    /// A folder with a file for each job, and a record that names it.
    pub(crate) fn prepare(
        programs: &Path,
        first: usize,
        size: usize,
        text: impl Fn(usize) -> String,
    ) -> anyhow::Result<Run> {
        let folder = tempfile::tempdir()?;
        let mut records = String::new();
        for job in first..first + size {
            let name = format!("job-{job}.txt");
            std::fs::write(folder.path().join(&name), text(job))?;
            writeln!(
                records,
                r#"{{"paths":"{name}","prompt":"job {job}?","request":{{"metadata":{{"job":"{job}"}}}}}}"#
            )?;
        }
        std::fs::write(folder.path().join("jobs"), records)?;
        Ok(Run {
            programs: programs.to_owned(),
            folder,
            first,
            size,
        })
    }

    /// Runs a line of shell that writes `records`, and measures its tools.
    pub(crate) fn play(&self, server: &Server, line: &str) -> anyhow::Result<()> {
        let measure = std::env::current_exe()?;
        let line = line.replace("oa-", &format!("{} measure peaks oa-", measure.display()));
        let end = Command::new("bash")
            .args(["-c", &format!("{{ {line}; }} 2>log")])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:/usr/bin:/bin", self.programs.display()))
            .env("OPENAI_BASE_URL", format!("http://{}/v1", server.address))
            .env("OPENAI_API_KEY", "sk-soak-0123456789")
            .stdin(Stdio::null())
            .status()
            .context("bash")?;
        ensure!(end.code().is_some(), "the pipe died: {end}");
        Ok(())
    }

    /// A file of the run's folder.
    pub(crate) fn read(&self, name: &str) -> anyhow::Result<String> {
        std::fs::read_to_string(self.folder.path().join(name)).with_context(|| name.to_owned())
    }
}
