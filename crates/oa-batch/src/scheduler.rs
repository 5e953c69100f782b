//! All records of a run and what is to become of them: decisions only, no deeds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use oa_core::{Error, Id};

use crate::group::{Group, Stage};
use crate::listing::Listing;
use crate::part::LARGEST;

/// Parts that are found good or not at the same time; one, once a queue was full.
const AT_ONCE: usize = 8;

/// What is to become of a record.
pub(crate) enum Fate {
    /// It is passed on.
    Passes,
    Fails(Error),
    /// What becomes of this group.
    Part(usize),
}

/// All records of a run.
#[derive(Default)]
pub(crate) struct Scheduler {
    pub(crate) fates: Vec<Fate>,
    /// Places of the records that are not written yet.
    pub(crate) open: Vec<u32>,
    pub(crate) groups: Vec<Group>,
    pub(crate) listing: Listing,
    /// Batches that were read, and did not have all answers.
    pub(crate) spent: BTreeSet<Id>,
    /// Models whose queue had no room until one of ours ends.
    full: BTreeSet<String>,
    /// A queue had no room.
    was_full: bool,
}

/// Records as they are put together.
#[derive(Default)]
pub(crate) struct Forming {
    /// The part of each model that is not full, and its bytes.
    parts: BTreeMap<String, (usize, u64)>,
    batches: BTreeMap<Id, usize>,
}

impl Scheduler {
    /// Adds the next record; it is written when its fate is known.
    pub(crate) fn add(&mut self, fate: Fate) -> u32 {
        let place = u32::try_from(self.fates.len()).unwrap_or(u32::MAX);
        self.fates.push(fate);
        self.open.push(place);
        place
    }

    /// Puts a request into the part of its model, which holds so many.
    pub(crate) fn join(&mut self, forming: &mut Forming, model: &str, bytes: u64, most: usize) {
        let full = |(group, sum): &(usize, u64)| {
            self.groups[*group].members.len() >= most || sum + bytes > LARGEST
        };
        if forming.parts.get(model).is_none_or(full) {
            self.groups.push(Group::new(model, Vec::new()));
            let part = (self.groups.len() - 1, 0);
            forming.parts.insert(model.to_owned(), part);
        }
        if let Some((group, sum)) = forming.parts.get_mut(model) {
            *sum += bytes;
            let group = *group;
            let place = self.add(Fate::Part(group));
            self.groups[group].members.push(place);
        }
    }

    /// Puts a record to those that wait for the same Batch; gives the group where it is new.
    pub(crate) fn wait(&mut self, forming: &mut Forming, batch: &Id) -> Option<usize> {
        let next = self.groups.len();
        let group = *forming.batches.entry(batch.clone()).or_insert(next);
        if group == next {
            self.groups.push(Group {
                model: None,
                ..Group::new("", Vec::new())
            });
        }
        let place = self.add(Fate::Part(group));
        self.groups[group].members.push(place);
        (group == next).then_some(group)
    }

    /// Requests of all groups.
    pub(crate) fn members(&self) -> u64 {
        let members = self.groups.iter().map(|group| group.members.len() as u64);
        members.sum()
    }

    fn running(&self, model: &str) -> impl Iterator<Item = &Group> {
        let groups = self.groups.iter();
        groups.filter(move |group| group.running().is_some() && group.shares(model))
    }

    /// The Batches of ours that a part of this model waits for.
    pub(crate) fn ahead(&self, model: &str) -> impl Iterator<Item = &Id> {
        let running = self.running(model).filter_map(Group::running);
        running.map(|running| &running.mark.id)
    }

    /// The queue of a model had no room.
    pub(crate) fn fill(&mut self, model: &str) {
        self.full.insert(model.to_owned());
        self.was_full = true;
    }

    /// The Batch of this group has ended, so that there may be room again.
    pub(crate) fn make_room(&mut self, number: usize) {
        match &self.groups[number].model {
            Some(model) => drop(self.full.remove(model)),
            None => self.full.clear(),
        }
    }

    fn is_blocked(&self, group: &Group) -> bool {
        let model = group.model.as_deref().unwrap_or_default();
        self.full.contains(model) && self.running(model).next().is_some()
    }

    fn has_turn(&self) -> bool {
        let running = self.groups.iter().filter_map(Group::running);
        let unknown = running.filter(|running| !running.accepted).count();
        unknown < if self.was_full { 1 } else { AT_ONCE }
    }

    /// The next group that is to be sent.
    pub(crate) fn sendable(&self, now: Instant) -> Option<usize> {
        let held = self.held().filter(|(_, group)| group.tries.again <= now);
        let next = held.filter(|(_, group)| !self.is_blocked(group));
        let next = next.min_by_key(|(_, group)| group.members.first());
        next.map(|(number, _)| number).filter(|_| self.has_turn())
    }

    fn held(&self) -> impl Iterator<Item = (usize, &Group)> {
        let groups = self.groups.iter().enumerate();
        groups.filter(|(_, group)| group.is_held())
    }

    /// When something is to be done next, if anything is: a group to be looked at, or one to be sent. `submit`: what
    /// is accepted is looked at only where another part waits for its end. A part is held until `end`.
    pub(crate) fn next(&self, submit: bool, end: Option<Instant>) -> Option<(Instant, usize)> {
        let waits = self.held().next().is_some();
        let due = |(number, group): (usize, &Group)| match &group.stage {
            Stage::Over(_) => None,
            Stage::Runs(running) if submit && running.accepted && !waits => None,
            Stage::Runs(running) => Some((running.wait.due(), number)),
            Stage::Held if self.is_blocked(group) || !self.has_turn() => Some((end?, number)),
            Stage::Held => {
                let again = group.tries.again;
                Some((end.map_or(again, |end| again.min(end)), number))
            }
        };
        self.groups.iter().enumerate().filter_map(due).min()
    }

    /// Divides a group in two; the second half becomes a group of its own.
    pub(crate) fn halve(&mut self, number: usize) {
        let group = &mut self.groups[number];
        let second = group.members.split_off(group.members.len().div_ceil(2));
        let model = group.model.clone().unwrap_or_default();
        let other = Group {
            parent: Some(group.part.clone()),
            ..Group::new(&model, second)
        };
        self.was_full = true;
        self.begin_anew(number);
        for place in &other.members {
            self.fates[*place as usize] = Fate::Part(self.groups.len());
        }
        self.groups.push(other);
    }

    /// Takes records out of a group that have failed by themselves.
    pub(crate) fn part_with(&mut self, number: usize, failed: Vec<(u32, Error)>) {
        let gone: BTreeSet<u32> = failed.iter().map(|(place, _)| *place).collect();
        let members = &mut self.groups[number].members;
        members.retain(|place| !gone.contains(place));
        for (place, error) in failed {
            self.fates[place as usize] = Fate::Fails(error);
        }
    }

    /// What is left of a group begins anew.
    pub(crate) fn begin_anew(&mut self, number: usize) {
        let group = &mut self.groups[number];
        let parent = std::mem::take(&mut group.part);
        let members = std::mem::take(&mut group.members);
        let model = group.model.clone().unwrap_or_default();
        *group = Group {
            parent: Some(parent),
            ..Group::new(&model, members)
        };
    }
}
