//! The controls under `/mock`: what tests see and set, which no client of the API knows.

use std::io;

use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Incoming;
use serde::Serialize;

use crate::call;
use crate::fault;
use crate::files::File;
use crate::json::Json;
use crate::ledger::Entry;
use crate::mock::Mock;
use crate::reply::Reply;
use crate::response::Stored;
use crate::store::VectorStore;

#[derive(Serialize)]
struct Report<'a> {
    requests: &'a [Entry],
    files: Vec<Json>,
    responses: Vec<Json>,
    stores: Vec<Json>,
    connections: usize,
}

/// Answers a control request.
pub(crate) async fn answer(mock: &Mock, request: Request<Incoming>) -> io::Result<Reply> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let text = String::from_utf8_lossy(&body);
    let query = call::pairs(head.uri.query().unwrap_or_default());
    Ok(match (head.method.as_str(), head.uri.path()) {
        ("GET", "/mock/ledger") => ledger(mock)?,
        ("DELETE", "/mock/ledger") => {
            mock.ledger().forget();
            done()
        }
        ("POST", "/mock/faults") => add_rules(mock, &text),
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
        requests: &ledger.entries,
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

fn add_rules(mock: &Mock, text: &str) -> Reply {
    match fault::rules(text) {
        Ok(rules) => {
            mock.rules().0.extend(rules);
            done()
        }
        Err(why) => plain(400, why + "\n"),
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
