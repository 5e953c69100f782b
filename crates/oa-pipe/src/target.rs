//! Where bytes go: standard output, or `-o FILE`, shown to the world only when it is whole.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oa_core::error::{Error, Result, plain};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, OFlags, SeekFrom, fstat, ftruncate, seek};
use rustix::io::Errno;

use crate::draft::Draft;
use crate::earlier::{Earlier, compare};
use crate::log::Log;
use crate::place::{Place, followed};
use crate::plan::Plan;
use crate::screen::Screen;
use crate::shell::word;
use crate::signal::Interrupt;

/// Whether the path of `-o` means standard output, which goes on behind what others wrote to it.
pub(crate) fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout"]
        .iter()
        .any(|name| path == Path::new(name))
}

/// Where bytes go.
#[derive(Default)]
pub(super) enum Target {
    #[default]
    Stdout,
    /// A file that is not regular (`/dev/null`, a FIFO).
    Direct(File),
    /// A regular file: shown to the world only when it is whole.
    Held(Box<Held>),
}

impl Target {
    /// What `-o` names.
    ///
    /// # Errors
    /// `usage` where FILE or FILE.failed cannot be written in the end.
    pub(super) fn open(path: &Path, plan: &Plan, interrupt: &Interrupt) -> Result<Target> {
        let told = |(name, error): (PathBuf, io::Error)| refusal(path, &name, &error);
        if path.is_dir() {
            return Err(Error::usage(format!("{}: is a directory", path.display())));
        }
        let direct = fs::metadata(path).is_ok_and(|meta| !meta.is_file());
        if direct {
            return direct_file(path, interrupt).map(Target::Direct);
        }
        let place = Place::find(path).map_err(told)?;
        place.sweep();
        let text = plan.text.then(|| place.draft()).transpose().map_err(told)?;
        let records = place.draft().map_err(told)?;
        let names = [Some(&records), text.as_ref()].into_iter().flatten();
        let names: Vec<PathBuf> = names.filter_map(Draft::name).map(Path::to_owned).collect();
        interrupt.on_end(move || {
            for name in &names {
                let _ = fs::remove_file(name);
            }
        });
        Ok(Target::Held(Box::new(Held {
            place,
            records,
            text,
            resumed: plan.resumed,
            cleans: plan.reads_to_end,
        })))
    }

    pub(super) fn is_terminal(&self) -> bool {
        match self {
            Target::Stdout => io::stdout().is_terminal(),
            Target::Direct(file) => file.is_terminal(),
            Target::Held(_) => false,
        }
    }

    /// The line of the terminal that it is, where something may be drawn.
    pub(super) fn screen(&self, log: &Log) -> Option<Arc<Screen>> {
        match self {
            Target::Stdout => log.screen_of(&io::stdout()),
            Target::Direct(file) => log.screen_of(file),
            Target::Held(_) => None,
        }
    }

    /// Writes all of the pieces, or nothing where the target can take them back.
    pub(super) fn write(&self, pieces: &[Cow<str>]) -> io::Result<()> {
        match self {
            Target::Stdout => write_whole(io::stdout(), pieces),
            Target::Direct(file) => write_whole(file, pieces),
            Target::Held(held) => {
                write_whole(&held.text.as_ref().unwrap_or(&held.records).file, pieces)
            }
        }
    }
}

/// Whether standard output was closed when the process started.
///
/// What was closed, std opens anew as the null device, for reading and writing; a shell's `>/dev/null` is for
/// writing only. Where stderr is such a device, too, or the shell that started us has it as its own, silence was meant:
/// programs that start others that way open it for both (Python's `DEVNULL`, Node's `ignore`).
pub(crate) fn stdout_is_closed() -> bool {
    let shells = format!("/proc/{}/fd/1", std::os::unix::process::parent_id());
    let inherited = || fs::read_link(shells).is_ok_and(|file| file == Path::new("/dev/null"));
    is_stopgap(&io::stdout()) && !is_stopgap(&io::stderr()) && !inherited()
}

fn is_stopgap(stream: &impl AsFd) -> bool {
    let null = rustix::fs::stat("/dev/null").map(|stat| stat.st_rdev);
    let device = rustix::fs::fstat(stream).map(|stat| stat.st_rdev);
    let flags = rustix::fs::fcntl_getfl(stream);
    null.is_ok_and(|null| device == Ok(null))
        && flags.is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR)
}

/// A file that is not regular; a FIFO is opened when somebody reads it, or a signal comes.
fn direct_file(path: &Path, interrupt: &Interrupt) -> Result<File> {
    let told = |error: io::Error| refusal(path, path, &error);
    followed(path).map_err(told)?;
    let named = path.to_owned();
    let open = move || File::options().write(true).open(named);
    interrupt.unless_stopped(open)?.map_err(told)
}

fn refusal(path: &Path, name: &Path, error: &io::Error) -> Error {
    let (path, why) = (path.display(), plain(error));
    if name == Path::new(&path.to_string()) {
        return Error::usage(format!("{path}: {why}"));
    }
    let message = format!("{path}: {}: {why}", name.display());
    Error::usage(message).hint(
        "FILE of -o is written beside its place and put there as a whole; what fails stays as FILE.failed",
    )
}

/// How a run ended whose output is a regular file.
#[derive(PartialEq)]
pub(super) enum End {
    Well,
    /// A record did not end well.
    Failed,
    /// A signal came. Whether all records did is not known.
    Interrupted,
    /// There was no room for all records.
    Full,
}

/// A regular file that is not there yet.
pub(super) struct Held {
    place: Place,
    records: Draft,
    text: Option<Draft>,
    resumed: Option<(&'static str, &'static str)>,
    cleans: bool,
}

impl Held {
    /// Keeps a record at hand while its text is written, because a failure later on turns FILE into FILE.failed.
    pub(super) fn keep(&self, line: &[Cow<str>]) -> io::Result<()> {
        match self.text {
            Some(_) => write_whole(&self.records.file, line),
            None => Ok(()),
        }
    }

    /// Puts FILE in its place if all is well, else FILE.failed, else the records on stderr; tells whether all that
    /// was to be written is where it belongs.
    pub(super) fn settle(mut self, end: &End, log: &Log) -> bool {
        let well = *end == End::Well;
        let told = |name: &Path, placed: io::Result<()>| {
            let told = |error| log.error(&format!("{}: {}", name.display(), plain(&error)));
            placed.map_err(told).is_ok()
        };
        if well {
            let whole = self.text.as_mut().unwrap_or(&mut self.records);
            if told(&self.place.file, self.place.put(whole)) {
                let earlier = self.earlier();
                if earlier.is_some_and(|earlier| earlier.lacking && earlier.longer) {
                    tell_kept(&self.place.failed, log);
                    return true;
                }
                return told(&self.place.failed, self.place.clear_failed());
            }
        }
        let written = self.records.file.metadata();
        if written.is_ok_and(|meta| meta.len() == 0) {
            return !well;
        }
        let lacking = self.earlier().is_some_and(|earlier| earlier.lacking);
        let aside = lacking.then(|| self.place.put_aside().map(|name| tell_kept(&name, log)));
        // What cannot be put aside is not overwritten.
        let put = |()| self.place.put_failed(&mut self.records);
        let placed = aside.unwrap_or(Ok(())).and_then(put);
        let kept = told(&self.place.failed, placed);
        if kept {
            self.tell_failed(end, log);
        } else {
            self.tell_records(log);
        }
        kept && !well
    }

    /// What an earlier run left as FILE.failed, beside this one. What cannot be read is not thrown away.
    fn earlier(&mut self) -> Option<Earlier> {
        let unknown = Earlier {
            lacking: true,
            longer: true,
        };
        let there = self.place.has_earlier();
        let mut compared = || compare(&self.place.failed, &mut self.records, self.cleans);
        there.then(|| compared().unwrap_or(unknown))
    }

    fn tell_failed(&self, end: &End, log: &Log) {
        let [name, failed] =
            [&self.place.file, &self.place.failed].map(|p| p.display().to_string());
        let here = if failed.starts_with('-') { "./" } else { "" };
        let (filter, tools) = self.resumed.unwrap_or(("del(.error)", log.tool()));
        let file = word(&format!("{here}{failed}"));
        let all = format!("the records are in {failed}");
        let why = match end {
            End::Full => format!(
                "there was no room; {failed} has the first records, the others stand above or where they came from"
            ),
            End::Interrupted => format!("a signal came; {all}: {} … < {file}", log.tool()),
            End::Well | End::Failed => {
                format!("not every record ended well; {all}: jq -c '{filter}' {file} | {tools} …")
            }
        };
        log.error(&format!("{name}: not written, because {why}"));
    }

    fn tell_records(&mut self, log: &Log) {
        log.error("the records follow here");
        let lines = self.records.lines();
        let told =
            lines.and_then(|mut lines| lines.try_for_each(|line| line.map(|l| log.record(&l))));
        if let Err(error) = told {
            let why = plain(&error);
            log.error(&format!("what was written cannot be read again: {why}"));
        }
    }
}

fn tell_kept(name: &Path, log: &Log) {
    let name = name.display();
    log.error(&format!(
        "{name}: kept, because an earlier run has answers or ids in it that this one has not"
    ));
}

/// Writes all of the pieces or none: what a full disk took of them is taken back, where nobody wrote behind it.
fn write_whole(to: impl AsFd, pieces: &[Cow<str>]) -> io::Result<()> {
    let mut done = 0;
    for piece in pieces {
        if let Err(error) = write_all(&to, piece.as_bytes(), &mut done) {
            let _ = take_back(&to, done);
            return Err(error);
        }
    }
    Ok(())
}

/// Writes bytes, and counts what was taken of them.
fn write_all(to: &impl AsFd, mut rest: &[u8], done: &mut u64) -> io::Result<()> {
    while !rest.is_empty() {
        match rustix::io::write(to, rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                *done += count as u64;
                rest = &rest[count..];
            }
            Err(Errno::INTR) => {}
            // Whoever shares the pipe with us made it so that it does not wait.
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(to, PollFlags::OUT)], None).ok();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn take_back(from: &impl AsFd, count: u64) -> rustix::io::Result<()> {
    let stat = fstat(from)?;
    let end = seek(from, SeekFrom::Current(0))?;
    let last = u64::try_from(stat.st_size) == Ok(end);
    if last && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
        ftruncate(from, end - count)?;
        seek(from, SeekFrom::Start(end - count))?;
    }
    Ok(())
}
