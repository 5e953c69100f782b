//! The TCP connection below a request: made fast, kept alive, and listening while it speaks.
//!
//! Stock ureq writes the whole body before it looks for an answer, gives up at the first failed write, tries
//! addresses one after the other, and sets no keep-alive. So a 401 in the middle of a large upload would be
//! a broken pipe, and a dead peer would cost the whole time-out.

use std::fmt;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, send, sockopt};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, time,
};
use ureq::{Error, Timeout};

use super::dial::dial;
use crate::interrupt::lock;

/// Probes without an answer after which a silent connection is dead.
const PROBES: u32 = 3;
/// Under TLS, bytes from the server may be a session ticket: only a server that also takes nothing for that
/// long has said its last word.
const STALLED: Duration = Duration::from_secs(15);

/// What the layers of one connection know of each other.
#[derive(Default)]
pub(crate) struct Wire {
    socket: Mutex<Weak<TcpStream>>,
    stop: Mutex<Stop>,
    /// The server takes no more: what is still written goes nowhere.
    deaf: AtomicBool,
    /// The answer is here although the body was not sent whole.
    answered: AtomicBool,
}

/// Whether the wait for a name or a connection is to end, and whom to wake then.
#[derive(Default)]
struct Stop {
    asked: bool,
    wake: Option<Box<dyn Fn() + Send>>,
}

impl Wire {
    /// Ends the wait for a name or a connection, now and for good.
    pub(crate) fn stop(&self) {
        let mut stop = lock(&self.stop);
        stop.asked = true;
        if let Some(wake) = stop.wake.take() {
            wake();
        }
    }

    /// Calls `wake` once the wait is to end; at once if that was said already.
    pub(super) fn on_stop(&self, wake: impl Fn() + Send + 'static) {
        let mut stop = lock(&self.stop);
        if stop.asked {
            wake();
        } else {
            stop.wake = Some(Box::new(wake));
        }
    }

    /// Whether the answer came before the body was sent.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }

    pub(super) fn answer(&self) {
        self.answered.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_deaf(&self) -> bool {
        self.deaf.load(Ordering::SeqCst)
    }

    fn begin(&self, socket: &Arc<TcpStream>) {
        *lock(&self.socket) = Arc::downgrade(socket);
        self.deaf.store(false, Ordering::SeqCst);
        self.answered.store(false, Ordering::SeqCst);
    }

    /// Whether bytes of the server lie ready; costs one system call.
    pub(super) fn is_readable(&self) -> bool {
        let socket = lock(&self.socket).upgrade();
        socket.is_some_and(|socket| {
            ready(&socket, PollFlags::IN, Duration::ZERO).contains(PollFlags::IN)
        })
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

/// What a socket is ready for, waiting that long at most.
fn ready(socket: &TcpStream, wanted: PollFlags, wait: Duration) -> PollFlags {
    let mut fds = [PollFd::new(socket, wanted)];
    let wait = Timespec {
        tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: wait.subsec_nanos().into(),
    };
    match poll(&mut fds, Some(&wait)) {
        Ok(count) if count > 0 => fds[0].revents(),
        _ => PollFlags::empty(),
    }
}

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) wire: Arc<Wire>,
    /// Silence after which the peer is probed.
    pub(crate) keepalive: Duration,
}

impl<In: Transport> Connector<In> for Net {
    type Out = Either<In, Line>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        if let Some(proxied) = chained {
            return Ok(Some(Either::A(proxied)));
        }
        let addresses: Vec<_> = details.addrs.iter().copied().collect();
        let limit = details
            .timeout
            .not_zero()
            .map_or(Duration::MAX, |limit| *limit);
        let stream = dial(&addresses, limit, &self.wire)?;
        // A kernel that knows one of these not still has a working connection.
        let _ = self.tune(&stream);
        let stream = Arc::new(stream);
        let weak = Arc::downgrade(&stream);
        (details.register_shutdown)(weak)?;
        self.wire.begin(&stream);
        let config = details.config;
        Ok(Some(Either::B(Line {
            stream,
            wire: Arc::clone(&self.wire),
            tls: details.needs_tls(),
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
            read_limit: None,
        })))
    }
}

impl Net {
    fn tune(&self, stream: &TcpStream) -> rustix::io::Result<()> {
        let idle = self.keepalive.max(Duration::from_secs(1));
        sockopt::set_tcp_nodelay(stream, true)?;
        sockopt::set_socket_keepalive(stream, true)?;
        sockopt::set_tcp_keepidle(stream, idle)?;
        sockopt::set_tcp_keepintvl(stream, (idle / PROBES).max(Duration::from_secs(1)))?;
        sockopt::set_tcp_keepcnt(stream, PROBES)?;
        #[cfg(target_os = "linux")]
        {
            let millis = u32::try_from(idle.as_millis() * 2).unwrap_or(u32::MAX);
            sockopt::set_tcp_user_timeout(stream, millis)?;
        }
        Ok(())
    }
}

/// One TCP connection.
pub(crate) struct Line {
    stream: Arc<TcpStream>,
    wire: Arc<Wire>,
    tls: bool,
    buffers: LazyBuffers,
    read_limit: Option<Duration>,
}

impl Line {
    /// Waits until the server takes more. False: it speaks and does not listen, so it will not.
    fn wait(&self, limit: NextTimeout) -> Result<bool, Error> {
        let begun = Instant::now();
        loop {
            let left = match limit.not_zero() {
                Some(limit) => limit.saturating_sub(begun.elapsed()),
                None => STALLED,
            };
            if left.is_zero() {
                return Err(Error::Timeout(limit.reason));
            }
            let stalled = STALLED.saturating_sub(begun.elapsed());
            let wanted = PollFlags::OUT | PollFlags::IN;
            let state = ready(&self.stream, wanted, left.min(stalled));
            if state.intersects(PollFlags::OUT | PollFlags::ERR | PollFlags::HUP) {
                return Ok(true);
            }
            if state.contains(PollFlags::IN) {
                if !self.tls || stalled.is_zero() {
                    return Ok(false);
                }
                // Only room to write is news now.
                let nap = left.min(stalled).min(Duration::from_millis(100));
                if !ready(&self.stream, PollFlags::OUT, nap).is_empty() {
                    return Ok(true);
                }
            }
        }
    }

    fn deafen(&self) {
        self.wire.deaf.store(true, Ordering::SeqCst);
    }
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    /// Sends; a peer that went away or stopped listening is remembered and not raised, because it may have
    /// answered before.
    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let limit = timeout.for_write();
        let mut at = 0;
        while at < amount && !self.wire.is_deaf() {
            let rest = &self.buffers.output()[at..amount];
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match send(self.stream.as_fd(), rest, flags) {
                Ok(count) => at += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    if !self.wait(limit)? {
                        self.deafen();
                    }
                }
                Err(Errno::PIPE | Errno::CONNRESET) => self.deafen(),
                Err(error) => return Err(Error::Io(error.into())),
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        let limit = timeout.not_zero().map(|limit| *limit);
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
        let quiet = ready(&self.stream, PollFlags::IN, Duration::ZERO).is_empty();
        quiet && !self.wire.is_deaf() && !self.wire.is_answered()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

/// A time-out that is over at once, for a look at what lies ready.
pub(super) fn at_once(timeout: NextTimeout) -> NextTimeout {
    NextTimeout {
        after: time::Duration::from_millis(1),
        reason: Timeout::RecvResponse,
        ..timeout
    }
}
