//! Connecting: all addresses of a host, a quarter of a second apart, the first that answers wins (RFC 8305).

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use ureq::{Error, Timeout};

use super::connection::Connection;
use super::thread::aside;

/// Head start of each address before the next one is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);
/// By then the kernel has answered for an address of this machine, one way or the other.
const AT_HAND: Duration = Duration::from_millis(20);
/// The longest that the kernel is asked to try.
const LONGEST: Duration = Duration::from_secs(600);

/// News of the attempts: one ended, or a signal wants no more of them.
enum News {
    Ended(Result<TcpStream, Error>),
    Stop,
}

/// Connects to one of the addresses.
pub(super) fn dial(
    addresses: &[SocketAddr],
    limit: Duration,
    connection: &Connection,
) -> Result<TcpStream, Error> {
    let limit = limit.min(LONGEST);
    if let [only] = addresses
        && only.ip().is_loopback()
    {
        // No thread is worth it, unless there is no answer after all: then a signal must reach the wait.
        match TcpStream::connect_timeout(only, limit.min(AT_HAND)) {
            Err(error) if error.kind() == ErrorKind::TimedOut && limit > AT_HAND => {}
            ended => return ended.map_err(|error| told(&error, *only)),
        }
    }
    let (sender, news) = channel();
    let stop = sender.clone();
    // Nobody listens any more once a connection is made.
    connection.on_stop(move || drop(stop.send(News::Stop)));
    race(&interleaved(addresses), limit, &sender, &news)
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

fn race(
    addresses: &[SocketAddr],
    limit: Duration,
    sender: &Sender<News>,
    news: &Receiver<News>,
) -> Result<TcpStream, Error> {
    let end = Instant::now() + limit;
    let mut waiting = addresses.iter();
    let mut running = 0;
    let mut last = Error::ConnectionFailed;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::Timeout(Timeout::Connect));
        }
        match waiting.next() {
            Some(address) => {
                running += 1;
                attempt(*address, left, sender.clone());
            }
            None if running == 0 => return Err(last),
            None => {}
        }
        let more = waiting.len() > 0;
        let pause = if more { STAGGER.min(left) } else { left };
        match news.recv_timeout(pause) {
            Ok(News::Ended(Ok(stream))) => return Ok(stream),
            Ok(News::Ended(Err(error))) => {
                running -= 1;
                last = error;
            }
            Ok(News::Stop) => return Err(Error::Io(ErrorKind::NotConnected.into())),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

/// Tries one address on a thread of its own.
fn attempt(address: SocketAddr, limit: Duration, sender: Sender<News>) {
    let attempt = aside(move || {
        let ended = TcpStream::connect_timeout(&address, limit);
        let ended = ended.map_err(|error| told(&error, address));
        let _ = sender.send(News::Ended(ended));
    });
    attempt.unwrap_or_else(|attempt| attempt());
}

fn told(error: &io::Error, address: SocketAddr) -> Error {
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
        let stream = dial(
            &[dead, dead, alive],
            Duration::from_secs(5),
            &Connection::default(),
        );
        assert!(stream.is_ok_and(|stream| stream.peer_addr().is_ok_and(|peer| peer == alive)));
        Ok(())
    }
}
