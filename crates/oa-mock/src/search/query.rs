//! A search: which passages of which files it finds.

use crate::json::Json;
use crate::objects::error::ApiError;
use crate::objects::table::Table;
use crate::search::filter::Filter;
use crate::search::words;
use crate::state::item::Found;
use crate::state::member::Member;
use crate::state::vector_store::VectorStore;

/// What is searched for.
pub(crate) struct Search {
    pub(crate) queries: Vec<String>,
    most: usize,
    threshold: f64,
    filter: Option<Filter>,
}

impl Search {
    /// Reads what a request or a tool says about a search for these queries; `standard` results if it does
    /// not say how many.
    pub(crate) fn read(
        table: &Table,
        said: &Json,
        path: &str,
        queries: Vec<String>,
        standard: usize,
    ) -> Result<Search, ApiError> {
        let options = said.get("ranking_options");
        let threshold = options.and_then(|options| options.number_of("score_threshold"));
        Ok(Search {
            queries,
            most: said.number_of("max_num_results").unwrap_or(standard),
            threshold: threshold.unwrap_or_default(),
            filter: Filter::of(table, said, path)?,
        })
    }

    /// The best passages of the files that are indexed, the best first.
    pub(crate) fn find(&self, stores: &[&VectorStore]) -> Vec<Found> {
        let members = stores.iter().flat_map(|store| &store.members);
        let wanted = members.filter(|member| {
            let filter = self.filter.as_ref();
            filter.is_none_or(|filter| filter.passes(&member.attributes))
        });
        let mut found: Vec<Found> = wanted.flat_map(|member| self.passages(member)).collect();
        found.sort_by(|one, two| two.score.total_cmp(&one.score));
        found.truncate(self.most);
        found
    }

    /// Every passage of a file that has words of a query, by the query that fits it best.
    fn passages(&self, member: &Member) -> Vec<Found> {
        let document = member.document().into_iter();
        let found = document
            .flat_map(|document| &document.passages)
            .map(|text| Found {
                file_id: member.id.clone(),
                filename: member.name.clone(),
                attributes: member.attributes.clone(),
                text: text.clone(),
                score: self.score(text),
            });
        let good = found.filter(|found| found.score > 0.0 && found.score >= self.threshold);
        good.collect()
    }

    fn score(&self, text: &str) -> f64 {
        let scores = self.queries.iter().map(|query| words::score(query, text));
        (scores.fold(0.0, f64::max) * 1e4).round() / 1e4
    }
}
