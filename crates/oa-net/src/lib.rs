//! Connections for ureq: fast to make, kept alive, listening while they speak, ended from outside.
//!
//! [`Route`] is how a server is reached: through which proxy, trusting which certificates. It makes agents, each with
//! the [`Connection`] below it: what its layers know of each other, and how its waits are ended. A connection comes to
//! be by `resolve`, `dial` and `connect`; `early` looks for an answer while a body is still being sent.

mod agent;
mod client_cert;
mod connect;
mod connection;
mod dial;
mod early;
mod proxy;
mod resolve;
mod roots;
mod settings;
mod socks;
pub mod thread;
mod used;

pub use agent::{IDLE, Route};
pub use connection::Connection;
pub use proxy::split;
pub use settings::{ReadFile, Settings, Unusable, is_loopback};
