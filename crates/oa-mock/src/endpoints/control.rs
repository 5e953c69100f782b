//! The controls under `/mock`: what tests see and set, which no client of the API knows.

use std::io;

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request};
use serde::Serialize;

use crate::faults::fault;
use crate::http::reply::{JSON, Reply};
use crate::http::{body, call};
use crate::objects::file::File;
use crate::objects::json::Json;
use crate::objects::response::Stored;
use crate::objects::store::VectorStore;
use crate::state::ledger::Entry;
use crate::state::mock::Mock;

/// Each is looked at for every request.
const MOST_RULES: usize = 1000;

#[derive(Serialize)]
struct Report<'a> {
    requests: Vec<&'a Entry>,
    /// Requests that came before these, and are not kept.
    forgotten: usize,
    files: Vec<Json>,
    responses: Vec<Json>,
    stores: Vec<Json>,
    connections: usize,
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
        let why = format!("a control is sent with Content-Type: {JSON}\n");
        return Ok(plain(415, why));
    }
    let Some(text) = body::control(body).await else {
        return Ok(plain(
            413,
            "a control is a text of at most 1 MiB\n".to_owned(),
        ));
    };
    let query = call::pairs(head.uri.query().unwrap_or_default());
    obey(mock, head.method.as_str(), head.uri.path(), &query, &text)
}

/// Does what a control says.
fn obey(
    mock: &Mock,
    method: &str,
    path: &str,
    query: &[(String, String)],
    text: &str,
) -> io::Result<Reply> {
    Ok(match (method, path) {
        ("GET", "/mock/ledger") => ledger(mock)?,
        ("DELETE", "/mock/ledger") => {
            mock.ledger().forget();
            done()
        }
        ("POST", "/mock/faults") => add_rules(mock, text),
        ("DELETE", "/mock/faults") => {
            mock.rules().0.clear();
            done()
        }
        ("POST", "/mock/expire") => {
            let value = |name| query.iter().find(|(key, _)| key == name);
            match (value("store"), value("file")) {
                (Some((_, id)), _) => expire_store(mock, id),
                (None, file) => expire(mock, file.map_or("", |(_, id)| id)),
            }
        }
        (method, path) => plain(404, format!("no such control: {method} {path}\n")),
    })
}

fn ledger(mock: &Mock) -> io::Result<Reply> {
    let (files, responses, stores) = {
        let store = mock.store();
        let files = store.files.iter().map(File::json).collect();
        let responses = store.responses.iter().map(Stored::json).collect();
        let stores = store.vector_stores.iter().map(with_files).collect();
        (files, responses, stores)
    };
    let ledger = mock.ledger();
    let report = Report {
        requests: ledger.kept(),
        forgotten: ledger.forgotten(),
        files,
        responses,
        stores,
        connections: ledger.connections(),
    };
    let text = serde_json::to_string(&report).map_err(io::Error::other)?;
    Ok(Reply::text(200, "application/json", text))
}

/// A vector store with the ids of its files, which the API's own object does not name.
fn with_files(store: &VectorStore) -> Json {
    let ids = store.members.iter().map(|member| member.id.as_str());
    let mut object = store.json();
    object.set("files", ids.map(Json::from).collect::<Vec<_>>().into());
    object
}

/// Adds the rules of a JSON string, or of an array of them.
fn add_rules(mock: &Mock, text: &str) -> Reply {
    let texts = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(serde_json::Value::String(one)) => Ok(vec![one]),
        _ => serde_json::from_str::<Vec<String>>(text),
    };
    let Ok(texts) = texts else {
        let why = "rules are a JSON string, or an array of strings\n";
        return plain(400, why.to_owned());
    };
    let read: Result<Vec<_>, String> = texts.iter().map(|text| fault::rules(text)).collect();
    let mut rules = mock.rules();
    match read.map(Vec::into_iter) {
        Err(why) => plain(400, why + "\n"),
        Ok(new) => {
            let new: Vec<_> = new.flatten().collect();
            if rules.0.len() + new.len() > MOST_RULES {
                return plain(400, format!("there are at most {MOST_RULES} rules\n"));
            }
            rules.0.extend(new);
            done()
        }
    }
}

fn expire(mock: &Mock, id: &str) -> Reply {
    let mut store = mock.store();
    if store.file(id).is_none() {
        return plain(404, format!("no such file: {id}\n"));
    }
    store.remove_files(|file| file.id == id);
    done()
}

fn expire_store(mock: &Mock, id: &str) -> Reply {
    let mut store = mock.store();
    let Some(found) = store.vector_store(id) else {
        return plain(404, format!("no such store: {id}\n"));
    };
    found.expire();
    done()
}

fn done() -> Reply {
    plain(200, "ok\n".to_owned())
}

fn plain(status: u16, text: String) -> Reply {
    Reply::text(status, "text/plain; charset=utf-8", text)
}
