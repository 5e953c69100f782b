//! The Responses API: questions, and what became of them.

use std::time::Instant;

use crate::endpoints::page::Page;
use crate::endpoints::question::{Question, begin, known, said};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::json::Json;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::objects::input::Input;
use crate::objects::prompt::Prompt;
use crate::objects::stream::Play;
use crate::objects::{model, terms};
use crate::state::response::{Phase, Stored};

/// `POST /responses`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let files = |id: &str| mock.store().file(id).cloned();
    let question = Question::read(mock, call, &files)?;
    let admitted = match mock.limiter().admit(question.wish()) {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(*refusal),
    };
    let mut response = question.answered()?;
    response.read.cached = known(mock, &response, call.arrived());
    let streams = response.request.flag("stream");
    if streams || !response.background() {
        begin(mock, &mut response, Instant::now() + admitted.latency);
    }
    let reply = if streams {
        Reply::events(Play::new(&response))
    } else {
        Reply::json(&response.json())
    };
    if response.request.member("store") != Some(&Json::Bool(false)) {
        mock.store().responses.push(response);
    }
    Ok(reply.admitted(admitted))
}

/// `GET /responses/{id}`, which may be a stream taken up again.
pub(crate) fn retrieve(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    if call.query("stream") == Some("true") {
        let mut store = mock.store();
        let response = store.response(&call.id).ok_or_else(|| unknown(&call.id))?;
        return resume(response, call);
    }
    let mut shown = looked_at(mock, &call.id)?;
    begin(mock, &mut shown, Instant::now());
    if let Some(include) = include(mock, call)? {
        shown.request.set("include", include);
    }
    Ok(Reply::json(&shown.json()))
}

/// A response after one more look at it.
fn looked_at(mock: &Mock, id: &str) -> Result<Stored, ApiError> {
    let mut store = mock.store();
    let response = store.response(id).ok_or_else(|| unknown(id))?;
    if response.background() && !response.is_over() {
        response.looks += 1;
        response.phase = Phase::InProgress;
        if response.looks >= mock.settings.looks && mock.settings.looks > 0 {
            response.settle();
        }
    }
    if response.phase == Phase::Cancelled {
        response.read.prefixes.clear();
    }
    let shown = response.clone();
    response.read.prefixes.clear();
    Ok(shown)
}

/// What the answer is to hold beside the usual, if the query says so.
fn include(mock: &Mock, call: &Call) -> Result<Option<Json>, ApiError> {
    let pairs = call.query.iter();
    let those = pairs.filter(|(key, _)| key == "include" || key == "include[]");
    let words = Json::list(those.map(|(_, word)| word));
    mock.table.check("includes", &words, "include")?;
    Ok((words != Json::list([""; 0])).then_some(words))
}

fn resume(response: &Stored, call: &Call) -> Result<Reply, ApiError> {
    if !response.background() || !response.request.flag("stream") {
        let message = "This response cannot be streamed because it was not created with background=true and stream=true.";
        return Err(ApiError::new(400, message).param("stream"));
    }
    let play = Play::new(response);
    let Some(text) = call.query("starting_after") else {
        return Ok(Reply::events(play));
    };
    let number = text.parse().map_err(|_| {
        let message =
            "Invalid type for 'starting_after': expected an integer, but got a string instead.";
        ApiError::invalid("invalid_type", "starting_after", message)
    })?;
    Ok(Reply::events(play.after(number)))
}

/// `POST /responses/{id}/cancel`
pub(crate) fn cancel(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    let response = store.response(&call.id).ok_or_else(|| unknown(&call.id))?;
    if !response.background() {
        return Err(ApiError::new(400, "Cannot cancel a synchronous response."));
    }
    if !response.is_over() {
        response.phase = Phase::Cancelled;
    }
    Ok(Reply::json(&response.json()))
}

/// `DELETE /responses/{id}`
pub(crate) fn delete(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    store.response(&call.id).ok_or_else(|| unknown(&call.id))?;
    store.responses.retain(|response| response.id != call.id);
    Ok(Reply::deleted(&call.id, "response"))
}

/// `GET /responses/{id}/input_items`
pub(crate) fn input_items(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let page = Page::read(call, 20, 100)?;
    include(mock, call)?;
    let mut store = mock.store();
    let response = store.response(&call.id).ok_or_else(|| unknown(&call.id))?;
    let page = page.cut(response.items.clone()).map_err(|id| {
        ApiError::new(404, format!("Item with id '{id}' not found.")).param("after")
    })?;
    Ok(Reply::json(&page))
}

/// `POST /responses/input_tokens`
pub(crate) fn input_tokens(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json(&mock.table, "POST /responses/input_tokens")?;
    model::check(&body, mock.settings.lenient)?;
    terms::asked(&body, &mut mock.store())?;
    let files = |id: &str| mock.store().file(id).cloned();
    let input = Input::read(&body, &files)?;
    let prompt = Prompt::new(&body, &said(mock, &body, &input));
    let count = [
        ("object", "response.input_tokens".into()),
        ("input_tokens", prompt.tokens().into()),
    ];
    Ok(Reply::json(&Json::object(count)))
}

fn unknown(id: &str) -> ApiError {
    ApiError::new(404, format!("Response with id '{id}' not found."))
}
