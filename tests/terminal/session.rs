//! A line of shell on a terminal of its own, and what a person sees there.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::screen::Screen;
use crate::harness::{PATIENCE, programs};
use crate::scene::Scene;

/// A line of shell that runs on a terminal.
pub(super) struct Session {
    child: Child,
    keyboard: File,
    columns: usize,
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

/// What was seen, and how it ended.
pub(super) struct Seen {
    pub(super) bytes: Vec<u8>,
    pub(super) rows: Vec<String>,
    /// Row and column of the cursor.
    pub(super) cursor: (usize, usize),
    pub(super) status: Option<i32>,
}

/// Starts a line of shell on a terminal of this kind and width.
pub(super) fn start(scene: &Scene, kind: &str, columns: u16, line: &str) -> Session {
    let (keyboard, terminal) = terminal(columns);
    let copy = || terminal.try_clone().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", programs().display());
    let shell = ["setsid", "--ctty", "--wait", "bash", "-c", line];
    let mut command = Command::new("env");
    command
        .arg("--default-signal")
        .args(shell)
        .current_dir(scene.path(""))
        .env_clear()
        .envs(scene.mock.environment.clone())
        .env("PATH", path)
        .env("HOME", scene.path(""))
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", kind)
        .stdin(copy())
        .stdout(copy())
        .stderr(terminal);
    let child = command.spawn().expect("env starts");
    // What holds the other side open is the line alone.
    drop(command);
    let bytes = Arc::<Mutex<Vec<u8>>>::default();
    let (kept, mut from) = (Arc::clone(&bytes), keyboard.try_clone().unwrap());
    let reader = spawn(move || {
        let mut piece = [0; 8192];
        // The end of a terminal is an error.
        while let Ok(count @ 1..) = from.read(&mut piece) {
            kept.lock().unwrap().extend(&piece[..count]);
        }
    });
    Session {
        child,
        keyboard,
        columns: columns.into(),
        bytes,
        reader,
    }
}

/// Both sides of a new terminal.
fn terminal(columns: u16) -> (File, OwnedFd) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap();
    let how = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = open(name, how, Mode::empty()).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size).unwrap();
    (keyboard.into(), terminal)
}

impl Session {
    /// What is seen just now.
    pub(super) fn screen(&self) -> Screen {
        Screen::of(self.columns, &self.bytes.lock().unwrap())
    }

    /// Waits until a program that draws more than a screen here knows has said this, and forgets what it said until
    /// then.
    pub(super) fn until_said(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            let mut bytes = self.bytes.lock().unwrap();
            let found = bytes
                .windows(text.len())
                .position(|part| part == text.as_bytes());
            if let Some(at) = found {
                bytes.drain(..at + text.len());
                return;
            }
            let said = String::from_utf8_lossy(&bytes).into_owned();
            drop(bytes);
            assert!(start.elapsed() < PATIENCE, "never said: {text}\n{said:?}");
            sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end of such a program.
    pub(super) fn leave(mut self) {
        let start = Instant::now();
        while !self.is_over() {
            assert!(start.elapsed() < PATIENCE, "no end");
        }
        self.reader.join().unwrap();
    }

    /// Waits until what is seen fulfils a condition.
    pub(super) fn until(&mut self, what: &str, holds: impl Fn(&[String]) -> bool) {
        let start = Instant::now();
        while !holds(&self.screen().rows()) {
            let late = start.elapsed() > PATIENCE;
            let rows = self.screen().rows();
            assert!(!late, "never seen: {what}\n{}", rows.join("\n"));
            sleep(Duration::from_millis(5));
        }
    }

    /// Waits until a row begins so.
    pub(super) fn until_row(&mut self, begin: &str) {
        self.until(begin, |rows| rows.iter().any(|row| row.starts_with(begin)));
    }

    /// Types keys: `\u{3}` is Ctrl-C.
    pub(super) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Whether the line has ended; looked at after a moment.
    pub(super) fn is_over(&mut self) -> bool {
        sleep(Duration::from_millis(20));
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end.
    pub(super) fn finish(mut self) -> Seen {
        let start = Instant::now();
        while !self.is_over() {
            let late = start.elapsed() > PATIENCE;
            assert!(!late, "no end\n{}", self.screen().rows().join("\n"));
        }
        let status = self.child.wait().unwrap().code();
        self.reader.join().unwrap();
        let bytes = std::mem::take(&mut *self.bytes.lock().unwrap());
        let screen = Screen::of(self.columns, &bytes);
        Seen {
            rows: screen.rows(),
            cursor: screen.cursor(),
            bytes,
            status,
        }
    }
}

/// Whether a row is a progress line.
fn is_progress(row: &str) -> bool {
    let tool = row
        .strip_prefix("oa-")
        .and_then(|row| row.split_once(": done "));
    tool.is_some_and(|(tool, _)| tool.chars().all(|c| c.is_ascii_lowercase()))
}

impl Seen {
    /// Rows without what differs from run to run.
    pub(super) fn steady(&self) -> Vec<String> {
        let steady = |word: &str| {
            let names = ["file_id=", "response_id=", "elapsed=", "vector_store_id="];
            let name = names.iter().find(|name| word.starts_with(**name));
            name.map_or(word.to_owned(), |name| format!("{name}*"))
        };
        let row = |row: &String| row.split(' ').map(steady).collect::<Vec<_>>().join(" ");
        self.rows.iter().map(row).collect()
    }

    /// Fails if anything is drawn at the end, if two progress lines were to be seen at a time, or if the cursor was
    /// left behind what was drawn.
    pub(super) fn tidy(self, columns: usize) -> Seen {
        let left = self.rows.iter().filter(|row| is_progress(row));
        assert_eq!(left.count(), 0, "{:#?}", self.rows);
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        let mut screen = Screen::new(columns);
        for step in text.split_inclusive('\r') {
            screen.take(step);
            let rows = screen.rows();
            let drawn = rows.iter().enumerate().filter(|(_, row)| is_progress(row));
            let drawn: Vec<usize> = drawn.map(|(at, _)| at).collect();
            let (row, column) = screen.cursor();
            assert_eq!(column, 0, "{rows:#?}");
            assert!(drawn.is_empty() || drawn == [row], "{rows:#?}");
        }
        self
    }

    /// What was drawn in between, if anything.
    pub(super) fn drew(&self) -> bool {
        String::from_utf8_lossy(&self.bytes).contains(": done ")
    }
}
