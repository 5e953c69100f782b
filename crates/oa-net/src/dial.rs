//! Connecting: all addresses of a host, a quarter of a second apart, the first that answers wins (RFC 8305).

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::sockopt::socket_error;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};
use ureq::{Error, Timeout};

use super::connection::await_any;

/// Head start of each address before the next one is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);
/// The longest that the kernel is asked to try.
const LONGEST: Duration = Duration::from_secs(600);

/// Attempts that are under way.
type Race = Vec<(SocketAddr, Arc<TcpStream>)>;

/// Connects to one of the addresses. Each attempt is shown to `register`: to shut down its socket ends the wait for it.
pub(super) fn dial(
    addresses: &[SocketAddr],
    limit: Duration,
    register: impl Fn(&Arc<TcpStream>) -> Result<(), Error>,
) -> Result<Arc<TcpStream>, Error> {
    let end = Instant::now() + limit.min(LONGEST);
    let mut waiting = interleaved(addresses).into_iter();
    let mut race = Race::new();
    let mut last = Error::HostNotFound;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::Timeout(Timeout::Connect));
        }
        match waiting.next().map(|address| (address, begin(address))) {
            Some((address, Ok(stream))) => {
                register(&stream)?;
                race.push((address, stream));
            }
            Some((address, Err(error))) => {
                last = told(error, address);
                continue;
            }
            None if race.is_empty() => return Err(last),
            None => {}
        }
        let more = waiting.len() > 0;
        let pause = if more { STAGGER.min(left) } else { left };
        match winner(&mut race, pause) {
            Ok(Some(stream)) => return Ok(stream),
            Ok(None) => {}
            Err(error) => last = error,
        }
    }
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

fn begin(address: SocketAddr) -> Result<Arc<TcpStream>, Errno> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(Arc::new(socket.into())),
        Err(error) => Err(error),
    }
}

/// The first that is connected, if there is one before the pause is over; those that failed leave the race.
///
/// # Errors
/// The last of the failures.
fn winner(race: &mut Race, pause: Duration) -> Result<Option<Arc<TcpStream>>, Error> {
    let sockets = race.iter().map(|(_, stream)| stream);
    let mut fds: Vec<_> = sockets
        .map(|stream| PollFd::new(stream, PollFlags::OUT))
        .collect();
    await_any(&mut fds, Some(pause));
    let ended: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
    let mut ended = ended.into_iter();
    let mut last = Ok(None);
    for (address, stream) in race.extract_if(.., |_| ended.next().unwrap_or(false)) {
        match socket_error(&stream).and_then(|ended| ended) {
            Ok(()) => return Ok(Some(stream)),
            Err(error) => last = Err(told(error, address)),
        }
    }
    last
}

fn told(error: Errno, address: SocketAddr) -> Error {
    let error = io::Error::from(error);
    match error.kind() {
        ErrorKind::TimedOut => Error::Timeout(Timeout::Connect),
        kind => Error::Io(io::Error::new(kind, format!("{address}: {error}"))),
    }
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
        let stream = dial(&[dead, dead, alive], Duration::from_secs(5), |_| Ok(()));
        assert!(stream.is_ok_and(|stream| stream.peer_addr().is_ok_and(|peer| peer == alive)));
        Ok(())
    }
}
