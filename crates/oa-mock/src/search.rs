//! Searching vector stores: what passages answer a question.

use crate::call::Call;
use crate::error::ApiError;
use crate::filter::Filter;
use crate::json::Json;
use crate::member::Member;
use crate::mock::Mock;
use crate::rank;
use crate::reply::Reply;
use crate::schema::store as schema;
use crate::store::VectorStore;
use crate::stores::alive;

/// What is searched for.
pub(crate) struct Search {
    pub(crate) queries: Vec<String>,
    most: usize,
    threshold: f64,
    filter: Option<Filter>,
}

/// A passage that answers.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) file_id: String,
    pub(crate) filename: String,
    pub(crate) attributes: Json,
    pub(crate) text: String,
    score: f64,
}

impl Search {
    /// Reads what a request or a tool says about a search for these queries; `standard` results if it does
    /// not say how many.
    pub(crate) fn read(
        said: &Json,
        path: &str,
        queries: Vec<String>,
        standard: usize,
    ) -> Result<Search, ApiError> {
        let number = |value: Option<&Json>| match value {
            Some(Json::Number(digits)) => digits.parse::<f64>().ok(),
            _ => None,
        };
        let options = said.get("ranking_options");
        let most = match said.get("max_num_results") {
            Some(Json::Number(digits)) => digits.parse().unwrap_or(standard),
            _ => standard,
        };
        Ok(Search {
            queries,
            most,
            threshold: number(options.and_then(|o| o.get("score_threshold"))).unwrap_or(0.0),
            filter: Filter::of(said, path)?,
        })
    }

    /// The best passages of the files that are indexed, the best first.
    pub(crate) fn find(&self, stores: &[&VectorStore]) -> Vec<Found> {
        let members = stores.iter().flat_map(|store| &store.members);
        let wanted = |member: &&Member| {
            let filter = self.filter.as_ref();
            filter.is_none_or(|filter| filter.passes(&member.attributes))
        };
        let passages: Vec<(&Member, &str)> = members
            .filter(wanted)
            .flat_map(|member| {
                let document = member.document().into_iter();
                document.flat_map(move |document| document.passages().map(move |p| (member, p)))
            })
            .collect();
        let mut found: Vec<Found> = passages
            .iter()
            .zip(self.scores(&passages))
            .filter(|(_, score)| *score > 0.0 && *score >= self.threshold)
            .map(|((member, text), score)| Found {
                file_id: member.id.clone(),
                filename: member.name.clone(),
                attributes: member.attributes.clone(),
                text: (*text).to_owned(),
                score,
            })
            .collect();
        found.sort_by(|one, two| two.score.total_cmp(&one.score));
        found.truncate(self.most);
        found
    }

    /// What the query that fits best makes of each passage.
    fn scores(&self, passages: &[(&Member, &str)]) -> Vec<f64> {
        let texts: Vec<&str> = passages.iter().map(|(_, text)| *text).collect();
        let mut best = vec![0.0_f64; texts.len()];
        for query in &self.queries {
            for (best, score) in best.iter_mut().zip(rank::scores(query, &texts)) {
                *best = best.max(score);
            }
        }
        best
    }
}

impl Found {
    /// The score, between 0 and 1.
    pub(crate) fn score(&self) -> Json {
        Json::Number(format!("{:.4}", self.score))
    }

    fn json(&self) -> Json {
        let content = [("type", "text".into()), ("text", self.text.as_str().into())];
        Json::object([
            ("file_id", self.file_id.as_str().into()),
            ("filename", self.filename.as_str().into()),
            ("score", self.score()),
            ("attributes", self.attributes.clone()),
            ("content", vec![Json::object(content)].into()),
        ])
    }
}

/// `POST /vector_stores/{id}/search`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json()?;
    mock.check().object(schema::SEARCH, &body, "")?;
    let search = Search::read(&body, "", queries(&body), 10)?;
    let mut store = mock.store();
    let found = alive(&mut store, &call.id)?;
    found.touch();
    let results: Vec<Json> = search.find(&[found]).iter().map(Found::json).collect();
    let queries: Vec<Json> = search.queries.into_iter().map(Json::from).collect();
    let page = Json::object([
        ("object", "vector_store.search_results.page".into()),
        ("search_query", queries.into()),
        ("data", results.into()),
        ("has_more", false.into()),
        ("next_page", Json::Null),
    ]);
    Ok(Reply::json(200, &page))
}

/// The queries of a request; rewritten, they are their words.
fn queries(body: &Json) -> Vec<String> {
    let given: Vec<&str> = match body.get("query") {
        Some(Json::Text(query)) => vec![query],
        Some(queries) => queries.elements().iter().filter_map(Json::text).collect(),
        None => Vec::new(),
    };
    let rewritten = body.flag("rewrite_query");
    let say = |query: &str| {
        if rewritten {
            rank::words(query).join(" ")
        } else {
            query.to_owned()
        }
    };
    given.into_iter().map(say).collect()
}
