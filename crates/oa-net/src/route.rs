//! The way to the server: proxy, certificates and time-outs that every connection shares.

use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::{ConnectProxyConnector, RustlsConnector};
use ureq::{Agent, Proxy, ProxyProtocol};

use super::connect::LayeredConnector;
use super::connection::{Connection, place};
use super::resolve::LateResolver;
use super::settings::{Settings, Unusable};
use super::{client_cert, proxy, roots};

/// Connections that nobody used for that long are made anew.
pub const IDLE: Duration = Duration::from_secs(60);

/// How a server is reached.
pub struct Route {
    config: Config,
    keepalive: Duration,
    local_only: bool,
}

impl Route {
    /// What the settings and the environment say; nothing is connected yet.
    ///
    /// # Errors
    /// A proxy, a certificate or a key cannot be used.
    pub fn new(settings: &Settings, user_agent: &str) -> Result<Route, Unusable> {
        let proxy = proxy::of_environment(settings)?;
        // What was named is looked at in any case: an option that does nothing must not look as if it did.
        let named = settings.cacert.is_some() || settings.cert.is_some();
        let to_proxy = proxy.as_ref().map(Proxy::protocol);
        let mut config = Agent::config_builder();
        if settings.secure || named || to_proxy == Some(ProxyProtocol::Https) {
            let tls = TlsConfig::builder().root_certs(roots::load(settings)?);
            config = config.tls_config(tls.client_cert(client_cert::load(settings)?).build());
        }
        let config = config
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .user_agent(user_agent)
            .max_idle_connections_per_host(1)
            .max_idle_age(IDLE);
        Ok(Route {
            config: config.build(),
            keepalive: settings.keepalive,
            local_only: settings.local_only(),
        })
    }

    /// The password of the proxy, which is never to be shown.
    pub fn password(&self) -> Option<&str> {
        self.config.proxy().and_then(Proxy::password)
    }

    /// ` through the proxy HOST:PORT`, for a message; empty without one.
    pub fn through(&self) -> String {
        let proxy = self.config.proxy().map(|proxy| place(proxy.uri()));
        proxy.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"))
    }

    /// An agent over our own connections. Its requests share one [`Connection`], so it serves one at a time.
    #[must_use]
    pub fn agent(&self) -> (Agent, Arc<Connection>) {
        let connection = Arc::<Connection>::default();
        let connector = LayeredConnector {
            connection: Arc::clone(&connection),
            keepalive: self.keepalive,
            local_only: self.local_only,
            proxied: self.config.proxy().is_some(),
            tunnel: ConnectProxyConnector::default(),
            tls: RustlsConnector::default(),
        };
        let agent = Agent::with_parts(self.config.clone(), connector, LateResolver);
        (agent, connection)
    }
}
