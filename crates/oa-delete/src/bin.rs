//! What is to be deleted, each thing once, and what has to stay for all.

use std::collections::{BTreeMap, HashMap};

use oa_core::Id;
use oa_pipe::batch::Batch;
use oa_pipe::file::File;
use oa_pipe::shell::command;

use crate::ids::Ids;
use crate::shared::{Common, Shares};
use crate::thing::{Kind, Thing};

/// No id's number.
const NONE: u32 = u32::MAX;
/// What is known of an id: a record that needs it is kept, so that it stays for all; it was left alone; its file is
/// gone; a record waits for its Batch, and has no error that says so.
const KEPT: u8 = 1;
const LEFT: u8 = 2;
const GONE: u8 = 4;
const AWAITED: u8 = 8;

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
    shares: Shares,
}

impl Bin {
    fn number(&mut self, id: &Id) -> u32 {
        let number = self.ids.number(id.as_str());
        self.marks.resize(self.ids.len(), 0);
        number
    }

    fn mark(&mut self, number: u32, mark: u8) -> bool {
        let marks = &mut self.marks[number as usize];
        let news = *marks & mark == 0;
        *marks |= mark;
        news
    }

    fn is(&self, number: u32, mark: u8) -> bool {
        self.marks[number as usize] & mark != 0
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

    /// Those of these places that have things of one kind, which nothing keeps by now.
    pub(crate) fn of_kind(&self, places: &[u32], kind: Kind) -> Vec<u32> {
        let entry = |place: u32| &self.entries[place as usize];
        let places = places.iter().copied();
        places
            .filter(|place| entry(*place).kind == kind)
            .filter(|place| !self.stays(entry(*place), &|_| false))
            .collect()
    }

    /// Notes that a record with these files came, whose store the pipe made for so many.
    pub(crate) fn share_store(&mut self, store: &Id, records: u64, files: &[File]) {
        let store = Common::Store(self.number(store));
        let alone = records < 2 && !self.shares.has(store);
        let mut all = Vec::new();
        for id in files.iter().filter_map(|file| file.id.as_ref()) {
            let number = self.number(id);
            self.shares.hold(number, store);
            all.push(number);
        }
        if alone {
            return;
        }
        // Records with the same files count once.
        all.sort_unstable();
        let name: Vec<String> = all.iter().map(u32::to_string).collect();
        let who = self.ids.number(&name.join(" "));
        self.shares.note(store, records, Some(who));
    }

    /// Notes that a record of a Batch came, and what needs to stay until its answer was read. How many records share
    /// a Batch that does not say it is not known: never all of them.
    pub(crate) fn share_batch<'a>(
        &mut self,
        id: &Id,
        batch: &Batch,
        needs: impl Iterator<Item = &'a Id>,
    ) {
        let number = self.number(id);
        let (whole, answers) = (Common::Batch(number), Common::Answers(number));
        let name = batch.custom_id.as_ref();
        let who = name.map(|name| self.ids.number(name));
        let records = batch.shared.unwrap_or(u64::MAX);
        self.shares.note(whole, records, who);
        let read = who.filter(|_| batch.collected);
        self.shares.note(answers, records, read);
        if let Some(input) = &batch.input_file_id {
            let input = self.number(input);
            self.shares.hold(input, whole);
        }
        for id in needs {
            let needed = self.number(id);
            self.shares.hold(needed, answers);
        }
    }

    /// Whether this file is to be deleted, or was.
    pub(crate) fn has_file(&mut self, id: &Id) -> bool {
        let file = (Kind::File, NONE, self.number(id));
        self.places.contains_key(&file)
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

    /// Notes that a record without an error waits for this Batch.
    pub(crate) fn wait(&mut self, batch: &Id) {
        let number = self.number(batch);
        self.mark(number, AWAITED);
    }

    /// Whether one does.
    pub(crate) fn is_awaited(&mut self, batch: &Id) -> bool {
        let number = self.number(batch);
        self.is(number, AWAITED)
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
        self.is(number, GONE)
    }

    /// Places of what can be deleted before the end of the input, and was not told yet.
    pub(crate) fn take(&mut self) -> Vec<u32> {
        let new = self.looked..self.entries.len();
        self.looked = self.entries.len();
        let shared = |common| self.shares.has(common);
        let now = new.filter(|place| !self.stays(&self.entries[*place], &shared));
        now.filter_map(|place| u32::try_from(place).ok()).collect()
    }

    /// Places of all that is to be deleted at the end of the input, and of what stays.
    pub(crate) fn take_last(&mut self) -> (Vec<u32>, Vec<u32>) {
        let part = |common| self.lacks(common).is_some();
        let rest = (0..).zip(&self.entries).filter(|(_, entry)| !entry.taken);
        let (go, stay): (Vec<_>, Vec<_>) = rest.partition(|(_, entry)| !self.stays(entry, &part));
        let places = |part: Vec<(u32, &Entry)>| part.into_iter().map(|(place, _)| place).collect();
        (places(go), places(stay))
    }

    /// How many of how many records that share it came, where some did not. What was named goes, whoever came.
    fn lacks(&self, common: Common) -> Option<(u64, u64)> {
        let kind = match common {
            Common::Store(_) => Some(Kind::Store),
            Common::Batch(_) => Some(Kind::Batch),
            Common::Answers(_) => None,
        };
        let place = kind.and_then(|kind| self.places.get(&(kind, NONE, common.number())));
        let named = place.is_some_and(|place| self.entries[*place as usize].answered);
        self.shares.lacks(common).filter(|_| !named)
    }

    /// Whether a thing is kept, is a part of what is shared, or is needed by what stays.
    fn stays(&self, thing: &Entry, part: &dyn Fn(Common) -> bool) -> bool {
        let own = match thing.kind {
            Kind::Store => Some(Common::Store(thing.id)),
            Kind::Batch => Some(Common::Batch(thing.id)),
            _ => None,
        };
        let stays = |common: Common| part(common) || self.is(common.number(), KEPT);
        // A store may be needed itself; what an answer needs is the end of it.
        let needed = |common: Common| {
            let store = matches!(common, Common::Store(_));
            let mut above = self.shares.holders(common.number());
            stays(common) || store && above.any(stays)
        };
        own.is_some_and(part)
            || self.is(thing.id, KEPT)
            || self.shares.holders(thing.id).any(needed)
    }

    /// Says of all that stays because not all who share it came, or were collected, why, and the command that goes on.
    pub(crate) fn parts(&self) -> Vec<String> {
        let mut files = BTreeMap::<Common, Vec<u32>>::new();
        for (file, common) in self.shares.held() {
            let goes = || self.places.contains_key(&(Kind::File, NONE, file));
            let store = matches!(common, Common::Store(_));
            if store && self.lacks(common).is_some() && goes() {
                files.entry(common).or_default().push(file);
            }
        }
        let all = self.shares.all();
        let all = all.filter(|common| !self.is(common.number(), KEPT));
        let told = |common| self.part(common, files.remove(&common).unwrap_or_default());
        all.filter_map(told).collect()
    }

    fn part(&self, common: Common, files: Vec<u32>) -> Option<String> {
        let few = only(self.lacks(common)?);
        let told = match common {
            Common::Store(id) => {
                let all = [id].into_iter().chain(files).map(|id| self.ids.text(id));
                let way_out = command("oa-delete", all);
                format!(
                    "kept with its files, because {few} that share it came; `{way_out}` deletes them"
                )
            }
            // Its answers say it.
            Common::Batch(_) => return None,
            Common::Answers(id) => {
                let why = self.lacks(Common::Batch(id)).map_or_else(
                    || format!("its answers and the files of its records are kept, because {few} of it were collected"),
                    |few| format!("kept with its files, because {} of it came", only(few)),
                );
                format!("{why}; `oa-batch < FILE` collects it")
            }
        };
        Some(format!("{}: {told}", self.ids.text(common.number())))
    }
}

/// How many of how many.
fn only((came, wanted): (u64, u64)) -> String {
    match wanted {
        u64::MAX => format!("only {came} of an unknown number of records"),
        _ => format!("only {came} of {wanted} records"),
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
            bin.share_store(&store, 2, &files(&["file-b", "file-a"]));
        }
        assert_eq!(taken(&mut bin), ["file-c"]);
        let parts = bin.parts();
        assert_eq!(
            parts,
            [
                "vs_1: kept with its files, because only 1 of 2 records that share it came; `oa-delete vs_1 file-a file-b` deletes them"
            ]
        );
        bin.share_store(&store, 2, &files(&["file-c"]));
        let (go, stay) = bin.take_last();
        assert_eq!(names(&bin, &go), all[..3]);
        assert!(stay.is_empty());
    }

    #[test]
    fn a_batch_goes_when_all_its_records_came_and_its_answers_when_all_were_collected() {
        let mut bin = bin(&["file-in", "file-out", "file-a"]);
        let all = ids(&["batch_1", "file-in", "file-out", "file-a"]);
        bin.add(&Thing::new(Kind::Batch, &all[0]));
        let share = |bin: &mut Bin, name: &str, collected| {
            let batch = Batch {
                custom_id: Some(name.to_owned()),
                input_file_id: Some(all[1].clone()),
                shared: Some(2),
                collected,
                ..Batch::default()
            };
            bin.share_batch(&all[0], &batch, all[2..].iter());
        };
        share(&mut bin, "1", true);
        share(&mut bin, "1", false);
        assert_eq!(taken(&mut bin), [""; 0]);
        assert!(bin.take_last().0.is_empty());
        share(&mut bin, "2", false);
        let (go, stay) = bin.take_last();
        assert_eq!(names(&bin, &go), ["file-in", "batch_1"]);
        assert_eq!(names(&bin, &stay), ["file-out", "file-a"]);
        share(&mut bin, "2", true);
        assert!(bin.take_last().1.is_empty());
    }

    #[test]
    fn what_is_kept_stays_for_all_and_so_do_the_files_of_a_kept_store() {
        let mut bin = bin(&["vs_1", "file-a", "file-b", "file-c"]);
        bin.share_store(&ids(&["vs_1"])[0], 1, &files(&["file-b"]));
        bin.keep(ids(&["file-a", "vs_1"]));
        let (go, stay) = bin.take_last();
        assert_eq!(names(&bin, &go), ["file-c"]);
        assert_eq!(names(&bin, &stay), ["vs_1", "file-a", "file-b"]);
    }
}
