//! The bytes of one TCP connection: kept alive, and listening while it speaks.
//!
//! Stock ureq writes the whole body before it looks for an answer, gives up at the first failed write, tries
//! addresses one after the other, and sets no keep-alive. So a 401 in the middle of a large upload would be
//! a broken pipe, and a dead peer would cost the whole time-out.

use std::io::Read;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{SendFlags, send, sockopt};
use ureq::config::Config;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};
use ureq::{Error, Timeout};

use super::connection::{Connection, LOOK, ready};
use super::deadline::limit;

/// Probes without an answer after which a silent connection is dead.
const PROBES: u32 = 3;

/// One TCP connection.
#[derive(Debug)]
pub(super) struct TcpTransport {
    stream: Arc<TcpStream>,
    connection: Arc<Connection>,
    keepalive: Duration,
    buffers: LazyBuffers,
    /// What the server did not take, because it had something to say first; it goes before all else.
    unsent: Vec<u8>,
    /// Whether an answer is waited for.
    waits: bool,
}

impl TcpTransport {
    /// What is sent and received over this stream; a silent peer is probed.
    pub(super) fn new(
        stream: Arc<TcpStream>,
        connection: Arc<Connection>,
        keepalive: Duration,
        config: &Config,
    ) -> TcpTransport {
        // A kernel that knows one of these not still has a working connection.
        let _ = tune(&stream, keepalive.max(Duration::from_secs(1)));
        TcpTransport {
            stream,
            connection,
            keepalive,
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
            unsent: Vec::new(),
            waits: false,
        }
    }

    /// While an answer is waited for, data that the peer does not acknowledge count as its silence. While
    /// something is sent they do not: a living server may be slow to take it.
    fn await_answer(&mut self, waits: bool) {
        if std::mem::replace(&mut self.waits, waits) == waits {
            return;
        }
        #[cfg(target_os = "linux")]
        {
            let silence = self.keepalive * if waits { 2 } else { 0 };
            let millis = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
            // Without it such a peer costs the whole time-out, no more.
            let _ = sockopt::set_tcp_user_timeout(&self.stream, millis);
        }
    }

    /// Sends what is left over until the server has something to say.
    fn flush(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        let sent = push(&self.stream, &self.connection, &self.unsent, timeout)?;
        self.unsent.drain(..sent);
        Ok(())
    }
}

fn tune(stream: &TcpStream, idle: Duration) -> rustix::io::Result<()> {
    sockopt::set_tcp_nodelay(stream, true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, idle)?;
    sockopt::set_tcp_keepintvl(stream, (idle / PROBES).max(Duration::from_secs(1)))?;
    sockopt::set_tcp_keepcnt(stream, PROBES)
}

/// Sends until all is sent or the server, which takes no more, has something to say: whoever understands it
/// is to look first, because it may be the answer, a ticket of the TLS session, or nothing of importance.
/// A peer that went away is remembered and not raised, because it may have answered before.
fn push(
    stream: &TcpStream,
    connection: &Connection,
    bytes: &[u8],
    timeout: NextTimeout,
) -> Result<usize, Error> {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let mut at = 0;
    while at < bytes.len() && !connection.state().broken {
        match send(stream, &bytes[at..], flags) {
            Ok(count) => at += count,
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let wanted = PollFlags::OUT | PollFlags::IN;
                let state = ready(stream, wanted, limit(timeout));
                if state.is_empty() {
                    return Err(Error::Timeout(timeout.reason));
                }
                if !state.intersects(PollFlags::OUT | PollFlags::ERR | PollFlags::HUP) {
                    return Ok(at);
                }
            }
            Err(Errno::PIPE | Errno::CONNRESET) => connection.state().broken = true,
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
        let timeout = timeout.for_write();
        self.flush(timeout)?;
        let now = if self.unsent.is_empty() { amount } else { 0 };
        let output = &self.buffers.output()[..amount];
        let sent = push(&self.stream, &self.connection, &output[..now], timeout)?;
        self.unsent.extend_from_slice(&output[sent..]);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        self.flush(timeout.for_write())?;
        let left = self.connection.left();
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Error::Timeout(Timeout::RecvResponse));
        }
        let limit = left.unwrap_or(Duration::MAX).min(limit(timeout));
        self.await_answer(limit > LOOK);
        if ready(&self.stream, PollFlags::IN, limit).is_empty() {
            return Err(Error::Timeout(timeout.reason));
        }
        let count = (&*self.stream).read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(count);
        self.connection.state().received += count as u64;
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        let quiet = ready(&self.stream, PollFlags::IN, Duration::ZERO).is_empty();
        let state = self.connection.state();
        quiet && self.unsent.is_empty() && !state.broken && !state.answered
    }
}
