//! What a request may hold, as tables, and what is wrong with it in the words of the API.

pub(crate) mod check;
pub(crate) mod filter;
pub(crate) mod limit;
pub(crate) mod request;
pub(crate) mod store;
pub(crate) mod strict;
pub(crate) mod value;
