//! The options of a search, for a model and without one.

use serde_json::Value;

use crate::filter;
use oa_core::error::{Error, Result};

/// What is searched for, and how much of it.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Search")]
pub struct Search {
    /// Find at most that many passages, 1 to 50
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=50))]
    pub max_num_results: Option<u8>,
    /// Search only files whose attribute fits: = != > >= < <=; several must
    /// all hold
    #[arg(long, value_name = "K=V", value_parser = filter::comparison)]
    pub filter: Vec<Value>,
    /// The same as a tree of the API: and, or, in
    #[arg(long, value_name = "JSON")]
    pub filter_json: Option<String>,
}

impl Search {
    /// Whether any of them was said.
    #[must_use]
    pub fn is_said(&self) -> bool {
        self.max_num_results.is_some() || !self.filter.is_empty() || self.filter_json.is_some()
    }

    /// All filters as one.
    ///
    /// # Errors
    /// `usage` where the JSON is no filter.
    pub fn filters(&self) -> Result<Option<Value>> {
        let tree = self.filter_json.as_deref().map(filter::tree).transpose();
        let tree = tree.map_err(|why| Error::usage(format!("--filter-json: {why}")))?;
        Ok(filter::all(
            self.filter.iter().cloned().chain(tree).collect(),
        ))
    }
}
