//! The TCP connection below a request: made fast, kept alive, and listening while it speaks.
//!
//! Stock ureq writes the whole body before it looks for an answer, gives up at the first failed write, tries
//! addresses one after the other, and sets no keep-alive. So a 401 in the middle of a large upload would be
//! a broken pipe, and a dead peer would cost the whole time-out.

use std::fmt;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{SendFlags, send, sockopt};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Error, Timeout};

use super::connection::{Connection, LOOK, place, ready, register};
use super::dial::dial;
use super::socks;

/// Probes without an answer after which a silent connection is dead.
const PROBES: u32 = 3;

/// Makes connections.
#[derive(Debug)]
pub(super) struct TcpConnector {
    pub(super) connection: Arc<Connection>,
    /// Silence after which the peer is probed.
    pub(super) keepalive: Duration,
}

impl<In: Transport> Connector<In> for TcpConnector {
    type Out = Either<In, TcpTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let host = details.uri.host().unwrap_or_default();
        let greeting = || format!("TLS handshake with {host}");
        if let Some(proxied) = chained {
            self.connection.begin_step(greeting());
            return Ok(Some(Either::A(proxied)));
        }
        let limit = details.timeout.not_zero();
        let limit = limit.map_or(Duration::MAX, |limit| *limit);
        let stream = if let Some(proxy) = details.config.proxy() {
            Arc::new(socks::connect(details, proxy, limit, &self.connection)?)
        } else {
            let addresses: Vec<_> = details.addrs.iter().copied().collect();
            let place = place(details.uri);
            self.connection.begin_step(format!("connecting to {place}"));
            Arc::new(dial(&addresses, limit, &self.connection)?)
        };
        register(details, &stream)?;
        // A kernel that knows one of these not still has a working connection.
        let _ = self.tune(&stream);
        self.connection.begin(&stream);
        if details.needs_tls() {
            self.connection.begin_step(greeting());
        }
        let config = details.config;
        Ok(Some(Either::B(TcpTransport {
            stream,
            connection: Arc::clone(&self.connection),
            keepalive: self.keepalive,
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
            unsent: Vec::new(),
            waits: false,
            read_limit: None,
        })))
    }
}

impl TcpConnector {
    fn tune(&self, stream: &TcpStream) -> rustix::io::Result<()> {
        let idle = self.keepalive.max(Duration::from_secs(1));
        sockopt::set_tcp_nodelay(stream, true)?;
        sockopt::set_socket_keepalive(stream, true)?;
        sockopt::set_tcp_keepidle(stream, idle)?;
        sockopt::set_tcp_keepintvl(stream, (idle / PROBES).max(Duration::from_secs(1)))?;
        sockopt::set_tcp_keepcnt(stream, PROBES)
    }
}

/// One TCP connection.
pub(super) struct TcpTransport {
    stream: Arc<TcpStream>,
    connection: Arc<Connection>,
    keepalive: Duration,
    buffers: LazyBuffers,
    /// What the server did not take, because it had something to say first; it goes before all else.
    unsent: Vec<u8>,
    /// Whether an answer is waited for.
    waits: bool,
    read_limit: Option<Duration>,
}

impl TcpTransport {
    /// While an answer is waited for, data that the peer does not acknowledge count as its silence. While
    /// something is sent they do not: a living server may be slow to take it.
    fn await_answer(&mut self, waits: bool) {
        if self.waits == waits {
            return;
        }
        self.waits = waits;
        #[cfg(target_os = "linux")]
        {
            let silence = if waits {
                self.keepalive * 2
            } else {
                Duration::ZERO
            };
            let millis = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
            // Without it such a peer costs the whole time-out, no more.
            let _ = sockopt::set_tcp_user_timeout(&self.stream, millis);
        }
    }

    /// Sends what is left over until the server has something to say.
    fn settle(&mut self, limit: NextTimeout) -> Result<(), Error> {
        while !self.unsent.is_empty() {
            let sent = push(&self.stream, &self.connection, &self.unsent, limit)?;
            self.unsent.drain(..sent);
            if sent == 0 {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Sends until all is sent or the server, which takes no more, has something to say: whoever understands it
/// is to look first, because it may be the answer, a ticket of the TLS session, or nothing of importance.
/// A peer that went away is remembered and not raised, because it may have answered before.
fn push(
    stream: &TcpStream,
    connection: &Connection,
    bytes: &[u8],
    limit: NextTimeout,
) -> Result<usize, Error> {
    let mut at = 0;
    while at < bytes.len() && !connection.is_deaf() {
        match send(
            stream,
            &bytes[at..],
            SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
        ) {
            Ok(count) => at += count,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let wanted = PollFlags::OUT | PollFlags::IN;
                let state = ready(stream, wanted, limit.not_zero().map(|limit| *limit));
                if state.is_empty() {
                    return Err(Error::Timeout(limit.reason));
                }
                if !state.intersects(PollFlags::OUT | PollFlags::ERR | PollFlags::HUP) {
                    return Ok(at);
                }
            }
            Err(Errno::PIPE | Errno::CONNRESET) => connection.be_deaf(),
            Err(error) => return Err(Error::Io(error.into())),
        }
    }
    Ok(bytes.len())
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.await_answer(false);
        let limit = timeout.for_write();
        self.settle(limit)?;
        let output = &self.buffers.output()[..amount];
        let sent = if self.unsent.is_empty() {
            push(&self.stream, &self.connection, output, limit)?
        } else {
            0
        };
        self.unsent.extend_from_slice(&output[sent..]);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.settle(timeout.for_read().for_write())?;
        let timeout = timeout.for_read();
        let limit = timeout.not_zero().map(|limit| *limit);
        let left = self.connection.left();
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Error::Timeout(Timeout::RecvResponse));
        }
        let limit = left.into_iter().chain(limit).min();
        self.await_answer(limit.is_none_or(|limit| limit > LOOK));
        if limit != self.read_limit {
            self.stream.set_read_timeout(limit)?;
            self.read_limit = limit;
        }
        let begun = Instant::now();
        loop {
            let input = self.buffers.input_append_buf();
            match std::io::Read::read(&mut &*self.stream, input) {
                Ok(count) => {
                    self.buffers.input_appended(count);
                    self.connection.receive(count);
                    return Ok(count > 0);
                }
                // A signal that is none of ours: the time-out of the socket begins anew, but not for ever.
                Err(error)
                    if error.kind() == ErrorKind::Interrupted
                        && limit.is_none_or(|limit| begun.elapsed() < limit) => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
                        && error.raw_os_error() != Some(Errno::TIMEDOUT.raw_os_error()) =>
                {
                    return Err(Error::Timeout(timeout.reason));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn is_open(&mut self) -> bool {
        let quiet = ready(&self.stream, PollFlags::IN, Some(Duration::ZERO)).is_empty();
        quiet
            && self.unsent.is_empty()
            && !self.connection.is_deaf()
            && !self.connection.is_answered()
    }
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TcpTransport")
    }
}
