//! Connections and what is asked on them: bytes in, a request whole, a reply out.

pub(crate) mod body;
pub(crate) mod call;
pub(crate) mod child;
pub(crate) mod exchange;
pub(crate) mod form;
pub(crate) mod guard;
pub(crate) mod log;
pub(crate) mod reply;
pub(crate) mod server;
pub(crate) mod threads;
pub(crate) mod wire;
