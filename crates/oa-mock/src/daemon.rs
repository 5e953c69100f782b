//! A server that stays when its shell goes on: started beside it, found again, ended.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use rustix::process::setsid;
use rustix::stdio::{dup2_stderr, dup2_stdout};

use crate::log;

/// What a shell is told where no server could be started: an address that nobody has (RFC 6761), no key, and an end
/// for scripts that stop at errors. The next command never reaches the real API.
const NOWHERE: &str = "\
export OPENAI_BASE_URL=https://oa-mock-did-not-start.invalid/v1
export OPENAI_API_KEY=sk-none
false
";

/// How a server is named.
const STARTED: &str = "eval \"$(oa-mock --daemon)\" starts one and sets the variable";
/// What the shell still has of a server that ended.
const GO_BACK: &str = "this shell still names the server that ended; to go back: unset OPENAI_BASE_URL OPENAI_API_KEY";

const DAEMON: &str = "--daemon";
const DETACHED: &str = "--detached";

/// How long a server has that ends.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(5);

/// Whether the command line asks for a server beside the shell, also where it is wrong.
pub(crate) fn is_asked_for() -> bool {
    let mut options = std::env::args_os().take_while(|word| word != "--");
    options.any(|word| word == DAEMON)
}

/// Tells the shell that there is no server.
pub(crate) fn nowhere() {
    let _ = io::stdout().write_all(NOWHERE.as_bytes());
}

/// Starts this program once more and hands on what it prints.
pub(crate) fn start() -> anyhow::Result<ExitCode> {
    let words = std::env::args_os().skip(1);
    let detached = |word: OsString| {
        if word == DAEMON {
            DETACHED.into()
        } else {
            word
        }
    };
    let mut child = Command::new(std::env::current_exe()?)
        .args(words.map(detached))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut told = String::new();
    let mut stdout = child.stdout.take().context("no pipe")?;
    stdout.read_to_string(&mut told)?;
    if told.is_empty() {
        nowhere();
        let code = child
            .wait()?
            .code()
            .and_then(|code| u8::try_from(code).ok());
        return Ok(ExitCode::from(code.unwrap_or(1)));
    }
    io::stdout().write_all(told.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Leaves the terminal, so that its Ctrl-C and its end are none of this server's.
pub(crate) fn leave() -> io::Result<()> {
    setsid()?;
    Ok(())
}

/// Lets go of the streams of the shell that started this, which waits for their end.
pub(crate) fn fall_silent() -> io::Result<()> {
    let nothing = OpenOptions::new().write(true).open("/dev/null")?;
    dup2_stdout(&nothing)?;
    dup2_stderr(&nothing)?;
    Ok(())
}

/// Ends the server at this address and says what was left on it.
pub(crate) fn stop(quiet: bool) -> anyhow::Result<ExitCode> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let url = variable("OPENAI_BASE_URL");
    ensure!(
        !url.is_empty(),
        "OPENAI_BASE_URL is not set, so no server is named; {STARTED}"
    );
    let address = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split('/').next());
    let address = address.and_then(|address| address.parse::<SocketAddr>().ok());
    let address = address.filter(|address| address.ip().to_canonical().is_loopback());
    let address = address.with_context(|| {
        format!("{url}: OPENAI_BASE_URL names no server on this machine; {STARTED}")
    })?;
    let answer = ask(address, &variable("OPENAI_API_KEY"));
    let answer = answer.map_err(|error| anyhow!("{url}: {}", log::plain(&error)))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let done = head.split(' ').nth(1) == Some("200");
    ensure!(
        done,
        "{url}: no oa-mock that this key may stop: {}",
        body.trim_end()
    );
    let advice = [GO_BACK].into_iter();
    for line in body.lines().chain(advice).filter(|_| !quiet) {
        log::line(line);
    }
    let since = Instant::now();
    while TcpStream::connect(address).is_ok() {
        ensure!(since.elapsed() < PATIENCE, "{url}: it still runs");
        std::thread::sleep(LOOK);
    }
    Ok(ExitCode::SUCCESS)
}

fn ask(address: SocketAddr, key: &str) -> io::Result<String> {
    let key: String = key.chars().filter(char::is_ascii_graphic).collect();
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let head = format!(
        "POST /mock/stop HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"
    );
    socket.write_all(head.as_bytes())?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}
