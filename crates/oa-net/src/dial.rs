//! Connecting: all addresses of a host, a quarter of a second apart, the first that answers wins (RFC 8305).

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

use ureq::unversioned::transport::ConnectionDetails;
use ureq::{Error, Timeout};

use super::deadline::{in_time, limit};
use super::thread::aside;

/// Head start of each address before the next one is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);
/// By then the kernel has answered for an address of this machine, one way or the other.
const AT_HAND: Duration = Duration::from_millis(20);

/// Connects to one of the addresses.
pub(super) fn dial(
    addresses: Vec<SocketAddr>,
    details: &ConnectionDetails,
) -> Result<TcpStream, Error> {
    let limit = limit(details.timeout);
    // No thread is worth it, unless there is no answer after all: then a signal must reach the wait.
    let here = addresses.iter().all(|address| address.ip().is_loopback());
    for address in addresses.iter().filter(|_| here) {
        if let Ok(stream) = connect(*address, limit.min(AT_HAND)) {
            return Ok(stream);
        }
    }
    in_time(details, move || race(&addresses, limit))
}

/// Both families in turn, beginning with the one that the system prefers.
fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) = addresses
        .iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let longest = one.len().max(other.len());
    (0..longest)
        .flat_map(|at| [one.get(at), other.get(at)])
        .flatten()
        .copied()
        .collect()
}

/// Tries them side by side; whoever is late is left alone.
fn race(addresses: &[SocketAddr], limit: Duration) -> Result<TcpStream, Error> {
    let (sender, news) = channel();
    let mut last = Error::HostNotFound;
    for address in interleaved(addresses) {
        let sender = sender.clone();
        let attempt = aside(move || drop(sender.send(connect(address, limit))));
        attempt.unwrap_or_else(|attempt| attempt());
        match news.recv_timeout(STAGGER) {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => {}
        }
    }
    drop(sender);
    for ended in news {
        match ended {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn connect(address: SocketAddr, limit: Duration) -> Result<TcpStream, Error> {
    let said = |error: &io::Error| format!("{address}: {error}").to_lowercase();
    TcpStream::connect_timeout(&address, limit).map_err(|error| match error.kind() {
        ErrorKind::TimedOut => Error::Timeout(Timeout::Connect),
        kind => Error::Io(io::Error::new(kind, said(&error))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse()
            .unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    #[test]
    fn families_take_turns() {
        let all = [
            "[::1]:1",
            "[::2]:1",
            "10.0.0.1:1",
            "10.0.0.2:1",
            "10.0.0.3:1",
        ]
        .map(address);
        let order = [
            "[::1]:1",
            "10.0.0.1:1",
            "[::2]:1",
            "10.0.0.2:1",
            "10.0.0.3:1",
        ]
        .map(address);
        assert_eq!(interleaved(&all), order);
    }

    #[test]
    fn a_refused_address_gives_way_to_the_next_at_once() -> io::Result<()> {
        let server = std::net::TcpListener::bind("127.0.0.1:0")?;
        let dead = address("127.0.0.1:1");
        let alive = server.local_addr()?;
        let stream = race(&[dead, dead, alive], Duration::from_secs(5));
        assert!(stream.is_ok_and(|stream| stream.peer_addr().is_ok_and(|peer| peer == alive)));
        Ok(())
    }
}
