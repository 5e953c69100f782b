//! Makes the connection below a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ureq::Error;
use ureq::http::Uri;
use ureq::unversioned::transport::{ConnectionDetails, Connector, Either, Transport};

use super::connection::{Connection, place};
use super::dial::dial;
use super::resolve::resolve;
use super::socks;
use super::transport::TcpTransport;

/// Makes connections.
#[derive(Debug)]
pub(super) struct TcpConnector {
    pub(super) connection: Arc<Connection>,
    /// Silence after which the peer is probed.
    pub(super) keepalive: Duration,
    /// The key travels in the clear: an address of another machine is none.
    pub(super) local_only: bool,
}

impl<In: Transport> Connector<In> for TcpConnector {
    type Out = Either<In, TcpTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let transport = match chained {
            Some(proxied) => Either::A(proxied),
            None => Either::B(self.open(details)?),
        };
        if details.needs_tls() {
            let host = details.uri.host().unwrap_or_default();
            let step = format!("TLS handshake with {host}");
            self.connection.begin_step(step);
        }
        Ok(Some(transport))
    }
}

impl TcpConnector {
    fn open(&self, details: &ConnectionDetails) -> Result<TcpTransport, Error> {
        let resolve = |uri: &Uri| self.addresses(uri, details);
        let stream = Arc::new(match details.config.proxy() {
            Some(proxy) => socks::connect(proxy, details, resolve)?,
            None => dial(resolve(details.uri)?, details)?,
        });
        (details.register_shutdown)(Arc::downgrade(&stream) as _)?;
        self.connection.begin(&stream);
        let connection = Arc::clone(&self.connection);
        let (config, keepalive) = (details.config, self.keepalive);
        Ok(TcpTransport::new(stream, connection, keepalive, config))
    }

    /// Where the next step, connecting, finds this server or proxy.
    fn addresses(&self, uri: &Uri, details: &ConnectionDetails) -> Result<Vec<SocketAddr>, Error> {
        let found = resolve(uri, details, &self.connection, self.local_only)?;
        let step = format!("connecting to {}", place(uri));
        self.connection.begin_step(step);
        Ok(found)
    }
}
