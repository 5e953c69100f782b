//! The way to the server: proxy, certificates and time-outs that every connection shares.

use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::TlsConfig;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};
use ureq::{Agent, Proxy, ProxyProtocol};

use super::connect::Net;
use super::early::Early;
use super::name::Names;
use super::wire::{Wire, place};
use super::{pair, proxy, roots};
use crate::error::{Error, Kind, Result};

/// Connections that nobody used for that long are made anew.
pub(crate) const IDLE: Duration = Duration::from_secs(60);

/// How a server is to be reached, in plain values.
pub struct Transport {
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
    /// When a silent connection is probed.
    pub keepalive: Duration,
    /// Reads a small file, to so many bytes at most.
    pub read: ReadFile,
}

/// Reads a small file, to so many bytes at most.
pub type ReadFile = Box<dyn Fn(&Path, u64) -> Result<Vec<u8>> + Send + Sync>;

/// Whether this host is the machine itself: its addresses say so, whatever its name is.
#[must_use]
pub fn is_loopback(host: &str, port: u16) -> bool {
    let found = (host.trim_matches(['[', ']']), port).to_socket_addrs();
    let mut addresses = found.into_iter().flatten().peekable();
    addresses.peek().is_some() && addresses.all(|address| address.ip().is_loopback())
}

/// How a server is reached.
pub(crate) struct Way {
    tls: Option<TlsConfig>,
    proxy: Option<Proxy>,
    keepalive: Duration,
    /// Only this machine may be reached.
    local_only: bool,
}

impl Way {
    /// What the options and the environment say; nothing is connected yet.
    ///
    /// # Errors
    /// `usage` for a proxy, a certificate or a key that cannot be used.
    pub(crate) fn new(target: &Transport) -> Result<Way> {
        let scheme = if target.secure { "https" } else { "http" };
        let environment = |name: &str| std::env::var(name).ok();
        let proxy = proxy::choose(scheme, &target.host, target.port, &environment);
        let proxy = proxy.map(|(name, address)| {
            let made = Proxy::new(&address).ok();
            // What it makes of a port that is none is another port.
            made.filter(|_| proxy::is_address(&address)).ok_or_else(|| {
                let hint = "it looks like http://HOST:PORT, or socks5h://HOST:PORT";
                Error::usage(format!("{name}: not the address of a proxy")).hint(hint)
            })
        });
        let proxy = proxy.transpose()?;
        if let Some(proxy) = &proxy
            && !target.secure
            && !target.allow_insecure
            && !is_loopback(proxy.host(), proxy.port())
        {
            let place = place(proxy.uri());
            let message = format!("the key would travel in the clear to the proxy {place}");
            return Err(Error::usage(message).hint(format!("NO_PROXY={}?", target.host)));
        }
        let to_proxy = proxy.as_ref().map(Proxy::protocol);
        // What was named is looked at in any case: an option that does nothing must not look as if it did.
        let named = target.cacert.is_some() || target.cert.is_some();
        let tls = if target.secure || named || to_proxy == Some(ProxyProtocol::Https) {
            Some(tls(target).map_err(|error| Error::from(error).as_kind(Kind::Usage))?)
        } else {
            None
        };
        Ok(Way {
            tls,
            proxy,
            keepalive: target.keepalive,
            local_only: !target.secure && !target.allow_insecure,
        })
    }

    /// The password of the proxy, which is never to be shown.
    pub(crate) fn password(&self) -> Option<&str> {
        self.proxy.as_ref().and_then(Proxy::password)
    }

    /// ` through the proxy HOST:PORT`, for a message; empty without one.
    pub(crate) fn through(&self) -> String {
        let proxy = self.proxy.as_ref();
        proxy.map_or_else(String::new, |proxy| {
            format!(" through the proxy {}", place(proxy.uri()))
        })
    }

    /// An agent over our own connections. Its requests share one [`Wire`], so it serves one at a time.
    pub(crate) fn agent(&self, user_agent: &str) -> (Agent, Arc<Wire>) {
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
        let wire = Arc::<Wire>::default();
        let net = Net {
            wire: Arc::clone(&wire),
            keepalive: self.keepalive,
        };
        let chain =
            ().chain(ConnectProxyConnector::default())
                .chain(net)
                .chain(RustlsConnector::default())
                .chain(Early {
                    wire: Arc::clone(&wire),
                    tunnels: self.proxy.as_ref().is_some_and(tunnels),
                });
        let agent = Agent::with_parts(
            config.build(),
            chain,
            Names {
                wire: Arc::clone(&wire),
                local_only: self.local_only,
            },
        );
        (agent, wire)
    }
}

/// Whether the proxy is one of HTTP, to which the chain of connectors makes a connection like any other.
fn tunnels(proxy: &Proxy) -> bool {
    matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
}

fn tls(target: &Transport) -> anyhow::Result<TlsConfig> {
    let roots = roots::load(target.cacert.as_deref(), &target.read)?;
    let pair = pair::load(target.cert.as_deref(), target.key.as_deref(), &target.read)?;
    Ok(TlsConfig::builder()
        .root_certs(roots)
        .client_cert(pair)
        .build())
}
