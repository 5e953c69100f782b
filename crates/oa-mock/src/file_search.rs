//! The tool `file_search`: what a model finds in stores before it answers, and how its answer cites it.

use crate::error::ApiError;
use crate::json::Json;
use crate::mock::{Mock, Store};
use crate::rank;
use crate::search::{Found, Search};
use crate::store::VectorStore;
use crate::stores;

/// Results of a call that does not say how many.
pub(crate) const MOST_RESULTS: usize = 20;

/// Characters of a passage that an answer quotes.
const QUOTE: usize = 200;

/// One call of the tool, and what it found.
#[derive(Clone, Debug)]
pub(crate) struct SearchCall {
    pub(crate) id: String,
    stores: Vec<String>,
    question: String,
    found: Vec<Found>,
}

/// Where an answer cites a file: a `file_citation`.
#[derive(Clone, Debug)]
pub(crate) struct Citation {
    file_id: String,
    filename: String,
    /// Characters of the answer before it.
    pub(crate) index: usize,
}

impl SearchCall {
    /// The output item; with its results only if they were asked for.
    pub(crate) fn json(&self, status: &str, results: bool) -> Json {
        let done = status == "completed";
        let queries = done.then(|| Json::from(self.question.as_str()));
        let results = (done && results).then(|| self.found.iter().map(result).collect::<Vec<_>>());
        Json::object([
            ("id", self.id.as_str().into()),
            ("type", "file_search_call".into()),
            ("status", status.into()),
            ("queries", queries.into_iter().collect::<Vec<_>>().into()),
            ("results", results.into()),
        ])
    }
}

impl Citation {
    /// The annotation.
    pub(crate) fn json(&self) -> Json {
        Json::object([
            ("type", "file_citation".into()),
            ("file_id", self.file_id.as_str().into()),
            ("index", self.index.into()),
            ("filename", self.filename.as_str().into()),
        ])
    }
}

fn result(found: &Found) -> Json {
    Json::object([
        ("attributes", found.attributes.clone()),
        ("file_id", found.file_id.as_str().into()),
        ("filename", found.filename.as_str().into()),
        ("score", found.score()),
        ("text", found.text.as_str().into()),
    ])
}

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

/// Adds to an answer what was found, a line and a citation for each passage.
pub(crate) fn quote(calls: &[SearchCall], text: &mut String) -> Vec<Citation> {
    let mut citations = Vec::new();
    for call in calls {
        if call.found.is_empty() {
            text.push_str("\nfound nothing in ");
            text.push_str(&call.stores.join(" and "));
        }
        for found in &call.found {
            let line = rank::line(&call.question, &found.text);
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
