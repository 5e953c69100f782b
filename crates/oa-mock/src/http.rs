//! Connections, requests and answers: everything that knows of HTTP.

pub(crate) mod body;
pub(crate) mod call;
pub(crate) mod control;
pub(crate) mod exchange;
pub(crate) mod form;
pub(crate) mod guard;
pub(crate) mod ledger;
pub(crate) mod reply;
pub(crate) mod route;
pub(crate) mod server;
pub(crate) mod transport;
