//! The fault matrix: every fault at every stage, one line of data per fault, the same checks for all.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::scope;

use serde_json::Value;

use crate::scene::{Ran, Scene};

mod answers;
mod cases;
mod strokes;

/// Cases at the same time: most of their time they wait.
const SIDE_BY_SIDE: usize = 6;

/// What a case must come to.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    /// Exit status of the last tool of the line.
    pub(crate) status: i32,
    /// `error.kind` of every record, each once; empty for none.
    pub(crate) kinds: Vec<String>,
    /// The answer with an id never reached us.
    pub(crate) lost: bool,
    /// Something stays on the server, and its id is named.
    pub(crate) left: bool,
}

impl Expected {
    /// Reads `STATUS KIND[,KIND…]` and flags.
    pub(crate) fn read(words: &[&str]) -> Expected {
        let kinds = words[1].split(',').filter(|kind| *kind != "-");
        Expected {
            status: words[0].parse().expect(words[0]),
            kinds: kinds.map(str::to_owned).collect(),
            lost: words.contains(&"lost"),
            left: words.contains(&"left"),
        }
    }

    /// Everything that every case promises; what is broken, in words.
    pub(crate) fn broken(&self, scene: &Scene, ran: &Ran) -> Vec<String> {
        let mut broken = Vec::new();
        if ran.status != self.status {
            broken.push(format!("status {}, not {}", ran.status, self.status));
        }
        let mut kinds: Vec<String> = Vec::new();
        for line in ran.stdout.lines().filter(|line| line.starts_with('{')) {
            let record: Value = serde_json::from_str(line).unwrap_or_default();
            let kind = record["error"]["kind"].as_str().map(str::to_owned);
            kinds.extend(kind.filter(|kind| !kinds.contains(kind)));
        }
        if kinds != self.kinds {
            broken.push(format!("kinds {kinds:?}, not {:?}", self.kinds));
        }
        if ran.stderr.contains("panicked") {
            broken.push("a panic".to_owned());
        }
        broken.extend(self.remains(scene, ran));
        broken
    }

    /// Nothing is left, nothing is unnamed, nothing is paid twice.
    fn remains(&self, scene: &Scene, ran: &Ran) -> Vec<String> {
        let mut broken = Vec::new();
        let ledger = scene.ledger();
        let named = |id: &Value| {
            let id = id.as_str().unwrap_or("none");
            ran.stdout.contains(id) || ran.stderr.contains(id)
        };
        for file in &ledger.files {
            let (name, bytes) = (
                file["filename"].as_str().unwrap(),
                file["bytes"].to_string(),
            );
            let told = ran.stderr.contains(name) && ran.stderr.contains(&bytes);
            let excused = (self.left && named(&file["id"])) || (self.lost && told);
            if !excused || file["expires_at"].is_null() {
                broken.push(format!("left on the server: {file}"));
            }
        }
        for response in &ledger.responses {
            if !self.lost && !named(&response["id"]) {
                broken.push(format!("nobody names {}", response["id"]));
            }
        }
        // Files and prompts make a question unique: two responses of one would be paid for twice.
        let mut questions: Vec<String> = Vec::new();
        for asked in ledger
            .of("POST /responses")
            .iter()
            .filter(|r| r.status == 200)
        {
            let question = asked.raw().to_owned();
            if questions.contains(&question) {
                broken.push(format!("paid for twice: {question}"));
            }
            questions.push(question);
        }
        broken
    }
}

/// One case: a name to call it by, and what is wrong with it, if anything.
pub(crate) struct Case<'a> {
    pub(crate) name: String,
    pub(crate) play: Box<dyn Fn() -> Vec<String> + Send + Sync + 'a>,
}

/// Plays all cases, some side by side, and reports every broken one. `OA_CASE=part of a name` plays few.
pub(crate) fn play(cases: &[Case]) {
    let wanted = std::env::var("OA_CASE").unwrap_or_default();
    let cases: Vec<&Case> = cases
        .iter()
        .filter(|case| case.name.contains(&wanted))
        .collect();
    let (next, broken) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let wrong = (case.play)();
                    if !wrong.is_empty() {
                        let text = format!("{}:\n    {}", case.name, wrong.join("\n    "));
                        broken.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    let (count, all) = (broken.len(), cases.len());
    assert!(
        broken.is_empty(),
        "{count} of {all} cases are broken:\n{}",
        broken.join("\n")
    );
}

/// The lines of a table, without comments, split at `|`.
pub(crate) fn table(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| line.split('|').map(str::trim).collect())
}
