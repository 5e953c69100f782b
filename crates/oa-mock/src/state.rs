//! What the server was told, what it stores, what it was asked.

pub(crate) mod ledger;
pub(crate) mod mock;
