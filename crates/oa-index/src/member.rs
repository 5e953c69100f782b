//! Files in a store: what an entry says of its file, and the lists of entries.

use std::collections::BTreeMap;

use oa_core::field::{Fields, Look as Read};
use oa_core::id::query;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Id, Result};
use oa_pipe::pages::pages;
use oa_pipe::wait::{Look, Wait};

use crate::indexer::Indexer;

/// Files of one page of a list; the most that the API gives.
const PAGE: &str = "100";

/// A file in a store as far as it is looked at.
#[derive(Default)]
pub(crate) struct Member {
    id: Option<Id>,
    status: Option<String>,
    /// Why it could not be indexed.
    trouble: Option<String>,
}

impl Read<'_> for Member {
    const KEYS: &'static [&'static str] = &["id", "status", "last_error"];

    fn look(fields: &Fields) -> Member {
        Member {
            id: fields.id(),
            status: fields.text("status"),
            trouble: fields.object("last_error").and_then(|Words(words)| words),
        }
    }
}

/// What an error says: its code and its message.
struct Words(Option<String>);

impl Read<'_> for Words {
    const KEYS: &'static [&'static str] = &["code", "message"];

    fn look(fields: &Fields) -> Words {
        let words = ["code", "message"].map(|key| fields.text(key));
        let words: Vec<String> = words.into_iter().flatten().collect();
        Words((!words.is_empty()).then(|| words.join(": ")))
    }
}

impl Member {
    /// One that nobody has looked at.
    pub(crate) fn unknown() -> Member {
        Member {
            status: Some("in_progress".to_owned()),
            ..Member::default()
        }
    }

    /// The API's word, or what its absence comes to: a server that has none works while one waits.
    fn status(&self) -> &str {
        match (&self.status, &self.trouble) {
            (Some(status), _) => status,
            (None, Some(_)) => "failed",
            (None, None) => "completed",
        }
    }

    pub(crate) fn is_indexed(&self) -> bool {
        self.status() == "completed"
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status(), "completed" | "failed" | "cancelled")
    }

    /// Why it is not indexed.
    pub(crate) fn reason(&self) -> String {
        let status = self.status().to_owned();
        self.trouble.clone().unwrap_or(status)
    }
}

impl Indexer<'_> {
    /// All files of a list that have this status, by their ids.
    pub(crate) fn members(
        &self,
        wait: &mut Wait,
        path: &str,
        status: &str,
    ) -> Result<BTreeMap<Id, Member>> {
        let mut found = BTreeMap::new();
        let fetch = |after: Option<&str>| {
            let fields = [
                ("limit", Some(PAGE)),
                ("filter", Some(status)),
                ("after", after),
            ];
            let address = query(path, &fields);
            let answer = wait.until_final(|until| {
                let call = Request::get(address.clone(), Expect::List);
                let answer = self.client.call(&call.once().until(until));
                answer.map(Look::Final)
            });
            answer.map(Some)
        };
        pages(true, fetch, |entry, _| {
            let mut member = Member::read(entry);
            // What a list was asked for is what its entries are, unless they say otherwise.
            member.status.get_or_insert_with(|| status.to_owned());
            let before = found.len();
            if let Some(id) = member.id.clone() {
                found.entry(id).or_insert(member);
            }
            found.len() > before
        })?;
        Ok(found)
    }
}
