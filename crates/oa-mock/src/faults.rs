//! What goes wrong on demand: rules, and what they make of an answer.

pub(crate) mod action;
pub(crate) mod keys;
pub(crate) mod rule;
pub(crate) mod spoil;
