//! Below the requests: how a connection is made, which certificates are trusted, which proxy is taken.

mod connect;
mod dial;
mod early;
mod name;
mod pair;
mod proxy;
mod roots;
mod socks;
mod used;
pub(crate) mod way;
pub(crate) mod wire;

pub use proxy::split;
pub use way::{ReadFile, Transport, is_loopback};
