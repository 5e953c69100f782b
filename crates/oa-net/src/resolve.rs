//! Names to addresses: only for connections that are made, in time, and not when the end is wanted.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, NextTimeout};

use super::connection::Connection;
use super::deadline::in_time;

/// Finds nothing: ureq asks before every request, and a connection that is kept needs no name.
#[derive(Debug)]
pub(super) struct LateResolver;

impl Resolver for LateResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// The addresses of a server or a proxy; of this machine alone where the key travels in the clear.
pub(super) fn resolve(
    uri: &Uri,
    details: &ConnectionDetails,
    connection: &Connection,
    local_only: bool,
) -> Result<Vec<SocketAddr>, Error> {
    let parts = uri.scheme().zip(uri.authority());
    // The port is that of the scheme where the address names none.
    let place =
        parts.and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority));
    let place = place.ok_or(Error::HostNotFound)?;
    let found = if let Ok(address) = place.parse() {
        vec![address]
    } else {
        let host = uri.host().unwrap_or_default();
        connection.begin_step(format!("looking up {host}"));
        in_time(details, move || {
            let found = place.to_socket_addrs();
            Ok(found.map_err(|error| worded(&error))?.collect())
        })?
    };
    if local_only && !found.iter().all(|address| address.ip().is_loopback()) {
        return Err(Error::Io(io::Error::new(
            ErrorKind::PermissionDenied,
            "it is another machine, and the key would travel in the clear",
        )));
    }
    Ok(found)
}

/// The system's own words for why there is no address.
fn worded(error: &io::Error) -> io::Error {
    let words = error.to_string();
    let words = words.trim_start_matches("failed to lookup address information: ");
    io::Error::new(error.kind(), words)
}
