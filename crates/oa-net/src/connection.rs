//! What the layers of one connection know of each other, and how long the server may keep us waiting.

use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use ureq::http::Uri;

use super::thread::lock;

/// Time for a look at what lies ready.
pub(super) const LOOK: Duration = Duration::from_millis(1);

/// What the layers of one connection know of each other, and its user of them.
#[derive(Debug, Default)]
pub struct Connection(Mutex<State>);

/// How it stands with a connection.
#[derive(Debug, Default)]
pub struct State {
    socket: Weak<TcpStream>,
    /// What is being done, or was done last: `connecting to api.test:443`.
    pub step: String,
    /// The server takes no more: what is still written goes nowhere.
    pub(super) broken: bool,
    /// The answer is here although the body was not sent whole.
    pub answered: bool,
    /// Requests that went over the connection.
    pub(super) requests: u64,
    /// The present request went over a connection that was used before, and not a byte came of it yet: a server that
    /// closes it then has most likely not seen the request.
    pub unheard: bool,
    /// How long the server may keep us waiting, however its bytes trickle.
    patience: Duration,
    /// When it ends; unset while something is sent.
    end: Option<Instant>,
    /// Bytes that came in answer to the present request, headers and encryption included.
    pub received: u64,
}

impl Connection {
    /// How it stands now, and nobody else may look as long as this is held.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }

    /// A request begins; nothing of it is sent yet. The server has so long for each answer, from the moment it is
    /// waited for.
    pub fn begin_request(&self, patience: Duration) {
        let mut state = self.state();
        state.unheard = false;
        state.patience = patience;
        state.end = None;
        state.received = 0;
    }

    /// The server has all it needs, or has shown that it works: its time begins anew.
    pub fn restart(&self) {
        let mut state = self.state();
        state.end = Instant::now().checked_add(state.patience);
    }

    /// What is left of the server's time.
    pub(super) fn left(&self) -> Option<Duration> {
        let end = self.state().end?;
        Some(end.saturating_duration_since(Instant::now()))
    }

    /// What is being done from now on.
    pub(super) fn begin_step(&self, step: impl Into<String>) {
        self.state().step = step.into();
    }

    /// A connection is there, and nothing went over it yet.
    pub(super) fn begin(&self, socket: &Arc<TcpStream>) {
        let mut state = self.state();
        state.socket = Arc::downgrade(socket);
        state.broken = false;
        state.answered = false;
        state.requests = 0;
    }

    /// Whether bytes of the server lie ready; costs one system call.
    pub(super) fn is_readable(&self) -> bool {
        let socket = self.state().socket.upgrade();
        socket.is_some_and(|socket| !ready(&socket, PollFlags::IN, Duration::ZERO).is_empty())
    }
}

/// What a socket is ready for, waiting that long at most; nothing when the time is over.
pub(super) fn ready(socket: &TcpStream, wanted: PollFlags, wait: Duration) -> PollFlags {
    let begun = Instant::now();
    let mut fds = [PollFd::new(socket, wanted)];
    loop {
        // More than fits is for ever.
        let left = Timespec::try_from(wait.saturating_sub(begun.elapsed())).ok();
        if poll(&mut fds, left.as_ref()) != Err(Errno::INTR) {
            return fds[0].revents();
        }
    }
}

/// Host and port of an address, never its user.
pub(super) fn place(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().map(|port| format!(":{port}"));
    format!("{host}{}", port.unwrap_or_default())
}
