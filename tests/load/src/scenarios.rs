//! What limits servers have, how many questions meet them, and what is wanted of who asks.

/// One limit, and the questions that meet it.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Options of `oa-mock`.
    pub(crate) server: &'static [&'static str],
    /// What is said with `--limit` beside the time of an answer.
    pub(crate) limit: &'static str,
    pub(crate) questions: Questions,
    pub(crate) count: usize,
    /// Questions at a time of each process.
    pub(crate) jobs: usize,
    pub(crate) processes: usize,
    /// Seconds in which nothing gets in whoever asks.
    pub(crate) pause: f64,
    pub(crate) goal: Goal,
    pub(crate) rivals: Rivals,
    /// Part of a quick run.
    pub(crate) quick: bool,
    /// Takes so much of the machine that nothing runs beside it.
    pub(crate) alone: bool,
}

/// What is asked.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Questions {
    Short,
    /// From ten tokens to four hundred.
    Mixed,
    /// One in the middle is larger than the limit.
    OneTooLarge,
}

/// Who takes part beside ours.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Rivals {
    /// The SDK as it comes.
    Plain,
    /// The SDK with ten retries.
    Sdk,
    /// It, the SDK as it comes, and curl.
    All,
}

/// What is wanted.
pub(crate) struct Goal {
    /// The end, as a multiple of the ideal; infinite where it says nothing.
    pub(crate) makespan: f64,
    pub(crate) refusals: Refusals,
    /// Records that cannot but fail.
    pub(crate) failed: usize,
    /// What they fail as, where that matters.
    pub(crate) kind: &'static str,
}

/// How many refusals are borne.
#[derive(Clone, Copy)]
pub(crate) enum Refusals {
    PerSuccess(f64),
    InAll(f64),
}

/// Seconds that an answer takes.
pub(crate) const LATENCY: f64 = 0.2;

const fn goal(makespan: f64, refusals: f64) -> Goal {
    Goal {
        makespan,
        refusals: Refusals::PerSuccess(refusals),
        failed: 0,
        kind: "",
    }
}

/// What most have in common.
const USUAL: Scenario = Scenario {
    name: "",
    server: &["--rpm", "600"],
    limit: "",
    questions: Questions::Short,
    count: 300,
    jobs: 16,
    processes: 1,
    pause: 0.0,
    goal: goal(1.10, 0.15),
    rivals: Rivals::Sdk,
    quick: false,
    alone: false,
};

/// All of them, in the order of the table.
pub(crate) const SCENARIOS: [Scenario; 17] = [
    Scenario {
        name: "pacing 600/min -j 16",
        rivals: Rivals::All,
        quick: true,
        ..USUAL
    },
    Scenario {
        name: "pacing 600/min -j 4",
        jobs: 4,
        rivals: Rivals::All,
        ..USUAL
    },
    Scenario {
        name: "pacing 600/min -j 64",
        jobs: 64,
        goal: goal(1.10, 0.35),
        rivals: Rivals::All,
        ..USUAL
    },
    Scenario {
        name: "pacing seconds only",
        limit: "headers=seconds",
        rivals: Rivals::All,
        ..USUAL
    },
    Scenario {
        name: "pacing message only",
        limit: "headers=none",
        rivals: Rivals::All,
        quick: true,
        ..USUAL
    },
    Scenario {
        name: "pacing no hint",
        limit: "headers=bare",
        goal: goal(1.20, 0.20),
        quick: true,
        ..USUAL
    },
    Scenario {
        // Fewer at a time would never meet the limit.
        name: "pacing 6,000/min -j 64",
        server: &["--rpm", "6000"],
        count: 2400,
        jobs: 64,
        rivals: Rivals::All,
        alone: true,
        ..USUAL
    },
    Scenario {
        name: "pacing tokens",
        server: &["--tpm", "120000"],
        questions: Questions::Mixed,
        goal: goal(1.10, 0.20),
        quick: true,
        ..USUAL
    },
    Scenario {
        name: "pacing one too large",
        server: &["--rpm", "600", "--tpm", "100000"],
        questions: Questions::OneTooLarge,
        count: 240,
        goal: Goal {
            failed: 1,
            kind: "rate_limit",
            ..goal(1.10, 0.15)
        },
        ..USUAL
    },
    Scenario {
        name: "pacing refused count",
        limit: "refused=count",
        goal: goal(1.15, 0.15),
        ..USUAL
    },
    Scenario {
        name: "pacing ramp of 15 s",
        limit: "ramp=15s",
        count: 240,
        goal: goal(1.15, 0.15),
        ..USUAL
    },
    Scenario {
        name: "pacing windows of 5 s",
        limit: "window=5s",
        goal: goal(1.15, 0.25),
        ..USUAL
    },
    Scenario {
        name: "pacing two processes",
        count: 150,
        jobs: 8,
        processes: 2,
        goal: goal(1.20, 0.25),
        quick: true,
        ..USUAL
    },
    Scenario {
        name: "pacing outage of 5 s",
        server: &[],
        limit: "outage=5s",
        pause: 5.0,
        goal: goal(1.30, 0.30),
        ..USUAL
    },
    Scenario {
        name: "pacing four at a time",
        server: &[],
        limit: "concurrent=4",
        goal: goal(1.30, 0.30),
        ..USUAL
    },
    Scenario {
        name: "pacing 64 at once on 2/s",
        server: &["--rpm", "120"],
        count: 64,
        jobs: 64,
        goal: goal(1.30, 1.30),
        ..USUAL
    },
    Scenario {
        name: "pacing quota of 60",
        server: &[],
        limit: "quota=60",
        goal: Goal {
            makespan: f64::INFINITY,
            refusals: Refusals::InAll(16.0),
            failed: 240,
            kind: "quota",
        },
        // With ten retries the SDK asks for twelve minutes.
        rivals: Rivals::Plain,
        quick: true,
        ..USUAL
    },
];

impl Scenario {
    /// The least that it can take, in seconds, when the server could do it in so many.
    pub(crate) fn ideal(&self, server: f64) -> f64 {
        let rounds = self.count.div_ceil(self.jobs);
        let rounds = f64::from(u32::try_from(rounds).unwrap_or(u32::MAX));
        server.max(rounds * LATENCY + self.pause)
    }

    /// Characters of a question, and tokens that its answer may have.
    pub(crate) fn size(&self, number: usize) -> (usize, Option<u32>) {
        match self.questions {
            Questions::OneTooLarge if number == self.count / 2 => (4, Some(1_000_000)),
            Questions::Mixed => (40 + number * 7919 % 1561, None),
            _ => (4, None),
        }
    }
}
