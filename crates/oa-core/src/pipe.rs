//! The pipe loop that all tools share: records in, records out, and what happens in between.
//!
//! A record is read, worked on by one of a few jobs side by side, and written; its `error`, if it has
//! one by then, is counted. Whatever stops the work (a signal, `--fail-fast`, an option that is wrong)
//! does not stop the reading: what still comes is passed on unworked, so that nothing is forgotten
//! between two tools. Only a closed standard output ends the reading, because then nobody waits.

mod input;
mod output;
mod plan;
mod side;
mod target;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::error::{Error, Kind, Result, Verdict};
use crate::id::{Id, joined};
use crate::interrupt::{Interrupt, lock};
use crate::log::Log;
use crate::record::{Incoming, Record, lift};
use crate::scan::{Malformed, Values};

use input::{Stdin, Wake};
pub use input::{spool, stdin_is_terminal};
use output::Output;
pub use plan::{Job, Plan, Source};
pub use side::side_by_side;
pub use target::check_target;

enum Input {
    Stdin(Box<Values<Stdin>>),
    Given,
    Ended,
}

struct Reading {
    input: Input,
    ready: VecDeque<Incoming>,
    count: u64,
}

/// The loop of one run.
pub struct Pipe {
    /// Standard error.
    pub log: Arc<Log>,
    /// The signals.
    pub interrupt: Arc<Interrupt>,
    /// The input is a file, in which the records can be found again.
    saved: bool,
    plan: Plan,
    reading: Mutex<Reading>,
    output: Arc<Output>,
    verdict: Mutex<Verdict>,
    failing_fast: AtomicBool,
}

impl Pipe {
    /// The loop over this source.
    ///
    /// # Errors
    /// `usage` when the file of `-o` cannot be written.
    pub fn open(
        log: Arc<Log>,
        interrupt: Arc<Interrupt>,
        source: Source,
        plan: Plan,
    ) -> Result<Pipe> {
        let wake = Arc::new(Wake::new(plan.reads_to_end));
        let output = Arc::new(Output::open(&plan, Arc::clone(&wake))?);
        let mut saved = false;
        let (input, ready) = match source {
            Source::Stdin => {
                let stdin = Stdin::new(wake, Arc::clone(&output));
                saved = stdin.is_saved();
                (Input::Stdin(Box::new(Values::new(stdin))), VecDeque::new())
            }
            Source::Given(given) => (Input::Given, given.into()),
        };
        Ok(Pipe {
            log,
            interrupt,
            saved,
            plan,
            reading: Mutex::new(Reading {
                input,
                ready,
                count: 0,
            }),
            output,
            verdict: Mutex::default(),
            failing_fast: AtomicBool::new(false),
        })
    }

    /// The next record; `None` at the end of the input. Blocks while upstream works.
    pub fn next(&self) -> Option<Job> {
        let mut reading = lock(&self.reading);
        while reading.ready.is_empty() {
            self.read_more(&mut reading)?;
        }
        let incoming = reading.ready.pop_front()?;
        let seq = reading.count;
        reading.count += 1;
        let held = incoming.record.ids();
        self.interrupt.hold(&held);
        Some(Job {
            seq,
            incoming,
            read_at: Instant::now(),
            held,
        })
    }

    fn read_more(&self, reading: &mut Reading) -> Option<()> {
        let Input::Stdin(values) = &mut reading.input else {
            return None;
        };
        let broken = match values.next_value() {
            Ok(Some(framed)) => match lift(&framed.text, framed.element) {
                Ok(lifted) => {
                    reading.ready.extend(lifted);
                    return Some(());
                }
                Err(error) => Malformed {
                    line: framed.line + error.line().saturating_sub(1),
                    column: match error.line() {
                        0 | 1 => framed.column + error.column().saturating_sub(1),
                        _ => error.column(),
                    },
                    what: plain(&error),
                    text: framed.text.chars().take(200).collect(),
                },
            },
            Ok(None) => {
                reading.input = Input::Ended;
                if reading.count == 0 && !self.output.is_closed() {
                    self.no_input();
                }
                return None;
            }
            Err(malformed) => malformed,
        };
        reading.input = Input::Ended;
        reading.ready.push_back(self.broken(&broken));
        Some(())
    }

    fn no_input(&self) {
        if self.plan.no_run_if_empty {
            return;
        }
        let hint = match self.log.tool() {
            "oa-respond" => {
                "an upstream that failed? `-n` asks without any input, `-r` accepts none"
            }
            _ => "an upstream that failed? `-r` accepts none",
        };
        self.log.error(&format!("stdin: no record came; {hint}"));
        lock(&self.verdict).stream();
    }

    /// The record that tells those downstream that the input broke.
    fn broken(&self, malformed: &Malformed) -> Incoming {
        let place = format!("line {}, column {}", malformed.line, malformed.column);
        let message = format!("stdin: {place}: malformed JSON: {}", malformed.what);
        let mut error = Error::input(message);
        let word: String = malformed
            .text
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .into();
        if crate::record::looks_like_id(&word) {
            let tool = self.log.tool();
            error = error.hint(format!("these are plain ids, not JSON: `… | xargs {tool}`"));
        }
        lock(&self.verdict).stream();
        Incoming {
            record: Record::default(),
            bare: None,
            problem: Some(error),
        }
    }

    /// Why nothing new is to be started, if so.
    #[must_use]
    pub fn stopped(&self) -> Option<Error> {
        if let Some(signal) = self.interrupt.signal() {
            return Some(Error::interrupted(signal));
        }
        let skipped = self.failing_fast.load(Ordering::SeqCst);
        skipped.then(|| Error::new(Kind::Skipped, "not begun, because an earlier record failed"))
    }

    /// Whether the output is closed, so that nobody waits for more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.output.is_closed()
    }

    /// Works on every record, `jobs` of them side by side, and writes them.
    ///
    /// A record that came with an error, or after the work was stopped, is passed on unworked. `lost` gets
    /// each record that could not be handed on and says whether it has taken care of what the record names;
    /// otherwise the record is written to stderr.
    pub fn each(
        &self,
        jobs: usize,
        work: impl Fn(&mut Record, &Job) -> Result<()> + Sync,
        lost: impl Fn(&Record) -> bool + Sync,
    ) {
        let serve = || {
            while let Some(mut job) = self.next() {
                let mut record = std::mem::take(&mut job.incoming.record);
                if let Err(error) = self.attempt(&mut record, &job, &work) {
                    self.fail(&mut record, &error);
                }
                self.put_or(&job, record, &lost);
            }
        };
        if jobs <= 1 {
            serve();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..jobs {
                    scope.spawn(serve);
                }
            });
        }
    }

    fn attempt(
        &self,
        record: &mut Record,
        job: &Job,
        work: impl Fn(&mut Record, &Job) -> Result<()>,
    ) -> Result<()> {
        if record.error().is_some() || self.is_closed() {
            return Ok(());
        }
        if let Some(problem) = &job.incoming.problem {
            return Err(problem.clone());
        }
        match self.stopped() {
            Some(stop) => Err(stop),
            None => work(record, job),
        }
    }

    /// Marks the record as failed, says so on stderr, and stops the rest under `--fail-fast`.
    pub fn fail(&self, record: &mut Record, error: &Error) {
        let error = self.log.redact_error(error.clone());
        let unbegun = error.kind == Kind::Skipped;
        if self.plan.fail_fast && !unbegun {
            self.failing_fast.store(true, Ordering::SeqCst);
        }
        if !unbegun && (error.kind != Kind::Interrupted || error.hint.is_some()) {
            self.complain(record, &error);
        }
        record.fail(self.log.tool(), &error);
    }

    /// Says what happened to a record.
    pub fn complain(&self, record: &Record, error: &Error) {
        let text = error.to_string();
        match record.label() {
            Some(label) if !label.is_empty() && !text.starts_with(&label) => {
                self.log.error(&format!("{label}: {text}"));
            }
            _ => self.log.error(&text),
        }
    }

    /// Writes a record whose work is over.
    pub fn put(&self, job: &Job, record: Record) {
        self.put_or(job, record, |_| false);
    }

    /// Ends a job of which nothing is written.
    pub fn skip(&self, job: &Job) {
        self.interrupt.release(&job.held);
        self.output.skip(job.seq, &self.verdict, &self.log);
    }

    fn put_or(&self, job: &Job, mut record: Record, lost: impl Fn(&Record) -> bool) {
        if self.plan.text && record.error().is_none() && self.plan.text_of(&record).is_none() {
            let error = Error::new(Kind::Failed, "there is no answer's text to write");
            let hint = "`-t` belongs behind the answer: … | oa-poll | oa-delete -t";
            self.fail(&mut record, &error.hint(hint));
        }
        let made = record.ids();
        self.interrupt.hold(&made);
        self.name_forgotten(&made);
        self.interrupt.release(&job.held);
        for record in self.output.put(job.seq, record, &self.verdict, &self.log) {
            if !lost(&record) {
                self.tell(&record);
            }
            self.interrupt.release(&record.ids());
        }
        if !self.is_closed() {
            self.interrupt.release(&made);
        }
    }

    /// Text says nothing of ids: what is still on the server is named, unless the record is saved elsewhere.
    fn name_forgotten(&self, ids: &[Id]) {
        let forgets = self.plan.text && !self.plan.reads_to_end && !self.saved;
        if forgets && !ids.is_empty() {
            let left = joined(ids);
            let what_to_do = "`| oa-delete -t` would delete it";
            self.log
                .note(&format!("left on the server: {left}; {what_to_do}"));
        }
    }

    /// Writes a record that cannot be handed on to stderr, if there is anything to lose.
    fn tell(&self, record: &Record) {
        let line = record.object().to_line();
        if line != "{}" {
            self.log.record(&line);
        }
    }

    /// Writes one line that is no record of the input (an answer of the API, an object of a list).
    pub fn emit(&self, line: &str) {
        self.output.line(line, &self.verdict, &self.log);
    }

    /// Writes the text of an answer as it comes, in the order of the records.
    pub fn text(&self, seq: u64, delta: &str) {
        self.output.text(seq, delta, &self.verdict, &self.log);
    }

    /// Records that a clean-up failed or an id could only be named on stderr.
    pub fn trouble(&self) {
        lock(&self.verdict).trouble();
    }

    /// Counts a failure that no record carries.
    pub fn count(&self, error: &Error) {
        lock(&self.verdict).record(error);
    }

    /// The tool cannot start: says why, and passes everything on with that error.
    pub fn refuse(&self, error: &Error) {
        self.log.error(&error.to_string());
        lock(&self.verdict).own(error);
        while let Some(mut job) = self.next() {
            let mut record = std::mem::take(&mut job.incoming.record);
            if record.error().is_none() {
                record.fail(self.log.tool(), error);
            }
            if self.plan.text {
                // Text says nothing of ids; a record that is not worked on must not be lost with it.
                self.tell(&record);
            }
            self.put(&job, record);
        }
    }

    /// Ends the output and tells the exit status of everything that was written.
    pub fn finish(&self) -> u8 {
        let mut verdict = lock(&self.verdict);
        // A run that a signal ended is no success, whatever its records say.
        let signal = self.interrupt.signal().is_some();
        self.output.finish(&mut verdict, signal, &self.log);
        verdict.exit_status()
    }
}

/// serde's message without its own "at line 1 column 2".
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => text,
    }
}
