//! How many tokens a question has, asked before it is.

use oa_core::field::Fields;
use oa_core::reply::Expect;
use oa_core::request::Request;
use oa_core::{Error, Kind, Result};
use oa_pipe::record::Record;

use crate::asking::Asking;

/// Fields of a question that say nothing of its size, and that counting does not take (API reference, November
/// 2026). Whatever else stands in a body goes along.
const LEFT_OUT: [&str; 22] = [
    "background",
    "background_options",
    "context_management",
    "include",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "moderation",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "top_logprobs",
    "top_p",
    "user",
    "access_programs",
    "image",
];

impl Asking<'_> {
    /// Puts the number of the question's tokens into the record, and asks nothing.
    pub(crate) fn count(&self, record: &mut Record) -> Result<()> {
        record.object_mut().remove("input_tokens");
        let tokens = self.tokens(record)?;
        record.count(tokens);
        Ok(())
    }

    /// Refuses a question that has more tokens than that.
    pub(crate) fn brake(&self, record: &Record, most: u64) -> Result<()> {
        let tokens = self.tokens(record)?;
        if tokens <= most {
            return Ok(());
        }
        let message =
            format!("the question has {tokens} input tokens, more than --max-input-tokens {most}");
        let hint = "attach less, search instead of attaching (oa-index), or raise the limit";
        Err(Error::input(message).hint(hint))
    }

    fn tokens(&self, record: &Record) -> Result<u64> {
        let mut body = self.request.body.clone();
        for key in LEFT_OUT {
            body.remove(key);
        }
        let body = self.request.filled(&body);
        let path = "/responses/input_tokens".to_owned();
        let answer = self
            .client
            .call(&Request::query(path, body, Expect::Count))
            .map_err(|error| uncounted(self.explain(record, error)))?;
        let tokens = Fields::of(&answer.object, &["input_tokens"]).get("input_tokens");
        tokens.ok_or_else(|| Error::new(Kind::Network, "the answer counts no input_tokens"))
    }
}

/// A server that does not count must not look like one that does not know the file, or the address.
fn uncounted(mut error: Error) -> Error {
    if error.hint.is_none() && matches!(error.status, Some(404 | 405 | 501)) {
        let hint = "this server seems to count no tokens (POST /responses/input_tokens), and nothing was asked: \
                    leave out --count or --max-input-tokens";
        error.hint = Some(hint.to_owned());
    }
    error
}
