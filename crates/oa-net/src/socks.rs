//! Through a SOCKS proxy (4, 4a, 5) by a crate, on a thread that may be left alone; what comes of it is a connection
//! like any other. The transport that ureq makes by itself (`socks-proxy`) is not kept alive, and sees no answer before
//! the body is sent.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};

use socks::{Socks4Stream, Socks5Stream, TargetAddr};
use ureq::http::Uri;
use ureq::unversioned::transport::ConnectionDetails;
use ureq::{Error, Proxy, ProxyProtocol};

use super::deadline::in_time;

/// Connects to the proxy, and has it connect to the server.
pub(super) fn connect(
    proxy: &Proxy,
    details: &ConnectionDetails,
    resolve: impl Fn(&Uri) -> Result<Vec<SocketAddr>, Error>,
) -> Result<TcpStream, Error> {
    let default = if details.needs_tls() { 443 } else { 80 };
    let port = details.uri.port_u16().unwrap_or(default);
    let host = details.uri.host().unwrap_or_default();
    let target = if let Ok(address) = format!("{host}:{port}").parse() {
        TargetAddr::Ip(address)
    } else if proxy.resolve_target() {
        let found = resolve(details.uri)?;
        TargetAddr::Ip(*found.first().ok_or(Error::HostNotFound)?)
    } else {
        TargetAddr::Domain(host.to_owned(), port)
    };
    let addresses = resolve(proxy.uri())?;
    let proxy = proxy.clone();
    in_time(details, move || {
        let made = ask(&addresses, &proxy, target.clone());
        made.map_err(|error| Error::ConnectProxyFailed(words(&error)))
    })
}

fn ask(addresses: &[SocketAddr], proxy: &Proxy, target: TargetAddr) -> io::Result<TcpStream> {
    let user = proxy.username();
    if let ProxyProtocol::Socks4 | ProxyProtocol::Socks4A = proxy.protocol() {
        // There it ends the word, and what follows would be sent to the server.
        if user.is_some_and(|user| user.contains('\0')) {
            return Err(io::Error::other("log-in: a NUL in the user"));
        }
        let made = Socks4Stream::connect(addresses, target, user.unwrap_or_default());
        return made.map(Socks4Stream::into_inner);
    }
    let made = match user {
        Some(user) => {
            let password = proxy.password().unwrap_or_default();
            if [user, password]
                .iter()
                .any(|word| !(1..=255).contains(&word.len()))
            {
                let why = "log-in: SOCKS 5 takes a user and a password of 1 to 255 bytes";
                return Err(io::Error::other(why));
            }
            Socks5Stream::connect_with_password(addresses, target, user, password)
        }
        None => Socks5Stream::connect(addresses, target),
    };
    made.map(Socks5Stream::into_inner)
}

/// What went wrong: `log-in: …` where no trying again helps, `it says: …` where the proxy itself spoke.
fn words(error: &io::Error) -> String {
    let said = error.to_string();
    match error.kind() {
        ErrorKind::UnexpectedEof => "it closed the connection".to_owned(),
        ErrorKind::PermissionDenied => format!("log-in: {said}"),
        ErrorKind::Other if said.contains("auth method") => format!("log-in: {said}"),
        ErrorKind::Other if !said.starts_with("log-in") => format!("it says: {said}"),
        _ => said,
    }
}
