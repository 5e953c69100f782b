//! A request after it was read whole: id, query, body; and the pages of lists.

use bytes::Bytes;

use crate::faults::action::Keys;
use crate::http::form::Part;
use crate::objects::error::ApiError;
use crate::objects::json::Json;
use crate::schema::value;

/// A request as the endpoints see it.
pub(crate) struct Call {
    /// The id in the path.
    pub(crate) id: String,
    /// The second id in the path: of something in a vector store.
    pub(crate) part: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) received: Received,
    /// How what this request makes has to end.
    pub(crate) end: Option<Keys>,
}

/// The body of a request.
pub(crate) enum Received {
    Bytes { content_type: String, bytes: Bytes },
    Form(Vec<Part>),
}

const NO_JSON: &str = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)";

impl Call {
    /// A parameter of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as a JSON object.
    pub(crate) fn json(&self) -> Result<Json, ApiError> {
        let Received::Bytes {
            content_type,
            bytes,
        } = &self.received
        else {
            return Err(unsupported("multipart/form-data"));
        };
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind != "application/json" {
            return Err(unsupported(content_type));
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let body = Json::read(text)
            .ok()
            .filter(|body| matches!(body, Json::Object(_)));
        body.ok_or_else(|| ApiError::new(400, NO_JSON))
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

/// Which part of a list is wanted.
pub(crate) struct Page {
    limit: usize,
    ascending: bool,
    after: Option<String>,
    before: Option<String>,
}

impl Page {
    /// Reads `limit`, `order` and `after`.
    pub(crate) fn read(call: &Call, standard: usize, most: i64) -> Result<Page, ApiError> {
        let limit = match call.query("limit") {
            None => standard,
            Some(text) => limit(text, most)?,
        };
        let order = call.query("order").unwrap_or("desc");
        value::word("order", order, "asc desc")?;
        let after = call.query("after").map(str::to_owned);
        Ok(Page {
            limit,
            ascending: order == "asc",
            after,
            before: None,
        })
    }

    /// Reads `before` as well, which only some lists know.
    pub(crate) fn before(mut self, call: &Call) -> Page {
        self.before = call.query("before").map(str::to_owned);
        self
    }

    /// Makes the page of objects given in the order of their creation; the error is the cursor that is none
    /// of their ids.
    pub(crate) fn cut(&self, mut all: Vec<(String, Json)>) -> Result<Json, String> {
        if !self.ascending {
            all.reverse();
        }
        let place = |cursor: &String| {
            let found = all.iter().position(|(id, _)| id == cursor);
            found.ok_or_else(|| cursor.clone())
        };
        let end = self.before.as_ref().map(place).transpose()?;
        let start = self.after.as_ref().map(place).transpose()?;
        let (end, start) = (end.unwrap_or(all.len()), start.map_or(0, |at| at + 1));
        all.truncate(end);
        let mut page = all.split_off(start.min(end));
        let has_more = page.len() > self.limit;
        if self.before.is_some() && self.after.is_none() {
            page = page.split_off(page.len().saturating_sub(self.limit));
        }
        page.truncate(self.limit);
        let id = |entry: Option<&(String, Json)>| Json::from(entry.map(|(id, _)| id.clone()));
        Ok(Json::object([
            ("object", "list".into()),
            ("first_id", id(page.first())),
            ("last_id", id(page.last())),
            ("has_more", has_more.into()),
            (
                "data",
                page.into_iter()
                    .map(|(_, object)| object)
                    .collect::<Vec<_>>()
                    .into(),
            ),
        ]))
    }
}

fn limit(text: &str, most: i64) -> Result<usize, ApiError> {
    if text.parse::<i64>().is_err() {
        let message = "Invalid type for 'limit': expected an integer, but got a string instead.";
        return Err(ApiError::invalid("invalid_type", "limit", message));
    }
    value::integer("limit", text, 1, most)?;
    text.parse().map_err(|_| value::missing_parameter("limit"))
}

/// The pairs of a query, `%XX` and `+` undone.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let split = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    split
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// A text with `%XX` and `+` undone.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = text
            .get(at + 1..at + 3)
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                decoded.push(code);
                at += 2;
            }
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
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
