//! Ids by number: each is kept once, all of them in one piece of memory, because there may be millions.

use std::hash::{BuildHasher, RandomState};

use oa_core::Id;

/// A slot of the table that no number has.
const FREE: u32 = u32::MAX;

/// Ids and their numbers, from 0; an id takes its own bytes and some 20 more.
#[derive(Default)]
pub(crate) struct Ids {
    /// One after the other.
    text: String,
    /// Where each ends in `text`.
    ends: Vec<usize>,
    /// Numbers where the hash of their id says, or in the next free slot.
    table: Vec<u32>,
    hasher: RandomState,
}

impl Ids {
    /// The number of an id, or of any other name, new or old.
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if self.table.len() * 3 <= self.ends.len() * 4 {
            self.grow();
        }
        let slot = self.slot(text);
        if self.table[slot] == FREE {
            self.text.push_str(text);
            self.table[slot] = u32::try_from(self.ends.len()).unwrap_or(FREE);
            self.ends.push(self.text.len());
        }
        self.table[slot]
    }

    /// The id of a number.
    pub(crate) fn id(&self, number: u32) -> Option<Id> {
        Id::parse(self.text(number)).ok()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of an id; empty for a number that none has.
    pub(crate) fn text(&self, number: u32) -> &str {
        let at = number as usize;
        let end = self.ends.get(at).copied().unwrap_or_default();
        let start = at.checked_sub(1).and_then(|at| self.ends.get(at));
        self.text
            .get(start.copied().unwrap_or_default()..end)
            .unwrap_or_default()
    }

    /// The slot that has this id, or the free one where it belongs.
    fn slot(&self, text: &str) -> usize {
        let mask = self.table.len() - 1;
        let hash = usize::try_from(self.hasher.hash_one(text) >> 1).unwrap_or_default();
        let mut slot = hash & mask;
        while self.table[slot] != FREE && self.text(self.table[slot]) != text {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let size = (self.table.len() * 2).max(64);
        self.table.clear();
        self.table.shrink_to_fit();
        self.table.resize(size, FREE);
        for (number, _) in (0..).zip(&self.ends) {
            let slot = self.slot(self.text(number));
            self.table[slot] = number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_number_and_a_number_one_id() {
        let mut ids = Ids::default();
        let texts: Vec<String> = (0..5000).map(|n| format!("file-{}", n * n)).collect();
        for _ in 0..2 {
            for (number, text) in (0..).zip(&texts) {
                assert_eq!(ids.number(text), number);
            }
        }
        assert_eq!(ids.len(), texts.len());
        for (number, text) in (0..).zip(&texts) {
            assert_eq!(ids.text(number), text);
        }
        assert_eq!(ids.text(FREE), "");
    }
}
