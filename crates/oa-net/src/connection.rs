//! What the layers of one connection know of each other, and how long the server may keep us waiting.

use std::borrow::Cow;
use std::fmt;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use ureq::http::Uri;
use ureq::unversioned::transport::{ConnectionDetails, NextTimeout};
use ureq::{Error, Timeout};

use super::thread::lock;
use super::used::Use;

/// Time for a look at what lies ready.
pub(super) const LOOK: Duration = Duration::from_millis(1);

/// What the layers of one connection know of each other.
#[derive(Default)]
pub struct Connection {
    socket: Mutex<Weak<TcpStream>>,
    stop: Mutex<Stop>,
    /// What is being done just now, for a message.
    step: Mutex<Cow<'static, str>>,
    /// The server takes no more: what is still written goes nowhere.
    deaf: AtomicBool,
    /// The answer is here although the body was not sent whole.
    answered: AtomicBool,
    pub(super) used: Use,
    patience: Mutex<Patience>,
    /// Bytes that came since time was last allowed.
    received: AtomicU64,
}

/// How long the server may keep us waiting, however its bytes trickle.
#[derive(Clone, Copy, Default)]
struct Patience {
    allowed: Option<Duration>,
    /// When it ends; unset while something is sent.
    end: Option<Instant>,
}

/// Whether the wait for a name or a connection is to end, and whom to wake then.
#[derive(Default)]
struct Stop {
    asked: bool,
    wake: Option<Box<dyn Fn() + Send>>,
}

impl Connection {
    /// Ends the wait for a name or a connection, now and for good.
    pub fn stop(&self) {
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

    /// Allows the server so long for the next answer, from the moment it is waited for.
    pub fn allow(&self, time: Duration) {
        *lock(&self.patience) = Patience {
            allowed: Some(time),
            end: None,
        };
        self.received.store(0, Ordering::SeqCst);
    }

    pub(super) fn receive(&self, count: usize) {
        self.received.fetch_add(count as u64, Ordering::SeqCst);
    }

    /// Bytes that came in answer to the present request, headers and encryption included.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::SeqCst)
    }

    /// The server has all it needs, or has shown that it works: its time begins anew.
    pub fn restart(&self) {
        let mut patience = lock(&self.patience);
        patience.end = patience
            .allowed
            .and_then(|time| Instant::now().checked_add(time));
    }

    /// A request begins; nothing of it is sent yet.
    pub fn begin_request(&self) {
        self.used.begin_request();
    }

    /// Whether the request went over a connection that was used before, and not a byte came of it: a server that
    /// closes it then has most likely not seen the request.
    pub fn is_unheard(&self) -> bool {
        self.used.is_unheard()
    }

    /// What is left of the server's time.
    pub(super) fn left(&self) -> Option<Duration> {
        let end = lock(&self.patience).end?;
        Some(end.saturating_duration_since(Instant::now()))
    }

    /// What is being done from now on.
    pub(super) fn begin_step(&self, step: impl Into<Cow<'static, str>>) {
        *lock(&self.step) = step.into();
    }

    /// What was being done last: `connecting to api.test:443`.
    pub fn step(&self) -> String {
        lock(&self.step).to_string()
    }

    /// Whether the answer came before the body was sent.
    pub fn is_answered(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }

    pub(super) fn answer(&self) {
        self.answered.store(true, Ordering::SeqCst);
    }

    pub(super) fn be_deaf(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_deaf(&self) -> bool {
        self.deaf.load(Ordering::SeqCst)
    }

    pub(super) fn begin(&self, socket: &Arc<TcpStream>) {
        *lock(&self.socket) = Arc::downgrade(socket);
        self.deaf.store(false, Ordering::SeqCst);
        self.answered.store(false, Ordering::SeqCst);
        self.used.begin_connection();
    }

    /// Whether bytes of the server lie ready; costs one system call.
    pub(super) fn is_readable(&self) -> bool {
        let socket = lock(&self.socket).upgrade();
        socket.is_some_and(|socket| {
            ready(&socket, PollFlags::IN, Some(Duration::ZERO)).contains(PollFlags::IN)
        })
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

/// What a socket is ready for, waiting that long at most; nothing when the time is over.
pub(super) fn ready(socket: &TcpStream, wanted: PollFlags, wait: Option<Duration>) -> PollFlags {
    let begun = Instant::now();
    loop {
        let left = wait.map(|wait| wait.saturating_sub(begun.elapsed()));
        let time = left.map(|left| Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        let mut fds = [PollFd::new(socket, wanted)];
        match poll(&mut fds, time.as_ref()) {
            Err(Errno::INTR) => {}
            Ok(count) if count > 0 => return fds[0].revents(),
            _ => return PollFlags::empty(),
        }
    }
}

/// Lets a signal end whatever waits for this connection.
pub(super) fn register(details: &ConnectionDetails, stream: &Arc<TcpStream>) -> Result<(), Error> {
    let weak = Arc::downgrade(stream);
    (details.register_shutdown)(weak)
}

/// Host and port of an address, never its user.
pub(super) fn place(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    match uri.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A time-out that is over at once, for a look at what lies ready.
pub(super) fn at_once(timeout: NextTimeout) -> NextTimeout {
    NextTimeout {
        after: LOOK.into(),
        reason: Timeout::RecvResponse,
        ..timeout
    }
}
