//! What a client is told, in plain values.

use std::sync::Arc;
use std::time::Duration;

pub use oa_net::{Settings as Route, is_loopback, split};

use crate::cancel::Cancel;
use crate::retry::Limits;
use crate::secret::Secrets;

/// The server, the way to it, and how much patience there is.
pub struct Settings {
    /// Address of the API, without a slash at its end.
    pub base: String,
    /// The key, sent as a bearer token.
    pub key: String,
    /// Headers of every request, names in lower case.
    pub headers: Vec<(String, String)>,
    /// `User-Agent`.
    pub user_agent: String,
    /// How a connection is made.
    pub route: Route,
    /// Longest time to make a connection.
    pub connect_timeout: Duration,
    /// Longest wait for one answer of a model.
    pub timeout: Duration,
    /// When a request is sent again.
    pub limits: Limits,
    /// What to do where the address may be the matter.
    pub advice: Option<String>,
    /// What is never shown.
    pub secrets: Arc<Secrets>,
    /// The event that ends requests and waits.
    pub cancel: Arc<Cancel>,
    /// Whether nobody wants answers any more, so that nothing that waits at the gate is bought.
    pub unwanted: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether headers are told, too.
    pub tells_headers: bool,
    /// Who is told of the work.
    pub observer: Observer,
}

/// Somebody who is told of the work.
pub type Observer = Box<dyn Fn(&Notice) + Send + Sync>;

/// What is told.
pub enum Notice<'a> {
    /// A request and its answer, or why it is sent again.
    Exchange(&'a str),
    /// A header, the key masked.
    Header(&'a str),
    /// The rate limit that was met and how fast is asked now; and how it stands at this moment.
    Limit(&'a str, &'a str),
    /// What the rate limits came to in the end.
    Limits(&'a str),
    /// What the user should know although nothing failed.
    Note(&'a str),
}

impl Settings {
    pub(crate) fn tell(&self, notice: &Notice) {
        (self.observer)(notice);
    }
}
