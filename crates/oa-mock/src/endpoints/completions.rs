//! Chat Completions: the same questions in the older form, for servers and programs that know no other.

use std::time::Instant;

use crate::endpoints::question::{Question, begin, known};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::objects::stream::Play;
use crate::objects::{chat, model};
use crate::state::completion::Completion;

/// `POST /chat/completions`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json(&mock.table, "POST /chat/completions")?;
    if body.text_of("model").is_none() {
        return Err(ApiError::new(400, "you must provide a model parameter"));
    }
    model::check(&body, mock.settings.lenient)?;
    let files = |id: &str| mock.store().file(id).cloned();
    let question = Question::of(mock, call, chat::question(&body, &files)?, &files)?;
    let admitted = match mock.limiter().admit(question.wish()) {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(*refusal),
    };
    let mut response = question.answered()?;
    response.read.cached = known(mock, &response, call.arrived());
    begin(mock, &mut response, Instant::now() + admitted.latency);
    let completion = Completion {
        id: mock.ids.hex("chatcmpl-", 29),
        response: &response,
    };
    completion.check()?;
    let reply = if body.flag("stream") {
        let options = body.get("stream_options");
        let usage = options.is_some_and(|options| options.flag("include_usage"));
        Reply::events(Play::chunks(completion.events(usage)))
    } else {
        Reply::json(&completion.json())
    };
    Ok(reply.admitted(admitted))
}
