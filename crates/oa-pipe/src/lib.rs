//! What the pipe promises, in code: records in, records out, failures, order, the verdict.
//!
//! The tools are filters. One record, a JSON object, travels down the pipe; every tool adds what it did;
//! nobody drops what somebody else wrote; and a failure travels as data, in the key `error`, so that the
//! last tool of the pipe can always clean up and always knows the verdict.
//!
//! The way of a record, in the order in which to read:
//!
//! 1. A `main` is [`run()`]: it reads the [`options`] that all tools share and those of the tool ([`arguments`], also
//!    of a command line that is wrong, [`glance`]), and opens the [`pipe`] by a [`plan`].
//! 2. Bytes come in: [`scan`] finds the values of a stream, [`lift`] makes a [`record`] of each, whatever its shape. A
//!    record is an [`object`] kept byte for byte; [`mod@file`], [`store`], [`batch`] and [`response`] are what is looked at.
//! 3. The tool works on it; [`workers`] do so at the same time, as many as the machine allows. What runs on the server
//!    is waited for by [`wait`], [`schedule`] and [`delay`]; lists are read by [`pages`], local files by [`local`], a
//!    [`question`] and a [`search`] by what two tools know of them; [`removal`] deletes.
//! 4. What came of it goes into the record: an answer by [`settle`] and its [`output`], a trouble by [`failure`].
//! 5. The record goes out, in its turn and whole; [`verdict`] adds it up to the exit status, the only number that
//!    leaves the process. What the run cost is [`tokens`], added up by `tally`.
//!
//! Beside the way stand [`signal`], which turns signals into an event and knows what would be left, and [`log`], which
//! alone writes to standard error, nothing secret and nothing raw ([`mod@escape`], [`shell`]); there [`progress`] is
//! drawn, in [`figure`]s.

mod address;
mod advice;
pub mod arguments;
pub mod batch;
mod blame;
mod command;
mod connection;
pub mod delay;
mod draft;
pub mod duration;
mod earlier;
pub mod escape;
mod excuse;
pub mod failure;
pub mod figure;
pub mod file;
pub mod glance;
mod headers;
mod incoming;
pub mod lift;
mod line;
pub mod local;
pub mod log;
mod machine;
mod merge;
pub mod object;
pub mod options;
pub mod output;
pub mod pages;
mod parse;
pub mod pipe;
mod place;
pub mod plan;
pub mod progress;
pub mod question;
mod read;
pub mod record;
pub mod refusal;
pub mod removal;
pub mod response;
mod rights;
pub mod run;
pub mod scan;
pub mod schedule;
mod screen;
pub mod search;
pub mod settle;
pub mod shell;
pub mod signal;
mod stdin;
pub mod store;
mod tally;
mod target;
mod terminal;
pub mod tokens;
mod turn;
pub mod verdict;
pub mod wait;
mod wake;
mod window;
pub mod workers;
mod write;

pub use command::command;
pub use run::run;
