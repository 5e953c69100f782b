//! Contests: the tools beside what a user would pick instead, in turns, in the same run.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::child::say;
use crate::contests;
use crate::sink::{self, Running};
use crate::table::{Figures, Row, Table};

/// One who takes part: a command, and what it reads.
#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) name: String,
    pub(crate) words: Vec<String>,
    pub(crate) input: Option<PathBuf>,
}

impl Side {
    pub(crate) fn new(name: &str, words: &[&str]) -> Side {
        Side {
            name: name.to_owned(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            input: None,
        }
    }

    /// A line of bash.
    pub(crate) fn line(name: &str, line: &str) -> Side {
        Side::new(name, &["bash", "-c", line])
    }

    pub(crate) fn reads(mut self, input: &Path) -> Side {
        self.input = Some(input.to_owned());
        self
    }
}

/// Where everything is.
pub(crate) struct Arena {
    pub(crate) folder: PathBuf,
    pub(crate) programs: PathBuf,
    pub(crate) rivals: PathBuf,
    /// A Python that has the official SDK; absent: its contests are left out.
    pub(crate) python: Option<String>,
    pub(crate) quick: bool,
    only: Vec<String>,
    pub(crate) table: Table,
}

/// What the server of a contest is like.
#[derive(Clone, Copy)]
pub(crate) struct Server {
    pub(crate) secure: bool,
    pub(crate) latency_ms: u64,
    pub(crate) runs_ms: u64,
}

/// The server of most contests.
pub(crate) const PLAIN: Server = Server {
    secure: false,
    latency_ms: 0,
    runs_ms: 0,
};

/// A server that is there, and how it is reached.
pub(crate) struct Host {
    pub(crate) sink: Running,
    pub(crate) url: String,
}

impl Arena {
    /// Whether a contest was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()))
    }

    /// Whether it was asked for by its whole name.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.only.iter().any(|only| only == name)
    }

    pub(crate) fn host(&self, server: Server) -> anyhow::Result<Host> {
        let sink = Running::start(&self.folder, server.latency_ms, server.runs_ms)?;
        let url = if server.secure {
            format!("https://localhost:{}/v1", sink.secure)
        } else {
            format!("http://127.0.0.1:{}/v1", sink.plain)
        };
        Ok(Host { sink, url })
    }

    /// A run of a side: no shell is between us and a single program, so none is measured with it.
    pub(crate) fn command(&self, side: &Side, url: &str) -> anyhow::Result<Command> {
        let mut command = Command::new(&side.words[0]);
        let path = std::env::var("PATH").unwrap_or_default();
        let words = side.words[1..].iter();
        command
            .args(words.map(|word| word.replace("$OPENAI_BASE_URL", url)))
            .current_dir(&self.folder)
            .env("PATH", format!("{}:{path}", self.programs.display()))
            .env("OPENAI_BASE_URL", url)
            .env("OPENAI_API_KEY", "sk-bench-0123456789")
            .env("SSL_CERT_FILE", self.folder.join("ca.pem"))
            .env("CURL_CA_BUNDLE", self.folder.join("ca.pem"))
            .env("OA_QUIET", "1")
            .env_remove("SSL_CERT_DIR")
            .env_remove("REQUESTS_CA_BUNDLE")
            .stdout(Stdio::null());
        command.stdin(match &side.input {
            Some(input) => File::open(self.folder.join(input))?.into(),
            None => Stdio::null(),
        });
        Ok(command)
    }

    /// Seconds of one run.
    pub(crate) fn time(&self, side: &Side, host: &Host) -> anyhow::Result<f64> {
        let mut command = self.command(side, &host.url)?;
        let begun = Instant::now();
        let end = command.status().with_context(|| side.name.clone())?;
        let time = begun.elapsed().as_secs_f64();
        ensure!(end.success(), "{}: {end}", side.name);
        Ok(time)
    }

    /// Peak memory of its largest process in KiB, in a run of its own.
    pub(crate) fn peak(&self, side: &Side, host: &Host) -> anyhow::Result<u64> {
        let notes = self.folder.join("peak");
        let _ = std::fs::remove_file(&notes);
        let measure = std::env::current_exe()?;
        let mut measured = side.clone();
        let before = [
            measure.display().to_string(),
            "measure".to_owned(),
            notes.display().to_string(),
        ];
        measured.words.splice(0..0, before);
        self.time(&measured, host)?;
        let text = std::fs::read_to_string(&notes)?;
        let peak = text
            .trim()
            .rsplit(' ')
            .next()
            .and_then(|word| word.parse().ok());
        peak.context("no peak")
    }

    /// Ours and each rival in turns: A B C A B C …, after one round that does not count.
    pub(crate) fn contest(
        &mut self,
        name: &str,
        goal: f64,
        server: Server,
        sides: &[Side],
    ) -> anyhow::Result<()> {
        if !self.wants(name) {
            return Ok(());
        }
        let host = self.host(server)?;
        let mut slowest: f64 = 0.0;
        for side in sides {
            slowest = slowest.max(self.time(side, &host)?);
        }
        let pairs = match (self.quick, slowest < 1.0) {
            (true, _) => 3,
            (false, true) => 10,
            (false, false) => 5,
        };
        let mut times = vec![Vec::new(); sides.len()];
        for _ in 0..pairs {
            for (side, times) in sides.iter().zip(&mut times) {
                times.push(self.time(side, &host)?);
            }
        }
        let mut peaks = Vec::new();
        for side in sides {
            peaks.push(self.peak(side, &host)?);
        }
        let figures = |at: usize| Figures::of(&sides[at].name, &times[at], Some(peaks[at]));
        for rival in 1..sides.len() {
            self.row(Row {
                contest: name.to_owned(),
                ours: figures(0),
                rival: figures(rival),
                goal,
            });
        }
        Ok(())
    }

    pub(crate) fn row(&mut self, row: Row) {
        say(&row.line());
        self.table.rows.push(row);
    }

    pub(crate) fn note(&mut self, note: String) {
        say(&note);
        self.table.notes.push(note);
    }

    /// Milliseconds from the server's write of each piece of a stream to its arrival here.
    pub(crate) fn lags(&self, side: &Side, host: &Host) -> anyhow::Result<Vec<f64>> {
        let mut command = self.command(side, &host.url)?;
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut out = child.stdout.take().context("its output")?;
        let (mut text, mut block, mut lags) = (String::new(), vec![0; 65536], Vec::new());
        loop {
            let count = out.read(&mut block)?;
            let now = sink::now();
            if count == 0 {
                break;
            }
            text.push_str(&String::from_utf8_lossy(&block[..count]));
            while let Some((stamp, rest)) = text
                .split_once('@')
                .and_then(|(_, rest)| rest.split_once('@'))
            {
                if let Ok(written) = stamp.parse::<u128>() {
                    let nanos = u32::try_from(now.saturating_sub(written)).unwrap_or(u32::MAX);
                    lags.push(f64::from(nanos) / 1e6);
                }
                text = rest.to_owned();
            }
        }
        child.wait()?;
        Ok(lags)
    }
}

/// Runs the contests and prints the table.
pub(crate) fn bench(words: &[&str]) -> anyhow::Result<ExitCode> {
    let [programs, rivals, python, options @ ..] = words else {
        anyhow::bail!("bench PROGRAMS RIVALS PYTHON [OPTION…]");
    };
    let folder = tempfile::Builder::new().prefix("oa-bench").tempdir()?;
    let (mut quick, mut json, mut svg, mut only) = (false, None, None, Vec::new());
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match *option {
            "--quick" => quick = true,
            "--json" => json = options.next(),
            "--svg" => svg = options.next(),
            name => only.push(name.to_owned()),
        }
    }
    let mut arena = Arena {
        folder: folder.path().to_owned(),
        programs: PathBuf::from(programs),
        rivals: PathBuf::from(rivals),
        python: (!python.is_empty()).then(|| (*python).to_owned()),
        quick,
        only,
        table: Table::default(),
    };
    contests::all(&mut arena)?;
    let text = arena.table.markdown();
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    if let Some(path) = json {
        std::fs::write(path, arena.table.json())?;
    }
    if let Some(path) = svg {
        std::fs::write(path, arena.table.svg())?;
    }
    Ok(ExitCode::SUCCESS)
}
