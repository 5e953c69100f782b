//! The tool `file_search`: what a model finds in stores before it answers, and how its answer cites it.

use crate::json::Json;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::search::query::Search;
use crate::search::words;
use crate::state::item::{Citation, SearchCall};
use crate::state::store::Store;
use crate::state::vector_store::VectorStore;

/// Results of a call that does not say how many.
const MOST_RESULTS: usize = 20;

/// Characters of a passage that an answer quotes.
const QUOTE: usize = 200;

/// Calls every `file_search` tool of a request with the whole question.
pub(crate) fn calls(mock: &Mock, body: &Json, question: &str) -> Result<Vec<SearchCall>, ApiError> {
    let tools = body.elements_of("tools");
    let mut calls = Vec::new();
    for (n, tool) in tools.iter().enumerate() {
        if tool.text_of("type") != Some("file_search") {
            continue;
        }
        let path = format!("tools[{n}]");
        let search = Search::read(
            &mock.table,
            tool,
            &path,
            vec![question.to_owned()],
            MOST_RESULTS,
        )?;
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
    let ids = tool.elements_of("vector_store_ids");
    let ids = ids.iter().filter_map(Json::text);
    let ids: Vec<String> = ids.map(str::to_owned).collect();
    if ids.len() <= 2 {
        return Ok(ids);
    }
    let message = "Invalid input: maximum of 2 vector stores allowed.";
    let code = "integer_above_max_value";
    Err(ApiError::invalid(code, "tools", message))
}

/// Refuses stores that are not there or not alive; a search counts as use.
fn use_all(store: &mut Store, ids: &[String]) -> Result<(), ApiError> {
    for id in ids {
        let Some(found) = store.vector_store(id) else {
            let message = format!("Vector store with id ['{id}'] not found.");
            return Err(ApiError::new(404, message).param("tools"));
        };
        if found.expired {
            return Err(ApiError::expired_store(id).param("tools"));
        }
        found.touch();
    }
    Ok(())
}

/// Adds to an answer what was found, a line and a citation for each passage.
pub(crate) fn quote(calls: &[SearchCall], text: &mut String) -> Vec<Citation> {
    let mut citations = Vec::new();
    for call in calls {
        if call.found.is_empty() {
            text.push_str("\nfound nothing in ");
            text.push_str(&call.stores.join(" and "));
        }
        for found in &call.found {
            let line = words::line(&call.question, &found.text);
            let line: String = line.trim().chars().take(QUOTE).collect();
            let line = Json::from(line).write();
            text.extend(["\nfound ", &line, " in ", &found.filename]);
            citations.push(Citation {
                file_id: found.file_id.clone(),
                filename: found.filename.clone(),
                index: text.chars().count(),
            });
        }
    }
    citations
}
