//! One row of a table: a server, a line of shell, what happens meanwhile, and what it must come to.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{Case, Expected, play, table};
use crate::harness::{Ledger, PATIENCE};
use crate::scene::{Ran, Running, Scene, signal_one};

/// Words of a line and what they stand for.
const WORDS: [(&str, &str); 8] = [
    ("UP", "oa-upload notes.txt"),
    ("ASK", "oa-respond -p why"),
    ("BG", "oa-respond -b -p why"),
    ("POLL", "oa-poll --interval 20ms"),
    ("DEL", "oa-delete"),
    ("NOBODY", "env OPENAI_BASE_URL=http://127.0.0.1:9/v1"),
    ("NOWHERE", "env OPENAI_BASE_URL=https://nothing.invalid/v1"),
    ("NOKEY", "env -u OPENAI_API_KEY"),
];

/// Signals that a row with `SIG` is played with, one after the other.
const SIGNALS: [(&str, Signal); 3] = [
    ("INT", Signal::INT),
    ("TERM", Signal::TERM),
    ("HUP", Signal::HUP),
];

/// A row of a table: `group: name | expected | server | steps | line`. The line is last, as it has pipes.
#[derive(Clone)]
pub(crate) struct Row {
    name: String,
    /// `STATUS KINDS [lost] [left] [killed] [again]`, then facts, at `;`.
    expected: String,
    /// Options of the server and rules of its faults; `sh` runs a line beforehand.
    server: String,
    /// What happens while the line runs.
    steps: String,
    line: String,
}

/// Plays every row of one group of a table.
pub(crate) fn group(text: &str, name: &str) {
    let rows: Vec<Row> = rows(text)
        .into_iter()
        .filter(|row| row.group() == name)
        .collect();
    assert!(!rows.is_empty(), "no row of the group {name}");
    let case = |row: &Row| {
        let row = row.clone();
        Case {
            name: row.name.clone(),
            play: Box::new(move || row.befall()),
        }
    };
    play(&rows.iter().map(case).collect::<Vec<_>>());
}

/// Fails if a row belongs to a group that no test plays, or two rows have one name.
pub(crate) fn all_played(text: &str, groups: &[&str]) {
    let rows = rows(text);
    let mut names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    for row in &rows {
        assert!(groups.contains(&row.group()), "{}: never played", row.name);
    }
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "two rows of one name");
}

/// Every row of a table, those with `SIG` once for each signal.
fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for cells in table(text) {
        assert!(cells.len() >= 5, "too few cells: {}", cells.join(" | "));
        let row = Row {
            name: cells[0].to_owned(),
            expected: cells[1].to_owned(),
            server: cells[2].to_owned(),
            steps: cells[3].to_owned(),
            line: cells[4..].join(" | "),
        };
        if row.steps.contains("SIG") {
            rows.extend(SIGNALS.iter().map(|signal| row.with(signal)));
        } else {
            rows.push(row);
        }
    }
    rows
}

impl Row {
    fn group(&self) -> &str {
        self.name.split(':').next().unwrap_or_default()
    }

    /// The same row for one signal; `sig` stands for the status that it ends with.
    fn with(&self, (word, signal): &(&str, Signal)) -> Row {
        let status = (128 + signal.as_raw()).to_string();
        let fill = |text: &str| text.replace("SIG", word);
        let number = |word: &str| match word.strip_prefix("sig") {
            Some(rest @ ("" | ";")) => format!("{status}{rest}"),
            _ => word.to_owned(),
        };
        let expected: Vec<String> = self.expected.split(' ').map(number).collect();
        Row {
            name: format!("{} {word}", self.name),
            expected: fill(&expected.join(" ")),
            server: self.server.clone(),
            steps: fill(&self.steps),
            line: fill(&self.line),
        }
    }

    /// Plays the row; what is broken, in words.
    fn befall(&self) -> Vec<String> {
        let scene = self.scene();
        let mut running = scene.start(&self.shell());
        for step in parts(&self.steps) {
            if !step.starts_with("await ") {
                self.wait_for_all(&scene);
            }
            running = take(&scene, running, step);
        }
        let ran = running.finish();
        let mut parts = parts(&self.expected);
        let words: Vec<&str> = parts.next().unwrap_or_default().split(' ').collect();
        let mut broken = Expected::read(&words).broken(&scene, &ran);
        broken.extend(parts.filter_map(|fact| missing(&scene, &ran, fact)));
        if !broken.is_empty() {
            broken.push(self.shell());
            broken.push(ran.stderr.trim_end().replace('\n', "\n    "));
            broken.push(ran.stdout.trim_end().replace('\n', "\n    "));
        }
        broken
    }

    fn scene(&self) -> Scene {
        let (options, orders): (Vec<&str>, Vec<&str>) =
            parts(&self.server).partition(|order| order.starts_with("--"));
        let options: Vec<&str> = options.iter().flat_map(|text| text.split(' ')).collect();
        let scene = Scene::with(&options);
        for order in orders {
            match order.strip_prefix("sh ") {
                Some(line) => drop(scene.ok(&spelled(line))),
                None => scene.mock.fault(order),
            }
        }
        scene
    }

    /// Waits until the shell has started every tool: before that a signal does not reach it.
    fn wait_for_all(&self, scene: &Scene) {
        let line = spelled(&self.line);
        let tools = line
            .split(" | ")
            .filter_map(|stage| stage.split(' ').next())
            .filter(|name| name.starts_with("oa-"));
        for tool in tools {
            let (file, start) = (scene.path(&format!(".{tool}")), Instant::now());
            while !file.exists() {
                assert!(start.elapsed() < PATIENCE, "{tool} never started");
                sleep(Duration::from_millis(2));
            }
        }
    }

    /// The line, its words spelled out, each tool's number in a file of its name, the statuses in `.statuses`.
    fn shell(&self) -> String {
        let line = spelled(&self.line);
        let tool = |stage: &str| match stage.split(' ').next() {
            Some(name) if name.starts_with("oa-") => {
                format!("(echo $BASHPID >.{name}; exec {stage})")
            }
            _ => stage.to_owned(),
        };
        let line = if self.steps == "-" {
            line
        } else {
            line.split(" | ").map(tool).collect::<Vec<_>>().join(" | ")
        };
        // A shell that waits with a trap outlives the signal, so that the last tool's own status is seen.
        let (before, after) = (
            "trap : INT TERM HUP",
            "all=(${PIPESTATUS[@]}); echo ${all[*]} >.statuses; exit ${all[-1]}",
        );
        format!("{before}; {line}; {after}")
    }
}

fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "-")
}

fn spelled(line: &str) -> String {
    let spell = |word: &str| {
        let known = WORDS.iter().find(|(short, _)| *short == word);
        known.map_or(word.to_owned(), |(_, long)| (*long).to_owned())
    };
    line.split(' ').map(spell).collect::<Vec<_>>().join(" ")
}

fn signal(word: &str) -> Signal {
    let known = SIGNALS.iter().find(|(name, _)| *name == word);
    known.map_or(Signal::KILL, |(_, signal)| *signal)
}

/// One thing that happens while the line runs.
fn take(scene: &Scene, running: Running, step: &str) -> Running {
    if let Some(state) = step.strip_prefix("await ") {
        scene.mock.until(state, |ledger| holds(ledger, state));
    } else if let Some(line) = step.strip_prefix("sh ") {
        scene.ok(line);
    } else if let Some(word) = step.strip_prefix("said ") {
        running.until_said(word);
    } else if step == "release" {
        scene.mock.no_faults();
    } else if let Some((word, tool)) = step.split_once('@') {
        running.begun();
        signal_one(scene, &format!(".{tool}"), signal(word));
    } else if let Some(word) = step.strip_suffix('+') {
        return running.signal_until_over(signal(word));
    } else {
        return running.signal(signal(step));
    }
    running
}

/// `files 2`, `status 429`, or a request and how often: `POST /files 1`.
fn holds(ledger: &Ledger, state: &str) -> bool {
    let (what, count) = state.rsplit_once(' ').expect(state);
    let count: usize = count.parse().expect(state);
    match what {
        "files" => ledger.files.len() >= count,
        "responses" => ledger.responses.len() >= count,
        "status" => ledger
            .requests
            .iter()
            .any(|r| usize::from(r.status) == count),
        _ => ledger.of(what).len() >= count,
    }
}

/// What a fact is that does not hold.
fn missing(scene: &Scene, ran: &Ran, fact: &str) -> Option<String> {
    let (verb, rest) = fact.split_once(' ').expect(fact);
    let (holds, seen) = match verb {
        "says" => (ran.stderr.contains(rest), String::new()),
        "hides" => (!ran.stderr.contains(rest), String::new()),
        "out" => (ran.stdout.contains(rest), String::new()),
        "statuses" => {
            let all = scene.read(".statuses").trim().to_owned();
            (all == rest, all)
        }
        "records" => {
            let count = ran.stdout.lines().count().to_string();
            (count == rest, count)
        }
        "ends" => {
            let all = scene.ledger().statuses().join(" ");
            (all == rest || (all.is_empty() && rest == "none"), all)
        }
        "sh" => {
            let tried = scene.sh(rest);
            (tried.status == 0, tried.stdout + &tried.stderr)
        }
        _ => {
            let (request, count) = fact.rsplit_once(' ').expect(fact);
            let sent = scene.ledger().of(request).len().to_string();
            (sent == count, sent)
        }
    };
    (!holds).then(|| format!("not so: {fact} ({})", seen.trim()))
}
