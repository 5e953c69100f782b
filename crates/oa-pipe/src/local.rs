//! Local files: what a path names, and streams spooled, so that their length is known.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use oa_core::error::plain;
use oa_core::local::Local;
use oa_core::machine::{is_scarce, patiently};
use oa_core::{Error, Result};

use crate::signal::Interrupt;

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
/// As [`take`], in words that do not name the path; and there are more than `most`.
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

/// A file without a name, which goes with the process.
///
/// # Errors
/// The folder for such files cannot be written.
pub fn nameless() -> io::Result<File> {
    patiently(|| tempfile::tempfile_in(std::env::temp_dir()))
}

/// The failure that it is when bytes cannot be kept on disk (retryable).
#[must_use]
pub fn no_room(what: &str, error: &io::Error) -> Error {
    let folder = std::env::temp_dir();
    let (name, why) = (folder.display(), plain(error));
    if is_scarce(error) {
        return Error::scarce(format!("{what}: {why}"));
    }
    let message = format!("{what}: its bytes have no room in the folder {name}: {why}");
    let mut error =
        Error::input(message).hint("name a folder that has some: TMPDIR=/var/tmp, for instance");
    error.retryable = true;
    error
}

/// Copies a stream into a file without a name, so that its length is known and it can be read again;
/// `-` is standard input. Of an endless one there is a byte more than `most`.
///
/// # Errors
/// The stream cannot be read; or there is no room for it (retryable).
pub fn spool(path: &str, most: u64) -> Result<File> {
    let room = |error: io::Error| no_room(path, &error);
    let mut file = nameless().map_err(room)?;
    let most = most.saturating_add(1);
    let copied = if path == "-" {
        io::copy(&mut io::stdin().lock().take(most), &mut file)
    } else {
        patiently(|| File::open(path))
            .and_then(|stream| io::copy(&mut stream.take(most), &mut file))
    };
    match copied {
        Ok(_) => Ok(file),
        Err(error) => Err(match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                room(error)
            }
            _ => Error::of_io(format!("{path}: {}", plain(&error)), &error),
        }),
    }
}
