//! Which passages answer a question.

pub(crate) mod query;
pub(crate) mod rank;
