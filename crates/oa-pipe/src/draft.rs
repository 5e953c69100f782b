//! A file that nobody sees before it is whole: without a name where the file system can do that, with a hidden
//! one elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use oa_core::form::random_word;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::rights::Rights;

/// How hidden names begin and end; between them stands a word of [`random_word`].
const HIDDEN: (&str, &str) = (".oa-", ".part");
/// Names of a folder among which something is looked for that a killed run left.
const MOST_NAMES: usize = 10_000;

/// A file that is not shown yet, and that only its owner may read. Where it has no name it goes with the process,
/// whatever ends that.
pub(super) struct Draft {
    pub(super) file: File,
    folder: PathBuf,
    name: Option<PathBuf>,
}

impl Draft {
    /// An empty one that can be put anywhere in the folder.
    pub(super) fn open(folder: &Path) -> io::Result<Draft> {
        let (file, name) = match nameless(folder) {
            Some(file) => (file, None),
            None => hidden(folder)?,
        };
        Ok(Draft {
            file,
            folder: folder.to_owned(),
            name,
        })
    }

    /// Its hidden name, where it has one.
    pub(super) fn name(&self) -> Option<&Path> {
        self.name.as_deref()
    }

    /// Puts it in its place, with these rights: to disk first, so that no crash shows half of it.
    pub(super) fn put(&mut self, place: &Path, rights: &Rights) -> io::Result<()> {
        self.file.sync_all()?;
        rights.give(&self.file)?;
        let name = match self.name.take() {
            Some(name) => name,
            None => linked(&self.file, &self.folder)?,
        };
        fs::rename(self.name.insert(name), place)?;
        self.name = None;
        Ok(())
    }

    /// The lines that were written.
    pub(super) fn lines(&mut self) -> io::Result<impl Iterator<Item = io::Result<String>>> {
        self.file.rewind()?;
        Ok(BufReader::new(&self.file).lines())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = fs::remove_file(name);
        }
    }
}

/// Takes away what runs left that were killed: files of ours with a hidden name that no process holds.
pub(super) fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.take(MOST_NAMES) {
        if is_hidden(&entry.file_name().to_string_lossy()) {
            let _ = take_away(&entry.path());
        }
    }
}

fn take_away(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // Some file systems lock only what is open for writing.
    options.read(true).write(true);
    let file = open_with(&mut options, OFlags::NOFOLLOW | OFlags::NONBLOCK, path)?;
    let meta = file.metadata()?;
    if meta.is_file() && meta.uid() == geteuid().as_raw() {
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        fs::remove_file(path)?;
    }
    Ok(())
}

fn open_with(options: &mut OpenOptions, flags: OFlags, path: &Path) -> io::Result<File> {
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    options.custom_flags(flags).open(path)
}

fn is_hidden(name: &str) -> bool {
    let word = name.strip_prefix(HIDDEN.0);
    let word = word.and_then(|rest| rest.strip_suffix(HIDDEN.1));
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    word.is_some_and(|word| word.len() == random_word().len() && word.bytes().all(hex))
}

fn hidden_name(folder: &Path) -> PathBuf {
    folder.join([HIDDEN.0, &random_word(), HIDDEN.1].concat())
}

/// A file with a hidden name, held by this process so that nobody sweeps it.
fn hidden(folder: &Path) -> io::Result<(File, Option<PathBuf>)> {
    loop {
        let name = hidden_name(folder);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(&name)?;
        let swept = is_held(&file) || file.metadata()?.nlink() == 0;
        if !swept {
            return Ok((file, Some(name)));
        }
    }
}

/// Holds the file; tells whether another process does. Where files cannot be held, nobody sweeps.
fn is_held(file: &File) -> bool {
    flock(file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK)
}

#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    let file = open_with(&mut options, OFlags::TMPFILE, folder).ok()?;
    // Without /proc it could never get a name.
    let named = fs::metadata(own(&file)).is_ok();
    (named && !is_held(&file)).then_some(file)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_folder: &Path) -> Option<File> {
    None
}

/// Where Linux shows a process its open file.
fn own(file: &File) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// Gives a hidden name to a file that has none.
fn linked(file: &File, folder: &Path) -> io::Result<PathBuf> {
    use rustix::fs::{AtFlags, CWD, linkat};
    let name = hidden_name(folder);
    linkat(CWD, own(file), CWD, &name, AtFlags::SYMLINK_FOLLOW)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_ours_are_hidden_names() {
        let own = hidden_name(Path::new(""));
        assert!(is_hidden(&own.to_string_lossy()));
        let word = random_word();
        for other in [
            ".oa-install.a8Xk2p".to_owned(),
            ".oa-.part".to_owned(),
            format!("oa-{word}.part"),
            format!(".oa-{word}.part.txt"),
            format!(".oa-{}.part", word.replace(|_| true, "x")),
        ] {
            assert!(!is_hidden(&other), "{other}");
        }
    }
}
