//! What became of the jobs: every one is answered or says why not, nothing is left, nothing is paid twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::ledger::Server;
use crate::soak::Run;

/// The sums over all runs.
#[derive(Default)]
pub(crate) struct Tally {
    answered: usize,
    failed: BTreeMap<String, usize>,
    /// Files whose id never reached us, and files that could not be deleted; every one is named.
    excused: usize,
    left: usize,
    most_paid: usize,
    paid: usize,
    /// Peak memory in KiB of each tool in small and in large runs.
    peaks: BTreeMap<String, [u64; 2]>,
    known: BTreeSet<String>,
    /// Promises that were broken.
    pub(crate) broken: Vec<String>,
}

/// Runs of at least so many jobs count as large.
const LARGE: usize = 1000;

impl Tally {
    /// Adds one run.
    pub(crate) fn run(&mut self, run: &Run, server: &Server) -> anyhow::Result<()> {
        let (records, log) = (run.read("records")?, run.read("log")?);
        self.verdicts(run, &records);
        if log.contains("panicked") {
            self.broken.push(format!("a panic: {log}"));
        }
        let ledger = server.ledger()?;
        self.files(&ledger, &log);
        self.payments(run, &ledger);
        let size = usize::from(run.size >= LARGE);
        for line in run.read("peaks")?.lines() {
            let (tool, peak) = line.split_once(' ').unwrap_or_default();
            let peaks = self.peaks.entry(tool.to_owned()).or_default();
            peaks[size] = peaks[size].max(peak.parse().unwrap_or(0));
        }
        Ok(())
    }

    /// Every job comes out once, with its own answer or a reason.
    fn verdicts(&mut self, run: &Run, records: &str) {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for line in records.lines() {
            let record: Value = serde_json::from_str(line).unwrap_or_default();
            let paths = &record["paths"];
            let path = paths.as_str().or(paths[0].as_str());
            let path = path.unwrap_or_default().to_owned();
            let text = record["output_text"].as_str().unwrap_or_default();
            match record["error"]["kind"].as_str() {
                Some(kind) => *self.failed.entry(kind.to_owned()).or_default() += 1,
                None if text.contains(&path) => self.answered += 1,
                None => self.broken.push(format!("no answer of its own: {line}")),
            }
            if !seen.insert(path) {
                self.broken.push(format!("came out twice: {line}"));
            }
        }
        let wanted = (run.first..run.first + run.size).map(|job| format!("job-{job}.txt"));
        let lost: Vec<String> = wanted.filter(|path| !seen.contains(path)).collect();
        if !lost.is_empty() {
            self.broken.push(format!("no verdict: {}", lost.join(" ")));
        }
    }

    fn files(&mut self, ledger: &Value, log: &str) {
        for file in ledger["files"].as_array().into_iter().flatten() {
            let id = file["id"].as_str().unwrap_or_default();
            if !self.known.insert(id.to_owned()) {
                continue;
            }
            let name = file["filename"].as_str().unwrap_or_default();
            let bytes = format!("{} bytes", file["bytes"]);
            let told = |line: &str| line.contains(name) && line.contains(&bytes);
            let undeleted = log.contains(&format!("{id}: not deleted"));
            let unknown = log.lines().any(told);
            if (undeleted || unknown) && file["expires_at"].is_number() {
                self.excused += 1;
            } else {
                self.left += 1;
                let about = |line: &&str| line.contains(id) || line.contains(name);
                let lines: Vec<&str> = log.lines().filter(about).collect();
                let lines = lines.join("\n    ");
                self.broken
                    .push(format!("left on the server: {id} {name}\n    {lines}"));
            }
        }
    }

    /// At most one response for each job: the server made it, whether or not we heard of it.
    fn payments(&mut self, run: &Run, ledger: &Value) {
        let mut paid: BTreeMap<&str, usize> = BTreeMap::new();
        for response in ledger["responses"].as_array().into_iter().flatten() {
            *paid.entry(job(response)).or_default() += 1;
        }
        for job in run.first..run.first + run.size {
            let times = paid.get(job.to_string().as_str()).copied().unwrap_or(0);
            self.paid += times;
            self.most_paid = self.most_paid.max(times);
            if times > 1 {
                self.broken
                    .push(format!("job {job} was paid for {times} times"));
            }
        }
    }

    /// The table for people.
    pub(crate) fn table(&self) -> String {
        let failed: usize = self.failed.values().sum();
        let mut out = String::new();
        let mut row = |what: &str, value: String| {
            // Writing to a string does not fail.
            let _ = writeln!(out, "| {what:<42} | {value:>10} |");
        };
        row("jobs answered", self.answered.to_string());
        row("jobs failed with a reason", failed.to_string());
        for (kind, count) in &self.failed {
            row(&format!("  {kind}"), count.to_string());
        }
        row("files left unnamed", self.left.to_string());
        row(
            "files left, named, with an expiry",
            self.excused.to_string(),
        );
        row("responses paid for", self.paid.to_string());
        row("most of them for one job", self.most_paid.to_string());
        for (tool, [small, large]) in &self.peaks {
            if *small > 0 {
                row(
                    &format!("peak of {tool}, runs below {LARGE} jobs, KiB"),
                    small.to_string(),
                );
            }
            if *large > 0 {
                row(
                    &format!("peak of {tool}, larger runs, KiB"),
                    large.to_string(),
                );
            }
        }
        row("promises broken", self.broken.len().to_string());
        out
    }
}

/// Which job a response is the answer to: its metadata says it, else the file that it was asked about.
fn job(response: &Value) -> &str {
    let text = response["output"][0]["content"][0]["text"].as_str();
    let named = || {
        let (_, rest) = text?.split_once("input_file job-")?;
        rest.split_once(".txt").map(|(job, _)| job)
    };
    let job = response["metadata"]["job"].as_str();
    job.or_else(named).unwrap_or_default()
}
