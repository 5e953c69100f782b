//! Looks for an answer while the body is still being sent, so that a 401 or 413 is seen for what it is.

use std::io::ErrorKind;
use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, Transport, time,
};

use super::wire::{Wire, at_once};

/// Bytes that are sent before the first look: small requests never pay for one.
const UNWATCHED: usize = 128 << 10;
/// How long a peer that stopped listening may take to deliver its last words.
const LAST_WORDS_MS: u64 = 2000;

/// The top of the chain of connectors.
#[derive(Debug)]
pub(crate) struct Early(pub(crate) Arc<Wire>);

impl<In: Transport> Connector<In> for Early {
    type Out = Watched<In>;

    fn connect(
        &self,
        _: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|below| Watched {
            below,
            wire: Arc::clone(&self.0),
            sent: 0,
        }))
    }
}

/// A connection that is watched while it sends.
#[derive(Debug)]
pub(crate) struct Watched<In> {
    below: In,
    wire: Arc<Wire>,
    /// Bytes of the request so far.
    sent: usize,
}

impl<In: Transport> Watched<In> {
    /// Takes what lies ready; true where it is the beginning of an answer.
    fn take(&mut self, timeout: NextTimeout) -> bool {
        let came = matches!(self.below.await_input(timeout), Ok(true));
        if came {
            self.wire.answer();
        }
        came
    }
}

impl<In: Transport> Transport for Watched<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.below.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.wire.is_answered() {
            return Ok(());
        }
        self.below.transmit_output(amount, timeout)?;
        self.sent += amount;
        if self.wire.is_deaf() {
            let last_words = NextTimeout {
                after: time::Duration::from_millis(LAST_WORDS_MS),
                ..at_once(timeout)
            };
            return if self.take(last_words) {
                Ok(())
            } else {
                Err(Error::Io(ErrorKind::BrokenPipe.into()))
            };
        }
        if self.sent > UNWATCHED && self.wire.is_readable() {
            self.take(at_once(timeout));
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.sent = 0;
        self.below.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.below.is_open()
    }

    fn is_tls(&self) -> bool {
        self.below.is_tls()
    }
}
