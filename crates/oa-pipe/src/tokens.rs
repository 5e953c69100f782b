//! Tokens of answers, one by one and added up.

use std::fmt::Write as _;

use oa_core::field::{Fields, Look};

/// Tokens of a Response, as far as it says them.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Usage {
    /// Tokens of the question and its files.
    pub input_tokens: Option<u64>,
    /// Those of them that the provider's prompt cache held.
    pub cached_tokens: Option<u64>,
    /// Tokens of the answer, reasoning included.
    pub output_tokens: Option<u64>,
}

impl Look<'_> for Usage {
    const KEYS: &'static [&'static str] =
        &["input_tokens", "input_tokens_details", "output_tokens"];

    fn look(fields: &Fields) -> Usage {
        let details = fields.raw("input_tokens_details");
        Usage {
            input_tokens: fields.get("input_tokens"),
            cached_tokens: details
                .and_then(|details| Fields::of(details, &["cached_tokens"]).get("cached_tokens")),
            output_tokens: fields.get("output_tokens"),
        }
    }
}

impl Usage {
    /// Both together; what neither says stays unsaid.
    #[must_use]
    pub fn plus(self, other: Usage) -> Usage {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        Usage {
            input_tokens: sum(self.input_tokens, other.input_tokens),
            cached_tokens: sum(self.cached_tokens, other.cached_tokens),
            output_tokens: sum(self.output_tokens, other.output_tokens),
        }
    }
}

/// Counts that are known as fields of a line, a blank before each.
#[must_use]
pub fn counts(counts: &[(&str, Option<u64>)]) -> String {
    let mut line = String::new();
    for (name, count) in counts {
        if let Some(count) = count {
            let _ = write!(line, " {name}={count}");
        }
    }
    line
}
