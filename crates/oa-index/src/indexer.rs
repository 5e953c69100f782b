//! Who indexes, and how long.

use std::time::Instant;

use oa_core::client::Client;
use oa_core::{Id, Result};
use oa_pipe::log::field;
use oa_pipe::record::Record;
use oa_pipe::run::Run;
use oa_pipe::wait::{Subject, Wait};
use oa_pipe::workers::Workers;

use crate::args::Args;
use crate::content::{Content, Group};

/// Who indexes.
pub(crate) struct Indexer<'a> {
    pub(crate) content: Content,
    pub(crate) client: Client,
    pub(crate) workers: Workers,
    pub(crate) args: &'a Args,
    pub(crate) run: &'a Run,
}

impl Indexer<'_> {
    /// A wait for all about one store.
    pub(crate) fn wait(&self, store: Option<&Id>, drawn: bool, begun: Instant) -> Wait {
        let subject = Subject {
            event: "index",
            key: field("vector_store_id", store.map_or("-", Id::as_str)),
            name: "indexing".to_owned(),
            again: "the record keeps its store: `jq -c 'del(.error)' | oa-index` goes on"
                .to_owned(),
            drawn,
        };
        Wait::new(&self.run.pipe, self.args.patience, begun, subject)
    }

    /// The record's files, looked up where only their ids are known.
    pub(crate) fn group(&self, record: &Record, until: Option<Instant>) -> Result<Group> {
        let log = &self.run.pipe.log;
        self.content.of(record, &self.client, log, until)
    }
}
