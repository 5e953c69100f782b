//! The server of a run, and what it says of itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

/// A server that ends with the run.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// Starts a server with these options.
    pub(crate) fn start(programs: &Path, options: &[&str]) -> anyhow::Result<Server> {
        let mut command = Command::new(programs.join("oa-mock"));
        command
            .arg("--quiet")
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command.spawn().context("oa-mock")?;
        let stdout = child.stdout.take().context("oa-mock's output")?;
        let (mut stdout, mut line) = (BufReader::new(stdout), String::new());
        stdout.read_line(&mut line)?;
        // The key follows; a server whose output is closed before it said all would end.
        stdout.read_line(&mut String::new())?;
        let address = line.trim().strip_prefix("export OPENAI_BASE_URL=http://");
        let address = address.and_then(|rest| rest.strip_suffix("/v1"));
        Ok(Server {
            address: address.context("oa-mock names no address")?.to_owned(),
            child,
        })
    }

    /// What it holds: `files` and `responses`.
    pub(crate) fn ledger(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.control("GET", "/mock/ledger")?)?)
    }

    /// Who got in under its limits, and what would have been ideal.
    pub(crate) fn limit(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.control("GET", "/mock/limit")?)?)
    }

    /// Asks it to forget what it was asked.
    pub(crate) fn forget(&self) -> anyhow::Result<()> {
        self.control("DELETE", "/mock/ledger").map(drop)
    }

    fn control(&self, method: &str, path: &str) -> anyhow::Result<String> {
        let mut socket = TcpStream::connect(&self.address)?;
        let host = &self.address;
        // HTTP/1.0: the answer is neither chunked nor kept alive.
        write!(socket, "{method} {path} HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("half an answer")?;
        ensure!(head.contains(" 200 "), "{path}: {head}");
        Ok(body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
