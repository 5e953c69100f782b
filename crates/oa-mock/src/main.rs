//! The API on this machine: Files, Responses, Vector stores and Batches kept in memory, for trying, testing and teaching pipelines.

mod alone;
mod child;
mod daemon;
mod endpoints;
mod faults;
mod http;
mod id;
mod json;
mod limit;
mod log;
mod mock;
mod objects;
mod search;
mod state;
mod threads;

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::net::TcpListener;

use crate::faults::rule::{Rule, Rules};
use crate::http::guard::Guard;
use crate::limit::limiter::Limiter;
use crate::limit::options::{Variant, duration};
use crate::mock::{Mock, Settings};
use crate::objects::table::Table;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (the API as of 26 Nov 2026)");

const ABOUT: &str = "\
Play the Files, Responses, Vector stores and Batch API on this machine

Without CMD: print OPENAI_BASE_URL and OPENAI_API_KEY as shell commands and
serve until a signal. With CMD: run it with both set, and tell what it left.
With --daemon: print them and serve beside the shell, until --stop.
Chat Completions are answered, too: text, PDFs and pictures, no audio.";

const AFTER: &str = "\
Rules: METHOD PATH ACTION [key=value…] [xN] [skip=K] [percent=P seed=S]
  METHOD may be *. In PATH (without /v1) * is one segment, a last ** the rest.
  xN: the first N requests only; skip=K: K requests pass first; percent=P: so
  many of them, drawn by the seed. ACTION is
  NNN (code= type= message='…' param= retry-after= retry-after-ms=
      should-retry= location= header='Name: value' early=true),
  NNN with a body of its own: body='…' as it stands, raw='…' or events='…' with
      \\n \\r \\t \\\\ \\xNN (type= is its content type, empty: none; header= may
      stand more than once; then=cut or then=stall in place of its end),
  but (status= type= header= before='…' after='…' patch='{…}' then=close): the
      true answer with this changed; patch is a JSON Merge Patch; then=close ends
      the connection behind the answer, which says nothing of it,
  html [status=], empty, cut-json, wrong-kind, no-id, huge bytes=, delay ms=,
  stall or cut [when=before|body|answer] (stall before or in the body: until
      all rules are removed), cut-stream events=,
  end status= [reason= code= message= text= commentary= file=NAME], or
  sse dialect=.
  end says how what a POST makes will end: a response, or the indexing of files
  (failed, cancelled, in_progress: never), with file= only that of these names;
  commentary= is said in a message of its own before the final answer; models
  from gpt-6 on always say something there. A Batch ends completed, cancelled,
  expired (done= of its requests are run, else half), failed (code= message=
  line=) or in_progress.
  METHOD is LINE for the requests of Batches, one after the other, which no
  other rule hits: `LINE /responses` with NNN, but or end, or
  missing (it stands in no file), doubled [in=error], or zero (status 0).

The API is that of 26 Nov 2026. What it does not have is refused as the API does
it, and said on stderr, unless --lenient lets it pass: parameters, and models
whose names begin as OpenAI's do (gpt- or o, then a digit; GET /v1/models lists
them); any other name is taken. What was read before is in cached_tokens: equal
beginnings from 1,024 tokens on once an answer to them has begun, in steps of
128; from gpt-5.6 on up to a breakpoint (prompt_cache_breakpoint of a part, or
the end of the input).

Limits: --rpm and --tpm play a rate limit in the API's words and headers.
  --limit 'KEY=VALUE…': headers=both|seconds|none|bare (what a refusal says of
  when to come again: milliseconds and seconds, whole seconds, its message
  alone, nothing); burst=TIME (what comes in that time may come at once; 6s),
  window=TIME (instead: a window of that length), ramp=TIME (the limit grows to
  all of it in that time); refused=count (refusals count, too); latency=TIME (of
  an answer); concurrent=N (questions at a time); quota=N (then the money is
  gone); outage=TIME (503 from the first second on); files=N (uploads a minute)

Controls, of Content-Type application/json, with the key where one was given:
  GET and DELETE /mock/ledger (200,000 requests or 256 MiB are kept),
  POST (a rule as a JSON string, or an array of them) and DELETE /mock/faults,
  GET and DELETE /mock/limit (who got in, and how close to the ideal),
  POST /mock/expire?file=ID and /mock/expire?store=ID, POST /mock/stop

Pages in a browser, and names that are none of this machine, get 403.

Examples:
  oa-mock -- sh -c 'oa-upload a.pdf | oa-respond -p Summarise. | oa-delete -t'
  eval \"$(oa-mock --daemon)\"; oa-respond -n -p Hello -t; oa-mock --stop
  oa-mock --fault 'POST /responses 429 retry-after=1 x2' --looks 5
  oa-mock --rpm 500 --tpm 200000 --limit latency=2s -- make answers
  oa-mock --fault 'POST /vector_stores/** end status=failed file=a.md'
  oa-mock --queue-tokens 90000 --fault 'LINE /responses 500 percent=2 seed=1'
  oa-mock --fault \"POST /responses 200 events='data: {}\\n\\n' then=cut\"
  oa-mock --fault 'GET /files but type=text/plain patch={\"has_more\":null}'

Exit status: that of CMD; without CMD 0; 2 for wrong usage";

/// What the user asked for.
#[derive(Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[command(version = VERSION, about = ABOUT, after_help = AFTER)]
struct Args {
    /// Listen at this address; one that other machines reach needs --key
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Answer also to this name beside localhost and addresses (repeatable)
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// Accept only this key (default: any; CMD gets sk-mock)
    #[arg(long, value_parser = visible)]
    key: Option<String>,
    /// Let every answer wait: 500ms, 1s, 2m
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    delay: Duration,
    /// Let in so many questions a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rpm: Option<u32>,
    /// Let in so many tokens a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    tpm: Option<u32>,
    /// Let a model's queue of Batches hold so many tokens
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    queue_tokens: Option<u64>,
    /// How the limits behave (see below)
    #[arg(
        long,
        value_name = "KEY=VALUE…",
        default_value = "",
        hide_default_value = true
    )]
    limit: Variant,
    /// GETs until a response or Batch is final, a file indexed; 0: never
    #[arg(long, value_name = "N", default_value_t = 2)]
    looks: u64,
    /// Let this go wrong (repeatable; see below)
    #[arg(long = "fault", value_name = "RULE", value_parser = str::parse::<Rule>)]
    faults: Vec<Rule>,
    #[arg(long, help = "Take image_file_id in input_image parts as well")]
    older_guide: bool,
    /// Let parameters and models pass that it does not know (see below)
    #[arg(long)]
    lenient: bool,
    /// Write nothing to stderr
    #[arg(short, long)]
    quiet: bool,
    /// Log requests also while CMD runs
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// Serve beside the shell: eval "$(oa-mock --daemon)"
    #[arg(long, conflicts_with = "command")]
    daemon: bool,
    #[arg(
        long,
        conflicts_with_all = ["daemon", "command"],
        help = "End the server that OPENAI_BASE_URL names, and say what was left on it"
    )]
    stop: bool,
    /// End after so long without a request (with --daemon: 1h)
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    idle: Option<Duration>,
    /// Be the server that --daemon starts
    #[arg(long, hide = true)]
    detached: bool,
    /// A command to run against the server
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            if error.use_stderr() && daemon::is_asked_for() {
                daemon::nowhere();
            }
            error.exit();
        }
    };
    if args.stop {
        return ended(daemon::stop());
    }
    if args.daemon {
        return ended(daemon::start().inspect_err(|_| daemon::nowhere()));
    }
    if !args.listen.ip().to_canonical().is_loopback() && args.key.is_none() {
        log::line(&format!(
            "{}: other machines reach it; say by --key KEY who may ask, or listen at 127.0.0.1",
            args.listen
        ));
        return ExitCode::from(2);
    }
    ended(start(args))
}

fn ended(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) => {
            log::line(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(args: Args) -> anyhow::Result<ExitCode> {
    if args.detached {
        daemon::leave()?;
    }
    let runtime = threads::runtime()?;
    let code = runtime.block_on(play(args));
    // Answers that stall would keep it for ever.
    runtime.shutdown_background();
    code
}

async fn play(args: Args) -> anyhow::Result<ExitCode> {
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| args.listen.to_string())?;
    let address = listener.local_addr()?;
    if !args.quiet && !address.ip().to_canonical().is_loopback() {
        log::line(&format!(
            "warning: other machines reach {address}, and the key travels in the clear"
        ));
    }
    let url = format!("http://{}/v1", reached(address));
    let key = args.key.clone().unwrap_or_else(|| "sk-mock".to_owned());
    let hosts = args.hosts.iter().map(|host| host.to_ascii_lowercase());
    let settings = Settings {
        guard: Guard {
            key: args.key,
            hosts: hosts.collect(),
            address,
        },
        delay: args.delay,
        looks: args.looks,
        queue: args.queue_tokens,
        lenient: args.lenient,
        quiet: args.quiet,
        log: args.verbose || (!args.quiet && args.command.is_empty()),
    };
    let table = Table::read(args.older_guide, args.lenient)?;
    let limiter = Limiter::new(args.rpm, args.tpm, args.limit);
    let mock = Arc::new(Mock::new(settings, table, Rules(args.faults), limiter));
    let server = tokio::spawn(http::server::serve(Arc::clone(&mock), listener));
    if args.command.is_empty() {
        alone::serve(&mock, &url, &key, args.idle, args.detached).await?;
        server.abort();
        return Ok(ExitCode::SUCCESS);
    }
    let idle = Arc::strong_count(&mock);
    let code = child::run(&args.command, &url, &key).await?;
    child::settle(&mock, idle).await?;
    Ok(code)
}

/// Where this machine reaches a server that listens there.
fn reached(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// A key that a header can carry.
fn visible(text: &str) -> Result<String, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("letters, digits and signs of ASCII are wanted, no blanks".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{AFTER, VERSION};
    use crate::objects::model::AS_OF;

    #[test]
    fn the_day_of_what_is_known_is_the_same_everywhere() {
        assert!(VERSION.contains(AS_OF) && AFTER.contains(AS_OF));
    }
}
