//! A request after it was read whole: id, query, body.

use std::time::Instant;

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use crate::faults::keys::Keys;
use crate::http::form::Part;
use crate::json::Json;
use crate::objects::error::ApiError;
use crate::objects::table::Table;

/// A request as the endpoints see it.
pub(crate) struct Call {
    /// The id in the path.
    pub(crate) id: String,
    /// The second id in the path: of something in a vector store.
    pub(crate) part: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) received: Received,
    /// How what this request makes has to end.
    pub(crate) end: Keys,
}

/// The body of a request.
pub(crate) enum Received {
    Bytes {
        content_type: String,
        bytes: Bytes,
        /// When all of it was there.
        at: Instant,
    },
    Form(Vec<Part>),
}

const NO_JSON: &str = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)";

impl Call {
    /// A parameter of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as a JSON object that is what the table says of requests of this name.
    pub(crate) fn json(&self, table: &Table, name: &str) -> Result<Json, ApiError> {
        let Received::Bytes {
            content_type,
            bytes,
            ..
        } = &self.received
        else {
            return Err(unsupported("multipart/form-data"));
        };
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind != "application/json" {
            return Err(unsupported(content_type));
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let body = Json::read(text).ok();
        let body = body.filter(|body| matches!(body, Json::Object(_)));
        let body = body.ok_or_else(|| ApiError::new(400, NO_JSON))?;
        table.check(name, &body, "")?;
        Ok(body)
    }

    /// When a body that is no form had arrived.
    pub(crate) fn arrived(&self) -> Instant {
        match &self.received {
            Received::Bytes { at, .. } => *at,
            Received::Form(_) => Instant::now(),
        }
    }

    /// The body as a form.
    pub(crate) fn form(&self) -> Result<&[Part], ApiError> {
        match &self.received {
            Received::Form(parts) => Ok(parts),
            Received::Bytes { content_type, .. } => {
                let message = format!(
                    "Invalid Content-Type header ({content_type}), expected multipart/form-data. (HINT: If you're using curl, you can pass -H 'Content-Type: multipart/form-data')"
                );
                Err(ApiError::new(400, message))
            }
        }
    }
}

fn unsupported(kind: &str) -> ApiError {
    let message = format!(
        "Unsupported content type: '{kind}'. This API method only accepts 'application/json' requests, but you specified the header 'Content-Type: {kind}'. Please try again with a supported content type."
    );
    ApiError::new(400, message).code("unsupported_content_type")
}

/// The pairs of a query, `%XX` and `+` undone.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let query = query.replace('+', " ");
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let split = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    split
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}

/// A text with `%XX` undone.
pub(crate) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn queries_are_read() {
        let wanted = [("after", "file-1"), ("include[]", "a b"), ("x", "")];
        let wanted: Vec<_> = wanted.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        assert_eq!(pairs("after=file-1&include%5B%5D=a+b&x"), wanted);
    }
}
