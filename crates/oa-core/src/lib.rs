//! What the `oa-` tools share: the pipe, the record, and the HTTP client.
//!
//! The tools are filters. One record, a JSON object, travels down the pipe; every tool adds what it did;
//! nobody drops what somebody else wrote; and a failure travels as data, in the key `error`, so that the
//! last tool of the pipe can always clean up and always knows the verdict.
//!
//! * [`record`] is what flows, [`object`] how it is kept byte for byte, [`field`] how it is looked at, [`scan`] how
//!   it is found in a stream.
//! * [`pipe`] is the loop: records in, records out, failures, order, the status so far; [`workers`] are those who
//!   work in it, as many as the `machine` allows.
//! * [`client`] is the one way to the server; [`body`] and [`form`] are what it sends, [`retry`] decides when
//!   it sends again, `net` lies below it; [`removal`] deletes, and tells what was not there to be deleted.
//! * [`id`] is how things on the server are named, [`error`] holds the kinds of failure and every number that leaves the process.
//! * [`cli`] holds the shared options and [`run`], the whole of a `main`.
//! * [`interrupt`] turns signals into an event, [`log`] writes to standard error.
//! * [`kind`], [`limit`], [`question`], [`answer`], [`attribute`], [`filter`], [`wait`] and [`delay`] are what several tools know
//!   of files, questions, Responses, searches and patience.

pub mod answer;
pub mod attribute;
pub mod body;
pub mod cli;
pub mod client;
pub mod delay;
pub mod error;
pub mod escape;
pub mod field;
pub mod filter;
pub mod form;
pub mod id;
pub mod interrupt;
pub mod kind;
mod lenient;
pub mod limit;
pub mod log;
mod machine;
mod net;
pub mod object;
pub mod pipe;
pub mod question;
pub mod record;
pub mod removal;
pub mod reply;
pub mod retry;
pub mod scan;
mod secret;
pub mod shell;
mod sniff;
pub mod wait;
pub mod workers;

pub use cli::run;
pub use error::{Error, Kind, Result};
pub use id::Id;
