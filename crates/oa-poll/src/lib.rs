//! Waits until every response is final, all of them side by side.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use oa_core::client::Client;
use oa_core::field::Look as _;
use oa_core::reply::{Expect, Reply};
use oa_core::request::Request;
use oa_core::{Error, Id, Kind, Result};
use oa_pipe::arguments::Arguments;
use oa_pipe::batch::Batch;
use oa_pipe::delay::DelayQueue;
use oa_pipe::duration::duration;
use oa_pipe::lift::Incoming;
use oa_pipe::object::Object;
use oa_pipe::options::{Options, Order, Patience};
use oa_pipe::plan::{Job, Plan, Source};
use oa_pipe::progress::Progress;
use oa_pipe::record::Record;
use oa_pipe::response::Response;
use oa_pipe::run::Run;
use oa_pipe::settle::{forget, settle, settle_own, summary};
use oa_pipe::shell;
use oa_pipe::wait::{Look, Running, Subject, Wait};
use oa_pipe::workers::Workers;

/// How much longer than its window a response is waited for.
const BEYOND_WINDOW: Duration = Duration::from_secs(3600);
const RESPONSE: Expect = Expect::Response;

/// Wait until responses are final
///
/// All records are polled side by side; each is written as it ends. One that was
/// asked with a window is waited for that long and an hour.
#[derive(Parser)]
#[command(name = "oa-poll", version)]
pub struct Args {
    /// Ids of responses; without any: records on stdin
    #[arg(value_name = "RESPONSE_ID")]
    ids: Vec<String>,
    #[command(flatten)]
    patience: Patience,
    /// Cancel the responses instead of waiting
    #[arg(long)]
    cancel: bool,
    /// Write the text of answers, not records
    #[arg(short, long, help_heading = "Output")]
    text: bool,
    /// Take an incomplete answer as success
    #[arg(long, help_heading = "Output")]
    allow_incomplete: bool,
    /// Look at that many at the same moment
    #[arg(short, long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Jobs")]
    jobs: u16,
    #[command(flatten)]
    order: Order,
    #[command(flatten)]
    options: Options,
}

impl Arguments for Args {
    const TOOL: &'static str = "oa-poll";
    const EXAMPLES: &'static [&'static str] = &[
        "oa-upload report.pdf | oa-respond -b -p 'Audit it.' | oa-poll | oa-delete -t",
        "oa-poll --deadline 10m < job.json > done.json",
    ];
    const EXAMPLE: &'static str = "name the ids: oa-poll resp_abc; or put it into a pipe";

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        Source::of_ids(Self::TOOL, &self.ids, named)
    }

    fn plan(&self) -> Plan {
        Plan {
            text: self.text,
            unordered: !self.order.keep_order,
            fail_fast: self.order.fail_fast,
            ..Plan::default()
        }
    }
}

/// The whole of the program.
#[must_use]
pub fn main() -> ExitCode {
    oa_pipe::run(|args: &Args, run| {
        let poller = Poller {
            client: run.client()?,
            args,
            run,
        };
        poller.serve();
        Ok(())
    })
}

/// What is wrong with a record that waits for its Batch: there is nothing to look at but, at most, a response that
/// runs.
fn waits_for_batch(record: &Record, response: Option<&Response>) -> Option<Error> {
    let batch = record.object().get("batch").map(Batch::read)?;
    if batch.collected || response.is_some_and(Response::is_final) {
        return None;
    }
    let id = batch.id.as_ref().map_or("-", Id::as_str);
    let message = format!("the record waits for its Batch {id}");
    let mut error = Error::input(message).hint("oa-batch");
    error.retryable = true;
    Some(error)
}

struct Poller<'a> {
    client: Client,
    args: &'a Args,
    run: &'a Run,
}

/// A response that somebody waits for.
struct Watch {
    job: Job,
    record: Record,
    id: Id,
    wait: Wait,
    progress: Progress,
}

impl Poller<'_> {
    /// One reads, others look; between looks a response costs no thread.
    fn serve(&self) {
        let queue = DelayQueue::new(&self.run.pipe.interrupt);
        let read = || {
            while let Some(job) = self.run.pipe.next() {
                self.take(&queue, job);
            }
            queue.close();
        };
        let look = |mut watch: Watch| match self.look(&mut watch) {
            None => queue.put(watch.wait.due(), watch),
            Some(verdict) => {
                self.close(watch, verdict);
                queue.leave();
            }
        };
        let workers = Workers::new(self.args.jobs.into());
        workers.beside(read, || queue.due(), look);
    }

    /// Passes a record on, or begins to wait for its response.
    fn take(&self, queue: &DelayQueue<Watch>, mut job: Job) {
        let pipe = &self.run.pipe;
        let mut record = std::mem::take(&mut job.incoming.record);
        let stop = pipe.stopped();
        let stopped = stop.is_some();
        let accepted = if pipe.is_closed() {
            Ok(None)
        } else {
            self.accept(&job, &mut record, stop)
        };
        match accepted {
            Ok(Some(id)) => {
                let progress = pipe.log.progress("responses", 1);
                let wait = self.wait(&record, &id, job.read_at, progress.is_drawn());
                let watch = Watch {
                    job,
                    record,
                    id,
                    wait,
                    progress,
                };
                queue.enter(watch.wait.due(), watch);
                return;
            }
            Ok(None) => {}
            Err(error) if stopped => pipe.pass_on(&mut record, &error),
            Err(error) => pipe.fail(&mut record, &error),
        }
        pipe.put(&job, record);
    }

    /// The id of the response to wait for, or none where the record only passes through.
    fn accept(&self, job: &Job, record: &mut Record, stop: Option<Error>) -> Result<Option<Id>> {
        let response = record.response().map(Response::read);
        let runs = response.as_ref().is_some_and(|r| !r.is_final());
        if let Some(error) = record.error() {
            if !runs || !error.retryable || stop.is_some() {
                return Ok(None);
            }
            record.object_mut().remove("error");
        }
        let problem = job.incoming.problem.clone();
        if let Some(problem) = problem.or_else(|| waits_for_batch(record, response.as_ref())) {
            return Err(problem);
        }
        let Some(response) = response else {
            return Err(Error::input("the record has no `response` to wait for")
                .hint("oa-respond -b makes one"));
        };
        if !runs {
            let verdict = settle_own(record, self.args.allow_incomplete);
            return self.verdict(verdict).map(|()| None);
        }
        let Some(id) = response.id else {
            return Err(Error::input(
                "the record's `response` still runs and has no id to ask for",
            ));
        };
        if let Some(stop) = stop {
            return Err(stop.hint(again(&id)));
        }
        forget(record);
        Ok(Some(id))
    }

    /// What an end comes to: to be final is all that is wanted of what was to be cancelled.
    fn verdict(&self, verdict: Result<()>) -> Result<()> {
        if self.args.cancel { Ok(()) } else { verdict }
    }

    fn wait(&self, record: &Record, id: &Id, begun: Instant, drawn: bool) -> Wait {
        let mut patience = self.args.patience;
        patience.deadline = patience.deadline.or_else(|| beyond_window(record));
        let subject = Subject {
            drawn,
            ..Subject::response(id, again(id))
        };
        Wait::new(&self.run.pipe, patience, begun, subject)
    }

    /// Takes one look; the verdict on the record, once there is one.
    fn look(&self, watch: &mut Watch) -> Option<Result<()>> {
        let Watch {
            job, record, id, ..
        } = watch;
        let ended = watch.wait.look(|until| {
            let answer = self.ask(id, until)?;
            let response = Response::read(&answer.object);
            if response.is_final() {
                let told = summary(record, &response, Some(job.read_at));
                self.run.pipe.log.event("response", &told);
                let verdict = settle(record, answer.object, self.args.allow_incomplete);
                return Ok(Look::Final(self.verdict(verdict)));
            }
            let status = response.status_word();
            keep(record, id, &answer);
            Ok(Look::Running(Running::new(status, &answer)))
        })?;
        Some(ended.and_then(|verdict| verdict))
    }

    /// Asks how the response is, or has it cancelled.
    fn ask(&self, id: &Id, until: Option<Instant>) -> Result<Reply> {
        let path = id.under("/responses");
        let look = || Request::get(path.clone(), RESPONSE).once().until(until);
        if !self.args.cancel {
            return self.client.call(&look());
        }
        let cancel = Request::touch(format!("{path}/cancel"), RESPONSE);
        let cancelled = self.client.call(&cancel.once().until(until));
        cancelled.or_else(|refusal| match (refusal.kind, refusal.status) {
            // What it does not cancel may be final already.
            (Kind::Refused, Some(400..500)) => match self.client.call(&look()) {
                Ok(answer) if Response::read(&answer.object).is_final() => Ok(answer),
                _ => Err(refusal),
            },
            _ => Err(refusal),
        })
    }

    fn close(&self, mut watch: Watch, verdict: Result<()>) {
        let pipe = &self.run.pipe;
        drop(watch.progress);
        if let Err(error) = verdict {
            if error.is_gone() || watch.wait.is_unknown() {
                watch.job.gone.push(watch.id);
            }
            pipe.fail(&mut watch.record, &error);
        }
        pipe.put(&watch.job, watch.record);
    }
}

/// The record of an id, which here names a response, whatever it looks like.
fn named(id: &str) -> Incoming {
    let mut response = Object::default();
    response.put("id", &id);
    let mut record = Record::default();
    record.object_mut().set("response", response.to_raw());
    Incoming {
        record,
        bare: Some(id.to_owned()),
        problem: Id::parse(id).err(),
    }
}

/// Keeps the newest of a response that runs, unless it could not be asked for by that.
fn keep(record: &mut Record, id: &Id, answer: &Reply) {
    if Response::read(&answer.object).id.as_ref() == Some(id) {
        record.object_mut().set("response", answer.object.clone());
    }
}

/// The command that waits on.
fn again(id: &Id) -> String {
    shell::command("oa-poll", [id.as_str()])
}

/// How long a record is waited for that was asked with a window.
fn beyond_window(record: &Record) -> Option<Duration> {
    let window = duration(&record.object().text("window")?).ok()?;
    Some(window.saturating_add(BEYOND_WINDOW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_waited_for_an_hour_longer_than_its_window() {
        for (window, hours) in [("2h", Some(3)), ("8h", Some(9)), ("soonest", None)] {
            let mut record = Record::default();
            record.object_mut().put("window", &window);
            let hours = hours.map(|hours| hours * BEYOND_WINDOW);
            assert_eq!(beyond_window(&record), hours, "{window}");
        }
        assert_eq!(beyond_window(&Record::default()), None);
    }
}
