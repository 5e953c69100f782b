//! The Vector stores API: files in a store.

use crate::endpoints::adding::{map, member, wanted};
use crate::endpoints::page::Page;
use crate::endpoints::stores::{alive, find, polled};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::json::Json;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::objects::value::{self, missing};
use crate::state::member::Member;
use crate::state::vector_store::VectorStore;

const FILTERS: &str = "in_progress completed failed cancelled";

/// `POST /vector_stores/{id}/files`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json(&mock.table, "POST /vector_stores/*/files")?;
    let wanted = wanted(&body, "")?;
    let id = body.text_of("file_id").unwrap_or_default();
    let mut store = mock.store();
    alive(&mut store, &call.id)?;
    let member = member(&store, id, &wanted, call, "file_id")?;
    let reply = Reply::json(&member.json(&call.id));
    let found = alive(&mut store, &call.id)?;
    found.touch();
    found.attach(member);
    Ok(reply)
}

/// `GET /vector_stores/{id}/files`
pub(crate) fn list(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    let found = find(&mut store, &call.id)?;
    found.look(mock.settings.looks);
    page(call, found, found.members.iter())
}

/// A page of a store's files, those of one status where `filter` says so.
pub(crate) fn page<'a>(
    call: &Call,
    store: &VectorStore,
    members: impl Iterator<Item = &'a Member>,
) -> Result<Reply, ApiError> {
    let page = Page::read(call, 20, 100)?.before(call);
    let filter = call.query("filter");
    if let Some(filter) = filter {
        value::word("filter", filter, FILTERS)?;
    }
    let wanted = members.filter(|member| filter.is_none_or(|filter| member.status() == filter));
    let all = wanted.map(|member| member.json(&store.id));
    let page = page.cut(all.collect());
    let page = page.map_err(|id| unknown(&id, &store.id))?;
    Ok(Reply::json(&page))
}

/// `GET /vector_stores/{id}/files/{file_id}`
pub(crate) fn retrieve(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    let member = named(find(&mut store, &call.id)?, call)?;
    member.look(mock.settings.looks);
    Ok(polled(&member.json(&call.id)))
}

/// `POST /vector_stores/{id}/files/{file_id}`: the attributes, all of them anew.
pub(crate) fn update(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json(&mock.table, "POST /vector_stores/*/files/*")?;
    if body.member("attributes").is_none() {
        return Err(missing("attributes"));
    }
    let mut store = mock.store();
    let member = named(alive(&mut store, &call.id)?, call)?;
    member.attributes = map(&body, "attributes");
    Ok(Reply::json(&member.json(&call.id)))
}

/// `DELETE /vector_stores/{id}/files/{file_id}`: the file itself stays.
pub(crate) fn delete(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    let found = find(&mut store, &call.id)?;
    named(found, call)?;
    found.members.retain(|member| member.id != call.part);
    Ok(Reply::deleted(&call.part, "vector_store.file.deleted"))
}

/// `GET /vector_stores/{id}/files/{file_id}/content`: empty until the file is indexed.
pub(crate) fn content(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    let member = named(find(&mut store, &call.id)?, call)?;
    let text = |text: &str| Json::object([("type", "text".into()), ("text", text.into())]);
    let data = member.document().map(|document| text(&document.text));
    let page = Json::object([
        ("object", "vector_store.file_content.page".into()),
        ("data", Json::list(data)),
        ("has_more", false.into()),
        ("next_page", Json::Null),
    ]);
    Ok(Reply::json(&page))
}

fn named<'a>(store: &'a mut VectorStore, call: &Call) -> Result<&'a mut Member, ApiError> {
    let member = store.member(&call.part);
    member.ok_or_else(|| unknown(&call.part, &call.id))
}

fn unknown(id: &str, store: &str) -> ApiError {
    let message = format!("No file found with id '{id}' in vector store '{store}'.");
    ApiError::new(404, message).param("file_id")
}
