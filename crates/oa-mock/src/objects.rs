//! What the API knows: files, stores, responses, and their JSON.

pub(crate) mod answer;
pub(crate) mod choice;
pub(crate) mod data;
pub(crate) mod error;
pub(crate) mod file;
pub(crate) mod id;
pub(crate) mod input;
pub(crate) mod input_items;
pub(crate) mod json;
pub(crate) mod kind;
pub(crate) mod member;
pub(crate) mod message;
pub(crate) mod passage;
pub(crate) mod response;
pub(crate) mod search_call;
pub(crate) mod store;
pub(crate) mod stream;
