//! What the server keeps: files, vector stores, responses and Batches, how they age, and how they look.

pub(crate) mod batch;
pub(crate) mod cache;
pub(crate) mod completion;
pub(crate) mod document;
pub(crate) mod file;
pub(crate) mod item;
pub(crate) mod member;
pub(crate) mod response;
pub(crate) mod store;
pub(crate) mod vector_store;
