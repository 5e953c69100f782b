//! The pipe loop that all tools share: records in, records out, and what happens in between.
//!
//! A record is read, worked on by one of a few jobs side by side, and written; its `error`, if it has
//! one by then, is counted. Whatever stops the work (a signal, `--fail-fast`, an option that is wrong)
//! does not stop the reading: what still comes is passed on unworked, so that nothing is forgotten
//! between two tools. Only a closed standard output ends the reading, because then nobody waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use oa_core::error::{Error, Kind, Result};
use oa_core::id::{Id, joined};
use oa_core::machine::lock;

use crate::log::{Level, Log};
use crate::plan::{Job, Plan, Source};
use crate::read::{Next, Reader, broken};
use crate::record::Record;
use crate::signal::Interrupt;
use crate::stdin::{Stdin, stdin_is_saved};
use crate::tally::Tally;
use crate::verdict::Verdict;
use crate::wake::Wake;
use crate::workers::Workers;
use crate::write::Writer;

/// The loop of one run.
pub struct Pipe {
    /// Standard error.
    pub log: Arc<Log>,
    /// The signals.
    pub interrupt: Arc<Interrupt>,
    /// The input is a file, in which the records can be found again.
    saved: bool,
    /// They were named on the command line.
    given: bool,
    pub(crate) plan: Plan,
    reading: Mutex<Reader>,
    pub(crate) output: Arc<Writer>,
    pub(crate) verdict: Arc<Mutex<Verdict>>,
    tally: Tally,
    pub(crate) failing_fast: AtomicBool,
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
        let given = !source.reads();
        let saved = !given && stdin_is_saved();
        let verdict = Arc::<Mutex<Verdict>>::default();
        let (ending, told, closing) = (Arc::clone(&verdict), Arc::clone(&log), Arc::clone(&wake));
        let output = Writer::open(&plan, saved, closing, ending, told, &interrupt).map(Arc::new)?;
        let stdin = || Stdin::new(wake, Arc::clone(&output));
        let reading = Reader::new(source, stdin);
        Ok(Pipe {
            log,
            interrupt,
            saved,
            given,
            plan,
            reading: Mutex::new(reading),
            output,
            verdict,
            tally: Tally::new(),
            failing_fast: AtomicBool::new(false),
        })
    }

    /// The next record; `None` at the end of the input. Blocks while upstream works.
    pub fn next(&self) -> Option<Job> {
        let mut reading = lock(&self.reading);
        loop {
            // Nobody waits for records that can be found again.
            let again = self.saved || self.given;
            if again && self.is_closed() && !self.plan.reads_to_end {
                return None;
            }
            let next = reading.next();
            self.log.expect(reading.left(), reading.reads());
            match next {
                Next::Record(seq, incoming) => {
                    let held = incoming.record.ids();
                    self.interrupt.hold(&held);
                    let foreign = incoming.record.foreign_error();
                    if let Some(error) = foreign.filter(|_| !self.is_closed()) {
                        self.complain(&incoming.record, &error);
                    }
                    return Some(Job {
                        seq,
                        incoming: *incoming,
                        read_at: Instant::now(),
                        gone: Vec::new(),
                        held,
                    });
                }
                // What is cut off then is upstream's again.
                _ if self.is_closed() && !self.plan.reads_to_end => return None,
                Next::Broken(malformed) => {
                    lock(&self.verdict).stream();
                    let tool = self.log.tool();
                    reading.put_last(broken(&malformed, tool, self.plan.plain));
                }
                Next::Nothing => {
                    self.no_input();
                    return None;
                }
                Next::End => return None,
            }
        }
    }

    /// Takes note that others know of what the record of a job names, which is kept elsewhere until its turn.
    pub fn park(&self, job: &mut Job) {
        self.interrupt.release(&job.held);
        job.held.clear();
    }

    fn no_input(&self) {
        if self.plan.no_run_if_empty || self.is_closed() {
            return;
        }
        let hint = format!("an upstream that failed? {}", self.plan.accepted);
        self.log.error(&format!("stdin: no record came; {hint}"));
        lock(&self.verdict).stream();
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

    /// Whether somebody waits for records that have no place: each of them is to be told whole.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.output.is_full()
    }

    /// Tells whether the output is closed, to somebody who has no pipe.
    pub(crate) fn unwanted(&self) -> Arc<dyn Fn() -> bool + Send + Sync> {
        let output = Arc::clone(&self.output);
        Arc::new(move || output.is_closed())
    }

    /// Has the workers work on every record, and writes them.
    ///
    /// A record that came with an error, or after the work was stopped, is passed on unworked. `lost` gets
    /// each record that could not be handed on and says whether it has taken care of what the record names;
    /// otherwise the record is written to stderr.
    pub fn each(
        &self,
        workers: &Workers,
        work: impl Fn(&mut Record, &Job) -> Result<()> + Sync,
        lost: impl Fn(&Record) -> bool + Sync,
    ) {
        let serve = |mut job: Job| {
            let mut record = std::mem::take(&mut job.incoming.record);
            let done = self.attempt(&mut record, &job, &work);
            self.end_text(&job);
            // What is not begun because nobody reads any more has not failed.
            let unread = |error: &Error| error.kind == Kind::Skipped && self.is_closed();
            if let Some(error) = done.err().filter(|error| !unread(error)) {
                self.fail(&mut record, &error);
            }
            self.put_or(&job, record, &lost);
        };
        let next = || {
            self.output.wait_for_turn();
            self.next()
        };
        workers.each(next, serve);
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
            Some(stop) => self.pass_on(record, &stop),
            None => return work(record, job),
        }
        Ok(())
    }

    /// Writes a record whose work is over.
    pub fn put(&self, job: &Job, record: Record) {
        self.put_or(job, record, |_| false);
    }

    /// Ends a job of which nothing is written.
    pub fn skip(&self, job: &Job) {
        self.interrupt.release(&job.held);
        let lost = self.output.skip(job.seq);
        self.give_up(&lost, |_| false);
    }

    /// The same; `lost` gets each record that could not be handed on, as in [`Pipe::each`].
    pub fn put_or(&self, job: &Job, mut record: Record, lost: impl Fn(&Record) -> bool) {
        let mut made = record.ids();
        made.retain(|id| !job.gone.contains(id));
        if made != job.held {
            self.interrupt.hold(&made);
            let gone = job.held.iter().filter(|id| !made.contains(id));
            self.interrupt.release(gone);
        }
        if !self.is_closed() {
            self.check_text(&mut record);
            self.name_forgotten(&made);
        }
        self.tally.add(*record.share());
        let left = self.output.put(job.seq, record);
        self.give_up(&left, lost);
        if !self.is_closed() {
            self.interrupt.release(&made);
        }
    }

    /// Records that nobody took.
    fn give_up(&self, records: &[Record], lost: impl Fn(&Record) -> bool) {
        for record in records {
            if !lost(record) {
                self.output.tell(record);
            } else if self.output.is_full() {
                // Its files went, so that it can come again; it was to be kept, and is.
                let mut record = record.clone();
                record.object_mut().remove("files");
                self.output.tell(&record);
            }
            self.interrupt.release(&record.ids());
        }
    }

    /// A record without a text is a failure where text is wanted.
    fn check_text(&self, record: &mut Record) {
        if self.plan.text && record.error().is_none() && self.plan.text_of(record).is_none() {
            let error = Error::new(Kind::Failed, "there is no answer's text to write");
            let hint = "`-t` belongs behind the answer: … | oa-poll | oa-delete -t";
            self.fail(record, &error.hint(hint));
        }
    }

    /// Text says nothing of ids: what is still on the server is named, unless the record is saved elsewhere.
    fn name_forgotten(&self, ids: &[Id]) {
        let forgets = self.plan.text && !self.plan.reads_to_end && !self.saved && !self.given;
        if forgets && !ids.is_empty() {
            let left = joined(ids);
            let what_to_do = "`| oa-delete -t` would delete it";
            self.log
                .note(&format!("left on the server: {left}; {what_to_do}"));
        }
    }

    /// Writes one line that is no record of the input (an answer of the API, an object of a list).
    pub fn emit(&self, line: &str) {
        self.output.line(line);
    }

    /// The columns that people have to read the output in; `None` where it goes to a program or a file.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        self.output.columns()
    }

    /// Writes one line for people.
    pub fn show(&self, line: &str) {
        self.output.show(line);
    }

    /// Writes the text of an answer as it comes, in the order of the records.
    pub fn text(&self, seq: u64, delta: &str) {
        self.output.text(seq, delta);
    }

    /// Ends the last line of such text, before anything else is said.
    pub fn end_text(&self, job: &Job) {
        self.output.end_text(job.seq);
    }

    /// Records that a clean-up failed or an id could only be named on stderr.
    pub fn trouble(&self) {
        lock(&self.verdict).trouble();
    }

    /// Counts a failure that no record carries.
    pub fn count(&self, error: &Error) {
        lock(&self.verdict).record(error);
    }

    /// Ends the output and tells the exit status of everything that was written.
    pub fn finish(&self) -> u8 {
        // A run that a signal ended is no success, whatever its records say.
        let signal = self.interrupt.signal().is_some();
        self.output.finish(signal);
        let total = self.tally.line(self.log.shows(Level::Exchanges));
        if let Some(total) = total.filter(|_| !self.is_closed()) {
            self.log.event("total", &total);
        }
        lock(&self.verdict).exit_status()
    }
}
