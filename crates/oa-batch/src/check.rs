//! Whether the same requests were submitted before.

use std::time::{Duration, Instant};

use oa_core::{Error, Kind, Result};

use crate::batcher::Batcher;
use crate::group::{End, Group, Stage};
use crate::listing::Listing;
use crate::part::checksum;
use crate::scheduler::Scheduler;

const UNLISTED: &str = "the server lists no Batches, so that nobody knows whether these requests were submitted before";
/// How long is waited where the server does not say.
const SECOND: Duration = Duration::from_secs(1);

impl Batcher<'_> {
    /// Looks whether requests were submitted before. Nothing is sent where they were, unless that is wanted.
    pub(crate) fn prepare(&self, scheduler: &mut Scheduler) {
        let pipe = &self.run.pipe;
        let stopped = pipe.is_closed() || pipe.interrupt.signal().is_some();
        if stopped || !scheduler.groups.iter().any(Group::is_held) {
            return;
        }
        let prepared = self.sum_up(scheduler).and_then(|()| {
            scheduler.listing = self.list()?;
            scheduler.listing.forget(&scheduler.spent);
            if scheduler.listing.missing {
                pipe.log.warning(UNLISTED);
            }
            self.refuse_known(scheduler)
        });
        if let Err(error) = prepared {
            let held = scheduler.groups.iter_mut().filter(|group| group.is_held());
            held.for_each(|group| group.stage = Stage::Over(End::Failed(None, error.clone())));
            pipe.log.error(&error.to_string());
        }
    }

    /// The Batches of the server, whatever a rate limit says for a while.
    fn list(&self) -> Result<Listing> {
        loop {
            let error = match Listing::read(self.client, self.end(), false) {
                Err(error) if error.kind == Kind::RateLimit && error.retryable => error,
                ended => return ended,
            };
            let wait = error.wait.unwrap_or(SECOND);
            let late = self.end().is_some_and(|end| Instant::now() + wait >= end);
            if late || self.run.pipe.interrupt.wait(wait) {
                return Err(error);
            }
        }
    }

    fn sum_up(&self, scheduler: &mut Scheduler) -> Result<()> {
        for group in scheduler.groups.iter_mut().filter(|group| group.is_held()) {
            group.part = checksum(&self.spool, &group.members)?;
        }
        Ok(())
    }

    fn refuse_known(&self, scheduler: &Scheduler) -> Result<()> {
        if self.args.adopt || self.args.again {
            return Ok(());
        }
        for group in scheduler.groups.iter().filter(|group| group.is_held()) {
            if let Some(found) = scheduler.listing.live_below(self.client, &group.part)? {
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
