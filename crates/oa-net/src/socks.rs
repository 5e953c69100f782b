//! A way through a SOCKS proxy (4, 4a, 5) by the crate that ureq itself takes for it, on a thread whose wait a signal
//! ends; what comes of it is a connection like any other, kept alive and listening while it sends.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use socks::{Socks4Stream, Socks5Stream, TargetAddr};
use ureq::unversioned::transport::ConnectionDetails;
use ureq::{Error, Proxy, ProxyProtocol, Timeout};

use super::connection::{Connection, place};
use super::thread::aside;

/// Connects to the proxy, and has it connect to the server.
pub(super) fn connect(
    details: &ConnectionDetails,
    proxy: &Proxy,
    limit: Duration,
    connection: &Connection,
) -> Result<TcpStream, Error> {
    let found = details
        .resolver
        .resolve(proxy.uri(), details.config, details.timeout)?;
    let addresses: Vec<SocketAddr> = found.iter().copied().collect();
    let target = target(details, proxy);
    let proxied = proxy.clone();
    connection.begin_step(format!("connecting to {}", place(proxy.uri())));
    let (sender, news) = channel();
    let stop = sender.clone();
    let ended = || io::Error::from(ErrorKind::NotConnected);
    // Nobody listens any more once a connection is made.
    connection.on_stop(move || drop(stop.send(Err(ended()))));
    let asked = aside(move || drop(sender.send(ask(&addresses, &proxied, &target))));
    asked.unwrap_or_else(|ask| ask());
    match news.recv_timeout(limit) {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) if error.kind() == ErrorKind::NotConnected => Err(Error::Io(error)),
        Ok(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(Error::ConnectProxyFailed("it closed the connection".into()))
        }
        Ok(Err(error)) => Err(Error::ConnectProxyFailed(error.to_string())),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            Err(Error::Timeout(Timeout::Connect))
        }
    }
}

/// Where the proxy is to connect to: a name that it looks up itself, or an address.
fn target(details: &ConnectionDetails, proxy: &Proxy) -> TargetAddr {
    let default = if details.needs_tls() { 443 } else { 80 };
    let port = details.uri.port_u16().unwrap_or(default);
    let name = details.uri.host().unwrap_or_default();
    let name = name.trim_matches(['[', ']']);
    match (details.addrs.first(), name.parse()) {
        (Some(address), _) if proxy.resolve_target() => TargetAddr::Ip(*address),
        (_, Ok(address)) => TargetAddr::Ip(SocketAddr::new(address, port)),
        _ => TargetAddr::Domain(name.to_owned(), port),
    }
}

fn ask(addresses: &[SocketAddr], proxy: &Proxy, target: &TargetAddr) -> io::Result<TcpStream> {
    let target = target.clone();
    match (proxy.protocol(), proxy.username()) {
        (ProxyProtocol::Socks4 | ProxyProtocol::Socks4A, user) => {
            let made = Socks4Stream::connect(addresses, target, user.unwrap_or_default());
            made.map(Socks4Stream::into_inner)
        }
        (_, Some(user)) => {
            let password = proxy.password().unwrap_or_default();
            let made = Socks5Stream::connect_with_password(addresses, target, user, password);
            made.map(Socks5Stream::into_inner)
        }
        (_, None) => Socks5Stream::connect(addresses, target).map(Socks5Stream::into_inner),
    }
}
