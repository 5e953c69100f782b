//! The ledger: every request in the order of its arrival, with what came of it.

use std::collections::BTreeMap;
use std::time::Instant;

use hyper::http::request;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::call::Received;
use crate::data;
use crate::form::Part;
use crate::json::Json;

/// What the server was asked.
pub(crate) struct Ledger {
    pub(crate) entries: Vec<Entry>,
    connections: Vec<u64>,
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
    body: Option<Box<RawValue>>,
    form: Option<Vec<Json>>,
    fault: Option<String>,
    connection: u64,
}

/// The body of a request as the ledger shows it.
pub(crate) struct Shown {
    body: Option<Box<RawValue>>,
    form: Option<Vec<Json>>,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger {
            entries: Vec::new(),
            connections: Vec::new(),
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
        fault: Option<&str>,
    ) -> usize {
        if !self.connections.contains(&connection) {
            self.connections.push(connection);
        }
        self.entries.push(Entry {
            ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            status: 0,
            headers: headers(head),
            length: 0,
            body: None,
            form: None,
            fault: fault.map(str::to_owned),
            connection,
        });
        self.entries.len() - 1
    }

    /// Forgets all requests; only between two runs, because a request under way has its place here.
    pub(crate) fn forget(&mut self) {
        *self = Ledger::default();
    }

    /// Notes how many bytes of the body came.
    pub(crate) fn length(&mut self, place: usize, length: u64) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.length = length;
        }
    }

    /// Notes the body.
    pub(crate) fn show(&mut self, place: usize, shown: Shown) {
        if let Some(entry) = self.entries.get_mut(place) {
            (entry.body, entry.form) = (shown.body, shown.form);
        }
    }

    /// Notes the answer.
    pub(crate) fn close(&mut self, place: usize, status: u16) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.status = status;
        }
    }

    /// How many connections carried requests to the API.
    pub(crate) fn connections(&self) -> usize {
        self.connections.len()
    }
}

impl Shown {
    /// A JSON body word for word (but for data URLs of many megabytes), a form as its parts.
    pub(crate) fn of(received: &Received) -> Shown {
        match received {
            Received::Form(parts) => Shown {
                body: None,
                form: Some(parts.iter().map(Part::json).collect()),
            },
            Received::Bytes { bytes, .. } => Shown {
                body: raw(bytes),
                form: None,
            },
        }
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
