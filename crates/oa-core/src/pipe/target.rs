//! `-o FILE`: shown to the world only when it is whole, and what failed beside it.

use std::fs::{self, File, Permissions};
use std::io::{self, IsTerminal};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result, plain};
use crate::log::Log;

/// Links that are followed at most, as in the Linux kernel.
const MOST_LINKS: usize = 40;

/// Where bytes go.
pub(super) enum Target {
    Stdout,
    /// A file that is not regular (`/dev/null`, a FIFO).
    Direct(File),
    /// A regular file: shown to the world only when it is whole.
    Held(Held),
}

impl Target {
    pub(super) fn is_terminal(&self) -> bool {
        match self {
            Target::Stdout => io::stdout().is_terminal(),
            Target::Direct(file) => file.is_terminal(),
            Target::Held(_) => false,
        }
    }
}

/// A regular file that is not there yet.
pub(super) struct Held {
    path: PathBuf,
    pub(super) records: NamedTempFile,
    pub(super) text: Option<NamedTempFile>,
}

impl Held {
    pub(super) fn settle(self, well: bool, log: &Log) -> anyhow::Result<()> {
        let failed = failed_path(&self.path);
        if well {
            let whole = self.text.unwrap_or(self.records);
            keep(whole, &self.path, &self.path)?;
            match fs::remove_file(&failed) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            }
        } else {
            if self.records.as_file().metadata()?.len() == 0 {
                return Ok(());
            }
            keep(self.records, &failed, &self.path)?;
            let name = self.path.display();
            log.error(&format!(
                "{name}: not written, because not every record ended well; the records are in {}",
                failed.display()
            ));
            Ok(())
        }
    }
}

/// Puts a finished temporary file in its place: to disk first, so that no crash shows half of it. It is as
/// private as the file that it stands in for.
fn keep(file: NamedTempFile, path: &Path, model: &Path) -> anyhow::Result<()> {
    let told = |error: &dyn std::fmt::Display| anyhow::anyhow!("{}: {error}", path.display());
    file.as_file().sync_all().map_err(|error| told(&error))?;
    if let Ok(old) = fs::metadata(model) {
        // Best effort, as with any editor; a program that runs as its owner is no output.
        let rights = Permissions::from_mode(old.permissions().mode() & 0o777);
        let _ = file.as_file().set_permissions(rights);
    }
    file.persist(path).map_err(|error| told(&error.error))?;
    Ok(())
}

fn failed_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".failed");
    name.into()
}

/// Where a path leads when its links are followed, also where nothing is there yet.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(link) = fs::read_link(&path) else {
            return Ok(path);
        };
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    Err(io::Error::other("too many links, one to the other"))
}

pub(super) fn open_file(path: &Path, text: bool) -> Result<Target> {
    let told = |error: io::Error| Error::usage(format!("{}: {}", path.display(), plain(&error)));
    if path.is_dir() {
        return Err(Error::usage(format!("{}: is a directory", path.display())));
    }
    match fs::metadata(path) {
        Ok(meta) if !meta.is_file() => {
            let file = File::options().write(true).open(path).map_err(told)?;
            return Ok(Target::Direct(file));
        }
        _ => {}
    }
    // A link is followed, so that the rename replaces what it points to and not the link.
    let path = followed(path).map_err(told)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let temporary = || {
        tempfile::Builder::new()
            .prefix(".oa-")
            // Narrowed by the umask, like any file that a shell's `>` makes.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(&folder)
            .map_err(told)
    };
    Ok(Target::Held(Held {
        records: temporary()?,
        text: if text { Some(temporary()?) } else { None },
        path,
    }))
}
