//! Where FILE of `-o` stands, and FILE.failed beside it: looked at before work begins.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

use crate::draft::{Draft, sweep};
use crate::rights::Rights;

/// Links that are followed at most, as in the Linux kernel.
const MOST_LINKS: usize = 40;

/// Where a regular file and its failed records stand.
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) failed: PathBuf,
    folder: PathBuf,
    /// What FILE.failed was at the beginning.
    earlier: Option<(u64, u64)>,
    /// What a new file may not have.
    withheld: u32,
}

impl Place {
    /// Where this path leads, if a file can be put there and its failed records beside it.
    ///
    /// # Errors
    /// What is in the way, and the name that it concerns.
    pub(super) fn find(path: &Path) -> Result<Place, (PathBuf, io::Error)> {
        let file = followed(path).map_err(|error| (path.to_owned(), error))?;
        let mut failed = file.as_os_str().to_owned();
        failed.push(".failed");
        let failed = PathBuf::from(failed);
        if file.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err((path.to_owned(), io::Error::other("names no file")));
        }
        replaceable(&file).map_err(|error| (path.to_owned(), error))?;
        let earlier = replaceable(&failed).map_err(|error| (failed.clone(), error))?;
        Ok(Place {
            folder: folder(&file).to_owned(),
            file,
            failed,
            earlier: earlier.as_ref().map(identity),
            withheld: withheld(),
        })
    }

    /// A draft beside it.
    ///
    /// # Errors
    /// The folder cannot be written, and its name.
    pub(super) fn draft(&self) -> Result<Draft, (PathBuf, io::Error)> {
        Draft::open(&self.folder).map_err(|error| (self.folder.clone(), error))
    }

    /// Takes away what killed runs left there.
    pub(super) fn sweep(&self) {
        sweep(&self.folder);
    }

    /// Makes the draft FILE.
    ///
    /// # Errors
    /// It cannot be put there.
    pub(super) fn put(&self, draft: &mut Draft) -> io::Result<()> {
        draft.put(&self.file, &self.rights())
    }

    /// Makes the draft FILE.failed, unless another run did that meanwhile.
    ///
    /// # Errors
    /// It cannot be put there.
    pub(super) fn put_failed(&self, draft: &mut Draft) -> io::Result<()> {
        if self.is_as_it_was() {
            draft.put(&self.failed, &self.rights())
        } else {
            Err(io::Error::other("another run wrote it meanwhile"))
        }
    }

    /// Whether an earlier run left FILE.failed, which nobody touched since.
    pub(super) fn has_earlier(&self) -> bool {
        self.earlier.is_some() && self.is_as_it_was()
    }

    /// Gives what an earlier run left a name of its own, for good.
    ///
    /// # Errors
    /// It cannot be renamed.
    pub(super) fn put_aside(&mut self) -> io::Result<PathBuf> {
        let named = |number: u32| self.failed.with_extension(format!("failed.{number}"));
        let free = |name: &PathBuf| fs::symlink_metadata(name).is_err();
        let name = (1..=u32::MAX).map(named).find(free).unwrap_or_default();
        fs::rename(&self.failed, &name)?;
        self.earlier = None;
        Ok(name)
    }

    /// Removes what an earlier run left as FILE.failed.
    ///
    /// # Errors
    /// It cannot be removed.
    pub(super) fn clear_failed(&self) -> io::Result<()> {
        if self.has_earlier() {
            fs::remove_file(&self.failed)
        } else {
            Ok(())
        }
    }

    fn is_as_it_was(&self) -> bool {
        let now = fs::symlink_metadata(&self.failed).ok();
        now.as_ref().map(identity) == self.earlier
    }

    fn rights(&self) -> Rights {
        let model = fs::symlink_metadata(&self.file).ok();
        Rights {
            model: model.filter(Metadata::is_file),
            withheld: self.withheld,
        }
    }
}

fn withheld() -> u32 {
    let mask = umask(Mode::from_raw_mode(0o077));
    umask(mask);
    // Systems differ in the type of it.
    u32::try_from(u64::from(mask.as_raw_mode())).unwrap_or(0o077)
}

fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What stands there, links not followed.
fn standing(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// Where a path leads when its links are followed, also where nothing is there yet.
///
/// # Errors
/// Links go round; or one, or what it leads to, is a stranger's in a folder that everybody can write.
pub(super) fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Some(meta) = standing(&path)? else {
            return Ok(path);
        };
        trusted(&path, &meta)?;
        if !meta.is_symlink() {
            return Ok(path);
        }
        path = folder(&path).join(fs::read_link(&path)?);
    }
    Err(io::Error::other("too many links, one to the other"))
}

/// The kernel's own rule for links, FIFOs and files (`protected_symlinks` in proc(5)), kept where it is switched
/// off, too, and where it is not the kernel that follows.
fn trusted(path: &Path, meta: &Metadata) -> io::Result<()> {
    let folder = fs::metadata(folder(path))?;
    let everybody = folder.mode() & 0o002 != 0 && (is_sticky(&folder) || !meta.is_file());
    if everybody && ![geteuid().as_raw(), folder.uid()].contains(&meta.uid()) {
        let why = "belongs to somebody else, in a folder that everybody can write";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    Ok(())
}

fn is_sticky(folder: &Metadata) -> bool {
    folder.mode() & 0o1000 != 0
}

/// What stands there, if it can be replaced by a file.
fn replaceable(path: &Path) -> io::Result<Option<Metadata>> {
    let Some(meta) = standing(path)? else {
        return Ok(None);
    };
    if meta.is_dir() {
        return Err(io::Error::other("is a directory"));
    }
    let folder = fs::metadata(folder(path))?;
    let (own, root) = (geteuid().as_raw(), geteuid().is_root());
    if is_sticky(&folder) && !root && ![meta.uid(), folder.uid()].contains(&own) {
        let why = "belongs to somebody else, and its folder is sticky";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    Ok(Some(meta))
}
