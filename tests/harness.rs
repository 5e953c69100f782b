//! The programs, built once, and the server that tests run against, as a child process.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// How long a test waits for anything before it is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The folder of the built programs.
pub(crate) fn programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // One process per test would ask cargo hundreds of times: the first one of a run leaves a note.
        let note = std::env::var("NEXTEST_RUN_ID")
            .map(|run| Path::new(env!("CARGO_TARGET_TMPDIR")).join(run));
        let known = note.as_ref().ok().and_then(|n| fs::read_to_string(n).ok());
        let folder = known.filter(|text| !text.is_empty()).unwrap_or_else(build);
        if let Ok(note) = note {
            fs::write(note, &folder).unwrap();
        }
        PathBuf::from(folder)
    })
}

fn build() -> String {
    let run = Command::new(env!("CARGO"))
        .args(["build", "--workspace", "--bins", "--profile", "quick"])
        .arg("--message-format=json")
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(run.status.success(), "the programs do not build");
    let messages = String::from_utf8(run.stdout).unwrap();
    let folder = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let program = PathBuf::from(message["executable"].as_str()?);
        let parent = program.parent()?.to_str()?;
        program.ends_with("oa-mock").then(|| parent.to_owned())
    });
    folder.expect("cargo names oa-mock")
}

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A server of this test's own; it ends with the test.
pub(crate) struct Mock {
    child: Child,
    address: String,
    /// What the programs find in `OPENAI_BASE_URL` and `OPENAI_API_KEY`.
    pub(crate) environment: [(String, String); 2],
}

/// What the server was asked and what it still holds.
#[derive(Deserialize)]
pub(crate) struct Ledger {
    pub(crate) requests: Vec<Request>,
    pub(crate) files: Vec<Value>,
    pub(crate) responses: Vec<Value>,
    /// Each with the ids of its `files`.
    pub(crate) stores: Vec<Value>,
    pub(crate) batches: Vec<Value>,
    pub(crate) connections: u64,
    /// Requests before those, which it did not keep.
    pub(crate) forgotten: usize,
}

/// One request as it arrived.
#[derive(Clone, Deserialize)]
pub(crate) struct Request {
    /// When it came, in milliseconds since the server began.
    pub(crate) ms: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) length: u64,
    pub(crate) body: Option<Box<RawValue>>,
    pub(crate) form: Option<Vec<Part>>,
}

/// One part of a form.
#[derive(Clone, Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) text: Option<String>,
}

/// What the server answered.
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Heard {
    /// The body of an answer that is no error.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Status, code, param and message of an error.
    pub(crate) fn error(&self) -> (u16, Value, Value, String) {
        let body: Value = serde_json::from_str(&self.body).expect("JSON");
        let error = &body["error"];
        let message = error["message"].as_str().expect("a message").to_owned();
        (
            self.status,
            error["code"].clone(),
            error["param"].clone(),
            message,
        )
    }
}

impl Request {
    /// `POST /files`, `GET /responses/*`: ids are all the same here.
    fn line(&self) -> String {
        let path = self.path.strip_prefix("/v1").unwrap_or(&self.path);
        let prefixes = ["file-", "resp_", "vs_", "vsfb_", "batch_"];
        let id = |part: &str| prefixes.iter().any(|p| part.starts_with(p));
        let parts = path
            .split('/')
            .map(|part| if id(part) { "*" } else { part });
        format!("{} {}", self.method, parts.collect::<Vec<_>>().join("/"))
    }

    /// The JSON body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.raw()).unwrap()
    }

    /// The JSON body, byte for byte.
    pub(crate) fn raw(&self) -> &str {
        self.body.as_ref().expect("a JSON body").get()
    }

    /// The part of the form that has this name.
    pub(crate) fn part(&self, name: &str) -> &Part {
        let parts = self.form.as_ref().expect("a form");
        parts.iter().find(|part| part.name == name).expect(name)
    }
}

impl Ledger {
    /// Every request as `METHOD /path`, in order, ids written `*`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.requests.iter().map(Request::line).collect()
    }

    /// The requests of one kind: `POST /responses`.
    pub(crate) fn of(&self, line: &str) -> Vec<&Request> {
        let all = self.requests.iter();
        all.filter(|request| request.line() == line).collect()
    }

    /// Statuses of the responses and Batches that the server holds.
    pub(crate) fn statuses(&self) -> Vec<&str> {
        let all = self.responses.iter().chain(&self.batches);
        all.map(|r| r["status"].as_str().unwrap_or("none"))
            .collect()
    }
}

impl Mock {
    /// Starts a server on a free port.
    pub(crate) fn start(options: &[&str]) -> Mock {
        let mut child = Command::new(programs().join("oa-mock"))
            .args(["--quiet", "--listen", "127.0.0.1:0"])
            .args(options)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("oa-mock starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut export = || {
            let line = lines.next().expect("a line of oa-mock").unwrap();
            let set = line.strip_prefix("export ").expect("an export");
            let (name, value) = set.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        let environment = [export(), export()];
        let url = environment[0].1.strip_prefix("http://").unwrap();
        let address = url.strip_suffix("/v1").unwrap().to_owned();
        Mock {
            child,
            address,
            environment,
        }
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// HTTP/1.0, so that the answer is neither chunked nor kept alive.
    fn exchange(&self, request: &str, headers: &str, body: &[u8]) -> Heard {
        let (host, length) = (&self.address, body.len());
        let head = format!("{request} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {length}");
        let head = format!("{head}\r\n{headers}\r\n");
        self.say(&[head.as_bytes(), body].concat())
    }

    /// What it answers to these bytes, which have to end the connection.
    pub(crate) fn say(&self, bytes: &[u8]) -> Heard {
        let mut socket = self.connect();
        // It may have closed by then, after its answer.
        let _ = socket.write_all(bytes);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        Heard {
            status: status.parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// A request to the controls, which has to succeed.
    fn http(&self, method: &str, path: &str, body: &str) -> String {
        let key = &self.environment[1].1;
        let headers = format!("Authorization: Bearer {key}\r\nContent-Type: application/json\r\n");
        let heard = self.exchange(&format!("{method} {path}"), &headers, body.as_bytes());
        let Heard { status, body, .. } = heard;
        assert_eq!(status, 200, "{method} {path}: {body}");
        body
    }

    /// A request to the API with any key: `GET /files`, with a JSON body unless it is null.
    pub(crate) fn call(&self, request: &str, body: &Value) -> Heard {
        let (method, path) = request.split_once(' ').unwrap();
        let headers = "Authorization: Bearer sk-test\r\nContent-Type: application/json\r\n";
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.exchange(&format!("{method} /v1{path}"), headers, body.as_bytes())
    }

    /// Uploads a file under any name; gives its id.
    pub(crate) fn upload(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let heard = self.send("assistants", name, bytes);
        heard.json()["id"].as_str().expect("a file").to_owned()
    }

    /// What it answers to the upload of a file for a purpose.
    pub(crate) fn send(&self, purpose: &str, name: &str, bytes: impl AsRef<[u8]>) -> Heard {
        let part = |name: &str| format!("--cut\r\nContent-Disposition: form-data; name={name}");
        let purpose = format!("{}\r\n\r\n{purpose}\r\n", part("purpose"));
        let file = format!("{}; filename=\"{name}\"\r\n\r\n", part("file"));
        let end = b"\r\n--cut--\r\n";
        let body = [purpose.as_bytes(), file.as_bytes(), bytes.as_ref(), end].concat();
        let kind = "Content-Type: multipart/form-data; boundary=cut\r\n";
        let headers = format!("Authorization: Bearer sk-test\r\n{kind}");
        self.exchange("POST /v1/files", &headers, &body)
    }

    /// What happened so far.
    pub(crate) fn ledger(&self) -> Ledger {
        serde_json::from_str(&self.http("GET", "/mock/ledger", "")).expect("a ledger")
    }

    /// Adds a rule for what goes wrong.
    pub(crate) fn fault(&self, rule: &str) {
        self.http("POST", "/mock/faults", &Value::from(rule).to_string());
    }

    /// From here on all goes well.
    pub(crate) fn no_faults(&self) {
        self.http("DELETE", "/mock/faults", "");
    }

    /// A file is gone before anybody deleted it.
    pub(crate) fn expire(&self, id: &str) {
        self.http("POST", &format!("/mock/expire?file={id}"), "");
    }

    /// A vector store is past its time.
    pub(crate) fn expire_store(&self, id: &str) {
        self.http("POST", &format!("/mock/expire?store={id}"), "");
    }

    /// Waits until the server's ledger fulfils a condition.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Ledger) -> bool) {
        let start = Instant::now();
        while !holds(&self.ledger()) {
            assert!(start.elapsed() < PATIENCE, "never: {what}");
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
