//! The options of `oa-mock`, whose comments are its help.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;

use crate::faults::rule::Rule;
use crate::limit::options::{Variant, duration};

/// The program, as it is typed.
pub(crate) const NAME: &str = "oa-mock";
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (the API as of 26 Nov 2026)");

/// What `-h` ends with.
const SHORT: &str = "\
Examples:
  oa-mock -- sh -c 'oa-upload a.pdf | oa-respond -p Summarise. | oa-delete -t'
  eval \"$(oa-mock --daemon)\"; oa-respond -n -p Hello -t; oa-mock --stop

Rules of --fault, keys of --limit, models, controls, exit statuses: see --help";

/// What `--help` ends with.
const LONG: &str = "\
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
      true answer with this changed; patch is a JSON Merge Patch; then=close
      ends the connection behind the answer, which says nothing of it,
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
whose names begin with gpt- and a digit, or with o and a digit, and that are not
in GET /v1/models; any other name is taken, gpt-nosuch, too.

What was read before is in cached_tokens: equal beginnings from 1,024 tokens on
once an answer to them has begun, in steps of 128; from gpt-5.6 on up to a
breakpoint (prompt_cache_breakpoint of a part, or the end of the input).

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

Exit status: that of CMD, 127 where it is not found, 126 where it cannot be run;
without CMD 0; 1 where there is no server to start or to stop; 2 for wrong usage";

/// Columns of the help, so that an example stands on one line wherever it is read.
const WIDTH: usize = 80;
/// The port that stands for any that is free.
const FREE: u16 = 0;

/// Play the Files, Responses, Vector stores and Batch API on this machine
///
/// Without CMD: print OPENAI_BASE_URL and OPENAI_API_KEY as shell commands and
/// serve until a signal. With CMD: run it with both set, and tell what it left.
/// With --daemon: print them and serve beside the shell, until --stop.
/// Chat Completions are answered, too: text, PDFs and pictures, no audio.
#[derive(Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[expect(clippy::doc_markdown, reason = "the doc comments are the help text")]
#[command(name = NAME, version = VERSION, verbatim_doc_comment, args_override_self = true, term_width = WIDTH, after_help = SHORT, after_long_help = LONG)]
pub(crate) struct Args {
    /// Listen at this address
    ///
    /// One that other machines reach needs --key.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// Answer to this name of the server, too
    ///
    /// Beside localhost and addresses; may be given more than once.
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,
    /// Accept only this key [default: any]
    ///
    /// Without it CMD gets sk-mock.
    #[arg(long, value_parser = visible)]
    pub(crate) key: Option<String>,
    /// Let every answer wait: 500ms, 1s, 2m
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(crate) delay: Duration,
    /// Let in so many questions a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rpm: Option<u32>,
    /// Let in so many tokens a minute
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) tpm: Option<u32>,
    /// Let a model's queue of Batches hold N tokens
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) queue_tokens: Option<u64>,
    /// How the limits behave
    ///
    /// The keys stand below.
    #[arg(
        long,
        value_name = "KEY=VALUE…",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) limit: Variant,
    /// Looks until a job is final; 0: never
    ///
    /// GETs until a response or Batch is final, or a file indexed.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) looks: u64,
    /// Let this go wrong; may be given more than once
    ///
    /// The rules stand below.
    #[arg(long = "fault", value_name = "RULE", value_parser = str::parse::<Rule>)]
    pub(crate) faults: Vec<Rule>,
    /// Take image_file_id in input_image parts as well
    #[arg(long)]
    pub(crate) older_guide: bool,
    /// Take parameters and models that it does not know
    #[arg(long)]
    pub(crate) lenient: bool,
    /// Write nothing to stderr
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Log requests also while CMD runs
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Serve beside the shell: eval "$(oa-mock --daemon)"
    #[arg(long, conflicts_with = "command")]
    pub(crate) daemon: bool,
    /// End the server of --daemon
    ///
    /// The one that OPENAI_BASE_URL names; what was left on it is said.
    #[arg(long, conflicts_with_all = ["daemon", "command"])]
    pub(crate) stop: bool,
    /// End after so long without a request
    ///
    /// With --daemon it does so after 1h, unless this says another time.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) idle: Option<Duration>,
    /// Be the server that --daemon starts
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
    /// A command to run against the server, behind `--`
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// An address to listen at; what to write where it is none.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.rsplit(':').next().unwrap_or_default();
    let port = port.parse::<u16>().unwrap_or(FREE);
    text.parse().map_err(|_| {
        let any = if port == FREE {
            ", where 0 is a free port"
        } else {
            ""
        };
        format!("write an address and a port: 127.0.0.1:{port}{any}")
    })
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
    use super::{LONG, VERSION};
    use crate::objects::model::AS_OF;

    #[test]
    fn the_day_of_what_is_known_is_the_same_everywhere() {
        assert!(VERSION.contains(AS_OF) && LONG.contains(AS_OF));
    }
}
