//! The fault matrix: every fault at every stage, one line of data per fault, the same checks for all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::scope;

use serde_json::Value;

use crate::harness::Ledger;
use crate::scene::{Ran, Scene};

mod answers;
mod cases;
mod row;
mod strokes;

/// Cases at the same time: most of their time they wait.
const SIDE_BY_SIDE: usize = 6;

/// How to play one row.
const AGAIN: &str =
    "OA_ROW='its name' cargo nextest run -p oa-tests --cargo-profile quick -E 'test(matrix)'";

/// What a case must come to.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the table")]
pub(crate) struct Expected {
    /// Exit status of the last tool of the line.
    pub(crate) status: i32,
    /// `error.kind` of every record, each once; empty for none, `*` for any.
    pub(crate) kinds: Vec<String>,
    /// The answer with an id never reached us.
    pub(crate) lost: bool,
    /// Something stays on the server, and its id is named.
    pub(crate) left: bool,
    /// We did not live to name anything.
    pub(crate) killed: bool,
    /// The user asked for a repetition that may be paid for.
    pub(crate) again: bool,
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
            killed: words.contains(&"killed"),
            again: words.contains(&"again"),
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
        if self.kinds != ["*"] && kinds != self.kinds {
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
            let excused = (self.left && named(&file["id"])) || (self.lost && told) || self.killed;
            if !excused || file["expires_at"].is_null() {
                broken.push(format!("left on the server: {file}"));
            }
        }
        for response in &ledger.responses {
            if !self.lost && !self.killed && !named(&response["id"]) {
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
        broken.extend(self.overpaid(&ledger));
        broken
    }

    /// More work done than questions asked: also work whose answer was cut or never came.
    fn overpaid(&self, ledger: &Ledger) -> Option<String> {
        let asked = ledger.of("POST /responses");
        let bodies = asked.iter().filter_map(|asked| asked.body.as_ref());
        let mut questions: Vec<&str> = bodies.map(|body| body.get()).collect();
        questions.sort_unstable();
        questions.dedup();
        let (questions, done) = (questions.len(), ledger.responses.len());
        (done > questions && !self.again).then(|| format!("{questions} questions, {done} paid for"))
    }
}

/// One case: a name to call it by, and what is wrong with it, if anything.
pub(crate) struct Case<'a> {
    pub(crate) name: String,
    pub(crate) play: Box<dyn Fn() -> Vec<String> + Send + Sync + 'a>,
}

/// Plays all cases, some side by side, and reports every broken one. `OA_ROW=part of a name` plays few.
pub(crate) fn play(cases: &[Case]) {
    let wanted = std::env::var("OA_ROW").unwrap_or_default();
    let cases: Vec<&Case> = cases
        .iter()
        .filter(|case| case.name.contains(&wanted))
        .collect();
    let (next, broken) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let wrong = attempt(case);
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
        "{count} of {all} cases are broken; one again: {AGAIN}\n{}",
        broken.join("\n")
    );
}

/// A case that stops at a surprise is as broken as one that ends with another; the others go on.
fn attempt(case: &Case) -> Vec<String> {
    let played = catch_unwind(AssertUnwindSafe(|| (case.play)()));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        vec![text.unwrap_or("a panic without words").to_owned()]
    })
}

/// The lines of a table, without comments, split at `|`.
pub(crate) fn table(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| line.split('|').map(str::trim).collect())
}
