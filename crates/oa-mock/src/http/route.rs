//! Which method and path leads to which endpoint.

use crate::endpoints::{
    batches, completions, file_batches, files, members, models, responses, search, stores,
};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::mock::Mock;
use crate::objects::error::ApiError;

/// An endpoint.
pub(crate) type Endpoint = fn(&Mock, &Call) -> Result<Reply, ApiError>;

/// More than one row may fit a path, `*` being an id: the first counts, so words stand before ids.
const ROUTES: &[(&str, &str, Endpoint)] = &[
    ("POST", "/files", files::create),
    ("GET", "/files", files::list),
    ("GET", "/files/*", files::retrieve),
    ("DELETE", "/files/*", files::delete),
    ("GET", "/files/*/content", files::content),
    ("POST", "/batches", batches::create),
    ("GET", "/batches", batches::list),
    ("GET", "/batches/*", batches::retrieve),
    ("POST", "/batches/*/cancel", batches::cancel),
    ("POST", "/chat/completions", completions::create),
    ("GET", "/models", models::list),
    ("GET", "/models/*", models::retrieve),
    ("POST", "/responses", responses::create),
    ("POST", "/responses/input_tokens", responses::input_tokens),
    ("GET", "/responses/*", responses::retrieve),
    ("DELETE", "/responses/*", responses::delete),
    ("POST", "/responses/*/cancel", responses::cancel),
    ("GET", "/responses/*/input_items", responses::input_items),
    ("POST", "/vector_stores", stores::create),
    ("GET", "/vector_stores", stores::list),
    ("GET", "/vector_stores/*", stores::retrieve),
    ("POST", "/vector_stores/*", stores::update),
    ("DELETE", "/vector_stores/*", stores::delete),
    ("POST", "/vector_stores/*/search", search::create),
    ("POST", "/vector_stores/*/files", members::create),
    ("GET", "/vector_stores/*/files", members::list),
    ("GET", "/vector_stores/*/files/*", members::retrieve),
    ("POST", "/vector_stores/*/files/*", members::update),
    ("DELETE", "/vector_stores/*/files/*", members::delete),
    ("GET", "/vector_stores/*/files/*/content", members::content),
    (
        "POST",
        "/vector_stores/*/file_batches",
        file_batches::create,
    ),
    (
        "GET",
        "/vector_stores/*/file_batches/*",
        file_batches::retrieve,
    ),
    (
        "POST",
        "/vector_stores/*/file_batches/*/cancel",
        file_batches::cancel,
    ),
    (
        "GET",
        "/vector_stores/*/file_batches/*/files",
        file_batches::list,
    ),
];

/// Finds the endpoint and the ids in the path, `""` where it has none.
pub(crate) fn find<'a>(method: &str, path: &'a str) -> Result<(Endpoint, [&'a str; 2]), ApiError> {
    let rest = path.strip_prefix("/v1").unwrap_or_default();
    let fits = |pattern: &str| ids(pattern, rest);
    let known = ROUTES.iter().find_map(|(m, pattern, endpoint)| {
        let ids = fits(pattern).filter(|_| *m == method)?;
        Some((*endpoint, ids))
    });
    let elsewhere = || ROUTES.iter().any(|(_, pattern, _)| fits(pattern).is_some());
    match known {
        Some(found) => Ok(found),
        None if elsewhere() => {
            let message = format!(
                "Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)"
            );
            Err(ApiError::new(405, message).code("method_not_supported"))
        }
        None => Err(ApiError::new(404, format!("Invalid URL ({method} {path})"))),
    }
}

/// The ids in a path that fits the pattern.
fn ids<'a>(pattern: &str, path: &'a str) -> Option<[&'a str; 2]> {
    let mut ids = Vec::new();
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => break,
            (Some("*"), Some(id)) if !id.is_empty() => ids.push(id),
            (Some(want), Some(part)) if want == part => {}
            _ => return None,
        }
    }
    ids.resize(2, "");
    ids.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn paths_lead_to_endpoints() {
        let ids = |method, path| {
            find(method, path)
                .map(|(_, ids)| ids)
                .map_err(|error| error.status)
        };
        assert_eq!(ids("GET", "/v1/files"), Ok(["", ""]));
        assert_eq!(ids("GET", "/v1/files/file-1/content"), Ok(["file-1", ""]));
        assert_eq!(ids("POST", "/v1/responses/input_tokens"), Ok(["", ""]));
        assert_eq!(
            ids("GET", "/v1/vector_stores/vs_1/files/file-1/content"),
            Ok(["vs_1", "file-1"])
        );
        assert_eq!(ids("GET", "/v1/vector_stores//files"), Err(404));
        assert_eq!(ids("PUT", "/v1/files"), Err(405));
        assert_eq!(ids("GET", "/v1/nothing"), Err(404));
        assert_eq!(ids("GET", "/files"), Err(404));
    }
}
