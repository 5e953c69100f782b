//! What is to be deleted, each thing once, and what has to stay for all.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use clap::ValueEnum;
use oa_core::Id;
use oa_core::log::field;
use oa_core::record::{File, Store};
use oa_core::shell::command;

/// One thing on the server.
pub(crate) struct Thing {
    pub(crate) id: Id,
    pub(crate) bytes: u64,
    /// The API's answer is written, because the user named this id.
    pub(crate) answered: bool,
    /// The pipe made it and its time has not come.
    pub(crate) lives: bool,
    pub(crate) kind: Kind,
    /// The store that a member is in.
    store: Option<Id>,
}

/// Kinds of things in the order of their deletion, so that nothing goes while something else needs it: a response
/// and a Batch may read stores and files, a store its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A stored response
    Response,
    /// A Batch, which is cancelled, since the API deletes none
    Batch,
    /// A file's place in a store; the file itself stays.
    #[value(skip)]
    Member,
    /// A vector store; its files stay
    #[value(name = "vector_store")]
    Store,
    /// An uploaded file
    File,
}

/// All kinds, first to last.
pub(crate) const KINDS: [Kind; 5] = [
    Kind::Response,
    Kind::Batch,
    Kind::Member,
    Kind::Store,
    Kind::File,
];

impl Kind {
    /// The key of a record that holds such a thing.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Kind::Response => "response",
            Kind::Batch => "batch",
            Kind::Store => "vector_store",
            Kind::File | Kind::Member => "files",
        }
    }
}

impl Thing {
    pub(crate) fn new(kind: Kind, id: &Id) -> Thing {
        Thing {
            id: id.clone(),
            bytes: 0,
            answered: false,
            lives: false,
            kind,
            store: None,
        }
    }

    pub(crate) fn file(id: &Id, file: &File) -> Thing {
        Thing {
            bytes: file.bytes.unwrap_or(0),
            lives: file.lives(),
            ..Thing::new(Kind::File, id)
        }
    }

    pub(crate) fn store(id: &Id, store: &Store) -> Thing {
        Thing {
            lives: store.lives(),
            ..Thing::new(Kind::Store, id)
        }
    }

    /// A file's place in a store.
    pub(crate) fn member(store: &Id, file: &Id) -> Thing {
        Thing {
            store: Some(store.clone()),
            ..Thing::new(Kind::Member, file)
        }
    }

    pub(crate) fn answered(mut self) -> Thing {
        self.answered = true;
        self
    }

    /// Path of the thing below the base URL.
    pub(crate) fn address(&self) -> String {
        match (self.kind, &self.store) {
            (Kind::Response, _) => self.id.under("/responses"),
            (Kind::Batch, _) => self.id.under("/batches"),
            (Kind::Store, _) => self.id.under("/vector_stores"),
            (Kind::Member, Some(store)) => {
                let store = store.under("/vector_stores");
                self.id.under(&format!("{store}/files"))
            }
            (Kind::File | Kind::Member, _) => self.id.under("/files"),
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::File | Kind::Member => "file_id",
            Kind::Response => "response_id",
            Kind::Batch => "batch_id",
            Kind::Store => "vector_store_id",
        };
        f.write_str(&field(name, self.id.as_str()))?;
        match &self.store {
            Some(store) if self.kind == Kind::Member => {
                write!(f, " {}", field("vector_store_id", store.as_str()))
            }
            _ => Ok(()),
        }
    }
}

/// A store that the pipe made, and what came of those that share it.
#[derive(Default)]
struct Shared {
    /// How many records share it.
    wanted: u64,
    /// The files of each record that came; records with the same files count once.
    came: BTreeSet<Vec<Id>>,
    /// Those of them that the pipe made.
    made: BTreeSet<Id>,
}

/// Everything that is to be deleted, in the order it was found.
#[derive(Default)]
pub(crate) struct Bin {
    things: Vec<Thing>,
    /// What has to wait for the end of the input.
    later: Vec<Thing>,
    seen: BTreeSet<(Kind, Option<Id>, Id)>,
    /// What the user named.
    named: BTreeSet<(Kind, Id)>,
    /// Ids of `things` and `later`.
    waiting: BTreeSet<Id>,
    left: BTreeSet<Id>,
    /// What a record needs that is kept: it stays for all.
    kept: BTreeSet<Id>,
    stores: BTreeMap<Id, Shared>,
    /// The stores that hold a file.
    holders: BTreeMap<Id, BTreeSet<Id>>,
}

impl Bin {
    /// Adds a thing unless it was there before.
    pub(crate) fn add(&mut self, thing: Thing) {
        if thing.answered {
            self.named.insert((thing.kind, thing.id.clone()));
        }
        let key = (thing.kind, thing.store.clone(), thing.id.clone());
        if self.seen.insert(key) {
            self.waiting.insert(thing.id.clone());
            self.things.push(thing);
        }
    }

    /// Notes that a record with these files came, whose store the pipe made for so many.
    pub(crate) fn share(&mut self, store: &Id, records: u64, files: &[File]) {
        let shared = self.stores.entry(store.clone()).or_default();
        shared.wanted = shared.wanted.max(records);
        let mut came = Vec::new();
        for (id, file) in files
            .iter()
            .filter_map(|file| Some((file.id.as_ref()?, file)))
        {
            let holders = self.holders.entry(id.clone()).or_default();
            holders.insert(store.clone());
            // Only the number of those that share a store is looked at.
            if shared.wanted > 1 {
                came.push(id.clone());
                shared.made.extend(file.path.is_some().then(|| id.clone()));
            }
        }
        if shared.wanted > 1 {
            came.sort_unstable();
            shared.came.insert(came);
        }
    }

    /// Notes what stays, whoever else wants it deleted.
    pub(crate) fn keep(&mut self, ids: impl IntoIterator<Item = Id>) {
        self.kept.extend(ids);
    }

    /// Notes an id that is left alone; says whether that is news.
    pub(crate) fn leave(&mut self, id: &Id) -> bool {
        self.left.insert(id.clone())
    }

    /// Those of these ids that wait for their deletion.
    pub(crate) fn waiting(&self, mut ids: Vec<Id>) -> Vec<Id> {
        ids.retain(|id| self.waiting.contains(id));
        ids
    }

    /// What can be deleted before the end of the input.
    pub(crate) fn take(&mut self) -> Vec<Thing> {
        let things = std::mem::take(&mut self.things);
        let shared = |id: &Id| self.stores.get(id).is_some_and(|store| store.wanted > 1);
        let (later, now): (Vec<Thing>, Vec<Thing>) = things
            .into_iter()
            .partition(|thing| self.stays(thing, &shared));
        self.later.extend(later);
        for thing in &now {
            self.waiting.remove(&thing.id);
        }
        self.answer(now)
    }

    /// Everything that is to be deleted at the end of the input, and what stays.
    pub(crate) fn take_last(&mut self) -> (Vec<Thing>, Vec<Thing>) {
        let mut things = std::mem::take(&mut self.later);
        things.append(&mut self.things);
        self.waiting.clear();
        let part = |id: &Id| {
            self.stores
                .get(id)
                .is_some_and(|store| self.lacks(id, store))
        };
        self.answer(things)
            .into_iter()
            .partition(|thing| !self.stays(thing, &part))
    }

    /// Marks what the user named, before or after a record did.
    fn answer(&self, mut things: Vec<Thing>) -> Vec<Thing> {
        for thing in &mut things {
            thing.answered = self.named.contains(&(thing.kind, thing.id.clone()));
        }
        things
    }

    /// Whether a record that shares the store did not come. One that was named goes, whoever came.
    fn lacks(&self, id: &Id, store: &Shared) -> bool {
        let came = u64::try_from(store.came.len()).unwrap_or(u64::MAX);
        let named = || self.named.contains(&(Kind::Store, id.clone()));
        store.wanted > 1 && came < store.wanted && !named()
    }

    /// Whether a thing is kept, or is or belongs to a store that stays.
    fn stays(&self, thing: &Thing, part: &dyn Fn(&Id) -> bool) -> bool {
        let store = |id: &Id| self.kept.contains(id) || part(id);
        let mut holders = self.holders.get(&thing.id).into_iter().flatten();
        store(&thing.id) || holders.any(store)
    }

    /// Of each store that stays because not all who share it came: its id, how many of how many came, and the
    /// command that deletes it with their files.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&Id, String, String)> {
        let parts = self.stores.iter();
        let parts = parts.filter(|(id, store)| self.lacks(id, store) && !self.kept.contains(*id));
        parts.map(|(id, store)| {
            let all = [id].into_iter().chain(&store.made).map(Id::as_str);
            let count = format!("{} of {}", store.came.len(), store.wanted);
            (id, count, command("oa-delete", all))
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

    fn names(things: &[Thing]) -> Vec<&str> {
        things.iter().map(|thing| thing.id.as_str()).collect()
    }

    fn bin(texts: &[&str]) -> Bin {
        let mut bin = Bin::default();
        for id in ids(texts) {
            let store = id.as_str().starts_with("vs_");
            let kind = if store { Kind::Store } else { Kind::File };
            bin.add(Thing::new(kind, &id));
        }
        bin
    }

    #[test]
    fn what_waits_is_what_was_added_and_not_yet_taken() {
        let all = ids(&["file-a", "file-b"]);
        let mut bin = bin(&["file-a", "file-a"]);
        assert_eq!(bin.waiting(all.clone()), all[..1]);
        assert_eq!(names(&bin.take()), ["file-a"]);
        assert_eq!(bin.waiting(all.clone()), []);
        bin.add(Thing::new(Kind::File, &all[0]));
        assert_eq!(bin.waiting(all), []);
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
        assert_eq!(names(&bin.take()), ["file-c"]);
        let parts: Vec<String> = bin.parts().map(|(_, count, line)| count + &line).collect();
        assert_eq!(parts, ["1 of 2oa-delete vs_1 file-b"]);
        bin.share(&store, 2, &files(&["file-c"]));
        let (go, stay) = bin.take_last();
        assert_eq!(names(&go), all[..3]);
        assert!(stay.is_empty());
    }

    #[test]
    fn what_is_kept_stays_for_all_and_so_do_the_files_of_a_kept_store() {
        let mut bin = bin(&["vs_1", "file-a", "file-b", "file-c"]);
        bin.share(&ids(&["vs_1"])[0], 1, &files(&["file-b"]));
        bin.keep(ids(&["file-a", "vs_1"]));
        let (go, stay) = bin.take_last();
        assert_eq!(names(&go), ["file-c"]);
        assert_eq!(names(&stay), ["vs_1", "file-a", "file-b"]);
    }
}
