//! What the pipe promises, in code: records in, records out, failures, order, the verdict.
//!
//! The tools are filters. One record, a JSON object, travels down the pipe; every tool adds what it did;
//! nobody drops what somebody else wrote; and a failure travels as data, in the key `error`, so that the
//! last tool of the pipe can always clean up and always knows the verdict.
//!
//! * [`record`] is what flows, [`object`] how it is kept byte for byte, [`scan`] how it is found in a stream.
//! * [`pipe`] is the loop: records in, records out, failures, order, the status so far; [`workers`] are those who
//!   work in it, as many as the machine allows.
//! * [`verdict`] holds every number that leaves the process, [`failure`] how a failure travels.
//! * [`options`] are those that all tools share, and [`run`] is the whole of a `main`.
//! * [`signal`] turns signals into an event, [`log`] writes to standard error, [`progress`] draws on it.
//! * [`local`], [`question`], [`response`], [`search`], [`removal`], [`wait`] and [`delay`] are what several tools
//!   know of files, questions, Responses, searches, deletions and patience.

mod address;
mod advice;
pub mod arguments;
pub mod batch;
mod connection;
pub mod delay;
mod draft;
pub mod duration;
pub mod escape;
pub mod failure;
pub mod file;
pub mod glance;
mod headers;
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
pub mod search;
pub mod settle;
pub mod shell;
pub mod signal;
mod stdin;
pub mod store;
mod target;
pub mod verdict;
pub mod wait;
mod wake;
mod window;
pub mod workers;
mod write;

pub use run::run;
