//! The HTTP client: requests to a server that speaks the API of `OpenAI`, and the replies read for what they are.
//!
//! * [`client`] is the one way to the server; [`settings`] is all that it is told, [`request`] what it is asked.
//! * [`body`] and [`form`] are what it sends, a [`local::Local`] file among it; [`id`] is how things on the server are
//!   named.
//! * [`reply`] is what came back, [`field`] how an object in it is looked at, [`lenient`] what is done where it is no
//!   JSON.
//! * `pace` and `gate` keep all requests of a process within a rate limit; `limit` reads what a server says of it.
//! * [`retry`] decides when a request is sent again; [`cancel`] ends requests and waits.
//! * [`error`] holds the kinds of failure, [`secret`] what no failure may show, [`machine`] what the machine may lack.

pub mod body;
pub mod cancel;
pub mod client;
mod crowd;
pub mod error;
mod exchange;
mod expect;
pub mod field;
pub mod form;
mod gate;
pub mod id;
pub mod lenient;
mod limit;
pub mod local;
pub mod machine;
mod outcome;
mod pace;
mod pool;
mod reading;
pub mod reply;
pub mod request;
pub mod retry;
pub mod secret;
mod server;
pub mod settings;
pub mod stream;
mod trouble;
mod words;

pub use error::{Error, Kind, Result};
pub use id::Id;
