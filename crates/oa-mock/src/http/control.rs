//! The controls under `/mock`: what tests see and set, which no client of the API knows.

use std::io;
use std::sync::atomic::Ordering;

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::{Method, Request};
use serde::Serialize;

use crate::faults::rule;
use crate::http::ledger::Ledger;
use crate::http::reply::{JSON, Reply};
use crate::http::{body, call};
use crate::json::Json;
use crate::mock::Mock;
use crate::state::batch::Batch;
use crate::state::file::File;
use crate::state::response::Stored;
use crate::state::vector_store::VectorStore;

/// Each is looked at for every request.
const MOST_RULES: usize = 1000;

/// What the server was asked, and what it holds.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    ledger: &'a Ledger,
    files: Vec<Json>,
    responses: Vec<Json>,
    stores: Vec<Json>,
    batches: Vec<Json>,
}

/// Answers a control request.
pub(crate) async fn answer(mock: &Mock, request: Request<Incoming>) -> io::Result<Reply> {
    let (head, body) = request.into_parts();
    let guard = &mock.settings.guard;
    if guard.key.is_some()
        && let Err(error) = guard.authorize(&head.headers)
    {
        return Ok(error.into());
    }
    // A type that no page can send unasked; a browser would ask first, and not be answered.
    let kind = head.headers.get(CONTENT_TYPE);
    if kind.map_or(head.method == Method::POST, |kind| kind != JSON) {
        let why = format!("a control is sent with Content-Type: {JSON}");
        return Ok(plain(415, &why));
    }
    let Some(text) = body::control(body).await else {
        return Ok(plain(413, "a control is a text of at most 1 MiB"));
    };
    match (head.method.as_str(), head.uri.path()) {
        ("GET", "/mock/ledger") => return ledger(mock),
        ("POST", "/mock/stop") => {
            mock.stops.store(true, Ordering::SeqCst);
            return Ok(plain(200, &mock.left().join("\n")));
        }
        ("GET", "/mock/limit") => {
            let report = mock.limiter().report().map_err(io::Error::other)?;
            return Ok(Reply::text(200, JSON, report));
        }
        _ => {}
    }
    Ok(match obey(mock, &head, &text) {
        Ok(()) => plain(200, "ok"),
        Err((status, why)) => plain(status, &why),
    })
}

/// Why a control cannot be obeyed.
type Refusal = (u16, String);

fn obey(mock: &Mock, head: &Parts, text: &str) -> Result<(), Refusal> {
    match (head.method.as_str(), head.uri.path()) {
        ("DELETE", "/mock/ledger") => mock.ledger().forget(),
        ("DELETE", "/mock/limit") => mock.limiter().forget(),
        ("POST", "/mock/faults") => add_rules(mock, text).map_err(|why| (400, why))?,
        ("DELETE", "/mock/faults") => mock.rules().0.clear(),
        ("POST", "/mock/expire") => expire(mock, head.uri.query().unwrap_or_default())?,
        (method, path) => return Err((404, format!("no such control: {method} {path}"))),
    }
    Ok(())
}

fn ledger(mock: &Mock) -> io::Result<Reply> {
    let (files, responses, stores, batches) = {
        let store = mock.store();
        let files = store.files.iter().map(File::json).collect();
        let responses = store.responses.iter().map(Stored::json).collect();
        let stores = store.vector_stores.iter().map(with_files).collect();
        let batches = store.batches.iter().map(Batch::json).collect();
        (files, responses, stores, batches)
    };
    let report = Report {
        ledger: &mock.ledger(),
        files,
        responses,
        stores,
        batches,
    };
    let text = serde_json::to_string(&report).map_err(io::Error::other)?;
    Ok(Reply::text(200, JSON, text))
}

/// A vector store with the ids of its files, which the API's own object does not name.
fn with_files(store: &VectorStore) -> Json {
    let mut object = store.json();
    object.set(
        "files",
        Json::list(store.members.iter().map(|member| &member.id)),
    );
    object
}

/// Adds the rules of a JSON string, or of an array of them.
fn add_rules(mock: &Mock, text: &str) -> Result<(), String> {
    let one = serde_json::from_str(text).map(|one| vec![one]);
    let texts: Vec<String> = one
        .or_else(|_| serde_json::from_str(text))
        .map_err(|_| "rules are a JSON string, or an array of strings".to_owned())?;
    let mut rules = mock.rules();
    let mut all = rules.0.clone();
    for text in &texts {
        all.extend(rule::rules(text)?);
    }
    if all.len() > MOST_RULES {
        return Err(format!("there are at most {MOST_RULES} rules"));
    }
    rules.0 = all;
    Ok(())
}

/// Expires the store, or else the file, that is named.
fn expire(mock: &Mock, query: &str) -> Result<(), Refusal> {
    let query = call::pairs(query);
    let value = |name| query.iter().find(|(key, _)| key == name);
    let mut store = mock.store();
    if let Some((_, id)) = value("store") {
        let found = store.vector_store(id);
        found
            .ok_or_else(|| (404, format!("no such store: {id}")))?
            .expire();
        return Ok(());
    }
    let id = value("file").map_or("", |(_, id)| id);
    let found = store.file(id);
    found.ok_or_else(|| (404, format!("no such file: {id}")))?;
    store.remove_files(|file| file.id == id);
    Ok(())
}

fn plain(status: u16, text: &str) -> Reply {
    Reply::text(status, "text/plain; charset=utf-8", format!("{text}\n"))
}
