//! The pages of lists.

use crate::http::call::Call;
use crate::json::Json;
use crate::objects::error::ApiError;
use crate::objects::value;

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
    pub(crate) fn cut(&self, mut all: Vec<Json>) -> Result<Json, String> {
        if !self.ascending {
            all.reverse();
        }
        let place = |cursor: &String| {
            let found = all.iter().position(|one| one.text_of("id") == Some(cursor));
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
        let id = |object: Option<&Json>| Json::from(object.and_then(|one| one.text_of("id")));
        Ok(Json::object([
            ("object", "list".into()),
            ("first_id", id(page.first())),
            ("last_id", id(page.last())),
            ("has_more", has_more.into()),
            ("data", page.into()),
        ]))
    }
}

fn limit(text: &str, most: i64) -> Result<usize, ApiError> {
    if text.parse::<i64>().is_err() {
        let message = "Invalid type for 'limit': expected an integer, but got a string instead.";
        return Err(ApiError::invalid("invalid_type", "limit", message));
    }
    value::integer("limit", text, 1, most)?;
    text.parse().map_err(|_| value::missing("limit"))
}
