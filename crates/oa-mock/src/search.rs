//! Searches in vector stores: filters, the words that count, and the tool of a model.

pub(crate) mod filter;
pub(crate) mod query;
pub(crate) mod tool;
pub(crate) mod words;
