//! The Responses API: questions, and what became of them.

use crate::endpoints::{file_search, terms};
use crate::http::call::{Call, Page};
use crate::http::reply::Reply;
use crate::objects::error::ApiError;
use crate::objects::id::now;
use crate::objects::input::Input;
use crate::objects::input_items;
use crate::objects::json::Json;
use crate::objects::message::Message;
use crate::objects::response::{Ending, Item, Phase, Stored};
use crate::objects::search_call::{self, Citation, SearchCall};
use crate::objects::stream::Play;
use crate::objects::{answer, choice};
use crate::schema::request::{INCLUDES, INPUT_TOKENS, RESPONSE};
use crate::schema::value;
use crate::state::mock::Mock;

/// `POST /responses`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json()?;
    mock.check().object(RESPONSE, &body, "")?;
    terms::check(&body, &mut mock.store())?;
    // A copy: nobody waits for the store while megabytes of base64 are undone.
    let files = mock.store().files.clone();
    let input = Input::read(&body, &files)?;
    let searches = file_search::calls(mock, &body, &input.texts.join("\n"))?;
    let response = answered(mock, call, body, &input, searches);
    let reply = if response.request.flag("stream") {
        Reply::events(Play::new(&response))
    } else {
        Reply::json(200, &response.json())
    };
    if response.request.member("store") != Some(&Json::Bool(false)) {
        mock.store().responses.push(response);
    }
    Ok(reply)
}

fn answered(
    mock: &Mock,
    call: &Call,
    body: Json,
    input: &Input,
    searches: Vec<SearchCall>,
) -> Stored {
    let ending = Ending::read(call.end.as_ref());
    let phase = match (body.flag("background"), ending.status.as_str()) {
        (true, _) => Phase::Queued,
        (false, "in_progress") => Phase::InProgress,
        (false, _) => Phase::Final,
    };
    let items = input_items::items(&body, || mock.ids.hex("msg_", 48));
    let output = output(mock, call, &ending, &body, input, searches);
    let mut request = body;
    request.remove("input");
    Stored {
        id: mock.ids.hex("resp_", 48),
        created_at: now(),
        completed_at: now(),
        request,
        items,
        output,
        input_tokens: input.tokens(),
        ending,
        phase,
        looks: 0,
    }
}

/// What a response holds: a commentary if a rule says so, searches, then the answer or the call of a function.
fn output(
    mock: &Mock,
    call: &Call,
    ending: &Ending,
    body: &Json,
    input: &Input,
    searches: Vec<SearchCall>,
) -> Vec<Item> {
    let commentary = call.end.as_ref().and_then(|keys| keys.get("commentary"));
    let mut output = Vec::new();
    output.extend(commentary.map(|text| {
        Item::Message(Message {
            id: mock.ids.hex("msg_", 48),
            text: text.to_owned(),
            phase: Some("commentary"),
            ..Message::default()
        })
    }));
    if let Some(forced) = choice::forced(body, &mock.ids) {
        output.push(Item::Call(forced));
        return output;
    }
    let (text, citations) = say(call, ending, body, input, &searches);
    output.extend(searches.into_iter().map(Item::Search));
    output.push(Item::Message(Message {
        id: mock.ids.hex("msg_", 48),
        text,
        phase: commentary.map(|_| "final_answer"),
        citations,
        refuses: ending.status == "refusal",
    }));
    output
}

/// What a response says, as far as it comes, and the citations in that.
fn say(
    call: &Call,
    ending: &Ending,
    body: &Json,
    input: &Input,
    searches: &[SearchCall],
) -> (String, Vec<Citation>) {
    let mut whole = answer::text(body, input);
    let mut citations = Vec::new();
    if answer::is_prose(body) {
        citations = search_call::quote(searches, &mut whole);
    }
    let length = whole.chars().count();
    let ruled = call.end.as_ref().and_then(|keys| keys.get("text"));
    let (text, cited) = match (ruled, ending.status.as_str()) {
        (Some(said), _) => (said.to_owned(), 0),
        (None, "refusal") => ("I'm sorry, I can't help with that.".to_owned(), 0),
        (None, "incomplete") => (whole.chars().take(length / 2).collect(), length / 2),
        _ => (whole, length),
    };
    citations.retain(|citation| citation.index <= cited);
    (text, citations)
}

/// `GET /responses/{id}`, which may be a stream taken up again.
pub(crate) fn retrieve(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    let response = store.response(&call.id).ok_or_else(|| unknown(&call.id))?;
    if call.query("stream") == Some("true") {
        return resume(response, call);
    }
    if response.background() && !response.is_over() {
        response.looks += 1;
        response.phase = Phase::InProgress;
        if response.looks >= mock.settings.looks && mock.settings.looks > 0 {
            response.settle();
        }
    }
    let mut shown = response.clone();
    if let Some(include) = include(call)? {
        shown.request.set("include", include);
    }
    Ok(Reply::json(200, &shown.json()))
}

/// What the answer is to hold beside the usual, if the query says so.
fn include(call: &Call) -> Result<Option<Json>, ApiError> {
    let names = ["include", "include[]"];
    let pairs = call.query.iter();
    let words: Vec<&str> = pairs
        .filter(|(key, _)| names.contains(&key.as_str()))
        .map(|(_, value)| value.as_str())
        .collect();
    for (n, word) in words.iter().enumerate() {
        value::word(&format!("include[{n}]"), word, INCLUDES)?;
    }
    let words: Vec<Json> = words.into_iter().map(Json::from).collect();
    Ok((!words.is_empty()).then_some(Json::Array(words)))
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
    Ok(Reply::json(200, &response.json()))
}

/// `DELETE /responses/{id}`
pub(crate) fn delete(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    store.response(&call.id).ok_or_else(|| unknown(&call.id))?;
    store.responses.retain(|response| response.id != call.id);
    let deleted = [
        ("id", call.id.as_str().into()),
        ("object", "response".into()),
        ("deleted", true.into()),
    ];
    Ok(Reply::json(200, &Json::object(deleted)))
}

/// `GET /responses/{id}/input_items`
pub(crate) fn input_items(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let page = Page::read(call, 20, 100)?;
    include(call)?;
    let mut store = mock.store();
    let response = store.response(&call.id).ok_or_else(|| unknown(&call.id))?;
    let id = |item: &Json| item.text_of("id").unwrap_or_default().to_owned();
    let all = response
        .items
        .iter()
        .map(|item| (id(item), item.clone()))
        .collect();
    let page = page.cut(all).map_err(|id| {
        ApiError::new(404, format!("Item with id '{id}' not found.")).param("after")
    })?;
    Ok(Reply::json(200, &page))
}

/// `POST /responses/input_tokens`
pub(crate) fn input_tokens(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json()?;
    mock.check().object(INPUT_TOKENS, &body, "")?;
    terms::asked(&body, &mut mock.store())?;
    let files = mock.store().files.clone();
    let input = Input::read(&body, &files)?;
    let count = [
        ("object", "response.input_tokens".into()),
        ("input_tokens", input.tokens().into()),
    ];
    Ok(Reply::json(200, &Json::object(count)))
}

fn unknown(id: &str) -> ApiError {
    ApiError::new(404, format!("Response with id '{id}' not found."))
}
