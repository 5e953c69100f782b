//! The API on this machine: Files, Responses, Vector stores and Batches kept in memory, for trying, testing and teaching pipelines.

mod alone;
mod args;
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
mod parse;
mod search;
mod shell;
mod state;
mod threads;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::args::Args;
use crate::faults::rule::Rules;
use crate::http::guard::Guard;
use crate::limit::limiter::Limiter;
use crate::mock::{Mock, Settings};
use crate::objects::table::Table;

fn main() -> ExitCode {
    let args = match parse::parse() {
        Ok(args) => args,
        Err(code) => return code,
    };
    if args.stop {
        return ended(daemon::stop(args.quiet));
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
            log::line(&log::chain(&error));
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
