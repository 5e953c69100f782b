//! The Vector stores API: stores as such.

use crate::http::call::{Call, Page};
use crate::http::reply::Reply;
use crate::objects::error::ApiError;
use crate::objects::file;
use crate::objects::id::now;
use crate::objects::json::Json;
use crate::objects::member::{Member, Wanted};
use crate::objects::store::VectorStore;
use crate::schema::store as schema;
use crate::state::mock::{Mock, Store};

/// As long should pollers wait: nothing is really indexed here, so nobody needs the API's second.
const POLL_AFTER_MS: &str = "20";

/// `POST /vector_stores`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json()?;
    mock.check().object(schema::CREATE, &body, "")?;
    let wanted = Wanted::read(&body, "")?;
    let ids = body.get("file_ids").map(Json::elements).unwrap_or_default();
    let mut store = mock.store();
    let mut made = VectorStore {
        id: mock.ids.hex("vs_", 32),
        name: body.text_of("name").unwrap_or_default().to_owned(),
        description: body.text_of("description").map(str::to_owned),
        metadata: metadata(&body),
        days: days(&body),
        created_at: now(),
        last_active_at: now(),
        expired: false,
        members: Vec::new(),
        batches: Vec::new(),
    };
    for (n, id) in ids.iter().enumerate() {
        let id = id.text().unwrap_or_default();
        made.attach(member(
            &store,
            id,
            &wanted,
            call,
            &format!("file_ids[{n}]"),
        )?);
    }
    let reply = Reply::json(200, &made.json());
    store.vector_stores.push(made);
    Ok(reply)
}

/// `GET /vector_stores`
pub(crate) fn list(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let page = Page::read(call, 20, 100)?.before(call);
    let store = mock.store();
    let all = store.vector_stores.iter();
    let all = all.map(|store| (store.id.clone(), store.json())).collect();
    let page = page.cut(all).map_err(|id| unknown(&id))?;
    Ok(Reply::json(200, &page))
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
    let body = call.json()?;
    mock.check().object(schema::UPDATE, &body, "")?;
    let mut store = mock.store();
    let found = alive(&mut store, &call.id)?;
    if body.member("name").is_some() {
        body.text_of("name")
            .unwrap_or_default()
            .clone_into(&mut found.name);
    }
    if body.member("expires_after").is_some() {
        found.days = days(&body);
    }
    if body.member("metadata").is_some() {
        found.metadata = metadata(&body);
    }
    Ok(Reply::json(200, &found.json()))
}

/// `DELETE /vector_stores/{id}`: the files themselves stay.
pub(crate) fn delete(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    find(&mut store, &call.id)?;
    store.vector_stores.retain(|store| store.id != call.id);
    let deleted = [
        ("id", call.id.as_str().into()),
        ("object", "vector_store.deleted".into()),
        ("deleted", true.into()),
    ];
    Ok(Reply::json(200, &Json::object(deleted)))
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
        return Err(expired(id));
    }
    Ok(found)
}

/// A stored file as it is to be added.
pub(crate) fn member(
    store: &Store,
    id: &str,
    wanted: &Wanted,
    call: &Call,
    path: &str,
) -> Result<Member, ApiError> {
    let file = store.file(id);
    let file = file.ok_or_else(|| file::unknown(id).param(path))?;
    Ok(Member::new(file, wanted, call.end.as_ref()))
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
    let reply = Reply::json(200, object);
    match object.text_of("status") {
        Some("in_progress") => reply.header("openai-poll-after-ms", POLL_AFTER_MS),
        _ => reply,
    }
}

/// The error about a store that is no more than its object.
pub(crate) fn expired(id: &str) -> ApiError {
    ApiError::new(400, format!("Vector store '{id}' has expired."))
}

fn unknown(id: &str) -> ApiError {
    let message = format!("No vector store found with id '{id}'.");
    ApiError::new(404, message).param("vector_store_id")
}

fn metadata(body: &Json) -> Json {
    let metadata = body.get("metadata").cloned();
    metadata.unwrap_or_else(|| Json::Object(Vec::new()))
}

fn days(body: &Json) -> Option<u64> {
    match body.get("expires_after")?.get("days")? {
        Json::Number(digits) => digits.parse().ok(),
        _ => None,
    }
}
