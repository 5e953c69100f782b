//! Looks for an answer while the body is still being sent, so that a 401 or 413 is seen for what it is.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::connection::{Connection, LOOK};

/// Bytes that are sent before the first look: small requests never pay for one.
const UNWATCHED: usize = 128 << 10;
/// How long a peer that stopped listening may take to deliver its last words.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A connection that is watched while it sends.
#[derive(Debug)]
pub(super) struct WatchedTransport<In> {
    below: In,
    connection: Arc<Connection>,
    /// Bytes of the request so far.
    sent: usize,
    /// Bytes were taken that ureq does not know of: without being told it would wait for more.
    taken: bool,
}

impl<In: Transport> WatchedTransport<In> {
    pub(super) fn new(below: In, connection: Arc<Connection>) -> WatchedTransport<In> {
        WatchedTransport {
            below,
            connection,
            sent: 0,
            taken: false,
        }
    }

    /// Takes what lies ready or comes so soon, and sees whether it is the beginning of an answer.
    ///
    /// # Errors
    /// The server ended the connection: no answer can come any more.
    fn look(&mut self, wait: Duration, mut timeout: NextTimeout) -> Result<(), Error> {
        timeout.after = wait.into();
        match self.below.await_input(timeout) {
            Ok(true) => {
                self.taken = true;
                let mut state = self.connection.state();
                state.unheard = false;
                state.answered |= is_answer(self.below.buffers().input());
                Ok(())
            }
            Err(Error::Timeout(_)) => Ok(()),
            Ok(false) => Err(Error::Io(ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(error),
        }
    }

    /// What a peer that takes no more has said before.
    fn last_words(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        let begun = Instant::now();
        while !self.connection.state().answered {
            self.look(LAST_WORDS, timeout)?;
            if begun.elapsed() > LAST_WORDS {
                return Err(Error::Io(ErrorKind::BrokenPipe.into()));
            }
        }
        Ok(())
    }
}

impl<In: Transport> Transport for WatchedTransport<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.below.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let mut state = self.connection.state();
        if state.answered {
            return Ok(());
        }
        if self.sent == 0 {
            "sending the request".clone_into(&mut state.step);
            state.unheard = state.requests > 0;
            state.requests += 1;
        }
        drop(state);
        self.below.transmit_output(amount, timeout)?;
        self.sent += amount;
        let broken = self.connection.state().broken;
        if broken {
            self.last_words(timeout)
        } else if self.sent > UNWATCHED && self.connection.is_readable() {
            self.look(LOOK, timeout)
        } else {
            Ok(())
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if self.sent > 0 {
            self.sent = 0;
            self.connection.begin_step("waiting for the answer");
            self.connection.restart();
        }
        if std::mem::take(&mut self.taken) {
            return Ok(true);
        }
        let came = self.below.await_input(timeout)?;
        if came {
            self.connection.state().unheard = false;
        }
        Ok(came)
    }

    fn is_open(&mut self) -> bool {
        self.below.is_open()
    }

    fn is_tls(&self) -> bool {
        self.below.is_tls()
    }
}

/// Whether these bytes go further than interim answers (1xx), after which the body is still wanted.
fn is_answer(mut input: &[u8]) -> bool {
    const VERSION: &[u8] = b"HTTP/1.1 ";
    loop {
        let Some(status) = input.get(VERSION.len()) else {
            return !VERSION.starts_with(input);
        };
        if !input.starts_with(VERSION) || *status != b'1' {
            return true;
        }
        match input.windows(4).position(|end| end == b"\r\n\r\n") {
            Some(end) => input = &input[end + 4..],
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_final_status_is_an_answer() {
        let cases: [(&str, bool); 9] = [
            ("", false),
            ("HTTP/1.1", false),
            ("HTTP/1.1 4", true),
            ("HTTP/1.0 4", true),
            ("SSH-2", true),
            ("HTTP/1.1 100 Continue\r\n\r", false),
            ("HTTP/1.1 100 Continue\r\n\r\n", false),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 ", false),
            ("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 2", true),
        ];
        for (input, answer) in cases {
            assert_eq!(is_answer(input.as_bytes()), answer, "{input:?}");
        }
    }
}
