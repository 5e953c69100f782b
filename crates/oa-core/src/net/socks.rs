//! A way through a SOCKS proxy (RFC 1928, RFC 1929, SOCKS 4 and 4a), over a connection of our own making.
//!
//! ureq's own would bring its own connection, which is not kept alive, does not listen while it sends, and
//! whose making no signal ends.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use ureq::unversioned::transport::ConnectionDetails;
use ureq::{Error, Proxy, ProxyProtocol, Timeout};

use super::dial::dial;
use super::wire::{Wire, place, register};

/// What a SOCKS 5 proxy may say, from 1.
const REFUSALS: [&str; 8] = [
    "it failed",
    "not allowed by its rules",
    "network unreachable",
    "host unreachable",
    "connection refused",
    "time to live expired",
    "it does not know the command",
    "it does not know this kind of address",
];

/// Where the proxy is to connect to: a name that it looks up itself, or an address.
enum Host<'a> {
    Name(&'a str),
    Address(IpAddr),
}

/// Connects to the proxy, and has it connect to the server.
pub(super) fn connect(
    details: &ConnectionDetails,
    proxy: &Proxy,
    limit: Duration,
    wire: &Wire,
) -> Result<Arc<TcpStream>, Error> {
    let found = details
        .resolver
        .resolve(proxy.uri(), details.config, details.timeout)?;
    let addresses: Vec<SocketAddr> = found.iter().copied().collect();
    wire.begin_step(format!("connecting to {}", place(proxy.uri())));
    let stream = Arc::new(dial(&addresses, limit, wire)?);
    register(details, &stream)?;
    wire.begin_step("waiting for the proxy");
    let name = details.uri.host().unwrap_or_default();
    let name = name.trim_matches(['[', ']']);
    let host = match (details.addrs.first(), name.parse()) {
        (Some(address), _) if proxy.resolve_target() => Host::Address(address.ip()),
        (_, Ok(address)) => Host::Address(address),
        _ => Host::Name(name),
    };
    let default = if details.needs_tls() { 443 } else { 80 };
    let port = details.uri.port_u16().unwrap_or(default);
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let asked = match proxy.protocol() {
        ProxyProtocol::Socks4 | ProxyProtocol::Socks4A => ask_4(&mut &*stream, &host, port),
        _ => ask_5(&mut &*stream, proxy, &host, port),
    };
    stream.set_read_timeout(None)?;
    match asked {
        Ok(()) => Ok(stream),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(Error::ConnectProxyFailed("it closed the connection".into()))
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Err(Error::Timeout(Timeout::Connect))
        }
        Err(error) => Err(Error::ConnectProxyFailed(error.to_string())),
    }
}

fn ask_5(
    proxy: &mut (impl Read + Write),
    settings: &Proxy,
    host: &Host,
    port: u16,
) -> io::Result<()> {
    let user = settings.username();
    proxy.write_all(if user.is_some() {
        &[5, 2, 2, 0]
    } else {
        &[5, 1, 0]
    })?;
    match (read::<2>(proxy)?, user) {
        ([5, 0], _) => {}
        ([5, 2], Some(user)) => {
            let words = [user, settings.password().unwrap_or_default()];
            let mut login = vec![1];
            words
                .iter()
                .try_for_each(|word| counted(&mut login, word))?;
            proxy.write_all(&login)?;
            if read::<2>(proxy)?[1] != 0 {
                return Err(io::Error::other("it does not take this user and password"));
            }
        }
        ([5, _], None) => return Err(io::Error::other("it wants a user and a password")),
        ([5, _], Some(_)) => {
            return Err(io::Error::other("it knows no way to log in that we know"));
        }
        _ => return Err(io::Error::other("it does not speak SOCKS 5")),
    }
    let mut request = vec![5, 1, 0];
    match host {
        Host::Name(name) => {
            request.push(3);
            counted(&mut request, name)?;
        }
        Host::Address(IpAddr::V4(address)) => {
            request.push(1);
            request.extend(address.octets());
        }
        Host::Address(IpAddr::V6(address)) => {
            request.push(4);
            request.extend(address.octets());
        }
    }
    request.extend(port.to_be_bytes());
    proxy.write_all(&request)?;
    let [_, refusal, _, kind] = read::<4>(proxy)?;
    if refusal != 0 {
        let words = REFUSALS.get(usize::from(refusal) - 1);
        return Err(io::Error::other(*words.unwrap_or(&"it refused")));
    }
    // The address that it connects from; nobody needs it.
    match kind {
        1 => read::<6>(proxy).map(drop),
        4 => read::<18>(proxy).map(drop),
        _ => {
            let [length] = read::<1>(proxy)?;
            proxy.read_exact(&mut vec![0; usize::from(length) + 2])
        }
    }
}

fn ask_4(proxy: &mut (impl Read + Write), host: &Host, port: u16) -> io::Result<()> {
    let mut request = vec![4, 1];
    request.extend(port.to_be_bytes());
    match host {
        Host::Address(IpAddr::V4(address)) => {
            request.extend(address.octets());
            request.push(0);
        }
        Host::Address(IpAddr::V6(_)) => {
            return Err(io::Error::other("SOCKS 4 knows no IPv6; try socks5"));
        }
        Host::Name(name) => {
            request.extend([0, 0, 0, 1, 0]);
            request.extend(name.bytes());
            request.push(0);
        }
    }
    proxy.write_all(&request)?;
    match read::<8>(proxy)? {
        [0, 90, ..] => Ok(()),
        [0, 91..=93, ..] => Err(io::Error::other("it refused")),
        _ => Err(io::Error::other("it does not speak SOCKS 4")),
    }
}

/// Adds a word after its length.
fn counted(bytes: &mut Vec<u8>, word: &str) -> io::Result<()> {
    let length = u8::try_from(word.len()).map_err(|_| io::Error::other("too long for SOCKS"))?;
    bytes.push(length);
    bytes.extend(word.bytes());
    Ok(())
}

fn read<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}
