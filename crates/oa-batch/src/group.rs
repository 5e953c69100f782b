//! Records whose requests are, or are to be, part of one Batch.

use std::time::{Duration, Instant};

use oa_core::{Error, Id};
use oa_pipe::wait::Wait;

use crate::lines::Lines;
use crate::mark::Mark;

/// How long something that was just made may be unknown.
pub(crate) const YOUNG: Duration = Duration::from_secs(60);

/// Records whose requests are, or are to be, part of one Batch.
pub(crate) struct Group {
    /// Places of the records, in the order of the lines.
    pub(crate) members: Vec<u32>,
    /// The model of all of them; none where the records came with their Batch.
    pub(crate) model: Option<String>,
    /// SHA-256 of the requests, and of the part that they were cut from.
    pub(crate) part: String,
    pub(crate) parent: Option<String>,
    pub(crate) tries: Tries,
    pub(crate) stage: Stage,
}

/// Where the group stands.
pub(crate) enum Stage {
    /// No Batch has its requests.
    Held,
    Runs(Box<Running>),
    Over(End),
}

/// What was tried for a group that is held, and when it is its turn again.
pub(crate) struct Tries {
    /// The file of its requests, and when it was there first.
    pub(crate) file: Option<(Id, Instant)>,
    pub(crate) again: Instant,
    /// How often it was refused, and why the last time.
    pub(crate) count: u32,
    pub(crate) refusal: Option<Error>,
    /// Batches of it that failed.
    pub(crate) failed: Vec<Id>,
}

impl Tries {
    /// None yet.
    pub(crate) fn new() -> Tries {
        Tries {
            file: None,
            again: Instant::now(),
            count: 0,
            refusal: None,
            failed: Vec::new(),
        }
    }

    /// Whether the file of the requests was just made, so that it may not be known everywhere.
    pub(crate) fn is_young(&self) -> bool {
        let age = self.file.as_ref().map(|(_, since)| since.elapsed());
        age.is_some_and(|age| age < YOUNG)
    }

    /// It was refused, and is tried again after the first of these times, twice as long each time up to the longest.
    pub(crate) fn later(&mut self, why: Error, (first, longest): (Duration, Duration)) -> Duration {
        let wait = first.saturating_mul(1 << self.count.min(16)).min(longest);
        self.count += 1;
        self.refusal = Some(why);
        self.again = Instant::now() + wait;
        wait
    }
}

/// A Batch that somebody waits for.
pub(crate) struct Running {
    pub(crate) mark: Mark,
    pub(crate) wait: Wait,
    /// It was found good.
    pub(crate) accepted: bool,
    /// It was seen before it was final.
    pub(crate) young: bool,
    /// Its cancellation was asked for.
    pub(crate) cancelled: bool,
    /// How often its files held no answer.
    pub(crate) odd: u32,
    /// Requests that count as done.
    pub(crate) done: u64,
}

/// What a group came to.
pub(crate) enum End {
    /// Its answers are here.
    Collected(Mark, Lines),
    /// It is left as it is: its Batch runs, or it has none.
    Left(Option<Mark>),
    /// It failed as a whole, which was told.
    Failed(Option<Mark>, Error),
}

impl Group {
    /// Records that no Batch has yet.
    pub(crate) fn new(model: &str, members: Vec<u32>) -> Group {
        Group {
            members,
            model: Some(model.to_owned()),
            part: String::new(),
            parent: None,
            tries: Tries::new(),
            stage: Stage::Held,
        }
    }

    /// What to call it: the numbers of its records.
    pub(crate) fn label(&self) -> String {
        let number = |place: Option<&u32>| place.map_or(0, |place| u64::from(*place) + 1);
        match (number(self.members.first()), number(self.members.last())) {
            (first, last) if first == last => format!("record {first}"),
            (first, last) => format!("{} records of {first}-{last}", self.members.len()),
        }
    }

    /// Its Batch, while that runs.
    pub(crate) fn running(&self) -> Option<&Running> {
        match &self.stage {
            Stage::Runs(running) => Some(running),
            _ => None,
        }
    }

    pub(crate) fn is_held(&self) -> bool {
        matches!(self.stage, Stage::Held)
    }

    /// Whether it may share the queue of this model.
    pub(crate) fn shares(&self, model: &str) -> bool {
        self.model.as_deref().is_none_or(|own| own == model)
    }
}
