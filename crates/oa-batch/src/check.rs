//! Whether the same requests were submitted before.

use oa_core::{Error, Result};

use crate::batcher::Batcher;
use crate::desk::Desk;
use crate::group::{End, Group, Stage};
use crate::listing::Listing;
use crate::part::checksum;

impl Batcher<'_> {
    /// Looks whether requests were submitted before. Nothing is sent where they were, unless that is wanted.
    pub(crate) fn prepare(&self, desk: &mut Desk) {
        let pipe = &self.run.pipe;
        let stopped = pipe.is_closed() || pipe.interrupt.signal().is_some();
        if stopped || !desk.groups.iter().any(Group::is_held) {
            return;
        }
        let prepared = self.sum_up(desk).and_then(|()| {
            desk.listing = Listing::read(self.client, None, false)?;
            desk.listing.forget(&desk.spent);
            self.refuse_known(desk)
        });
        if let Err(error) = prepared {
            let held = desk.groups.iter_mut().filter(|group| group.is_held());
            held.for_each(|group| group.stage = Stage::Over(End::Failed(None, error.clone())));
            pipe.log.error(&error.to_string());
        }
    }

    fn sum_up(&self, desk: &mut Desk) -> Result<()> {
        for group in desk.groups.iter_mut().filter(|group| group.is_held()) {
            group.part = checksum(&self.spool, &group.members)?;
        }
        Ok(())
    }

    fn refuse_known(&self, desk: &Desk) -> Result<()> {
        if self.args.adopt || self.args.again {
            return Ok(());
        }
        for group in desk.groups.iter().filter(|group| group.is_held()) {
            if let Some(found) = desk.listing.live_below(self.client, &group.part)? {
                let (id, status) = (&found.id, found.status());
                let message = format!(
                    "{}: these requests were submitted before, as Batch {id} ({status}); nothing was sent",
                    group.label()
                );
                let hint = "--adopt takes its answers, --again buys others";
                return Err(Error::input(message).hint(hint));
            }
        }
        Ok(())
    }
}
