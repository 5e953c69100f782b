//! Cancels what still runs; what the server says of it then is the truth.

use std::sync::Mutex;
use std::time::Duration;

use oa_core::client::Client;
use oa_core::field::Look as _;
use oa_core::machine::lock;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::batch::Batch;
use oa_pipe::log::field;
use oa_pipe::record::Record;
use oa_pipe::response::Response;
use oa_pipe::settle::{settle, summary};
use oa_pipe::shell::command;
use serde_json::value::RawValue;

use crate::bin::Bin;
use crate::cleaner::Cleaner;
use crate::thing::Thing;

/// Some servers take a cancellation and obey it a moment later.
const MOMENT: Duration = Duration::from_millis(500);
const ELSEWHERE: &str =
    "the server, the key's project or the path may be another; else it was deleted";
const BATCH: Expect = Expect::Object("batch");

/// What the server says last of a thing that was to be cancelled.
enum Said {
    /// The thing itself, and why it was not cancelled, where the server said no.
    Word(Box<RawValue>, Option<Error>),
    /// There is no such thing.
    Gone(Error),
    /// Why nothing was learned.
    Nothing(Error),
}

fn batch_is_over(batch: &RawValue) -> bool {
    Batch::read(batch).is_over()
}

impl Cleaner<'_> {
    /// Cancels the record's response, which nobody will read; what was final by then is settled like any answer.
    pub(crate) fn stop(&self, record: &mut Record, response: &Response) {
        let pipe = &self.run.pipe;
        let status = response.status_word();
        let Some(id) = &response.id else {
            let what = format!("a response without an id is not final ({status})");
            self.refuse(&format!(
                "{what}; it cannot be cancelled, and may still run"
            ));
            return;
        };
        let Some(client) = self.client else {
            pipe.log.note(&format!(
                "would cancel {}",
                field("response_id", id.as_str())
            ));
            return;
        };
        let pause = || {
            let _ = pipe.interrupt.wait(MOMENT);
        };
        match cancel(
            client,
            &id.under("/responses"),
            Expect::Response,
            |response| Response::read(response).is_final(),
            pause,
        ) {
            Said::Word(word, refusal) => {
                self.met();
                self.learn(record, id, status, word, refusal);
            }
            Said::Gone(error) => {
                let error = error.about(&format!("response {id} was {status}, and is not found"));
                self.blame(record, &error.hint(ELSEWHERE));
            }
            Said::Nothing(error) => self.goes_on(id, &format!("not cancelled: {error}")),
        }
    }

    /// Puts what the server said last of a response into its record.
    fn learn(
        &self,
        record: &mut Record,
        id: &Id,
        status: &str,
        word: Box<RawValue>,
        refusal: Option<Error>,
    ) {
        let log = &self.run.pipe.log;
        let now = Response::read(&word);
        let cancelled = now.status_word() == "cancelled";
        if !now.is_final() {
            let why = refusal.map_or_else(String::new, |error| format!("; not cancelled: {error}"));
            let message = format!("still runs, status {}{why}", now.status_word());
            self.goes_on(id, &message);
            return;
        }
        if !cancelled && now.background != Some(false) {
            forgive(record);
        }
        let told = summary(record, &now, None);
        let verdict = settle(record, word, false);
        if cancelled {
            log.event("cancel", &told);
            let message = format!("response {id} was still {status} and was cancelled");
            let hint = "put `oa-poll` before oa-delete, or keep it with --keep-pending";
            self.blame(record, &Error::new(Kind::Failed, message).hint(hint));
        } else {
            log.event("response", &told);
            if let Err(error) = verdict {
                self.blame(record, &error);
            }
        }
    }

    /// Says that a response runs, or may run; its record did not end well, though it has not failed.
    fn goes_on(&self, id: &Id, what: &str) {
        let pipe = &self.run.pipe;
        let again = command("oa-poll --cancel", [id.as_str()]);
        pipe.log.error(&format!("{id}: {what}; `{again}`"));
        pipe.count(&Error::new(Kind::Failed, what));
        pipe.trouble();
    }

    /// Marks a record as failed, unless it failed before.
    fn blame(&self, record: &mut Record, error: &Error) {
        if record.error().is_none() {
            self.run.pipe.fail(record, error);
        }
    }

    /// Cancels a Batch, because the API deletes none; gives what the server says of it.
    ///
    /// The record of one that waits for it was written long ago and carries no error of this: the exit status tells,
    /// as it does of a response that was cancelled.
    pub(crate) fn end_batch(
        &self,
        client: &Client,
        bin: &Mutex<Bin>,
        thing: &Thing,
    ) -> Result<Option<Box<RawValue>>> {
        let log = &self.run.pipe.log;
        let lost = match cancel(client, &thing.address(), BATCH, batch_is_over, || {}) {
            Said::Word(object, refusal) => {
                self.met();
                let batch = Batch::read(&object);
                let status = batch.status.as_deref().unwrap_or_default();
                if !batch.is_over() {
                    let still = format!("it still runs, status {status}");
                    let refused = || Error::new(Kind::Refused, &*still);
                    return Err(refusal.map_or_else(refused, |error| error.about(&still)));
                }
                log.event("cancel", &format!("{thing} {}", field("status", status)));
                self.end_input(bin, thing, &batch);
                let hint = "put `oa-batch` before oa-delete, or keep it with --keep-pending";
                let unread = "records waited for it, and its answers were not read";
                (Some(object), Error::new(Kind::Failed, unread).hint(hint))
            }
            Said::Gone(error) => {
                log.event("cancel", &format!("{thing} status=gone"));
                let error = error.about("records waited for it, and it is not found");
                (None, error.hint(ELSEWHERE))
            }
            Said::Nothing(error) => return Err(error),
        };
        let (object, error) = lost;
        if lock(bin).is_awaited(&thing.id) {
            self.complain(&error.about(thing.id.as_str()));
        }
        Ok(object)
    }

    /// The file of the requests of a Batch that was named goes where its metadata say that the pipe made it.
    fn end_input(&self, bin: &Mutex<Bin>, thing: &Thing, batch: &Batch) {
        let (true, Some(input)) = (thing.answered, &batch.input_file_id) else {
            return;
        };
        if lock(bin).has_file(input) {
            return;
        }
        let (true, Some(removals)) = (batch.made, &self.removals) else {
            self.leave(bin, input, "upload");
            return;
        };
        let what = field("file_id", input.as_str());
        let gone = removals.delete(input.under("/files"), input, &what, false);
        if let Err(error) = gone {
            removals.fail(input, "not deleted", &error);
        }
    }

    /// The server knows what this is about.
    fn met(&self) {
        if let Some(removals) = &self.removals {
            removals.met();
        }
    }
}

/// Takes away an error that only says that the wait ended before the response did.
fn forgive(record: &mut Record) {
    if record.error().is_some_and(|error| error.retryable) {
        record.object_mut().remove("error");
    }
}

/// Cancels what is at a path. A refusal is followed by one look, and so is, after a moment, a cancellation that
/// was taken and not obeyed yet.
fn cancel(
    client: &Client,
    path: &str,
    expect: Expect,
    is_final: fn(&RawValue) -> bool,
    pause: impl FnOnce(),
) -> Said {
    let taken = match client.call(&Request::touch(format!("{path}/cancel"), expect).clean_up()) {
        Ok(answer) if is_final(&answer.object) => return Said::Word(answer.object, None),
        // Nobody answered, so that nobody would answer a look.
        Err(error) if error.status.is_none() => return Said::Nothing(error),
        answer => answer.map(|answer| answer.object).map_err(|mut error| {
            // The command that cancels is the better advice.
            error.hint = None;
            error
        }),
    };
    if taken.is_ok() {
        pause();
    }
    let look = client.call(&Request::get(path.to_owned(), expect).once().clean_up());
    match (look, taken) {
        (Ok(look), taken) => Said::Word(look.object, taken.err()),
        (Err(_), Ok(object)) => Said::Word(object, None),
        (Err(look), Err(_)) if look.is_gone() => Said::Gone(look),
        (Err(_), Err(refusal)) => Said::Nothing(refusal),
    }
}
