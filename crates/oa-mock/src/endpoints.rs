//! What each method and path does.

pub(crate) mod control;
pub(crate) mod file_batches;
pub(crate) mod file_search;
pub(crate) mod files;
pub(crate) mod members;
pub(crate) mod responses;
pub(crate) mod route;
pub(crate) mod search;
pub(crate) mod stores;
pub(crate) mod terms;
