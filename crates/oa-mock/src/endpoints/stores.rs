//! The Vector stores API: stores as such.

use crate::endpoints::adding::{map, member, wanted};
use crate::endpoints::page::Page;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::id::now;
use crate::json::Json;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::state::store::Store;
use crate::state::vector_store::VectorStore;

/// As long should pollers wait: nothing is really indexed here, so nobody needs the API's second.
const POLL_AFTER_MS: &str = "20";

/// `POST /vector_stores`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json(&mock.table, "POST /vector_stores")?;
    let wanted = wanted(&body, "")?;
    let mut store = mock.store();
    let mut made = VectorStore {
        id: mock.ids.hex("vs_", 32),
        name: body.text_of("name").unwrap_or_default().to_owned(),
        description: body.text_of("description").map(str::to_owned),
        metadata: map(&body, "metadata"),
        days: days(&body),
        created_at: now(),
        last_active_at: now(),
        expired: false,
        members: Vec::new(),
        batches: Vec::new(),
    };
    for (n, id) in body.elements_of("file_ids").iter().enumerate() {
        let (id, path) = (id.text().unwrap_or_default(), format!("file_ids[{n}]"));
        made.attach(member(&store, id, &wanted, call, &path)?);
    }
    let reply = Reply::json(&made.json());
    store.vector_stores.push(made);
    Ok(reply)
}

/// `GET /vector_stores`
pub(crate) fn list(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let page = Page::read(call, 20, 100)?.before(call);
    let store = mock.store();
    let all = store.vector_stores.iter().map(VectorStore::json).collect();
    let page = page.cut(all).map_err(|id| unknown(&id))?;
    Ok(Reply::json(&page))
}

/// `GET /vector_stores/{id}`
pub(crate) fn retrieve(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    let found = find(&mut store, &call.id)?;
    found.look(mock.settings.looks);
    Ok(polled(&found.json()))
}

/// `POST /vector_stores/{id}`
pub(crate) fn update(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json(&mock.table, "POST /vector_stores/*")?;
    let mut store = mock.store();
    let found = alive(&mut store, &call.id)?;
    if body.member("name").is_some() {
        let name = body.text_of("name").unwrap_or_default();
        name.clone_into(&mut found.name);
    }
    if body.member("expires_after").is_some() {
        found.days = days(&body);
    }
    if body.member("metadata").is_some() {
        found.metadata = map(&body, "metadata");
    }
    Ok(Reply::json(&found.json()))
}

/// `DELETE /vector_stores/{id}`: the files themselves stay.
pub(crate) fn delete(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    find(&mut store, &call.id)?;
    store.vector_stores.retain(|store| store.id != call.id);
    Ok(Reply::deleted(&call.id, "vector_store.deleted"))
}

/// The vector store with this id.
pub(crate) fn find<'a>(store: &'a mut Store, id: &str) -> Result<&'a mut VectorStore, ApiError> {
    begins("vector_store_id", id, "vs")?;
    let found = store.vector_store(id);
    found.ok_or_else(|| unknown(id))
}

/// The same, if it can be used.
pub(crate) fn alive<'a>(store: &'a mut Store, id: &str) -> Result<&'a mut VectorStore, ApiError> {
    let found = find(store, id)?;
    if found.expired {
        return Err(ApiError::expired_store(id));
    }
    Ok(found)
}

/// Refuses what can be no id of this kind.
pub(crate) fn begins(path: &str, id: &str, prefix: &str) -> Result<(), ApiError> {
    if id.starts_with(prefix) {
        return Ok(());
    }
    let message = format!("Invalid '{path}': '{id}'. Expected an ID that begins with '{prefix}'.");
    Err(ApiError::invalid("invalid_value", path, message))
}

/// An object that works on; as long as it does, pollers are told when to come again.
pub(crate) fn polled(object: &Json) -> Reply {
    let reply = Reply::json(object);
    match object.text_of("status") {
        Some("in_progress") => reply.header("openai-poll-after-ms", POLL_AFTER_MS),
        _ => reply,
    }
}

fn unknown(id: &str) -> ApiError {
    let message = format!("No vector store found with id '{id}'.");
    ApiError::new(404, message).param("vector_store_id")
}

fn days(body: &Json) -> Option<u64> {
    body.get("expires_after")?.number_of("days")
}
