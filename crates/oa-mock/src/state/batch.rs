//! A Batch: how it goes on from look to look, and how it looks itself.

use bytes::Bytes;

use crate::id::now;
use crate::json::Json;

/// The only completion window.
const WINDOW: u64 = 24 * 3600;

/// Statuses of which none follows another.
const FINAL: [&str; 4] = ["completed", "failed", "expired", "cancelled"];

/// Moments that a Batch names, by the status that began then; `expires_at` stands between them.
const TIMES: [(&str, &str); 8] = [
    ("in_progress_at", "in_progress"),
    ("expires_at", ""),
    ("finalizing_at", "finalizing"),
    ("completed_at", "completed"),
    ("failed_at", "failed"),
    ("expired_at", "expired"),
    ("cancelling_at", "cancelling"),
    ("cancelled_at", "cancelled"),
];

/// What a Batch is made of.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) id: String,
    pub(crate) endpoint: String,
    pub(crate) model: Option<String>,
    pub(crate) input_file_id: String,
    pub(crate) metadata: Json,
    /// Seconds that its output files live.
    pub(crate) life: u64,
    pub(crate) created_at: u64,
    /// Requests in it.
    pub(crate) total: u64,
    /// Tokens that it takes in the queue of its model.
    pub(crate) tokens: u64,
    /// Why it fails at the first look.
    pub(crate) errors: Vec<Json>,
    /// How it ends: `completed`, `expired`, `cancelled`, or `in_progress`: never.
    pub(crate) ends: String,
    /// Requests that are run if it is expired or cancelled; else half of them.
    pub(crate) done: Option<u64>,
    /// The file of its requests, until they are run.
    pub(crate) requests: Option<Bytes>,
    pub(crate) course: Course,
}

/// How far it has come.
#[derive(Debug, Default)]
pub(crate) struct Course {
    /// The statuses that it has had and since when, the present one last; none: `validating`.
    past: Vec<(&'static str, u64)>,
    looks: u64,
    outcome: Option<Outcome>,
}

/// What came of its requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) output: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) usage: Usage,
}

/// Tokens of all answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

/// Requests that are due.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) batch: String,
    pub(crate) requests: Bytes,
    /// So many are run.
    pub(crate) done: u64,
    /// The others are said to have expired; else nothing is said of them.
    pub(crate) expires: bool,
    pub(crate) life: u64,
    /// The status that follows.
    then: &'static str,
}

impl Batch {
    /// The status in the API's words.
    pub(crate) fn status(&self) -> &'static str {
        let last = self.course.past.last();
        last.map_or("validating", |(status, _)| status)
    }

    /// Whether nothing changes any more.
    pub(crate) fn is_over(&self) -> bool {
        FINAL.contains(&self.status())
    }

    /// Whether its requests will be run, or are just now.
    pub(crate) fn runs(&self) -> bool {
        !self.is_over() && self.status() != "cancelling"
    }

    fn enter(&mut self, status: &'static str) {
        if self.status() != status {
            self.course.past.push((status, now()));
        }
    }

    /// Somebody looks at it, and at the look `needed` it has ended; what is due has to be run, and settled then.
    pub(crate) fn look(&mut self, needed: u64) -> Option<Work> {
        if self.is_over() {
            return None;
        }
        self.course.looks += 1;
        let then = self.next(needed);
        if self.course.outcome.is_some() || ["in_progress", "failed"].contains(&then) {
            self.enter(then);
            return None;
        }
        // Nothing is left where another look runs them just now.
        let requests = self.requests.take()?;
        let done = match then {
            "cancelled" if self.had("cancelling") && !self.had("in_progress") => 0,
            "cancelled" | "expired" => self.done.unwrap_or(self.total / 2),
            _ if self.ends == "completed" => self.total,
            _ => self.done.unwrap_or(self.total / 2),
        };
        if then != "cancelled" {
            self.enter("finalizing");
        }
        Some(Work {
            batch: self.id.clone(),
            requests,
            done,
            expires: self.ends == "expired" && then != "cancelled",
            life: self.life,
            then,
        })
    }

    /// The status that a look finds.
    fn next(&self, needed: u64) -> &'static str {
        let looks = self.course.looks;
        let ends = FINAL.iter().find(|status| **status == self.ends);
        let ends = ends.filter(|_| needed > 0);
        match (self.status(), ends) {
            ("cancelling", _) => "cancelled",
            _ if !self.errors.is_empty() => "failed",
            (_, Some(end)) if looks >= needed => end,
            (_, Some(_)) if looks > 1 && looks + 1 == needed => "finalizing",
            _ => "in_progress",
        }
    }

    fn had(&self, status: &str) -> bool {
        self.course.past.iter().any(|(past, _)| *past == status)
    }

    /// Its requests were run. One that was cancelled meanwhile stays so.
    pub(crate) fn settle(&mut self, work: &Work, outcome: Outcome) {
        self.course.outcome = Some(outcome);
        if self.status() != "cancelling" || work.then == "cancelled" {
            self.enter(work.then);
        }
    }

    /// Nothing more of it is run; whether that could be.
    pub(crate) fn cancel(&mut self) -> bool {
        let runs = self.runs();
        if runs {
            self.enter("cancelling");
        }
        runs
    }

    /// When a status began; without one when its window ends.
    fn time(&self, status: &str) -> Option<u64> {
        if status.is_empty() {
            return Some(self.created_at + WINDOW);
        }
        let mut past = self.course.past.iter();
        let since = past.find(|(past, _)| *past == status);
        since.map(|(_, at)| *at)
    }

    /// The Batch object.
    pub(crate) fn json(&self) -> Json {
        let outcome = self.course.outcome.clone().unwrap_or_default();
        let fails = self.status() == "failed";
        let validated = !["validating", "failed"].contains(&self.status());
        let errors = || {
            let data = Json::Array(self.errors.clone());
            Json::object([("object", "list".into()), ("data", data)])
        };
        let shown = self.is_over();
        let mut batch = Json::object([
            ("id", (&self.id).into()),
            ("object", "batch".into()),
            ("endpoint", (&self.endpoint).into()),
            ("model", self.model.clone().filter(|_| validated).into()),
            ("errors", fails.then(errors).into()),
            ("input_file_id", (&self.input_file_id).into()),
            ("completion_window", "24h".into()),
            ("status", self.status().into()),
            ("output_file_id", outcome.output.filter(|_| shown).into()),
            ("error_file_id", outcome.error.filter(|_| shown).into()),
            ("created_at", self.created_at.into()),
        ]);
        for (key, status) in TIMES {
            batch.set(key, self.time(status));
        }
        let total = if validated { self.total } else { 0 };
        let counts = [
            ("total", total.into()),
            ("completed", outcome.completed.into()),
            ("failed", outcome.failed.into()),
        ];
        batch.set("request_counts", Json::object(counts));
        batch.set("usage", outcome.usage.json());
        batch.set("metadata", self.metadata.clone());
        batch.marked()
    }
}

impl Usage {
    fn json(self) -> Json {
        let cached = Json::object([("cached_tokens", 0_u64.into())]);
        let reasoning = Json::object([("reasoning_tokens", 0_u64.into())]);
        Json::object([
            ("input_tokens", self.input.into()),
            ("input_tokens_details", cached),
            ("output_tokens", self.output.into()),
            ("output_tokens_details", reasoning),
            ("total_tokens", (self.input + self.output).into()),
        ])
    }
}
