//! Standard output and `-o FILE`: one line per record, whole or not at all.

use std::borrow::Cow;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use oa_core::error::{Result, plain};
use oa_core::machine::lock;

use crate::escape::{escape_json, escape_lines};
use crate::line::{length, line_of};
use crate::log::Log;
use crate::object::Object;
use crate::plan::Plan;
use crate::record::{KEPT, Record};
use crate::signal::Interrupt;
use crate::target::{End, Target, is_stdout};
use crate::terminal::columns;
use crate::turn::State;
use crate::verdict::Verdict;
use crate::wake::Wake;

/// Bytes that are held back at most.
const BATCH: usize = 64 << 10;

/// Bytes of records that wait for their turn, beyond which nothing new is begun.
const MOST_WAITING: usize = 256 << 20;

/// Where records go.
pub(super) struct Writer {
    state: Mutex<State>,
    plan: Plan,
    /// The records can be found where they came from, and there is next to nothing new in them.
    again: bool,
    /// Somebody waits for records, but they have no place: all of them go to stderr.
    full: AtomicBool,
    /// A record that waited for its turn was written.
    passed: Condvar,
    wake: Arc<Wake>,
    verdict: Arc<Mutex<Verdict>>,
    log: Arc<Log>,
}

impl Writer {
    pub(super) fn open(
        plan: &Plan,
        saved: bool,
        wake: Arc<Wake>,
        verdict: Arc<Mutex<Verdict>>,
        log: Arc<Log>,
        interrupt: &Interrupt,
    ) -> Result<Writer> {
        let target = match &plan.output {
            Some(path) if !is_stdout(path) => Target::open(path, plan, interrupt)?,
            _ => Target::Stdout,
        };
        Ok(Writer {
            state: Mutex::new(State {
                on_screen: target.is_terminal(),
                screen: target.screen(&log),
                target,
                ..State::default()
            }),
            again: saved && (plan.batched || plan.reads_to_end),
            full: AtomicBool::new(false),
            passed: Condvar::new(),
            plan: Plan {
                unordered: plan.unordered && !plan.text,
                ..plan.clone()
            },
            wake,
            verdict,
            log,
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.wake.is_closed()
    }

    /// Whether there is no room for records that somebody wants.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Ordering::SeqCst)
    }

    /// Whether the records end in a file, whatever becomes of them.
    pub(super) fn keeps_records(&self) -> bool {
        matches!(lock(&self.state).target, Target::Held(_))
    }

    /// Writes the record, or keeps it until its turn; returns those that could not be handed on.
    pub(super) fn put(&self, seq: u64, mut record: Record) -> Vec<Record> {
        let mut state = lock(&self.state);
        if self.plan.unordered {
            return self.write(&mut state, record).into_iter().collect();
        }
        let size = if seq == state.turn {
            0
        } else {
            record.shrink();
            record.object().length()
        };
        state.size += size;
        let slot = state.waiting.entry(seq).or_default();
        slot.size = size;
        slot.record = Some(record);
        slot.ended = true;
        self.advance(&mut state)
    }

    /// Waits while much is done that cannot be written yet, because a record before it is still worked on.
    pub(super) fn wait_for_turn(&self) {
        let state = lock(&self.state);
        let is_full = |state: &mut State| state.size > MOST_WAITING;
        drop(self.passed.wait_while(state, is_full));
    }

    /// Nothing is written for this place of the input; returns later records that could not be handed on.
    pub(super) fn skip(&self, seq: u64) -> Vec<Record> {
        let mut state = lock(&self.state);
        state.waiting.entry(seq).or_default().ended = true;
        self.advance(&mut state)
    }

    /// Writes everything whose turn it is; returns what could not be handed on.
    fn advance(&self, state: &mut State) -> Vec<Record> {
        let mut lost = Vec::new();
        loop {
            let turn = state.turn;
            let Some(slot) = state.waiting.get_mut(&turn) else {
                return lost;
            };
            let text = std::mem::take(&mut slot.text);
            let (ended, record) = (slot.ended, slot.record.take());
            state.closed |= slot.closed;
            if !text.is_empty() {
                state.begun = true;
                self.words(state, &text);
            }
            if !ended {
                return lost;
            }
            let size = state.waiting.remove(&turn).map_or(0, |slot| slot.size);
            state.size -= size;
            if size > 0 {
                self.passed.notify_all();
            }
            if let Some(record) = record {
                lost.extend(self.write(state, record));
            }
            state.turn += 1;
            (state.begun, state.closed) = (false, false);
        }
    }

    /// Text of an answer that still comes: at once where it is its turn, later otherwise.
    pub(super) fn text(&self, seq: u64, delta: &str) {
        let mut state = lock(&self.state);
        if seq == state.turn {
            state.begun = true;
            self.words(&mut state, delta);
        } else {
            state.waiting.entry(seq).or_default().text.push_str(delta);
        }
    }

    /// Ends the last line of such text, if there is any.
    pub(super) fn end_text(&self, seq: u64) {
        let mut state = lock(&self.state);
        if seq == state.turn {
            if state.begun && !std::mem::replace(&mut state.closed, true) {
                self.words(&mut state, "\n");
            }
        } else if let Some(slot) = state.waiting.get_mut(&seq)
            && !slot.text.is_empty()
            && !std::mem::replace(&mut slot.closed, true)
        {
            slot.text.push('\n');
        }
    }

    /// A line that is no record of the input.
    pub(super) fn line(&self, line: &str) {
        let mut state = lock(&self.state);
        if self.is_closed() || self.plan.text {
            return;
        }
        let whole = if state.on_screen {
            escape_json(line) + "\n"
        } else {
            line.to_owned() + "\n"
        };
        if !self.pieces(&mut state, &[Cow::Owned(whole)]) {
            self.log.record(line);
        }
    }

    /// Columns of the terminal that the output goes to without being told so.
    pub(super) fn columns(&self) -> Option<usize> {
        let state = lock(&self.state);
        let seen = state.on_screen && self.plan.output.is_none();
        seen.then(|| columns(&io::stdout()))
    }

    /// A line for people.
    pub(super) fn show(&self, line: &str) {
        self.words(&mut lock(&self.state), &format!("{line}\n"));
    }

    /// Writes one record now; gives it back if nobody takes it.
    fn write(&self, state: &mut State, record: Record) -> Option<Record> {
        let error = record.error();
        if let Some(error) = &error {
            lock(&self.verdict).record(error);
        }
        if self.is_closed() {
            return Some(record);
        }
        let written = if self.plan.text {
            self.answer(state, &record, error.is_some())
        } else {
            let line = line_of(record.object(), state.on_screen);
            self.pieces(state, &line)
        };
        (!written).then_some(record)
    }

    /// Writes the record's text and a newline; nothing for a record with an error.
    fn answer(&self, state: &mut State, record: &Record, failed: bool) -> bool {
        let held = match &state.target {
            Target::Held(held) => Some(held.keep(&line_of(record.object(), false))),
            _ => None,
        };
        let kept = held.is_some();
        if let Some(Err(error)) = held {
            self.broken(&error, state);
            return false;
        }
        let text = match self.plan.text_of(record) {
            _ if failed && !state.begun => return true,
            // It is out, and its last line ended.
            _ if state.begun => return true,
            Some(text) => text + "\n",
            None => return true,
        };
        self.words(state, &text) || kept
    }

    /// Writes text of an answer.
    fn words(&self, state: &mut State, text: &str) -> bool {
        let text = if state.on_screen {
            Cow::Owned(escape_lines(text))
        } else {
            Cow::Borrowed(text)
        };
        self.pieces(state, &[text])
    }

    fn pieces(&self, state: &mut State, pieces: &[Cow<str>]) -> bool {
        if self.is_closed() {
            return false;
        }
        let batched = self.plan.batched && matches!(state.target, Target::Stdout);
        let written = match state.failed.take() {
            Some(error) => Err(error),
            None if batched && state.held.len() + length(pieces) < BATCH => {
                state.held.extend(pieces.iter().map(AsRef::as_ref));
                Ok(())
            }
            None => {
                if !matches!(state.target, Target::Held(_)) {
                    self.log.stand_aside();
                }
                state.hand_on().and_then(|()| state.write(pieces))
            }
        };
        if let Err(error) = &written {
            self.broken(error, state);
        }
        written.is_ok()
    }

    /// Writes a record that cannot be handed on to stderr, if it names something on the server or if it was to
    /// be kept.
    pub(super) fn tell(&self, record: &Record) {
        let object = record.object();
        let names = |key: &&str| object.get(key).is_some_and(|value| value.get() != "[]");
        if self.is_full() || (!self.again && KEPT.iter().any(names)) {
            self.log.record(&object.to_line());
        }
    }

    /// Hands on what was held back, because nobody knows when more will come.
    pub(super) fn flush(&self) {
        let mut state = lock(&self.state);
        if state.failed.is_none() {
            state.failed = state.hand_on().err();
        }
    }

    /// The output takes no more: quietly if the reader went away, with a message otherwise.
    fn broken(&self, error: &io::Error, state: &mut State) {
        if self.is_closed() {
            return;
        }
        if error.kind() == io::ErrorKind::BrokenPipe {
            lock(&self.verdict).closed();
        } else {
            self.full.store(true, Ordering::SeqCst);
            let why = plain(error);
            self.log.error(&format!(
                "output: {why}; records that it does not take follow here"
            ));
            lock(&self.verdict).trouble();
        }
        self.wake.close();
        let held = std::mem::take(&mut state.held);
        let lines = held.lines().filter_map(|line| Object::parse(line).ok());
        lines.for_each(|object| self.tell(&Record::new(object)));
    }

    /// Puts FILE in its place if every record ended well, else FILE.failed.
    pub(super) fn finish(&self, interrupted: bool) {
        self.flush();
        let mut state = lock(&self.state);
        if let Some(error) = state.failed.take() {
            self.broken(&error, &mut state);
        }
        let target = std::mem::take(&mut state.target);
        let Target::Held(held) = target else {
            return;
        };
        let well = lock(&self.verdict).records_ended_well();
        let end = match (self.is_closed(), well, interrupted) {
            (true, ..) => End::Full,
            (false, false, _) => End::Failed,
            (false, true, true) => End::Interrupted,
            (false, true, false) => End::Well,
        };
        if !held.settle(&end, &self.log) {
            lock(&self.verdict).trouble();
        }
    }
}
