//! What a request may hold, what is wrong with one, and what is answered to a question.

pub(crate) mod answer;
pub(crate) mod chat;
pub(crate) mod choice;
pub(crate) mod data;
pub(crate) mod error;
pub(crate) mod input;
pub(crate) mod items;
pub(crate) mod kind;
pub(crate) mod model;
pub(crate) mod part;
pub(crate) mod prompt;
pub(crate) mod stream;
pub(crate) mod strict;
pub(crate) mod table;
pub(crate) mod task;
pub(crate) mod terms;
pub(crate) mod value;
