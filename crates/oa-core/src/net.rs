//! Below the requests: which certificates are trusted, which proxy is taken.

pub(crate) mod proxy;
pub(crate) mod roots;
