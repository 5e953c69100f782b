//! The search that a model may do: which stores, how much of them.

use oa_core::id::texts;
use oa_core::{Error, Id, Result};
use oa_pipe::object::Object;
use oa_pipe::record::Record;
use serde_json::Value;

use crate::args::Args;

/// Stores of one `file_search` tool; the server refuses more, though its reference does not say so.
const MOST_STORES: usize = 2;

/// What the options say about searching.
#[derive(Default)]
pub(crate) struct FileSearch {
    /// The record's own store is searched.
    own: bool,
    stores: Vec<Id>,
    most: Option<u8>,
    filters: Option<Value>,
}

impl FileSearch {
    /// Reads the options; `None` where nothing is to be searched.
    ///
    /// # Errors
    /// `usage` for what the API would refuse.
    pub(crate) fn read(args: &Args) -> Result<Option<FileSearch>> {
        if !args.file_search && args.search_store.is_empty() {
            if args.search.is_said() || args.include_results {
                return Err(Error::usage("there is nothing to search")
                    .hint("add --file-search (the record's own store) or --search-store ID"));
            }
            return Ok(None);
        }
        if args.search_store.len() + usize::from(args.file_search) > MOST_STORES {
            return Err(too_many());
        }
        Ok(Some(FileSearch {
            own: args.file_search,
            stores: args.search_store.clone(),
            most: args.search.max_num_results,
            filters: args.search.filters()?,
        }))
    }

    /// The tool for a record.
    pub(crate) fn tool(&self, record: &Record) -> Result<Object> {
        let mut stores = Vec::new();
        if self.own {
            stores.push(own(record)?);
        }
        for id in &self.stores {
            if !stores.contains(id) {
                stores.push(id.clone());
            }
        }
        let mut tool = Object::default();
        tool.put("type", &"file_search");
        tool.put("vector_store_ids", &texts(&stores));
        if let Some(most) = self.most {
            tool.put("max_num_results", &most);
        }
        if let Some(filters) = &self.filters {
            tool.put("filters", filters);
        }
        Ok(tool)
    }
}

fn too_many() -> Error {
    Error::usage(format!(
        "a model can search at most {MOST_STORES} stores at a time (maximum of 2 vector stores allowed)"
    ))
    .hint("put the files into one store: oa-index --into ID")
}

fn own(record: &Record) -> Result<Id> {
    let store = record.store().ok_or_else(|| {
        Error::input("the record has no `vector_store` to search").hint("oa-index makes one")
    })?;
    if store.status.as_deref() == Some("expired") {
        return Err(
            Error::input(format!("vector store {} has expired", store.name()))
                .hint("index the files again: oa-index"),
        );
    }
    store
        .id
        .ok_or_else(|| Error::input("the record's `vector_store` has no id"))
}
