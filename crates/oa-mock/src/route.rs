//! Which method and path leads to which endpoint.

use crate::call::Call;
use crate::error::ApiError;
use crate::mock::Mock;
use crate::reply::Reply;
use crate::{files, responses};

/// An endpoint.
pub(crate) type Endpoint = fn(&Mock, &Call) -> Result<Reply, ApiError>;

/// More than one row may fit a path: the first counts, so words stand before ids.
const ROUTES: &[(&str, &str, Endpoint)] = &[
    ("POST", "/files", files::create),
    ("GET", "/files", files::list),
    ("GET", "/files/{id}", files::retrieve),
    ("DELETE", "/files/{id}", files::delete),
    ("GET", "/files/{id}/content", files::content),
    ("POST", "/responses", responses::create),
    ("POST", "/responses/input_tokens", responses::input_tokens),
    ("GET", "/responses/{id}", responses::retrieve),
    ("DELETE", "/responses/{id}", responses::delete),
    ("POST", "/responses/{id}/cancel", responses::cancel),
    ("GET", "/responses/{id}/input_items", responses::input_items),
];

/// Finds the endpoint and the id in the path.
pub(crate) fn find<'a>(method: &str, path: &'a str) -> Result<(Endpoint, &'a str), ApiError> {
    let rest = path.strip_prefix("/v1").unwrap_or_default();
    let fits = |pattern: &str| id(pattern, rest);
    let known = ROUTES.iter().find_map(|(m, pattern, endpoint)| {
        let id = fits(pattern).filter(|_| *m == method)?;
        Some((*endpoint, id))
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

/// What stands for `{id}` in a path that fits the pattern; empty if the pattern has none.
fn id<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, after)) = pattern.split_once("{id}") else {
        return (pattern == path).then_some("");
    };
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn paths_lead_to_endpoints() {
        let id = |method, path| {
            find(method, path)
                .map(|(_, id)| id.to_owned())
                .map_err(|error| error.status)
        };
        assert_eq!(id("GET", "/v1/files"), Ok(String::new()));
        assert_eq!(
            id("GET", "/v1/files/file-1/content"),
            Ok("file-1".to_owned())
        );
        assert_eq!(id("POST", "/v1/responses/input_tokens"), Ok(String::new()));
        assert_eq!(id("PUT", "/v1/files"), Err(405));
        assert_eq!(id("GET", "/v1/nothing"), Err(404));
        assert_eq!(id("GET", "/files"), Err(404));
    }
}
