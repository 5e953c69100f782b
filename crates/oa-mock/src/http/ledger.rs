//! The ledger: every request in the order of its arrival, with what came of it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Instant;

use hyper::http::request;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::call::Received;
use crate::http::form::Part;
use crate::json::Json;
use crate::objects::data;

/// So many requests are kept, and so many bytes of them: the oldest go first.
const MOST: usize = 200_000;
const MOST_BYTES: usize = 256 << 20;

/// What the server was asked.
#[derive(Serialize)]
pub(crate) struct Ledger {
    requests: VecDeque<Entry>,
    /// How many went because there were too many.
    forgotten: usize,
    /// Bytes of those that are kept.
    #[serde(skip)]
    bytes: usize,
    /// How many connections carried requests to the API.
    connections: usize,
    #[serde(skip)]
    seen: HashSet<u64>,
    #[serde(skip)]
    began: Instant,
}

/// One request.
#[derive(Serialize)]
pub(crate) struct Entry {
    /// When it came: milliseconds since the ledger was begun.
    ms: u64,
    method: String,
    path: String,
    query: String,
    /// 0 as long as there is no answer, and for ever if the connection was cut.
    status: u16,
    headers: BTreeMap<String, String>,
    length: u64,
    #[serde(flatten)]
    shown: Shown,
    fault: Option<String>,
    connection: u64,
    /// Bytes that it takes, about.
    #[serde(skip)]
    size: usize,
}

/// The body of a request as the ledger shows it.
#[derive(Default, Serialize)]
pub(crate) struct Shown {
    body: Option<Box<RawValue>>,
    form: Option<Vec<Part>>,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger {
            requests: VecDeque::new(),
            forgotten: 0,
            bytes: 0,
            connections: 0,
            seen: HashSet::new(),
            began: Instant::now(),
        }
    }
}

impl Ledger {
    /// Notes that a request came on a connection; gives its place.
    pub(crate) fn open(
        &mut self,
        head: &request::Parts,
        connection: u64,
        fault: Option<String>,
    ) -> usize {
        self.seen.insert(connection);
        self.connections = self.seen.len();
        let headers = headers(head);
        let words = headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 64);
        let size = 256
            + head.uri.to_string().len()
            + fault.as_ref().map_or(0, String::len)
            + words.sum::<usize>();
        self.bytes += size;
        self.requests.push_back(Entry {
            ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            status: 0,
            headers,
            length: 0,
            shown: Shown::default(),
            fault,
            connection,
            size,
        });
        self.trim();
        self.count() - 1
    }

    /// How many requests came.
    pub(crate) fn count(&self) -> usize {
        self.forgotten + self.requests.len()
    }

    fn trim(&mut self) {
        while self.requests.len() > MOST || (self.bytes > MOST_BYTES && self.requests.len() > 1) {
            let gone = self.requests.pop_front();
            self.bytes -= gone.map_or(0, |entry| entry.size);
            self.forgotten += 1;
        }
    }

    fn entry(&mut self, place: usize) -> Option<&mut Entry> {
        self.requests.get_mut(place.checked_sub(self.forgotten)?)
    }

    /// Forgets all requests; only between two runs, because a request under way has its place here.
    pub(crate) fn forget(&mut self) {
        *self = Ledger::default();
    }

    /// Notes how many bytes of the body came.
    pub(crate) fn length(&mut self, place: usize, length: u64) {
        if let Some(entry) = self.entry(place) {
            entry.length = length;
        }
    }

    /// Notes the body.
    pub(crate) fn show(&mut self, place: usize, shown: Shown) {
        if let Some(entry) = self.entry(place) {
            let size = shown.size();
            entry.size += size;
            entry.shown = shown;
            self.bytes += size;
            self.trim();
        }
    }

    /// Notes the answer.
    pub(crate) fn close(&mut self, place: usize, status: u16) {
        if let Some(entry) = self.entry(place) {
            entry.status = status;
        }
    }
}

impl Shown {
    /// A JSON body word for word (but for data URLs of many megabytes), a form as its parts.
    pub(crate) fn of(received: &Received) -> Shown {
        match received {
            Received::Form(parts) => Shown {
                form: Some(parts.iter().map(Part::shown).collect()),
                ..Shown::default()
            },
            Received::Bytes { bytes, .. } => Shown {
                body: raw(bytes),
                ..Shown::default()
            },
        }
    }

    fn size(&self) -> usize {
        let body = self.body.as_ref().map_or(0, |body| body.get().len());
        let form = self.form.iter().flatten().map(Part::size);
        body + form.sum::<usize>()
    }
}

fn raw(bytes: &[u8]) -> Option<Box<RawValue>> {
    let raw: &RawValue = serde_json::from_slice(bytes).ok()?;
    if !data::is_long(bytes.len()) {
        return Some(raw.to_owned());
    }
    let json = data::shorten(Json::read(raw.get()).ok()?);
    RawValue::from_string(json.write()).ok()
}

fn headers(head: &request::Parts) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &head.headers {
        let text = match name.as_str() {
            "authorization" => "Bearer ***".into(),
            _ => String::from_utf8_lossy(value.as_bytes()),
        };
        let all = headers.entry(name.to_string()).or_default();
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(&text);
    }
    headers
}
