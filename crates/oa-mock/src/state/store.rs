//! Files, responses, vector stores and Batches in the order in which they were made.

use crate::state::batch::Batch;
use crate::state::cache::Cache;
use crate::state::file::File;
use crate::state::response::Stored;
use crate::state::vector_store::VectorStore;

/// All that is kept.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) files: Vec<File>,
    pub(crate) responses: Vec<Stored>,
    pub(crate) vector_stores: Vec<VectorStore>,
    pub(crate) batches: Vec<Batch>,
    /// What models have read before.
    pub(crate) prompts: Cache,
    /// Up to when it has aged.
    aged: u64,
}

impl Store {
    /// Takes away what has expired by now.
    pub(crate) fn age(&mut self, now: u64) {
        // Thousands of files are not looked through at every request.
        if self.aged == now {
            return;
        }
        self.aged = now;
        self.remove_files(|file| file.expired(now));
        let stores = self.vector_stores.iter_mut();
        stores.for_each(|store| store.age(now));
    }

    /// The file with this id.
    pub(crate) fn file(&self, id: &str) -> Option<&File> {
        self.files.iter().find(|file| file.id == id)
    }

    /// Removes files, also from the vector stores.
    pub(crate) fn remove_files(&mut self, goes: impl Fn(&File) -> bool) {
        for file in self.files.extract_if(.., |file| goes(file)) {
            for store in &mut self.vector_stores {
                store.members.retain(|member| member.id != file.id);
            }
        }
    }

    /// The Batch with this id.
    pub(crate) fn batch(&mut self, id: &str) -> Option<&mut Batch> {
        self.batches.iter_mut().find(|batch| batch.id == id)
    }

    /// The vector store with this id.
    pub(crate) fn vector_store(&mut self, id: &str) -> Option<&mut VectorStore> {
        self.vector_stores.iter_mut().find(|store| store.id == id)
    }

    /// The response with this id, if it can be asked for.
    pub(crate) fn response(&mut self, id: &str) -> Option<&mut Stored> {
        self.responses.iter_mut().find(|response| response.id == id)
    }
}
