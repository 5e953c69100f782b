//! Waits until every response is final, all of them side by side.

mod desk;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use oa_core::answer::{Response, forget, settle};
use oa_core::cli::{Arguments, Options, Order, Run, duration};
use oa_core::client::{Answer, Call, Client, Expect, spread};
use oa_core::error::EXIT_TABLE;
use oa_core::log::Progress;
use oa_core::pipe::{Job, Plan, Source};
use oa_core::record::Record;
use oa_core::shell::command;
use oa_core::wait::{Schedule, passes};
use oa_core::{Error, Id, Kind, Result};

use desk::Desk;

/// Looks at the same time; each has a connection of its own.
const LOOKERS: usize = 8;
/// A response that was just made is not known everywhere at once.
const UNKNOWN_FOR: Duration = Duration::from_secs(5);

/// Wait until responses are final
///
/// All records are polled side by side; each is written as it ends.
#[derive(Parser)]
#[command(name = "oa-poll", version, max_term_width = 80, after_help = "See --help for examples and exit statuses.", after_long_help = help())]
struct Args {
    /// Ids of responses; without any, records are read from stdin
    #[arg(value_name = "RESPONSE_ID")]
    ids: Vec<String>,
    /// Longest time between two looks
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    interval: Duration,
    /// Give up a record after this time; 0: never
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    deadline: Duration,
    /// Cancel the responses instead of waiting
    #[arg(long)]
    cancel: bool,
    /// Write the text of answers, not records
    #[arg(short, long, help_heading = "Output")]
    text: bool,
    /// Take an incomplete answer as success
    #[arg(long)]
    allow_incomplete: bool,
    #[command(flatten)]
    order: Order,
    #[command(flatten)]
    options: Options,
}

fn help() -> String {
    format!(
        "Examples:
  oa-upload report.pdf | oa-respond -b -p 'Audit it.' | oa-poll | oa-delete -t
  oa-poll --deadline 10m < job.json > done.json

{EXIT_TABLE}"
    )
}

impl Arguments for Args {
    const TOOL: &'static str = "oa-poll";
    const EXAMPLE: &'static str = "name the ids: oa-poll resp_abc; or put it into a pipe";

    fn options(&self) -> &Options {
        &self.options
    }

    fn source(&self) -> Result<Source> {
        Source::of_ids(Self::TOOL, &self.ids)
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

fn main() -> ExitCode {
    oa_core::run(|args: &Args, run| {
        let poller = Poller {
            client: run.client()?,
            spinner: run.pipe.log.spinner("waiting"),
            args,
            run,
        };
        poller.serve();
        Ok(())
    })
}

struct Poller<'a> {
    client: Client,
    spinner: Progress,
    args: &'a Args,
    run: &'a Run,
}

/// A response that somebody waits for.
struct Watch {
    job: Job,
    record: Record,
    id: Id,
    schedule: Schedule,
    deadline: Option<Instant>,
    /// The last trouble, for the message should time run out.
    trouble: Option<Error>,
}

/// What a look came to.
enum Seen {
    /// Look again after this time.
    Later(Duration),
    /// The record is settled, well or not.
    Final(Result<()>),
}

impl Poller<'_> {
    /// One thread reads, a few look; between looks a response costs no thread.
    fn serve(&self) {
        let desk = Desk::new(&self.run.pipe.interrupt);
        std::thread::scope(|scope| {
            for _ in 0..LOOKERS {
                scope.spawn(|| {
                    while let Some(mut watch) = desk.due() {
                        match self.look(&mut watch) {
                            Seen::Later(wait) => {
                                let next = Instant::now() + wait;
                                let next = watch.deadline.map_or(next, |end| next.min(end));
                                desk.put(next, watch);
                            }
                            Seen::Final(verdict) => {
                                self.close(watch, verdict);
                                desk.leave();
                            }
                        }
                    }
                });
            }
            while let Some(mut job) = self.run.pipe.next() {
                let record = std::mem::take(&mut job.incoming.record);
                self.take(&desk, job, record);
            }
            desk.close();
        });
    }

    /// Passes a record on, or begins to wait for its response.
    fn take(&self, desk: &Desk<Watch>, job: Job, mut record: Record) {
        let pipe = &self.run.pipe;
        let ready = if pipe.is_closed() {
            Ok(None)
        } else {
            self.accept(&job, &mut record)
        };
        match ready {
            Ok(Some(id)) => {
                let deadline = self.args.deadline;
                let watch = Watch {
                    deadline: (!deadline.is_zero()).then(|| job.read_at + deadline),
                    schedule: Schedule::new(self.args.interval),
                    trouble: None,
                    job,
                    record,
                    id,
                };
                desk.enter(watch);
            }
            Ok(None) => pipe.put(&job, record),
            Err(error) => {
                pipe.fail(&mut record, &error);
                pipe.put(&job, record);
            }
        }
    }

    /// The id of the response to wait for, or none where the record only passes through.
    fn accept(&self, job: &Job, record: &mut Record) -> Result<Option<Id>> {
        let response = record.response().map(Response::read);
        let pending = response.as_ref().is_some_and(|r| !r.is_final());
        if let Some(error) = record.error() {
            let again = matches!(
                error.kind,
                Kind::Deadline | Kind::Interrupted | Kind::Network
            );
            if !(pending && again) || self.run.pipe.stopped().is_some() {
                return Ok(None);
            }
            record.object_mut().remove("error");
        }
        if let Some(problem) = &job.incoming.problem {
            return Err(problem.clone());
        }
        let Some(response) = response else {
            return Err(Error::input("the record has no `response` to wait for")
                .hint("oa-respond -b makes one"));
        };
        if !pending {
            let raw = record.response().map(ToOwned::to_owned).unwrap_or_default();
            let verdict = settle(record, &raw, self.args.allow_incomplete);
            return if self.args.cancel {
                Ok(None)
            } else {
                verdict.map(|()| None)
            };
        }
        let Some(id) = response.id else {
            return Err(Error::input("the record's `response` has no id"));
        };
        if let Some(stop) = self.run.pipe.stopped() {
            return Err(stop.hint(again(&id)));
        }
        forget(record);
        Ok(Some(id))
    }

    fn look(&self, watch: &mut Watch) -> Seen {
        let now = Instant::now();
        if self.run.pipe.interrupt.signal().is_some() {
            return Seen::Final(Err(self.stopped(watch)));
        }
        if watch.deadline.is_some_and(|end| now >= end) {
            return Seen::Final(Err(Self::late(watch)));
        }
        let path = watch.id.under("/responses");
        let response = Expect::Response;
        let call = if self.args.cancel && watch.trouble.is_none() {
            Call::touch(format!("{path}/cancel"), response)
        } else {
            Call::get(path, response).once()
        };
        match self.client.call(&call.until(watch.deadline)) {
            Ok(answer) => self.read(watch, &answer),
            Err(error) if error.kind == Kind::Interrupted => Seen::Final(Err(self.stopped(watch))),
            Err(error) if self.passes(watch, &error) => {
                let log = &self.run.pipe.log;
                let seconds = watch.job.read_at.elapsed().as_secs();
                let id = &watch.id;
                log.event(
                    "poll",
                    &format!(
                        "response_id={id} trouble={} elapsed={seconds}s",
                        error.kind.word()
                    ),
                );
                watch.trouble = Some(error);
                Seen::Later(watch.schedule.next_wait(None, spread()))
            }
            Err(error) => Seen::Final(Err(error)),
        }
    }

    /// Whether a trouble is one that time mends.
    fn passes(&self, watch: &Watch, error: &Error) -> bool {
        let young = watch.job.read_at.elapsed() < UNKNOWN_FOR;
        passes(error) || (error.is_gone() && young && !self.args.cancel)
    }

    fn read(&self, watch: &mut Watch, answer: &Answer) -> Seen {
        watch.trouble = None;
        let response = Response::read(&answer.object);
        let verdict = settle(
            &mut watch.record,
            &answer.object,
            self.args.allow_incomplete,
        );
        let seconds = watch.job.read_at.elapsed().as_secs();
        let log = &self.run.pipe.log;
        if response.is_final() {
            log.event(
                "response",
                &format!("{} elapsed={seconds}s", response.summary()),
            );
            return Seen::Final(if self.args.cancel { Ok(()) } else { verdict });
        }
        let (id, status) = (&watch.id, response.status_word());
        self.spinner.say(&format!("{id} {status}"));
        if !self.spinner.is_drawn() {
            log.event(
                "poll",
                &format!("response_id={id} status={status} elapsed={seconds}s"),
            );
        }
        Seen::Later(watch.schedule.next_wait(answer.poll_after, spread()))
    }

    fn late(watch: &Watch) -> Error {
        let status = watch.record.response().map(Response::read);
        let status = status
            .as_ref()
            .map_or("unknown", |r| r.status_word())
            .to_owned();
        let id = &watch.id;
        let message = match &watch.trouble {
            Some(trouble) => {
                format!("response {id} was not final in time; the last look: {trouble}")
            }
            None => format!("response {id} was still {status} when the time was over"),
        };
        Error::new(Kind::Deadline, message).hint(again(id))
    }

    fn stopped(&self, watch: &Watch) -> Error {
        let signal = self.run.pipe.interrupt.signal().unwrap_or_default();
        Error::interrupted(signal).hint(again(&watch.id))
    }

    fn close(&self, mut watch: Watch, verdict: Result<()>) {
        let pipe = &self.run.pipe;
        if let Err(error) = verdict {
            pipe.fail(&mut watch.record, &error);
        }
        pipe.put(&watch.job, watch.record);
    }
}

/// The command that waits on.
fn again(id: &Id) -> String {
    command("oa-poll", [id.as_str()])
}
