//! Standard output and `-o FILE`: one line per record, whole or not at all.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};

use rustix::fs::OFlags;

use super::target::{Target, open_file};
use super::{Plan, Wake};
use crate::error::{Result, Verdict, plain};
use crate::interrupt::lock;
use crate::log::{Log, escape_json, escape_lines};
use crate::object::Object;
use crate::record::Record;

#[derive(Default)]
struct Slot {
    text: String,
    ended: bool,
    record: Option<Record>,
}

struct State {
    target: Target,
    /// Somebody looks at it, and nothing of it may drive the terminal.
    on_screen: bool,
    turn: u64,
    waiting: BTreeMap<u64, Slot>,
    /// Text of the record whose turn it is was written already.
    begun: bool,
    /// Bytes that wait for more, and what came of the last that did.
    held: Vec<u8>,
    failed: Option<io::Error>,
}

/// Keys of what is on the server.
const KEPT: [&str; 4] = ["files", "vector_store", "response", "batch"];

/// Whether standard output was closed when the process started.
///
/// What was closed, std opens anew as the null device, for reading and writing; a shell's `>/dev/null` is for
/// writing only. Where stderr is such a device, too, silence was meant: programs that start others that way
/// open it for both.
pub(crate) fn stdout_is_closed() -> bool {
    is_stopgap(&io::stdout()) && !is_stopgap(&io::stderr())
}

fn is_stopgap(stream: &impl AsFd) -> bool {
    let null = rustix::fs::stat("/dev/null").map(|stat| stat.st_rdev);
    let device = rustix::fs::fstat(stream).map(|stat| stat.st_rdev);
    let flags = rustix::fs::fcntl_getfl(stream);
    null.is_ok_and(|null| device == Ok(null))
        && flags.is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR)
}

/// A line as it is written: in one piece, so that the lines of several processes do not mix, unless it is so large that
/// it would mix all the same and a second copy of it may not fit in memory.
fn pieces(object: &Object, on_screen: bool) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
    if object.length() > LARGE && !on_screen {
        return Box::new(object.pieces().chain([Cow::Borrowed("\n")]));
    }
    let mut line = object.to_line();
    if on_screen {
        line = escape_json(&line);
    }
    line.push('\n');
    Box::new(std::iter::once(Cow::Owned(line)))
}

/// Bytes of a line that is large.
const LARGE: usize = 1 << 20;

/// Bytes that are held back at most.
const BATCH: usize = 64 << 10;

/// Where records go.
pub(super) struct Output {
    state: Mutex<State>,
    plan: Plan,
    /// The records can be found where they came from, and there is next to nothing new in them.
    again: bool,
    wake: Arc<Wake>,
}

impl Output {
    pub(super) fn open(plan: &Plan, saved: bool, wake: Arc<Wake>) -> Result<Output> {
        let target = match &plan.output {
            Some(path) if path.as_os_str() != "-" => open_file(path, plan.text)?,
            _ => Target::Stdout,
        };
        Ok(Output {
            state: Mutex::new(State {
                on_screen: target.is_terminal(),
                target,
                turn: 0,
                waiting: BTreeMap::new(),
                begun: false,
                held: Vec::new(),
                failed: None,
            }),
            again: saved && (plan.batched || plan.reads_to_end),
            plan: Plan {
                unordered: plan.unordered && !plan.text,
                ..plan.clone()
            },
            wake,
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.wake.is_closed()
    }

    /// Whether the records end in a file, whatever becomes of them.
    pub(super) fn keeps_records(&self) -> bool {
        matches!(lock(&self.state).target, Target::Held(_))
    }

    /// Writes the record, or keeps it until its turn; returns those that could not be handed on.
    pub(super) fn put(
        &self,
        seq: u64,
        record: Record,
        verdict: &Mutex<Verdict>,
        log: &Log,
    ) -> Vec<Record> {
        let mut state = lock(&self.state);
        if self.plan.unordered {
            return self
                .write(&mut state, record, verdict, log)
                .into_iter()
                .collect();
        }
        let slot = state.waiting.entry(seq).or_default();
        slot.record = Some(record);
        slot.ended = true;
        self.advance(&mut state, verdict, log)
    }

    /// Nothing is written for this place of the input; returns later records that could not be handed on.
    pub(super) fn skip(&self, seq: u64, verdict: &Mutex<Verdict>, log: &Log) -> Vec<Record> {
        let mut state = lock(&self.state);
        state.waiting.entry(seq).or_default().ended = true;
        self.advance(&mut state, verdict, log)
    }

    /// Writes everything whose turn it is; returns what could not be handed on.
    fn advance(&self, state: &mut State, verdict: &Mutex<Verdict>, log: &Log) -> Vec<Record> {
        let mut lost = Vec::new();
        loop {
            let turn = state.turn;
            let Some(slot) = state.waiting.get_mut(&turn) else {
                return lost;
            };
            let text = std::mem::take(&mut slot.text);
            let (ended, record) = (slot.ended, slot.record.take());
            if !text.is_empty() {
                state.begun = true;
                self.words(state, &text, verdict, log);
            }
            if !ended {
                return lost;
            }
            state.waiting.remove(&turn);
            if let Some(record) = record {
                lost.extend(self.write(state, record, verdict, log));
            }
            state.turn += 1;
            state.begun = false;
        }
    }

    /// Text of an answer that still comes: at once where it is its turn, later otherwise.
    pub(super) fn text(&self, seq: u64, delta: &str, verdict: &Mutex<Verdict>, log: &Log) {
        let mut state = lock(&self.state);
        if seq == state.turn {
            state.begun = true;
            self.words(&mut state, delta, verdict, log);
        } else {
            state.waiting.entry(seq).or_default().text.push_str(delta);
        }
    }

    /// A line that is no record of the input.
    pub(super) fn line(&self, line: &str, verdict: &Mutex<Verdict>, log: &Log) {
        let mut state = lock(&self.state);
        if self.is_closed() || self.plan.text {
            return;
        }
        let bytes = if state.on_screen {
            escape_json(line) + "\n"
        } else {
            line.to_owned() + "\n"
        };
        if !self.bytes(&mut state, bytes.as_bytes(), verdict, log) {
            log.record(line);
        }
    }

    /// Writes one record now; gives it back if nobody takes it.
    fn write(
        &self,
        state: &mut State,
        record: Record,
        verdict: &Mutex<Verdict>,
        log: &Log,
    ) -> Option<Record> {
        let error = record.error();
        if let Some(error) = &error {
            lock(verdict).record(error);
        }
        if self.is_closed() {
            return Some(record);
        }
        let written = if self.plan.text {
            self.answer(state, &record, error.is_some(), verdict, log)
        } else {
            self.record_line(state, record.object(), verdict, log)
        };
        (!written).then_some(record)
    }

    /// Writes the record's text and a newline; nothing for a record with an error.
    fn answer(
        &self,
        state: &mut State,
        record: &Record,
        failed: bool,
        verdict: &Mutex<Verdict>,
        log: &Log,
    ) -> bool {
        let kept = match &mut state.target {
            // The records stay at hand, because a failure later on turns FILE into FILE.failed.
            Target::Held(held) => pieces(record.object(), false)
                .try_for_each(|piece| held.records.write_all(piece.as_bytes())),
            _ => Ok(()),
        };
        if let Err(error) = kept {
            self.broken(&error, verdict, log);
            return false;
        }
        let text = match self.plan.text_of(record) {
            _ if failed && !state.begun => return true,
            _ if state.begun => "\n".to_owned(),
            Some(text) => text + "\n",
            None => return true,
        };
        self.words(state, &text, verdict, log)
    }

    /// Writes text of an answer.
    fn words(&self, state: &mut State, text: &str, verdict: &Mutex<Verdict>, log: &Log) -> bool {
        if state.on_screen {
            self.bytes(state, escape_lines(text).as_bytes(), verdict, log)
        } else {
            self.bytes(state, text.as_bytes(), verdict, log)
        }
    }

    fn record_line(
        &self,
        state: &mut State,
        object: &Object,
        verdict: &Mutex<Verdict>,
        log: &Log,
    ) -> bool {
        pieces(object, state.on_screen)
            .all(|piece| self.bytes(state, piece.as_bytes(), verdict, log))
    }

    fn bytes(&self, state: &mut State, bytes: &[u8], verdict: &Mutex<Verdict>, log: &Log) -> bool {
        if self.is_closed() {
            return false;
        }
        if let Some(error) = state.failed.take() {
            self.broken(&error, verdict, log);
            return false;
        }
        let written = match &mut state.target {
            Target::Stdout if self.plan.batched => {
                state.held.extend_from_slice(bytes);
                if state.held.len() < BATCH {
                    Ok(())
                } else {
                    self.hand_on(&mut state.held, log)
                }
            }
            Target::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes).and_then(|()| stdout.flush())
            }
            Target::Direct(file) => file.write_all(bytes),
            Target::Held(held) => match &mut held.text {
                Some(text) => text.write_all(bytes),
                None => held.records.write_all(bytes),
            },
        };
        match written {
            Ok(()) => true,
            Err(error) => {
                self.broken(&error, verdict, log);
                false
            }
        }
    }

    /// Writes what was held back.
    fn hand_on(&self, held: &mut Vec<u8>, log: &Log) -> io::Result<()> {
        let held = std::mem::take(held);
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(&held).and_then(|()| stdout.flush());
        if written.is_err() {
            let text = String::from_utf8_lossy(&held);
            let lines = text.lines().filter_map(|line| Object::parse(line).ok());
            lines.for_each(|object| self.tell(&Record::new(object), log));
        }
        written
    }

    /// Writes a record that cannot be handed on to stderr, if it names something on the server.
    pub(super) fn tell(&self, record: &Record, log: &Log) {
        let object = record.object();
        let names = |key: &&str| object.get(key).is_some_and(|value| value.get() != "[]");
        if !self.again && KEPT.iter().any(names) {
            log.record(&object.to_line());
        }
    }

    /// Hands on what was held back, because nobody knows when more will come.
    pub(super) fn flush(&self, log: &Log) {
        let mut state = lock(&self.state);
        if !state.held.is_empty() {
            state.failed = self.hand_on(&mut state.held, log).err();
        }
    }

    /// The output takes no more: quietly if the reader went away, with a message otherwise.
    fn broken(&self, error: &io::Error, verdict: &Mutex<Verdict>, log: &Log) {
        if self.is_closed() {
            return;
        }
        if error.kind() == io::ErrorKind::BrokenPipe {
            lock(verdict).closed();
        } else {
            log.error(&format!(
                "output: {}; records that it does not take follow here",
                plain(error)
            ));
            lock(verdict).trouble();
        }
        self.wake.close();
    }

    /// Puts FILE in its place if every record ended well, else FILE.failed.
    pub(super) fn finish(&self, verdict: &mut Verdict, interrupted: bool, log: &Log) {
        self.flush(log);
        let mut state = lock(&self.state);
        match state.failed.take() {
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => verdict.closed(),
            Some(error) => {
                log.error(&format!("output: {}", plain(&error)));
                verdict.trouble();
            }
            None => {}
        }
        let target = std::mem::replace(&mut state.target, Target::Stdout);
        let Target::Held(held) = target else {
            return;
        };
        let well = verdict.records_ended_well() && !interrupted && !self.is_closed();
        if let Err(error) = held.settle(well, log) {
            log.error(&format!("{error:#}"));
            verdict.trouble();
        }
    }
}
