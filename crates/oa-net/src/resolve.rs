//! `SystemResolver` to addresses: in time, and not when a signal wants the end.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::channel;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::connection::Connection;
use super::thread::aside;

/// Addresses of one host that are tried at most; the capacity of ureq's list.
const MOST: usize = 16;

/// The system's resolver on a thread of its own, because nothing ends its wait.
#[derive(Debug)]
pub(super) struct SystemResolver {
    pub(super) connection: Arc<Connection>,
    /// The key travels in the clear: an address of another machine is none.
    pub(super) local_only: bool,
}

impl Resolver for SystemResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let parts = uri.scheme().zip(uri.authority());
        let place = parts.and_then(|(scheme, authority)| {
            // The port is that of the scheme where the address names none.
            DefaultResolver::host_and_port(scheme, authority)
        });
        let place = place.ok_or(Error::HostNotFound)?;
        let found = if let Ok(address) = place.parse() {
            vec![address]
        } else {
            let host = uri.host().unwrap_or_default();
            self.connection.begin_step(format!("looking up {host}"));
            self.look_up(place, timeout)?
        };
        if self.local_only && !found.iter().all(|address| address.ip().is_loopback()) {
            return Err(Error::Io(io::Error::new(
                ErrorKind::PermissionDenied,
                "it is another machine, and the key would travel in the clear",
            )));
        }
        let mut addresses = self.empty();
        found
            .into_iter()
            .take(MOST)
            .for_each(|address| addresses.push(address));
        if addresses.is_empty() {
            Err(Error::HostNotFound)
        } else {
            Ok(addresses)
        }
    }
}

impl SystemResolver {
    fn look_up(&self, place: String, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
        let (sender, news) = channel::<io::Result<Vec<SocketAddr>>>();
        let stop = sender.clone();
        let ended = || io::Error::from(ErrorKind::NotConnected);
        // Nobody listens any more once the addresses are there.
        self.connection
            .on_stop(move || drop(stop.send(Err(ended()))));
        let asked = aside(move || {
            let found = place.to_socket_addrs().map(Iterator::collect);
            let _ = sender.send(found);
        });
        asked.unwrap_or_else(|ask| ask());
        match news.recv_timeout(*timeout.after) {
            Ok(found) => Ok(found?),
            Err(_) => Err(Error::Timeout(timeout.reason)),
        }
    }
}
