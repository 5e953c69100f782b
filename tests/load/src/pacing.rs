//! Questions against a rate limit: ours beside what a user would pick instead, against the ideal.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use crate::bench::{Arena, Side};
use crate::child::say;
use crate::contests::AUTH;
use crate::goals::{Cell, Contest, Trial};
use crate::ledger::Server;
use crate::scenarios::{Rivals, SCENARIOS, Scenario};

/// They sleep most of the time.
const LANES: usize = 4;

/// One side of a scenario, and what its runs came to.
struct Entry<'a> {
    scenario: &'a Scenario,
    side: Side,
    reads: Reads,
    trials: Mutex<Vec<Trial>>,
}

/// How the output of a side is to be understood.
#[derive(Clone, Copy, PartialEq)]
enum Reads {
    Records,
    Sum,
    Bodies,
}

/// All scenarios that were asked for, several at a time.
pub(crate) fn pacing(arena: &mut Arena) -> anyhow::Result<()> {
    let wanted = |scenario: &&Scenario| {
        arena.wants(scenario.name) && (scenario.quick || !arena.quick || arena.names(scenario.name))
    };
    let scenarios: Vec<&Scenario> = SCENARIOS.iter().filter(wanted).collect();
    let mut entries = Vec::new();
    for (number, scenario) in scenarios.into_iter().enumerate() {
        write_questions(arena, number, scenario)?;
        entries.extend(sides(arena, number, scenario));
    }
    let rounds = if arena.quick { 1 } else { 3 };
    let (alone, others): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|entry| entry.scenario.alone);
    play(arena, &others, rounds, LANES)?;
    play(arena, &alone, rounds, 1)?;
    let mut contests: Vec<Contest> = Vec::new();
    for entry in entries {
        let trials = entry.trials.into_inner().map_err(|_| anyhow!("a panic"))?;
        let cell = Cell::of(&entry.side.name, trials);
        match contests.last_mut() {
            Some(last) if last.scenario.name == entry.scenario.name => last.rivals.push(cell),
            _ => contests.push(Contest::new(entry.scenario, cell)),
        }
    }
    arena.table.pacing = contests;
    Ok(())
}

/// Runs everything so many times, so much at a time.
fn play(arena: &Arena, entries: &[&Entry], rounds: usize, at_once: usize) -> anyhow::Result<()> {
    let all = (0..rounds).flat_map(|_| entries);
    let queue = Mutex::new(all);
    let next = || queue.lock().ok()?.next();
    let work = || {
        while let Some(entry) = next() {
            let trial = run(arena, entry)?;
            let (name, side) = (entry.scenario.name, &entry.side.name);
            say(&format!("{name}: {side}: {}", trial.line()));
            let mut trials = entry.trials.lock().map_err(|_| anyhow!("a panic"))?;
            trials.push(trial);
        }
        anyhow::Ok(())
    };
    std::thread::scope(|scope| {
        let at_once: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let mut ends = at_once.into_iter().map(|work| match work.join() {
            Ok(end) => end,
            Err(_) => Err(anyhow!("a panic")),
        });
        ends.try_for_each(|end| end)
    })
}

/// A file of records and one of bodies, for each process.
fn write_questions(arena: &Arena, number: usize, scenario: &Scenario) -> anyhow::Result<()> {
    let (mut records, mut bodies) = (String::new(), String::new());
    for question in 0..scenario.count {
        let (letters, answer) = scenario.size(question);
        let prompt = "Why?".repeat(letters.div_ceil(4));
        let request = answer.map_or(json!({}), |most| json!({"max_output_tokens": most}));
        writeln!(records, "{}", json!({"prompt": prompt, "request": request}))?;
        let mut body = json!({"model": "gpt-5.2", "input": prompt});
        for (key, value) in request.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        writeln!(bodies, "{body}")?;
    }
    std::fs::write(arena.folder.join(format!("paced-{number}")), records)?;
    std::fs::write(arena.folder.join(format!("bodies-{number}")), bodies)?;
    Ok(())
}

/// Ours, and who takes part beside it.
fn sides<'a>(arena: &Arena, number: usize, scenario: &'a Scenario) -> Vec<Entry<'a>> {
    let (jobs, all) = (scenario.jobs, scenario.rivals == Rivals::All);
    let (records, bodies) = (format!("paced-{number}"), format!("bodies-{number}"));
    let entry = |side: Side, file: &str, reads| Entry {
        scenario,
        side: side.reads(file.as_ref()),
        reads,
        trials: Mutex::default(),
    };
    let ours = Side::new("oa-respond", &["oa-respond", "-j", &jobs.to_string()]);
    let mut entries = vec![entry(ours, &records, Reads::Records)];
    if let Some(python) = &arena.python {
        let script = arena.rivals.join("many.py").display().to_string();
        let rows = [("SDK, 10 retries", "10"), ("SDK", "2")];
        let part = match scenario.rivals {
            Rivals::All => &rows[..],
            Rivals::Sdk => &rows[..1],
            Rivals::Plain => &rows[1..],
        };
        for (name, retries) in part {
            let side = Side::new(name, &[python, &script, &jobs.to_string(), retries]);
            entries.push(entry(side, &records, Reads::Sum));
        }
    }
    if all {
        // Not into /dev/null: what curl cannot take back from there it does not ask again.
        let line = format!(
            "xargs -P{jobs} -d '\\n' -I@ curl -s --retry 5 -H '{AUTH}' -H 'Content-Type: application/json' -d @ $OPENAI_BASE_URL/responses"
        );
        let side = Side::line("xargs curl --retry 5", &line);
        entries.push(entry(side, &bodies, Reads::Bodies));
    }
    entries
}

/// One run against a server of its own.
fn run(arena: &Arena, entry: &Entry) -> anyhow::Result<Trial> {
    let scenario = entry.scenario;
    let limit = format!("latency=200ms {}", scenario.limit);
    let options = [scenario.server, &["--limit", &limit]].concat();
    let server = Server::start(&arena.programs, &options)?;
    let url = format!("http://{}/v1", server.address);
    let begun = Instant::now();
    // A file each: who has to wait until somebody reads would be slower.
    let start = |_| -> anyhow::Result<(Child, File)> {
        let output = tempfile::tempfile()?;
        let mut command = arena.command(&entry.side, &url)?;
        // There is no TLS here, and no certificate where others find theirs.
        let command = command.env_remove("SSL_CERT_FILE");
        let command = command.stdout(output.try_clone()?).stderr(Stdio::null());
        let child = command.spawn().with_context(|| entry.side.name.clone())?;
        Ok((child, output))
    };
    let children: anyhow::Result<Vec<_>> = (0..scenario.processes).map(start).collect();
    let mut trial = Trial::default();
    for (mut child, mut output) in children? {
        child.wait()?;
        let mut text = String::new();
        output.rewind()?;
        output.read_to_string(&mut text)?;
        read(&mut trial, entry.reads, &text);
    }
    if entry.reads != Reads::Sum {
        trial.seconds = begun.elapsed().as_secs_f64();
    }
    let report = server.limit()?;
    let number = |key: &str| report[key].as_f64().unwrap_or_default();
    trial.failed = (scenario.count * scenario.processes).saturating_sub(trial.answered);
    trial.ideal = scenario.ideal(number("ideal_ms") / 1000.0);
    trial.refused = number("refused");
    trial.paid = number("admitted");
    Ok(trial)
}

/// What the output says of the questions.
fn read(trial: &mut Trial, reads: Reads, text: &str) {
    if reads == Reads::Bodies {
        // Each is written at once, and refusals stand between them.
        trial.answered += text.matches(r#""object":"response""#).count();
        return;
    }
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        match (reads, value["error"]["kind"].as_str()) {
            (Reads::Records, Some(kind)) => {
                *trial.kinds.entry(kind.to_owned()).or_default() += 1;
            }
            (Reads::Records, None) => {
                trial.answered += usize::from(value["output_text"].is_string());
            }
            _ => {
                let answered = value["answered"].as_u64().unwrap_or_default();
                trial.answered += usize::try_from(answered).unwrap_or_default();
                let seconds = value["seconds"].as_f64().unwrap_or_default();
                trial.seconds = trial.seconds.max(seconds);
            }
        }
    }
}
