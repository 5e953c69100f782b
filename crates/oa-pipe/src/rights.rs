//! Who may do what with a file that takes the place of another.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

/// Who may do what with a file: as with the one that it stands in for, set-id bits apart; else as the umask says.
pub(super) struct Rights {
    pub(super) model: Option<Metadata>,
    pub(super) withheld: u32,
}

impl Rights {
    pub(super) fn give(&self, file: &File) -> io::Result<()> {
        let mode = match &self.model {
            None => 0o666 & !self.withheld,
            Some(model) => {
                let made = file.metadata()?;
                if (made.uid(), made.gid()) != (model.uid(), model.gid()) {
                    // Only root may give files away.
                    let given = fchown(file, Some(model.uid()), Some(model.gid()));
                    let _ = given.or_else(|_| fchown(file, None, Some(model.gid())));
                }
                let others = file.metadata()?.gid() != model.gid();
                model.mode() & if others { 0o707 } else { 0o777 }
            }
        };
        // Best effort: some file systems know no rights.
        let _ = file.set_permissions(Permissions::from_mode(mode));
        Ok(())
    }
}
