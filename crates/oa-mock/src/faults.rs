//! Rules for what goes wrong.

pub(crate) mod action;
pub(crate) mod fault;
pub(crate) mod trouble;
