//! A vector store: its files, the batches that they came in, and its life.

use crate::id::now;
use crate::json::Json;
use crate::state::member::Member;

const DAY: u64 = 24 * 3600;
const STATUSES: [&str; 4] = ["in_progress", "completed", "failed", "cancelled"];

/// A vector store.
#[derive(Clone, Debug)]
pub(crate) struct VectorStore {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Json,
    /// Days that it lives after it was last used.
    pub(crate) days: Option<u64>,
    pub(crate) created_at: u64,
    pub(crate) last_active_at: u64,
    pub(crate) expired: bool,
    /// In the order in which they were added.
    pub(crate) members: Vec<Member>,
    pub(crate) batches: Vec<FileBatch>,
}

/// Files that were added together.
#[derive(Clone, Debug)]
pub(crate) struct FileBatch {
    pub(crate) id: String,
    pub(crate) created_at: u64,
    /// The status that it has in the end; `completed` also says so of a batch whose files all failed.
    pub(crate) ends: &'static str,
}

impl VectorStore {
    /// The vector store object.
    pub(crate) fn json(&self) -> Json {
        let usage: usize = self.members.iter().map(Member::usage).sum();
        let mut store = Json::object([
            ("id", (&self.id).into()),
            ("object", "vector_store".into()),
            ("created_at", self.created_at.into()),
            ("name", (&self.name).into()),
            ("description", self.description.as_ref().into()),
            ("usage_bytes", usage.into()),
            ("file_counts", counts(self.members.iter())),
            ("status", self.status().into()),
            ("expires_at", self.expires_at().into()),
            ("last_active_at", self.last_active_at.into()),
            ("metadata", self.metadata.clone()),
        ]);
        if let Some(days) = self.days {
            let policy = [("anchor", "last_active_at".into()), ("days", days.into())];
            store.set("expires_after", Json::object(policy));
        }
        store.marked()
    }

    /// The status in the API's words.
    pub(crate) fn status(&self) -> &'static str {
        let works = self.members.iter().any(works);
        match (self.expired, works) {
            (true, _) => "expired",
            (_, true) => "in_progress",
            _ => "completed",
        }
    }

    fn expires_at(&self) -> Option<u64> {
        self.days.map(|days| self.last_active_at + days * DAY)
    }

    /// It is used: its life begins again.
    pub(crate) fn touch(&mut self) {
        self.last_active_at = now();
    }

    /// Expires if its time has come.
    pub(crate) fn age(&mut self, now: u64) {
        if self.expires_at().is_some_and(|end| end <= now) {
            self.expire();
        }
    }

    /// What is indexed goes; the object stays until it is deleted.
    pub(crate) fn expire(&mut self) {
        self.expired = true;
        self.members.clear();
    }

    /// Somebody looks at all of its files.
    pub(crate) fn look(&mut self, needed: u64) {
        let all = self.members.iter_mut();
        all.for_each(|member| member.look(needed));
    }

    /// Somebody looks at the files of a batch.
    pub(crate) fn look_at(&mut self, batch: &str, needed: u64) {
        let all = self.members.iter_mut();
        let those = all.filter(|member| member.batch.as_deref() == Some(batch));
        those.for_each(|member| member.look(needed));
    }

    /// Adds a file; one that is there already is indexed anew.
    pub(crate) fn attach(&mut self, member: Member) {
        self.members.retain(|other| other.id != member.id);
        self.members.push(member);
    }

    /// The file with this id.
    pub(crate) fn member(&mut self, id: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    /// The files of a batch.
    pub(crate) fn of_batch<'a>(&'a self, batch: &'a str) -> impl Iterator<Item = &'a Member> {
        let all = self.members.iter();
        all.filter(move |member| member.batch.as_deref() == Some(batch))
    }

    /// The file batch object, if there is one with this id.
    pub(crate) fn batch(&self, id: &str) -> Option<Json> {
        let batch = self.batches.iter().find(|batch| batch.id == id)?;
        let status = if self.of_batch(id).any(works) {
            "in_progress"
        } else {
            batch.ends
        };
        let object = Json::object([
            ("id", id.into()),
            ("object", "vector_store.files_batch".into()),
            ("created_at", batch.created_at.into()),
            ("vector_store_id", (&self.id).into()),
            ("status", status.into()),
            ("file_counts", counts(self.of_batch(id))),
        ]);
        Some(object.marked())
    }
}

fn works(member: &Member) -> bool {
    member.status() == "in_progress"
}

/// `file_counts`: how many files stand where.
fn counts<'a>(members: impl Iterator<Item = &'a Member>) -> Json {
    let all: Vec<&str> = members.map(Member::status).collect();
    let mut counts = Json::object([]);
    for status in STATUSES {
        let count = all.iter().filter(|other| **other == status).count();
        counts.set(status, count);
    }
    counts.set("total", all.len());
    counts
}
