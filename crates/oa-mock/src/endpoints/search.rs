//! Searching vector stores: what passages answer a question.

use crate::endpoints::stores::alive;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::objects::error::ApiError;
use crate::objects::json::Json;
use crate::schema::store as schema;
use crate::search::query::{Found, Search};
use crate::search::rank;
use crate::state::mock::Mock;

/// `POST /vector_stores/{id}/search`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json()?;
    mock.check().object(schema::SEARCH, &body, "")?;
    let search = Search::read(&body, "", queries(&body), 10)?;
    let mut store = mock.store();
    let found = alive(&mut store, &call.id)?;
    found.touch();
    let results: Vec<Json> = search.find(&[found]).iter().map(Found::json).collect();
    let queries: Vec<Json> = search.queries.into_iter().map(Json::from).collect();
    let page = Json::object([
        ("object", "vector_store.search_results.page".into()),
        ("search_query", queries.into()),
        ("data", results.into()),
        ("has_more", false.into()),
        ("next_page", Json::Null),
    ]);
    Ok(Reply::json(200, &page))
}

/// The queries of a request; rewritten, they are their words.
fn queries(body: &Json) -> Vec<String> {
    let given: Vec<&str> = match body.get("query") {
        Some(Json::Text(query)) => vec![query],
        Some(queries) => queries.elements().iter().filter_map(Json::text).collect(),
        None => Vec::new(),
    };
    let rewritten = body.flag("rewrite_query");
    let say = |query: &str| {
        if rewritten {
            rank::words(query).join(" ")
        } else {
            query.to_owned()
        }
    };
    given.into_iter().map(say).collect()
}
