//! How a server is to be reached, in plain values.

use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a server is to be reached.
pub struct Settings {
    /// By TLS.
    pub secure: bool,
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What is sent in the clear may leave this machine.
    pub allow_insecure: bool,
    /// File of certificates that are trusted.
    pub cacert: Option<PathBuf>,
    /// File of the certificate of this side.
    pub cert: Option<PathBuf>,
    /// File of its private key.
    pub key: Option<PathBuf>,
    /// Silence after which the peer is probed.
    pub keepalive: Duration,
    /// How a file that was named is read.
    pub read: ReadFile,
}

impl Settings {
    /// Whether only this machine may be reached: a key would travel in the clear.
    pub(super) fn local_only(&self) -> bool {
        !self.secure && !self.allow_insecure
    }
}

/// Reads a small file, which is called so in an error.
pub type ReadFile = Box<dyn Fn(&Path, &str) -> anyhow::Result<Vec<u8>> + Send + Sync>;

/// Why a setting cannot be used.
#[derive(Debug)]
pub struct Unusable {
    /// What is wrong with it.
    pub cause: anyhow::Error,
    /// What to do about it.
    pub hint: Option<String>,
}

impl From<anyhow::Error> for Unusable {
    fn from(cause: anyhow::Error) -> Unusable {
        Unusable { cause, hint: None }
    }
}

/// Whether this host is the machine itself: its addresses say so, whatever its name is.
#[must_use]
pub fn is_loopback(host: &str, port: u16) -> bool {
    let found = (host.trim_matches(['[', ']']), port).to_socket_addrs();
    let mut addresses = found.into_iter().flatten().peekable();
    addresses.peek().is_some() && addresses.all(|address| address.ip().is_loopback())
}
