//! How files are added to a store.

use crate::http::call::Call;
use crate::json::Json;
use crate::objects::error::ApiError;
use crate::objects::value::join;
use crate::state::document::Chunking;
use crate::state::member::{Member, Wanted};
use crate::state::store::Store;

/// Reads `attributes` and `chunking_strategy` of a request, or of one file in it.
pub(crate) fn wanted(body: &Json, path: &str) -> Result<Wanted, ApiError> {
    Ok(Wanted {
        attributes: map(body, "attributes"),
        chunking: chunking(body, path)?,
    })
}

/// A member that is a map; an empty one where it is not set.
pub(crate) fn map(body: &Json, key: &str) -> Json {
    let map = body.get(key).cloned();
    map.unwrap_or_else(|| Json::object([]))
}

/// A stored file as it is to be added.
pub(crate) fn member(
    store: &Store,
    id: &str,
    wanted: &Wanted,
    call: &Call,
    path: &str,
) -> Result<Member, ApiError> {
    let file = store.file(id).ok_or_else(|| ApiError::no_file(id, path))?;
    Ok(Member::new(file, wanted, &call.end))
}

fn chunking(body: &Json, path: &str) -> Result<Chunking, ApiError> {
    let sizes = body.get("chunking_strategy").and_then(|c| c.get("static"));
    let number = |key: &str| sizes.and_then(|sizes| sizes.number_of(key));
    let chunking = Chunking {
        size: number("max_chunk_size_tokens").unwrap_or(800),
        overlap: number("chunk_overlap_tokens").unwrap_or(400),
    };
    if chunking.overlap * 2 <= chunking.size {
        return Ok(chunking);
    }
    let path = join(path, "chunking_strategy.static.chunk_overlap_tokens");
    let message = format!(
        "Invalid '{path}': integer above maximum value. Expected a value <= {}, half of 'max_chunk_size_tokens', but got {} instead.",
        chunking.size / 2,
        chunking.overlap
    );
    let code = "integer_above_max_value";
    Err(ApiError::invalid(code, &path, message))
}
