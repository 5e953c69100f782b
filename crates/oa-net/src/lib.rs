//! Connections for ureq: fast to make, kept alive, listening while they speak, ended from outside.
//!
//! [`Route`] is how a server is reached: through which proxy, trusting which certificates. It makes agents, each with
//! the [`Connection`] below it: what its layers know of each other. A connection comes to be by `resolve`, `dial` and
//! `connect`, or through `socks`; `transport` carries its bytes; `early` looks for an answer while a body is still
//! being sent. Shutting down an agent ends whatever is waited for, a name and a handshake included.

mod client_cert;
mod connect;
mod connection;
mod deadline;
mod dial;
mod early;
mod proxy;
mod resolve;
mod roots;
mod route;
mod settings;
mod socks;
pub mod thread;
mod transport;

pub use connection::{Connection, State};
pub use proxy::split;
pub use route::{IDLE, Route};
pub use settings::{ReadFile, Settings, Unusable, is_loopback};
