//! What several records share: it goes when all of them have come, and what it needs stays with it.

use std::collections::{BTreeMap, BTreeSet};

/// What records share, by the number of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Common {
    /// A vector store; it needs the files in it.
    Store(u32),
    /// A Batch that runs; it needs the file of its requests.
    Batch(u32),
    /// What a Batch answers, for which a record has come once its line was read. Its requests need what the records
    /// have uploaded.
    Answers(u32),
}

/// Who shares it, and who came.
#[derive(Default)]
struct Shared {
    /// How many records share it.
    wanted: u64,
    /// Those that came, each by a number of its own.
    came: BTreeSet<u32>,
}

/// All that is shared.
#[derive(Default)]
pub(crate) struct Shares {
    all: BTreeMap<Common, Shared>,
    /// Things and what needs them.
    holders: BTreeSet<(u32, Common)>,
}

impl Common {
    /// The number of its id.
    pub(crate) fn number(self) -> u32 {
        let (Common::Store(number) | Common::Batch(number) | Common::Answers(number)) = self;
        number
    }
}

impl Shares {
    /// Notes that so many records share it, of which this one came; none: one that is not enough, or has no name.
    /// What a single record has to itself need not be remembered.
    pub(crate) fn note(&mut self, common: Common, records: u64, who: Option<u32>) {
        if records > 1 || who.is_none() {
            let shared = self.all.entry(common).or_default();
            shared.wanted = shared.wanted.max(records).max(1);
        }
        if let Some(shared) = self.all.get_mut(&common) {
            shared.came.extend(who);
        }
    }

    /// Notes that it needs a thing.
    pub(crate) fn hold(&mut self, thing: u32, common: Common) {
        self.holders.insert((thing, common));
    }

    /// Whether it may have to wait for more records.
    pub(crate) fn has(&self, common: Common) -> bool {
        self.all.contains_key(&common)
    }

    /// How many of how many records came, where some did not.
    pub(crate) fn lacks(&self, common: Common) -> Option<(u64, u64)> {
        let shared = self.all.get(&common)?;
        let came = u64::try_from(shared.came.len()).unwrap_or(u64::MAX);
        (came < shared.wanted).then_some((came, shared.wanted))
    }

    /// Everything that is shared, stores first.
    pub(crate) fn all(&self) -> impl Iterator<Item = Common> {
        self.all.keys().copied()
    }

    /// What needs a thing.
    pub(crate) fn holders(&self, thing: u32) -> impl Iterator<Item = Common> {
        let all = (thing, Common::Store(0))..=(thing, Common::Answers(u32::MAX));
        self.holders.range(all).map(|(_, common)| *common)
    }

    /// Every thing that something shared needs, and what that is.
    pub(crate) fn held(&self) -> impl Iterator<Item = (u32, Common)> {
        self.holders.iter().copied()
    }
}
