//! The way to the server: proxy, certificates and time-outs that every connection shares.

use std::sync::Arc;
use std::time::Duration;

use ureq::tls::TlsConfig;
use ureq::unversioned::transport::{
    ConnectProxyConnector, Connector, RustlsConnector, SocksConnector,
};
use ureq::{Agent, Proxy};

use super::early::Early;
use super::name::Names;
use super::wire::{Net, Wire};
use super::{pair, proxy, roots};
use crate::cli::{Connection, Target};
use crate::error::{Error, Result};

/// Connections that nobody used for that long are made anew.
const IDLE: Duration = Duration::from_secs(60);

/// How a server is reached.
pub(crate) struct Way {
    tls: Option<TlsConfig>,
    proxy: Option<Proxy>,
    keepalive: Duration,
}

impl Way {
    /// What the options and the environment say; nothing is connected yet.
    ///
    /// # Errors
    /// `usage` for a proxy, a certificate or a key that cannot be used.
    pub(crate) fn new(connection: &Connection, target: &Target) -> Result<Way> {
        let scheme = if target.secure { "https" } else { "http" };
        let environment = |name: &str| std::env::var(name).ok();
        let proxy = proxy::choose(scheme, &target.host, target.port, &environment);
        let proxy = proxy.as_deref().map(Proxy::new).transpose();
        let proxy = proxy.map_err(|error| {
            Error::usage(format!("proxy: {error}"))
                .hint("check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY")
        })?;
        let tls = if target.secure {
            Some(tls(connection).map_err(|error| Error::usage(format!("{error:#}")))?)
        } else {
            None
        };
        Ok(Way {
            tls,
            proxy,
            keepalive: connection.keepalive_time,
        })
    }

    pub(crate) fn has_proxy(&self) -> bool {
        self.proxy.is_some()
    }

    /// An agent over our own connections. Its requests share one [`Wire`], so it serves one at a time.
    pub(crate) fn agent(&self, tool: &str) -> (Agent, Arc<Wire>) {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(self.proxy.clone())
            .user_agent(format!("{tool}/{}", env!("CARGO_PKG_VERSION")))
            .max_idle_age(IDLE);
        if let Some(tls) = &self.tls {
            config = config.tls_config(tls.clone());
        }
        let wire = Arc::<Wire>::default();
        let net = Net {
            wire: Arc::clone(&wire),
            keepalive: self.keepalive,
        };
        let chain =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(net)
                .chain(RustlsConnector::default())
                .chain(Early(Arc::clone(&wire)));
        let agent = Agent::with_parts(config.build(), chain, Names(Arc::clone(&wire)));
        (agent, wire)
    }
}

fn tls(connection: &Connection) -> anyhow::Result<TlsConfig> {
    let roots = roots::load(connection.cacert.as_deref())?;
    let pair = pair::load(connection.cert.as_deref(), connection.key.as_deref())?;
    Ok(TlsConfig::builder()
        .root_certs(roots)
        .client_cert(pair)
        .build())
}
