//! Thousands of requests through Batches: all accounted for, killed runs that go on, memory, and the time of the join.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::child::say;
use crate::ledger::Server;

/// Records of the large run; of each run that is killed; and where memory is measured.
const RECORDS: usize = 10_000;
const KILLED: usize = 600;
const SIZES: [usize; 3] = [1_000, 10_000, 50_000];
/// Moments at which runs are killed.
const KILLS: u64 = 30;
/// One request in fifty fails.
const FAULT: &str = "LINE /responses 500 percent=2";

/// A folder of records and a server.
struct Run {
    programs: PathBuf,
    folder: tempfile::TempDir,
    server: Server,
}

/// Plays all of it, prints a table, and fails if a promise was broken.
pub(crate) fn batch(programs: &Path, seed: u64) -> anyhow::Result<ExitCode> {
    let mut table = String::new();
    let mut row = |what: &str, value: String| {
        // Writing to a string does not fail.
        let _ = writeln!(table, "| {what:<58} | {value:>12} |");
    };
    let failed = large(programs, seed)?;
    row(
        "records, each accounted for, in order, nothing left",
        RECORDS.to_string(),
    );
    row("of which failed", failed.to_string());
    let stages = killed(programs, seed)?;
    row(
        "killed runs of 600 that went on: nothing twice, none lost",
        KILLS.to_string(),
    );
    for (stage, count) in stages {
        row(&format!("… killed in {stage}"), count.to_string());
    }
    for size in SIZES {
        let (peak, joined, by_hand) = memory(programs, size)?;
        row(
            &format!("peak memory for {size} records, MB"),
            format!("{peak:.1}"),
        );
        row(
            &format!("fetch and join of {size}, s"),
            format!("{joined:.2}"),
        );
        row("… by curl and jq, s", format!("{by_hand:.2}"));
    }
    say(&format!("\nseed {seed}\n\n{table}"));
    Ok(ExitCode::SUCCESS)
}

impl Run {
    fn prepare(programs: &Path, records: usize, options: &[&str]) -> anyhow::Result<Run> {
        let folder = tempfile::tempdir()?;
        let mut lines = String::new();
        for n in 0..records {
            writeln!(
                lines,
                r#"{{"n":{n},"request":{{"model":"m","input":"What is number {n}?"}}}}"#
            )?;
        }
        std::fs::write(folder.path().join("asked"), lines)?;
        Ok(Run {
            programs: programs.to_owned(),
            folder,
            server: Server::start(programs, options)?,
        })
    }

    fn start(&self, line: &str) -> anyhow::Result<Child> {
        let child = Command::new("bash")
            .args(["-c", &format!("{{ {line}; }} 2>>log")])
            .current_dir(self.folder.path())
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", self.programs.display()),
            )
            .env(
                "OPENAI_BASE_URL",
                format!("http://{}/v1", self.server.address),
            )
            .env("OPENAI_API_KEY", "sk-soak-0123456789")
            .stdin(Stdio::null())
            .spawn();
        child.context("bash")
    }

    /// Runs a line of shell; its exit status and how many seconds it took.
    fn play(&self, line: &str) -> anyhow::Result<(Option<i32>, f64)> {
        let begun = Instant::now();
        let end = self.start(line)?.wait()?;
        Ok((end.code(), begun.elapsed().as_secs_f64()))
    }

    fn read(&self, name: &str) -> anyhow::Result<String> {
        std::fs::read_to_string(self.folder.path().join(name)).with_context(|| name.to_owned())
    }

    /// Every record is there once, in order, with its own answer or an error; how many failed.
    fn account(&self, name: &str, records: usize) -> anyhow::Result<usize> {
        let (mut next, mut failed) = (0, 0);
        for line in self.read(name)?.lines() {
            let record: Value = serde_json::from_str(line)?;
            ensure!(record["n"] == next, "{next} is missing: {line}");
            let asked = format!("What is number {next}?");
            match record["output_text"].as_str() {
                Some(text) => ensure!(text.contains(&asked), "{next} has another answer"),
                None if record["error"].is_object() => failed += 1,
                None => anyhow::bail!("{next} has neither an answer nor an error: {line}"),
            }
            next += 1;
        }
        ensure!(next == records, "{next} of {records}");
        Ok(failed)
    }

    /// Nothing is left, and no part was bought twice.
    fn judge(&self, parts: usize) -> anyhow::Result<()> {
        let ledger = self.server.ledger()?;
        let mut bought: BTreeMap<&str, usize> = BTreeMap::new();
        for batch in ledger["batches"].as_array().into_iter().flatten() {
            if batch["status"] != "failed" {
                let part = batch["metadata"]["oa_part"].as_str().unwrap_or_default();
                *bought.entry(part).or_default() += 1;
            }
        }
        ensure!(
            bought.len() == parts,
            "{} parts of {parts}: {bought:?}",
            bought.len()
        );
        ensure!(
            bought.values().all(|times| *times == 1),
            "bought twice: {bought:?}"
        );
        Ok(())
    }

    /// Files that are there, those of killed creations apart, which expire.
    fn left(&self, with_inputs: bool) -> anyhow::Result<usize> {
        let ledger = self.server.ledger()?;
        let files = ledger["files"].as_array().into_iter().flatten();
        let counts = |file: &&Value| with_inputs || file["purpose"] != "batch";
        Ok(files.filter(counts).count())
    }
}

/// A queue that holds three parts of so many requests at a time.
fn queue(part: usize) -> String {
    // A request has eight tokens here, which its answer does not count for.
    (part * 3 * 9).to_string()
}

fn large(programs: &Path, seed: u64) -> anyhow::Result<usize> {
    let fault = format!("{FAULT} seed={seed}");
    let queue = queue(1000);
    let options = ["--fault", &fault, "--queue-tokens", &queue, "--looks", "3"];
    let run = Run::prepare(programs, RECORDS, &options)?;
    run.play("oa-batch --interval 50ms <asked | oa-delete -q >out")?;
    let failed = run.account("out", RECORDS)?;
    ensure!(
        run.read("log")?.contains("[queue]"),
        "the queue was never full"
    );
    run.judge(RECORDS / 1000)?;
    ensure!(run.left(true)? == 0, "files are left");
    Ok(failed)
}

/// Runs that are killed in every stage, and go on from what the stage before has saved.
fn killed(programs: &Path, seed: u64) -> anyhow::Result<BTreeMap<&'static str, usize>> {
    let mut stages = BTreeMap::new();
    let mut random = seed;
    for kill in 0..KILLS {
        let queue = queue(100);
        let options = ["--queue-tokens", &queue, "--looks", "4", "--delay", "5ms"];
        let run = Run::prepare(programs, KILLED, &options)?;
        let steps = [
            (
                "submit",
                "oa-batch --interval 20ms --part-size 100 --submit --adopt -o jobs <asked",
            ),
            ("wait and join", "oa-batch --interval 20ms -o out <jobs"),
            ("clean-up", "oa-delete -q <out >gone"),
        ];
        let place = usize::try_from(kill)? % steps.len();
        for (n, (stage, line)) in steps.iter().enumerate() {
            if n == place {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let most = [900, 120, 60][place];
                let child = run.start(&format!("exec {line}"))?;
                sleep(Duration::from_millis((random >> 33) % most));
                if kill_9(child)? {
                    *stages.entry(*stage).or_default() += 1;
                }
            }
            let (status, _) = run.play(line)?;
            ensure!(
                status == Some(0),
                "{line}: {status:?}\n{}",
                run.read("log")?
            );
        }
        run.account("gone", KILLED)?;
        run.judge(KILLED / 100)?;
        ensure!(run.left(false)? == 0, "files are left");
        say(&format!("soak: killed {} of {KILLS} runs", kill + 1));
    }
    Ok(stages)
}

/// Kills a run; whether it had not ended before.
fn kill_9(mut child: Child) -> anyhow::Result<bool> {
    let _ = child.kill();
    Ok(child.wait()?.code().is_none())
}

/// Peak memory in MB of the whole way of so many records, and the seconds of the join of what is ready: ours, and that
/// of curl and jq.
fn memory(programs: &Path, size: usize) -> anyhow::Result<(f64, f64, f64)> {
    let run = Run::prepare(programs, size, &[])?;
    let measure = std::env::current_exe()?;
    let measure = format!("{} measure peaks oa-batch", measure.display());
    run.play(&format!(
        "{measure} -q --interval 50ms --submit <asked >jobs"
    ))?;
    run.play(&format!("{measure} -q --interval 50ms <jobs >first"))?;
    ensure!(run.account("first", size)? == 0, "records failed");
    let (_, ours) = run.play("oa-batch -q <jobs >out")?;
    ensure!(run.account("out", size)? == 0, "records failed");
    let by_hand = r#"
      jq -r .batch.output_file_id first | sort -u | while read -r id; do
        curl -sS -H "Authorization: Bearer $OPENAI_API_KEY" "$OPENAI_BASE_URL/files/$id/content"
      done >answers
      jq -nc --slurpfile answers answers '
        (reduce $answers[] as $a ({}; .[$a.custom_id] = $a)) as $by | inputs
        | .response = $by[.batch.custom_id].response.body
        | .output_text = ([.response.output[].content[]?.text] | add)' jobs >joined"#;
    let (_, theirs) = run.play(by_hand)?;
    ensure!(
        run.account("joined", size)? == 0,
        "the join by hand is wrong"
    );
    let peaks = run.read("peaks")?;
    let peaks = peaks
        .lines()
        .filter_map(|line| line.split(' ').nth(1)?.parse::<f64>().ok());
    Ok((peaks.fold(0.0, f64::max) / 1024.0, ours, theirs))
}
