//! A server, a folder with files, and lines of shell that run between them.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Ledger, Mock, PATIENCE, programs};

/// A real document of one page, about 600 bytes.
pub(crate) const PDF: &[u8] = include_bytes!("files/report.pdf");
/// A real picture of one pixel.
pub(crate) const PNG: &[u8] = include_bytes!("files/figure.png");
/// A text of two lines.
pub(crate) const TEXT: &[u8] = include_bytes!("files/notes.txt");

/// Where one test plays: `report.pdf`, `figure.png` and `notes.txt` lie in its folder.
pub(crate) struct Scene {
    pub(crate) mock: Mock,
    folder: TempDir,
}

/// A line of shell that runs.
pub(crate) struct Running {
    child: Child,
    stdout: Drain,
    stderr: Drain,
    done: Sender<()>,
}

/// What a stream has brought so far, and the thread that reads it.
struct Drain {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

/// How a line of shell ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// 128 and the signal where the shell died of one.
    pub(crate) status: i32,
    pub(crate) signal: Option<i32>,
}

impl Scene {
    /// A folder with three files and a server without faults.
    pub(crate) fn new() -> Scene {
        Scene::with(&[])
    }

    /// The same with options for the server.
    pub(crate) fn with(options: &[&str]) -> Scene {
        let folder = TempDir::new().unwrap();
        let scene = Scene {
            mock: Mock::start(options),
            folder,
        };
        scene.file("report.pdf", PDF).file("figure.png", PNG);
        scene.file("notes.txt", TEXT);
        scene
    }

    /// The same with one fault.
    pub(crate) fn faulty(rule: &str) -> Scene {
        Scene::with(&["--fault", rule])
    }

    /// Puts a file into the folder.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Scene {
        fs::write(self.path(name), bytes).unwrap();
        self
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file's text.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }

    /// Runs one line of shell with an empty standard input.
    pub(crate) fn sh(&self, line: &str) -> Ran {
        self.start(line).finish()
    }

    /// Runs one line of shell that must end well.
    pub(crate) fn ok(&self, line: &str) -> Ran {
        self.sh(line).is(0)
    }

    /// Runs one line of shell with this on its standard input.
    pub(crate) fn feed(&self, input: &str, line: &str) -> Ran {
        self.file(".input", input);
        self.start(&format!("exec <.input; {line}")).finish()
    }

    /// Starts one line of shell in a process group of its own, in a clean environment.
    pub(crate) fn start(&self, line: &str) -> Running {
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", programs().display());
        // A runner in the background of a shell hands down an ignored SIGINT.
        let mut child = Command::new("env")
            .args(["--default-signal", "bash", "-c", line])
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.mock.environment.clone())
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("LC_ALL", "C.UTF-8")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("env starts");
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (group, (done, over)) = (pid(child.id()), channel::<()>());
        spawn(move || {
            if over.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let _ = kill_process_group(group, Signal::KILL);
            }
        });
        let (stdout, stderr) = (drain(stdout), drain(stderr));
        Running {
            child,
            stdout,
            stderr,
            done,
        }
    }

    /// What the server was asked and what it holds.
    pub(crate) fn ledger(&self) -> Ledger {
        self.mock.ledger()
    }

    /// The body of the only question that the server was asked.
    pub(crate) fn question(&self) -> Value {
        let ledger = self.ledger();
        let asked = ledger.of("POST /responses");
        assert_eq!(asked.len(), 1, "{:?}", ledger.asked());
        asked[0].json()
    }

    /// Fails if a file, a vector store or a running response is left on the server.
    pub(crate) fn nothing_left(&self) {
        let ledger = self.ledger();
        let left = (&ledger.files, &ledger.stores);
        assert_eq!(left, (&vec![], &vec![]), "{:?}", ledger.asked());
        let statuses = ledger.statuses();
        let waits = ["queued", "validating", "in_progress", "finalizing"];
        let runs = statuses.iter().any(|status| waits.contains(status));
        assert!(!runs, "something still runs: {statuses:?}");
    }
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

/// Sets of signals of a process, joined: what it catches, what it ignores, what waits for it.
fn signals(id: u32, sets: &[&str]) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let mask = |line: &str| {
        let mask = sets.iter().find_map(|set| line.strip_prefix(set))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    };
    status
        .lines()
        .filter_map(mask)
        .fold(0, |all, mask| all | mask)
}

/// Whether every process of the group runs the program it is for, and tools listen to signals.
fn begun(group: u32) -> bool {
    let wanted = [Signal::HUP, Signal::INT, Signal::TERM];
    let wanted = wanted
        .iter()
        .fold(0, |all, signal| all | 1 << (signal.as_raw() - 1));
    // Where there is no /proc, a test takes the risk.
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| *id != group || leads(*id)).all(|id| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let Some((name, rest)) = stat
            .split_once('(')
            .and_then(|(_, rest)| rest.rsplit_once(") "))
        else {
            return true;
        };
        // What has ended and is not waited for yet (Z) needs no signal.
        let member = !rest.starts_with('Z') && rest.split(' ').nth(2) == Some(&group.to_string());
        let listens = || signals(id, &["SigCgt:", "SigIgn:"]) & wanted == wanted;
        !member
            || if name.starts_with("oa-") {
                listens()
            } else {
                name != "bash"
            }
    })
}

/// Whether the shell that leads the group became a tool by `exec`.
fn leads(id: u32) -> bool {
    let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    name.trim_end() != "bash"
}

fn drain(mut from: impl Read + Send + 'static) -> Drain {
    let bytes = Arc::<Mutex<Vec<u8>>>::default();
    let kept = Arc::clone(&bytes);
    let thread = spawn(move || {
        let mut piece = [0; 8192];
        loop {
            match from.read(&mut piece).unwrap() {
                0 => return,
                count => kept.lock().unwrap().extend(&piece[..count]),
            }
        }
    });
    Drain { bytes, thread }
}

impl Drain {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn whole(self) -> String {
        self.thread.join().unwrap();
        let bytes = std::mem::take(&mut *self.bytes.lock().unwrap());
        String::from_utf8(bytes).unwrap()
    }
}

impl Running {
    /// Sends a signal to every process of the line, as a terminal does, once all tools have begun:
    /// before that they die of it like any program.
    pub(crate) fn signal(self, signal: Signal) -> Running {
        self.begun();
        kill_process_group(pid(self.child.id()), signal).unwrap();
        self
    }

    /// Sends signals to every process of the line, one right after the other.
    pub(crate) fn at_once(self, signals: &[Signal]) -> Running {
        for signal in signals {
            kill_process_group(pid(self.child.id()), *signal).unwrap();
        }
        self
    }

    /// Sends a signal again and again: those of the first half second are one.
    pub(crate) fn signal_until_over(mut self, signal: Signal) -> Running {
        while !self.is_over() {
            self = self.signal(signal);
            sleep(Duration::from_millis(20));
        }
        self
    }

    /// Waits until all tools have begun.
    pub(crate) fn begun(&self) {
        let start = Instant::now();
        while !begun(self.child.id()) {
            assert!(start.elapsed() < PATIENCE, "a tool never began");
            sleep(Duration::from_millis(2));
        }
    }

    /// Waits until a word stands on stderr.
    pub(crate) fn until_said(&self, word: &str) {
        until_true(|| self.stderr.text().contains(word));
    }

    /// Waits until the shell that leads became a tool by `exec`.
    pub(crate) fn a_tool(self) -> Running {
        let comm = format!("/proc/{}/comm", self.child.id());
        until_true(|| fs::read_to_string(&comm).is_ok_and(|name| name.starts_with("oa-")));
        self
    }

    /// Whether the leading process has ended.
    pub(crate) fn is_over(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        stat.is_ok_and(|stat| {
            stat.rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.starts_with('Z'))
        })
    }

    /// The signal that killed the line, when a test meant to.
    pub(crate) fn killed(mut self) -> Option<i32> {
        let end = self.child.wait().unwrap();
        let _ = self.done.send(());
        end.signal()
    }

    /// Waits for the end.
    pub(crate) fn finish(mut self) -> Ran {
        let end = self.child.wait().unwrap();
        let (stdout, stderr) = (self.stdout.whole(), self.stderr.whole());
        let _ = self.done.send(());
        let signal = end.signal();
        assert_ne!(signal, Some(9), "took longer than {PATIENCE:?}\n{stderr}");
        let status = end.code().or(signal.map(|s| 128 + s)).unwrap();
        Ran {
            stdout,
            stderr,
            status,
            signal,
        }
    }
}

/// Waits until something holds.
pub(crate) fn until_true(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it never came to hold");
        sleep(Duration::from_millis(2));
    }
}

/// Sends a signal to the process whose number stands in a file of the scene.
pub(crate) fn signal_one(scene: &Scene, file: &str, signal: Signal) {
    let number = scene.read(file).trim().parse().unwrap();
    kill_process(pid(number), signal).unwrap();
}

impl Ran {
    /// Fails unless the line ended with this status.
    pub(crate) fn is(self, status: i32) -> Ran {
        assert_eq!(
            self.status, status,
            "stderr: {}\nstdout: {}",
            self.stderr, self.stdout
        );
        self
    }

    /// Every line of stdout as JSON.
    pub(crate) fn records(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).expect(line);
        self.stdout.lines().map(parse).collect()
    }

    /// The only record.
    pub(crate) fn record(&self) -> Value {
        let records = self.records();
        assert_eq!(
            records.len(),
            1,
            "stdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        records[0].clone()
    }

    /// `error.kind` of every record, `""` where there is none.
    pub(crate) fn kinds(&self) -> Vec<String> {
        let kind = |r: &Value| r["error"]["kind"].as_str().unwrap_or_default().to_owned();
        self.records().iter().map(kind).collect()
    }

    /// Fails unless stderr has all these words.
    pub(crate) fn says(self, words: &[&str]) -> Ran {
        for word in words {
            let said = self.stderr.contains(word);
            assert!(said, "not said: {word}\nstderr: {}", self.stderr);
        }
        self
    }
}

/// Writes lines of JSON.
pub(crate) fn lines(records: &[Value]) -> String {
    let mut text = Vec::new();
    for record in records {
        writeln!(text, "{record}").unwrap();
    }
    String::from_utf8(text).unwrap()
}
