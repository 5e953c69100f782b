//! What is to be deleted, each thing once, and what has to stay for all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use oa_core::Id;
use oa_pipe::file::File;
use oa_pipe::shell::command;

use crate::ids::Ids;
use crate::thing::{Kind, Thing};

/// No id's number.
const NONE: u32 = u32::MAX;
/// What is known of an id: a record that needs it is kept, so that it stays for all; it was left alone; its file is
/// gone.
const KEPT: u8 = 1;
const LEFT: u8 = 2;
const GONE: u8 = 4;

/// A thing in the bin, its ids by number: there may be millions.
struct Entry {
    id: u32,
    store: u32,
    bytes: u64,
    kind: Kind,
    answered: bool,
    lives: bool,
    /// It is deleted, or about to be.
    taken: bool,
}

/// A store that the pipe made for several records, and what came of those.
#[derive(Default)]
struct Shared {
    /// How many records share it.
    wanted: u64,
    /// The files of each record that came; records with the same files count once.
    came: BTreeSet<Box<[u32]>>,
    /// Those of them that the pipe made.
    made: BTreeSet<u32>,
}

/// Everything that is to be deleted, in the order it was found.
#[derive(Default)]
pub(crate) struct Bin {
    ids: Ids,
    /// What is known of each id.
    marks: Vec<u8>,
    entries: Vec<Entry>,
    places: HashMap<(Kind, u32, u32), u32>,
    /// Entries before this place were looked at: what is not taken of them has to wait for the end of the input.
    looked: usize,
    stores: BTreeMap<u32, Shared>,
    /// Files and the stores that hold them.
    holders: BTreeSet<(u32, u32)>,
}

impl Bin {
    fn number(&mut self, id: &Id) -> u32 {
        let number = self.ids.number(id);
        self.marks.resize(self.ids.len(), 0);
        number
    }

    fn mark(&mut self, number: u32, mark: u8) -> bool {
        let marks = &mut self.marks[number as usize];
        let news = *marks & mark == 0;
        *marks |= mark;
        news
    }

    /// Adds a thing unless it was there before.
    pub(crate) fn add(&mut self, thing: &Thing) {
        let id = self.number(&thing.id);
        let store = thing
            .store
            .as_ref()
            .map_or(NONE, |store| self.number(store));
        let next = u32::try_from(self.entries.len()).unwrap_or(NONE);
        let place = *self.places.entry((thing.kind, store, id)).or_insert(next);
        if place < next {
            // The user may name it before or after a record does.
            self.entries[place as usize].answered |= thing.answered;
            return;
        }
        self.entries.push(Entry {
            id,
            store,
            bytes: thing.bytes,
            kind: thing.kind,
            answered: thing.answered,
            lives: thing.lives,
            taken: false,
        });
    }

    /// The thing at a place.
    pub(crate) fn thing(&self, place: u32) -> Option<Thing> {
        let entry = self.entries.get(place as usize)?;
        Some(Thing {
            id: self.ids.id(entry.id)?,
            bytes: entry.bytes,
            answered: entry.answered,
            lives: entry.lives,
            kind: entry.kind,
            store: self.ids.id(entry.store),
        })
    }

    /// Those of these places that have things of one kind.
    pub(crate) fn of_kind(&self, places: &[u32], kind: Kind) -> Vec<u32> {
        let places = places.iter().copied();
        places
            .filter(|place| self.entries[*place as usize].kind == kind)
            .collect()
    }

    /// Notes that a record with these files came, whose store the pipe made for so many.
    pub(crate) fn share(&mut self, store: &Id, records: u64, files: &[File]) {
        let store = self.number(store);
        if records > 1 {
            let shared = self.stores.entry(store).or_default();
            shared.wanted = shared.wanted.max(records);
        }
        let mut came = Vec::new();
        for (id, file) in files
            .iter()
            .filter_map(|file| Some((file.id.as_ref()?, file)))
        {
            let number = self.number(id);
            self.holders.insert((number, store));
            came.push((number, file.path.is_some()));
        }
        // Only the number of those that share a store is looked at.
        if let Some(shared) = self.stores.get_mut(&store) {
            came.sort_unstable();
            let made = came.iter().filter(|(_, made)| *made);
            shared.made.extend(made.map(|(id, _)| *id));
            shared.came.insert(came.iter().map(|(id, _)| *id).collect());
        }
    }

    /// Notes what stays, whoever else wants it deleted.
    pub(crate) fn keep(&mut self, ids: impl IntoIterator<Item = Id>) {
        for id in ids {
            let number = self.number(&id);
            self.mark(number, KEPT);
        }
    }

    /// Notes an id that is left alone; says whether that is news.
    pub(crate) fn leave(&mut self, id: &Id) -> bool {
        let number = self.number(id);
        self.mark(number, LEFT)
    }

    /// What waits for its deletion and the user does not know of.
    pub(crate) fn waiting(&self) -> Vec<Id> {
        let known = |entry: &&Entry| entry.taken || entry.answered || entry.kind == Kind::Member;
        let waiting = self.entries.iter().filter(|entry| !known(entry));
        waiting.filter_map(|entry| self.ids.id(entry.id)).collect()
    }

    /// Nobody will try again to delete what is at this place; whether it is gone.
    pub(crate) fn close(&mut self, place: u32, gone: bool) {
        let entry = &mut self.entries[place as usize];
        entry.taken = true;
        if gone && entry.kind == Kind::File {
            let id = entry.id;
            self.mark(id, GONE);
        }
    }

    /// Whether this file was deleted.
    pub(crate) fn is_gone(&mut self, id: &Id) -> bool {
        let number = self.number(id);
        self.marks[number as usize] & GONE != 0
    }

    /// Places of what can be deleted before the end of the input, and was not told yet.
    pub(crate) fn take(&mut self) -> Vec<u32> {
        let new = self.looked..self.entries.len();
        self.looked = self.entries.len();
        let shared = |id| self.stores.contains_key(&id);
        let now = new.filter(|place| !self.stays(&self.entries[*place], &shared));
        now.filter_map(|place| u32::try_from(place).ok()).collect()
    }

    /// Places of all that is to be deleted at the end of the input, and of what stays.
    pub(crate) fn take_last(&mut self) -> (Vec<u32>, Vec<u32>) {
        let part = |id| {
            self.stores
                .get(&id)
                .is_some_and(|store| self.lacks(id, store))
        };
        let rest = (0..).zip(&self.entries).filter(|(_, entry)| !entry.taken);
        let (go, stay): (Vec<_>, Vec<_>) = rest.partition(|(_, entry)| !self.stays(entry, &part));
        let places = |part: Vec<(u32, &Entry)>| part.into_iter().map(|(place, _)| place).collect();
        (places(go), places(stay))
    }

    /// Whether a record that shares the store did not come. One that was named goes, whoever came.
    fn lacks(&self, id: u32, store: &Shared) -> bool {
        let came = u64::try_from(store.came.len()).unwrap_or(u64::MAX);
        let place = self.places.get(&(Kind::Store, NONE, id));
        let named = place.is_some_and(|place| self.entries[*place as usize].answered);
        came < store.wanted && !named
    }

    /// Whether a thing is kept, or is or belongs to a store that stays.
    fn stays(&self, thing: &Entry, part: &dyn Fn(u32) -> bool) -> bool {
        let stays = |id: u32| self.marks[id as usize] & KEPT != 0 || part(id);
        let mut holders = self.holders.range((thing.id, 0)..=(thing.id, NONE));
        stays(thing.id) || holders.any(|(_, store)| stays(*store))
    }

    /// Of each store that stays because not all who share it came: its id, how many of how many came, and the
    /// command that deletes it with their files.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&str, String, String)> {
        let kept = |id: u32| self.marks[id as usize] & KEPT != 0;
        let parts = self.stores.iter().map(|(id, store)| (*id, store));
        let parts = parts.filter(move |(id, store)| self.lacks(*id, store) && !kept(*id));
        parts.map(|(id, store)| {
            let all = [id].into_iter().chain(store.made.iter().copied());
            let all = all.map(|id| self.ids.text(id));
            let count = format!("{} of {}", store.came.len(), store.wanted);
            (self.ids.text(id), count, command("oa-delete", all))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(texts: &[&str]) -> Vec<Id> {
        texts.iter().flat_map(|text| Id::parse(text)).collect()
    }

    /// The second of them was made by somebody else.
    fn files(texts: &[&str]) -> Vec<File> {
        let file = |(n, id)| File {
            id: Some(id),
            path: (n != 1).then(String::new),
            ..File::default()
        };
        ids(texts).into_iter().enumerate().map(file).collect()
    }

    fn names(bin: &Bin, places: &[u32]) -> Vec<String> {
        let things = places.iter().filter_map(|place| bin.thing(*place));
        things.map(|thing| thing.id.to_string()).collect()
    }

    /// Takes and deletes what can be.
    fn taken(bin: &mut Bin) -> Vec<String> {
        let places = bin.take();
        for place in &places {
            bin.close(*place, true);
        }
        names(bin, &places)
    }

    fn bin(texts: &[&str]) -> Bin {
        let mut bin = Bin::default();
        for id in ids(texts) {
            let store = id.as_str().starts_with("vs_");
            let kind = if store { Kind::Store } else { Kind::File };
            bin.add(&Thing::new(kind, &id));
        }
        bin
    }

    #[test]
    fn what_waits_is_what_was_added_and_is_not_yet_deleted() {
        let all = ids(&["file-a", "file-b"]);
        let mut bin = bin(&["file-a", "file-a"]);
        assert_eq!(bin.waiting(), all[..1]);
        assert_eq!(taken(&mut bin), ["file-a"]);
        assert_eq!(bin.waiting(), []);
        bin.add(&Thing::new(Kind::File, &all[0]));
        assert_eq!(bin.waiting(), []);
        assert!(bin.take_last().0.is_empty());
    }

    #[test]
    fn a_shared_store_and_its_files_go_when_all_who_share_it_came() {
        let all = ["vs_1", "file-a", "file-b", "file-c"];
        let mut bin = bin(&all);
        let store = ids(&all).remove(0);
        for _ in 0..2 {
            bin.share(&store, 2, &files(&["file-b", "file-a"]));
        }
        assert_eq!(taken(&mut bin), ["file-c"]);
        let parts: Vec<String> = bin.parts().map(|(_, count, line)| count + &line).collect();
        assert_eq!(parts, ["1 of 2oa-delete vs_1 file-b"]);
        bin.share(&store, 2, &files(&["file-c"]));
        let (go, stay) = bin.take_last();
        assert_eq!(names(&bin, &go), all[..3]);
        assert!(stay.is_empty());
    }

    #[test]
    fn what_is_kept_stays_for_all_and_so_do_the_files_of_a_kept_store() {
        let mut bin = bin(&["vs_1", "file-a", "file-b", "file-c"]);
        bin.share(&ids(&["vs_1"])[0], 1, &files(&["file-b"]));
        bin.keep(ids(&["file-a", "vs_1"]));
        let (go, stay) = bin.take_last();
        assert_eq!(names(&bin, &go), ["file-c"]);
        assert_eq!(names(&bin, &stay), ["vs_1", "file-a", "file-b"]);
    }
}
