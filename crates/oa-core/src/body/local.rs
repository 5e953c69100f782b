//! A local file that must stay what it was when it was first looked at.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::error::{Error, Result, plain};
use crate::interrupt::Interrupt;
use crate::machine;
use crate::pipe::spool;

/// What tells whether a file is still the one that was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(file: &File) -> io::Result<Stamp> {
        let meta = file.metadata()?;
        Ok(Stamp {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }
}

/// A local file as it was when it was first looked at.
#[derive(Clone, Debug)]
pub struct Local {
    /// What the user calls it.
    pub label: String,
    stamp: Stamp,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Path(String),
    /// A temporary file without a name.
    Open(Arc<File>),
}

impl Local {
    /// What a path names: a regular file as it lies there; a FIFO, or the bytes of standard input for `-`, spooled,
    /// of which no more is read than a byte beyond `most`.
    ///
    /// # Errors
    /// `input` for what cannot be sent; `interrupted` where a signal comes before the stream ends.
    pub fn take(path: &str, most: u64, interrupt: &Interrupt) -> Result<Local> {
        let told = |error: io::Error| Error::input(format!("{path}: {}", plain(&error)));
        if path != "-" && is_regular(Path::new(path)).map_err(told)? {
            return Local::open(path).map_err(told);
        }
        let name = path.to_owned();
        let file = interrupt.unless_stopped(move || spool(&name, most))??;
        Local::spooled(path, file).map_err(told)
    }

    /// All bytes of a small file, or of what a FIFO brings, in memory only.
    ///
    /// # Errors
    /// As [`Local::take`], in words that do not name the path; and there are more than `most`.
    pub fn read(path: &Path, most: u64, interrupt: &Interrupt) -> Result<Vec<u8>> {
        let told = |error: io::Error| Error::input(plain(&error));
        let regular = is_regular(path).map_err(told)?;
        let path = path.to_owned();
        let read = move || {
            let mut bytes = Vec::new();
            let file = File::open(path)?.take(most.saturating_add(1));
            { file }.read_to_end(&mut bytes).map(|_| bytes)
        };
        let bytes = if regular {
            read()
        } else {
            interrupt.unless_stopped(read)?
        };
        let bytes = bytes.map_err(told)?;
        if bytes.len() as u64 > most {
            return Err(Error::input(format!("more than {most} bytes")));
        }
        Ok(bytes)
    }

    /// Whether a path names a stream: standard input, or a FIFO.
    #[must_use]
    pub fn is_stream(path: &str) -> bool {
        let meta = std::fs::metadata(path);
        path == "-" || meta.is_ok_and(|meta| meta.file_type().is_fifo())
    }

    /// Whether it came from a stream, whose name says nothing of what it brings.
    #[must_use]
    pub fn is_spooled(&self) -> bool {
        matches!(self.source, Source::Open(_))
    }

    /// The file at this path.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &str) -> io::Result<Local> {
        Ok(Local {
            label: path.to_owned(),
            stamp: Stamp::of(&open(path)?)?,
            source: Source::Path(path.to_owned()),
        })
    }

    /// A file that has no name any more.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn spooled(label: &str, file: File) -> io::Result<Local> {
        Ok(Local {
            label: label.to_owned(),
            stamp: Stamp::of(&file)?,
            source: Source::Open(Arc::new(file)),
        })
    }

    /// Size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.stamp.size
    }

    /// The first `count` bytes, fewer if the file is shorter.
    ///
    /// # Errors
    /// It cannot be read, or it changed.
    pub fn head(&self, count: u64) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.reopen()?.take(count).read_to_end(&mut head)?;
        Ok(head)
    }

    /// The file again from its beginning.
    ///
    /// # Errors
    /// It cannot be read, or it changed.
    pub fn reopen(&self) -> io::Result<File> {
        let file = match &self.source {
            Source::Path(path) => open(path)?,
            Source::Open(file) => {
                let mut file = file.try_clone()?;
                file.rewind()?;
                file
            }
        };
        self.check(&file)?;
        Ok(file)
    }

    pub(super) fn check(&self, file: &File) -> io::Result<()> {
        if Stamp::of(file)? == self.stamp {
            Ok(())
        } else {
            Err(self.changed())
        }
    }

    pub(super) fn changed(&self) -> io::Error {
        io::Error::other(format!("{}: changed while it was read", self.label))
    }
}

/// Whether it is a regular file, and no FIFO.
fn is_regular(path: &Path) -> io::Result<bool> {
    let meta = std::fs::metadata(path)?;
    if meta.is_dir() {
        return Err(io::Error::other("is a directory"));
    }
    // Devices have no end.
    if !meta.is_file() && !meta.file_type().is_fifo() {
        return Err(io::Error::other("is no regular file"));
    }
    Ok(meta.is_file())
}

/// Opens a regular file; what became a FIFO meanwhile is not waited for.
fn open(path: &str) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    machine::patiently(|| File::options().read(true).custom_flags(flags).open(path))
}
