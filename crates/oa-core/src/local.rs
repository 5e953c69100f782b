//! A local file that must stay what it was when it was first looked at.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::machine;

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

    pub(crate) fn check(&self, file: &File) -> io::Result<()> {
        if Stamp::of(file)? == self.stamp {
            Ok(())
        } else {
            Err(self.changed())
        }
    }

    pub(crate) fn changed(&self) -> io::Error {
        io::Error::other(format!("{}: changed while it was read", self.label))
    }
}

/// Opens a regular file; what became a FIFO meanwhile is not waited for.
fn open(path: &str) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    machine::patiently(|| File::options().read(true).custom_flags(flags).open(path))
}
