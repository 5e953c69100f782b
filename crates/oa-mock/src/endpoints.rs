//! What each method and path of the API does.

pub(crate) mod adding;
pub(crate) mod batches;
pub(crate) mod completions;
pub(crate) mod file_batches;
pub(crate) mod files;
pub(crate) mod members;
pub(crate) mod models;
pub(crate) mod page;
pub(crate) mod question;
pub(crate) mod responses;
pub(crate) mod running;
pub(crate) mod search;
pub(crate) mod stores;
