//! Lists of the API, page after page, however a server pages.

use std::collections::BTreeSet;

use oa_core::Result;
use oa_core::field::{Fields, each};
use oa_core::reply::Reply;
use serde_json::value::RawValue;

/// How a list ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It is whole, or nobody wants more of it.
    Whole,
    /// The server says that there is more, and repeats itself.
    Repeats,
    /// The server says that there is more, and nothing in the page has an id to go on from.
    Nowhere,
}

/// Takes the elements of all pages of a list. `fetch` asks for the page behind an element, and ends the list where
/// it brings none; `take` says whether an element is new. A cursor that was there before leads nowhere, nor does a
/// page that brings nothing new and does not say that there is more; a list that says nothing of further pages has
/// them only if it is `paged`.
///
/// # Errors
/// As `fetch`.
pub fn pages(
    paged: bool,
    mut fetch: impl FnMut(Option<&str>) -> Result<Option<Reply>>,
    mut take: impl FnMut(&RawValue, Option<&str>) -> bool,
) -> Result<Ending> {
    let mut cursors = BTreeSet::new();
    let mut after: Option<String> = None;
    while let Some(reply) = fetch(after.as_deref())? {
        let page = Fields::of(&reply.object, &["data", "has_more", "last_id"]);
        let (mut news, mut cursor) = (false, page.text("last_id"));
        if let Some(data) = page.raw("data") {
            each(data, |item| {
                let id = Fields::of(item, &["id"]).text("id");
                news |= take(item, id.as_deref());
                cursor = id.or_else(|| cursor.take());
            });
        }
        let more: Option<bool> = page.get("has_more");
        let nowhere = cursor.is_none();
        after = cursor.filter(|cursor| more.unwrap_or(news) && cursors.insert(cursor.clone()));
        match more {
            Some(true) if nowhere => return Ok(Ending::Nowhere),
            Some(true) if after.is_none() => return Ok(Ending::Repeats),
            _ if after.is_none() || (more.is_none() && !paged) => break,
            _ => {}
        }
    }
    Ok(Ending::Whole)
}
