//! A search: what is looked for, and the passages that answer.

use crate::objects::error::ApiError;
use crate::objects::json::Json;
use crate::objects::member::Member;
use crate::objects::store::VectorStore;
use crate::schema::filter::Filter;
use crate::search::rank;

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

    /// The passage as the search endpoint shows it.
    pub(crate) fn json(&self) -> Json {
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
