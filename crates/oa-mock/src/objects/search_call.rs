//! A call of the tool `file_search`, and how an answer cites what it found.

use crate::objects::json::Json;
use crate::search::query::Found;
use crate::search::rank;

/// Results of a call that does not say how many.
pub(crate) const MOST_RESULTS: usize = 20;

/// Characters of a passage that an answer quotes.
const QUOTE: usize = 200;

/// One call of the tool, and what it found.
#[derive(Clone, Debug)]
pub(crate) struct SearchCall {
    pub(crate) id: String,
    pub(crate) stores: Vec<String>,
    pub(crate) question: String,
    pub(crate) found: Vec<Found>,
}

/// Where an answer cites a file: a `file_citation`.
#[derive(Clone, Debug)]
pub(crate) struct Citation {
    file_id: String,
    filename: String,
    /// Characters of the answer before it.
    pub(crate) index: usize,
}

impl SearchCall {
    /// The output item; with its results only if they were asked for.
    pub(crate) fn json(&self, status: &str, results: bool) -> Json {
        let done = status == "completed";
        let queries = done.then(|| Json::from(self.question.as_str()));
        let results = (done && results).then(|| self.found.iter().map(result).collect::<Vec<_>>());
        Json::object([
            ("id", self.id.as_str().into()),
            ("type", "file_search_call".into()),
            ("status", status.into()),
            ("queries", queries.into_iter().collect::<Vec<_>>().into()),
            ("results", results.into()),
        ])
    }
}

impl Citation {
    /// The annotation.
    pub(crate) fn json(&self) -> Json {
        Json::object([
            ("type", "file_citation".into()),
            ("file_id", self.file_id.as_str().into()),
            ("index", self.index.into()),
            ("filename", self.filename.as_str().into()),
        ])
    }
}

fn result(found: &Found) -> Json {
    Json::object([
        ("attributes", found.attributes.clone()),
        ("file_id", found.file_id.as_str().into()),
        ("filename", found.filename.as_str().into()),
        ("score", found.score()),
        ("text", found.text.as_str().into()),
    ])
}

/// Adds to an answer what was found, a line and a citation for each passage.
pub(crate) fn quote(calls: &[SearchCall], text: &mut String) -> Vec<Citation> {
    let mut citations = Vec::new();
    for call in calls {
        if call.found.is_empty() {
            text.push_str("\nfound nothing in ");
            text.push_str(&call.stores.join(" and "));
        }
        for found in &call.found {
            let line = rank::line(&call.question, &found.text);
            let line: String = line.trim().chars().take(QUOTE).collect();
            let line = Json::from(line).write();
            text.extend(["\nfound ", &line, " in ", &found.filename]);
            citations.push(Citation {
                file_id: found.file_id.clone(),
                filename: found.filename.clone(),
                index: text.chars().count(),
            });
        }
    }
    citations
}
