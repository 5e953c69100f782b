//! The tool `file_search`: what a model finds in stores before it answers.

use crate::endpoints::stores;
use crate::objects::error::ApiError;
use crate::objects::json::Json;
use crate::objects::search_call::{MOST_RESULTS, SearchCall};
use crate::objects::store::VectorStore;
use crate::search::query::Search;
use crate::state::mock::{Mock, Store};

/// Calls every `file_search` tool of a request with the whole question.
pub(crate) fn calls(mock: &Mock, body: &Json, question: &str) -> Result<Vec<SearchCall>, ApiError> {
    let tools = body.get("tools").map(Json::elements).unwrap_or_default();
    let mut calls = Vec::new();
    for (n, tool) in tools.iter().enumerate() {
        if tool.text_of("type") != Some("file_search") {
            continue;
        }
        let path = format!("tools[{n}]");
        let search = Search::read(tool, &path, vec![question.to_owned()], MOST_RESULTS)?;
        let ids = ids(tool)?;
        let mut store = mock.store();
        use_all(&mut store, &ids)?;
        let all = store.vector_stores.iter();
        let stores: Vec<&VectorStore> = all.filter(|store| ids.contains(&store.id)).collect();
        calls.push(SearchCall {
            id: mock.ids.hex("fs_", 48),
            found: search.find(&stores),
            stores: ids,
            question: question.to_owned(),
        });
    }
    if body.text_of("tool_choice") == Some("none") {
        calls.clear();
    }
    Ok(calls)
}

/// The stores of a tool; the API takes two, though its reference does not say so.
fn ids(tool: &Json) -> Result<Vec<String>, ApiError> {
    let ids = tool.get("vector_store_ids").map(Json::elements);
    let ids = ids.unwrap_or_default().iter().filter_map(Json::text);
    let ids: Vec<String> = ids.map(str::to_owned).collect();
    if ids.len() <= 2 {
        return Ok(ids);
    }
    let message = "Invalid input: maximum of 2 vector stores allowed.";
    Err(ApiError::invalid(
        "integer_above_max_value",
        "tools",
        message,
    ))
}

/// Refuses stores that are not there or not alive; a search counts as use.
fn use_all(store: &mut Store, ids: &[String]) -> Result<(), ApiError> {
    for id in ids {
        let Some(found) = store.vector_store(id) else {
            let message = format!("Vector store with id ['{id}'] not found.");
            return Err(ApiError::new(404, message).param("tools"));
        };
        if found.expired {
            return Err(stores::expired(id).param("tools"));
        }
        found.touch();
    }
    Ok(())
}
