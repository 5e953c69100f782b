//! How those fared who asked under a rate limit: medians and worst, beside what is wanted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::scenarios::{Refusals, Scenario};

/// One run.
#[derive(Clone, Default)]
pub(crate) struct Trial {
    pub(crate) answered: usize,
    pub(crate) failed: usize,
    /// What ours failed as.
    pub(crate) kinds: BTreeMap<String, usize>,
    /// From the first request to the end of the last answer; of the SDK without its start, of the others with it.
    pub(crate) seconds: f64,
    /// The same, had every request come at the earliest moment that gets in.
    pub(crate) ideal: f64,
    pub(crate) refused: f64,
    /// What the server let in.
    pub(crate) paid: f64,
}

impl Trial {
    fn makespan(&self) -> f64 {
        self.seconds / self.ideal
    }

    fn per_success(&self) -> f64 {
        self.refused / number(self.answered.max(1))
    }

    /// The run for people.
    pub(crate) fn line(&self) -> String {
        let kinds: Vec<String> = self.kinds.iter().map(|(k, n)| format!("{n} {k}")).collect();
        format!(
            "failed {} [{}], {:.2} s of {:.2} s: {:.3}, {} refused: {:.3} a success, {} let in",
            self.failed,
            kinds.join(", "),
            self.seconds,
            self.ideal,
            self.makespan(),
            self.refused,
            self.per_success(),
            self.paid,
        )
    }
}

/// All runs of one side.
pub(crate) struct Cell {
    pub(crate) name: String,
    trials: Vec<Trial>,
}

/// A figure of all runs: its median and its worst.
#[derive(Clone, Copy)]
struct Spread {
    median: f64,
    worst: f64,
}

impl Spread {
    fn text(self, digits: usize) -> String {
        let [median, worst] = [self.median, self.worst].map(|value| format!("{value:.digits$}"));
        if median == worst {
            median
        } else {
            format!("{median} ({worst})")
        }
    }

    /// What is said where a figure is larger than wanted.
    fn miss(self, what: &str, most: f64) -> Option<String> {
        match self {
            one if one.median > most => Some(format!("{what} **missed**")),
            one if one.worst > most => Some(format!("{what} **missed once**")),
            _ => None,
        }
    }
}

impl Cell {
    pub(crate) fn of(name: &str, trials: Vec<Trial>) -> Cell {
        let name = name.to_owned();
        Cell { name, trials }
    }

    fn spread(&self, figure: impl Fn(&Trial) -> f64) -> Spread {
        let mut sorted: Vec<f64> = self.trials.iter().map(figure).collect();
        sorted.sort_by(f64::total_cmp);
        Spread {
            median: sorted.get(sorted.len() / 2).copied().unwrap_or_default(),
            worst: sorted.last().copied().unwrap_or_default(),
        }
    }

    /// Failed records, the end as a multiple of the ideal, refusals.
    fn spreads(&self, refusals: Refusals) -> [Spread; 3] {
        [
            self.spread(|trial| number(trial.failed)),
            self.spread(Trial::makespan),
            match refusals {
                Refusals::PerSuccess(_) => self.spread(Trial::per_success),
                Refusals::InAll(_) => self.spread(|trial| trial.refused),
            },
        ]
    }

    /// The same as a text; where records failed that need not, the end means nothing.
    fn text(&self, scenario: &Scenario) -> String {
        let [failed, makespan, refusals] = self.spreads(scenario.goal.refusals);
        let lost = failed.median > number(scenario.goal.failed);
        let end = if lost || scenario.goal.makespan.is_infinite() {
            "–".to_owned()
        } else {
            makespan.text(2)
        };
        let digits = match scenario.goal.refusals {
            Refusals::PerSuccess(_) => 2,
            Refusals::InAll(_) => 0,
        };
        format!("{} · {end} · {}", failed.text(0), refusals.text(digits))
    }

    fn json(&self) -> Value {
        let run = |trial: &Trial| json!({"answered": trial.answered, "failed": trial.failed, "kinds": trial.kinds, "seconds": trial.seconds, "ideal": trial.ideal, "refused": trial.refused, "let_in": trial.paid});
        json!({"name": self.name, "runs": self.trials.iter().map(run).collect::<Vec<Value>>()})
    }
}

/// One scenario, and how all fared.
pub(crate) struct Contest {
    pub(crate) scenario: &'static Scenario,
    ours: Cell,
    pub(crate) rivals: Vec<Cell>,
}

impl Contest {
    pub(crate) fn new(scenario: &'static Scenario, ours: Cell) -> Contest {
        Contest {
            scenario,
            ours,
            rivals: Vec::new(),
        }
    }

    /// What is wanted, in the order of a cell.
    fn wanted(&self) -> String {
        let goal = &self.scenario.goal;
        let makespan = match goal.makespan {
            most if most.is_infinite() => "–".to_owned(),
            most => format!("{most:.2}"),
        };
        let refusals = match goal.refusals {
            Refusals::PerSuccess(most) => format!("{most:.2}"),
            Refusals::InAll(most) => format!("{most} in all"),
        };
        format!("{} · {makespan} · {refusals}", goal.failed)
    }

    /// What ours missed.
    fn misses(&self) -> Vec<String> {
        let goal = &self.scenario.goal;
        let (Refusals::PerSuccess(most) | Refusals::InAll(most)) = goal.refusals;
        let [failed, makespan, refusals] = self.ours.spreads(goal.refusals);
        let strange = |trial: &Trial| {
            let other = trial.kinds.keys().any(|kind| kind != goal.kind);
            number(usize::from(
                other && !goal.kind.is_empty() || trial.failed < goal.failed,
            ))
        };
        // What was let in and answered nothing was paid for in vain, or twice.
        let vain = |trial: &Trial| trial.paid - number(trial.answered);
        let found = [
            failed.miss("failed", number(goal.failed)),
            makespan.miss("end", goal.makespan),
            refusals.miss("refusals", most),
            self.ours.spread(strange).miss("kind of failure", 0.0),
            self.ours.spread(vain).miss("paid in vain", 0.0),
        ];
        found.into_iter().flatten().collect()
    }

    /// The row for people, with the cells of these rivals.
    fn line(&self, rivals: &[String]) -> String {
        let mut ours = self.ours.text(self.scenario);
        for miss in self.misses() {
            ours = format!("{ours}, {miss}");
        }
        let cell = |name: &String| {
            let cell = self.rivals.iter().find(|rival| rival.name == *name);
            cell.map_or_else(String::new, |cell| cell.text(self.scenario))
        };
        let cells: Vec<String> = rivals.iter().map(cell).collect();
        let cells = [vec![self.wanted(), ours], cells].concat();
        format!("| {} | {} |", self.scenario.name, cells.join(" | "))
    }

    fn json(&self) -> Value {
        let sides = std::iter::once(&self.ours).chain(&self.rivals);
        json!({"contest": self.scenario.name, "goal": self.wanted(), "missed": self.misses(), "sides": sides.map(Cell::json).collect::<Vec<Value>>()})
    }
}

/// The scenarios as a table.
pub(crate) fn markdown(contests: &[Contest]) -> String {
    let mut rivals: Vec<String> = Vec::new();
    for cell in contests.iter().flat_map(|contest| &contest.rivals) {
        if !rivals.contains(&cell.name) {
            rivals.push(cell.name.clone());
        }
    }
    let titles = ["contest", "wanted", "ours"].map(str::to_owned);
    let titles = [titles.as_slice(), &rivals].concat();
    let mut out = format!(
        "failed · end as a multiple of the ideal · refusals a success; medians, and the worst where it differs\n\n| {} |\n|{}\n",
        titles.join(" | "),
        " --- |".repeat(titles.len()),
    );
    for contest in contests {
        out.push_str(&contest.line(&rivals));
        out.push('\n');
    }
    out
}

/// The scenarios with every run.
pub(crate) fn json(contests: &[Contest]) -> Vec<Value> {
    contests.iter().map(Contest::json).collect()
}

/// A count to reckon with.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
