//! The Vector stores API: searches.

use crate::endpoints::stores::alive;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::json::Json;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::search::query::Search;
use crate::search::words::words;
use crate::state::item::Found;

/// `POST /vector_stores/{id}/search`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json(&mock.table, "POST /vector_stores/*/search")?;
    let search = Search::read(&mock.table, &body, "", queries(&body), 10)?;
    let mut store = mock.store();
    let found = alive(&mut store, &call.id)?;
    found.touch();
    let results = search.find(&[found]);
    Ok(Reply::json(&Json::object([
        ("object", "vector_store.search_results.page".into()),
        ("search_query", Json::list(search.queries)),
        ("data", Json::list(results.iter().map(Found::json))),
        ("has_more", false.into()),
        ("next_page", Json::Null),
    ])))
}

/// The queries of a request; rewritten, they are their words.
fn queries(body: &Json) -> Vec<String> {
    let one = body.text_of("query");
    let more = body.elements_of("query").iter().filter_map(Json::text);
    let given = one.into_iter().chain(more);
    if body.flag("rewrite_query") {
        return given.map(|query| words(query).join(" ")).collect();
    }
    given.map(str::to_owned).collect()
}
