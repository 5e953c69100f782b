//! Makes the connection below a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ureq::Error;
use ureq::http::Uri;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, RustlsConnector, Transport,
};

use super::connection::{Connection, place};
use super::dial::dial;
use super::early::WatchedTransport;
use super::resolve::resolve;
use super::socks;
use super::transport::TcpTransport;

/// Makes connections, one at a time.
#[derive(Debug)]
pub(super) struct LayeredConnector {
    pub(super) connection: Arc<Connection>,
    /// Silence after which the peer is probed.
    pub(super) keepalive: Duration,
    /// The key travels in the clear: an address of another machine is none.
    pub(super) local_only: bool,
    /// There is a proxy. A connection to one of HTTP is made like any other, and by this, too.
    pub(super) proxied: bool,
    pub(super) tunnel: ConnectProxyConnector,
    pub(super) tls: RustlsConnector,
}

impl Connector for LayeredConnector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let tunnel = self.tunnel.connect(details, None::<()>)?;
        let below: Self::Out = match tunnel {
            Some(tunnel) => Box::new(tunnel),
            None => Box::new(self.open(details)?),
        };
        if details.needs_tls() {
            let host = details.uri.host().unwrap_or_default();
            let step = format!("TLS handshake with {host}");
            self.connection.begin_step(step);
        }
        let below = self.tls.connect(details, Some(below))?;
        if self.proxied && details.config.proxy().is_none() {
            self.connection.begin_step("waiting for the proxy");
            // What passes on the way to it may be encrypted, and is no answer.
            return Ok(below.map(|below| Box::new(below) as _));
        }
        let watched = |below| WatchedTransport::new(below, Arc::clone(&self.connection));
        Ok(below.map(|below| Box::new(watched(below)) as _))
    }
}

impl LayeredConnector {
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
