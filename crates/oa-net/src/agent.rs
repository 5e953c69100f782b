//! The way to the server: proxy, certificates and time-outs that every connection shares.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};
use ureq::{Agent, Proxy, ProxyProtocol};

use super::connect::TcpConnector;
use super::connection::{Connection, place};
use super::early::Early;
use super::resolve::SystemResolver;
use super::settings::{Settings, Unusable, is_loopback};
use super::{client_cert, proxy, roots};

/// Connections that nobody used for that long are made anew.
pub const IDLE: Duration = Duration::from_secs(60);

/// How a server is reached.
pub struct Route {
    tls: Option<TlsConfig>,
    proxy: Option<Proxy>,
    keepalive: Duration,
    /// Only this machine may be reached.
    local_only: bool,
}

impl Route {
    /// What the settings and the environment say; nothing is connected yet.
    ///
    /// # Errors
    /// [`Unusable`] for a proxy, anything for a certificate or a key that cannot be used.
    pub fn new(settings: &Settings) -> Result<Route> {
        let proxy = chosen_proxy(settings)?;
        let to_proxy = proxy.as_ref().map(Proxy::protocol);
        // What was named is looked at in any case: an option that does nothing must not look as if it did.
        let named = settings.cacert.is_some() || settings.cert.is_some();
        let encrypts = settings.secure || named || to_proxy == Some(ProxyProtocol::Https);
        Ok(Route {
            tls: encrypts.then(|| tls(settings)).transpose()?,
            proxy,
            keepalive: settings.keepalive,
            local_only: !settings.secure && !settings.allow_insecure,
        })
    }

    /// The password of the proxy, which is never to be shown.
    pub fn password(&self) -> Option<&str> {
        self.proxy.as_ref().and_then(Proxy::password)
    }

    /// ` through the proxy HOST:PORT`, for a message; empty without one.
    pub fn through(&self) -> String {
        let proxy = self.proxy.as_ref();
        proxy.map_or_else(String::new, |proxy| {
            format!(" through the proxy {}", place(proxy.uri()))
        })
    }

    /// An agent over our own connections. Its requests share one [`Connection`], so it serves one at a time.
    pub fn agent(&self, user_agent: &str) -> (Agent, Arc<Connection>) {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(self.proxy.clone())
            .user_agent(user_agent)
            .max_idle_connections_per_host(1)
            .max_idle_age(IDLE);
        if let Some(tls) = &self.tls {
            config = config.tls_config(tls.clone());
        }
        let connection = Arc::<Connection>::default();
        let tcp = TcpConnector {
            connection: Arc::clone(&connection),
            keepalive: self.keepalive,
        };
        let chain =
            ().chain(ConnectProxyConnector::default())
                .chain(tcp)
                .chain(RustlsConnector::default())
                .chain(Early {
                    connection: Arc::clone(&connection),
                    tunnels: self.proxy.as_ref().is_some_and(tunnels),
                });
        let agent = Agent::with_parts(
            config.build(),
            chain,
            SystemResolver {
                connection: Arc::clone(&connection),
                local_only: self.local_only,
            },
        );
        (agent, connection)
    }
}

/// Whether the proxy is one of HTTP, to which the chain of connectors makes a connection like any other.
fn tunnels(proxy: &Proxy) -> bool {
    matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
}

/// The proxy that the environment names for this server.
fn chosen_proxy(settings: &Settings) -> Result<Option<Proxy>> {
    let scheme = if settings.secure { "https" } else { "http" };
    let environment = |name: &str| std::env::var(name).ok();
    let chosen = proxy::choose(scheme, &settings.host, settings.port, &environment);
    let Some((name, address)) = chosen else {
        return Ok(None);
    };
    let unusable = |message, hint: String| Unusable { message, hint };
    // What ureq makes of a port that is none is another port.
    let made = Proxy::new(&address)
        .ok()
        .filter(|_| proxy::is_address(&address));
    let proxy = made.ok_or_else(|| {
        let hint = "it looks like http://HOST:PORT, or socks5h://HOST:PORT";
        unusable(
            format!("{name}: not the address of a proxy"),
            hint.to_owned(),
        )
    })?;
    let clear = !settings.secure && !settings.allow_insecure;
    if clear && !is_loopback(proxy.host(), proxy.port()) {
        let place = place(proxy.uri());
        let message = format!("the key would travel in the clear to the proxy {place}");
        return Err(unusable(message, format!("NO_PROXY={}?", settings.host)).into());
    }
    Ok(Some(proxy))
}

fn tls(settings: &Settings) -> anyhow::Result<TlsConfig> {
    let roots = roots::load(settings.cacert.as_deref(), &settings.read)?;
    let own = client_cert::load(
        settings.cert.as_deref(),
        settings.key.as_deref(),
        &settings.read,
    )?;
    Ok(TlsConfig::builder()
        .root_certs(roots)
        .client_cert(own)
        .build())
}
