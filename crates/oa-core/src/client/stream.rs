//! Bytes on their way: what is sent, as somebody looks on, and a stream of events.

use std::io::Read;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::Client;
use super::lane::Lane;
use crate::body::Reader;
use crate::log::Progress;
use crate::net::wire::Wire;

/// Counts what is sent for whoever looks.
pub(super) struct Watched<'a> {
    pub(super) reader: &'a mut Reader,
    pub(super) progress: Option<&'a Progress>,
    pub(super) done: u64,
    pub(super) wire: &'a Wire,
}

impl Read for Watched<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.wire.is_answered() {
            // The answer is here: what is still owed to the announced length goes nowhere.
            return Ok(self.reader.forgo(out.len()));
        }
        let count = self.reader.read(out)?;
        if let Some(progress) = self.progress {
            self.done += count as u64;
            progress.set(self.done);
        }
        Ok(count)
    }
}

/// The bytes of a stream of events.
pub struct Stream<'a> {
    pub(super) client: &'a Client,
    pub(super) lane: Arc<Lane>,
    pub(super) reader: ureq::BodyReader<'static>,
    /// The whole object, from a server that does not stream.
    pub whole: Option<Box<RawValue>>,
}

impl Read for Stream<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.reader.read(out)
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        self.client.lanes.forget(&self.lane);
    }
}
