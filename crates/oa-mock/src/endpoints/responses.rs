//! The Responses API: questions, and what became of them.

use std::time::Instant;

use crate::endpoints::page::Page;
use crate::faults::keys::Keys;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::id::now;
use crate::json::Json;
use crate::limit::limiter::Wish;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::objects::input::Input;
use crate::objects::prompt::{self, Piece, Prompt};
use crate::objects::stream::Play;
use crate::objects::{answer, choice, items, model, terms};
use crate::search::tool;
use crate::state::item::{Citation, Item, Message, SearchCall};
use crate::state::response::{Ending, Phase, Read, Stored};

/// Models say first what they are about to do, from here on.
const COMMENTS: (u32, u32) = (6, 0);
const COMMENTARY: &str = "Let me look at what was sent.";

/// `POST /responses`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json(&mock.table, "POST /responses")?;
    model::check(&body, mock.settings.lenient)?;
    terms::check(&body, &mut mock.store())?;
    // A copy: nobody waits for the store while megabytes of base64 are undone.
    let files = mock.store().files.clone();
    let input = Input::read(&body, &files)?;
    let said = said(mock, &body, &input);
    let prompt = Prompt::new(&body, &said);
    let admitted = match mock.limiter().admit(wish(&body, &prompt)) {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(*refusal),
    };
    let searches = tool::calls(mock, &body, &input.texts.join("\n"))?;
    let question = Question {
        mock,
        end: &call.end,
        ending: Ending::read(&call.end),
        body,
        input,
        said,
    };
    let mut response = question.answered(searches, Read::of(&prompt));
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

/// What a question counts for: what it holds, and what its answer may hold.
fn wish<'a>(body: &'a Json, prompt: &Prompt) -> Wish<'a> {
    let answer: Option<u32> = body.number_of("max_output_tokens");
    Wish::Question {
        model: body.text_of("model").unwrap_or_default(),
        tokens: prompt
            .tokens()
            .saturating_add(answer.unwrap_or_default().into()),
    }
}

/// What is said up to a question, what it goes on from included.
fn said(mock: &Mock, body: &Json, input: &Input) -> Vec<Piece> {
    let previous = body.text_of("previous_response_id").unwrap_or_default();
    let before = mock.store().response(previous).map(|found| found.said());
    prompt::said(body, before.unwrap_or_default(), &input.pieces)
}

/// Tokens of a question that had been read before, when it came.
fn known(mock: &Mock, response: &Stored, came: Instant) -> u64 {
    let store = mock.store();
    store.prompts.read(&response.read.prefixes, came)
}

/// What is read for an answer is found by others from this moment on, in which it begins.
fn begin(mock: &Mock, response: &mut Stored, at: Instant) {
    let read = std::mem::take(&mut response.read.prefixes);
    let mut store = mock.store();
    store.prompts.write(&read, at, response.read.life);
}

/// A question, and how its answer has to end.
struct Question<'a> {
    mock: &'a Mock,
    end: &'a Keys,
    ending: Ending,
    body: Json,
    input: Input,
    said: Vec<Piece>,
}

impl Question<'_> {
    fn answered(self, searches: Vec<SearchCall>, read: Read) -> Stored {
        let phase = match (self.body.flag("background"), self.ending.status.as_str()) {
            (true, _) => Phase::Queued,
            (false, "in_progress") => Phase::InProgress,
            (false, _) => Phase::Final,
        };
        let items = items::items(&self.body, || self.mock.ids.hex("msg_", 48));
        let output = self.output(searches);
        let mut request = self.body;
        request.remove("input");
        Stored {
            id: self.mock.ids.hex("resp_", 48),
            created_at: now(),
            completed_at: now(),
            request,
            items,
            output,
            read,
            said: self.said,
            ending: self.ending,
            phase,
            looks: 0,
        }
    }

    /// What a response holds: a commentary if a rule says so, searches, then the answer or the call of a function.
    fn output(&self, searches: Vec<SearchCall>) -> Vec<Item> {
        let comments = (model::version(&self.body) >= COMMENTS).then_some(COMMENTARY);
        let commentary = self.end.get("commentary").or(comments);
        let message = |text: &str, phase| Message {
            id: self.mock.ids.hex("msg_", 48),
            text: text.to_owned(),
            phase,
            ..Message::default()
        };
        let said = commentary.map(|text| message(text, Some("commentary")));
        let mut output: Vec<Item> = said.into_iter().map(Item::Message).collect();
        if let Some(forced) = choice::forced(&self.body, &self.mock.ids) {
            output.push(Item::Call(forced));
            return output;
        }
        let (text, citations) = self.say(&searches);
        output.extend(searches.into_iter().map(Item::Search));
        output.push(Item::Message(Message {
            citations,
            refuses: self.ending.status == "refusal",
            ..message(&text, commentary.map(|_| "final_answer"))
        }));
        output
    }

    /// What a response says, as far as it comes, and the citations in that.
    fn say(&self, searches: &[SearchCall]) -> (String, Vec<Citation>) {
        let mut whole = answer::text(&self.body, &self.input);
        let mut citations = Vec::new();
        if answer::is_prose(&self.body) {
            citations = tool::quote(searches, &mut whole);
        }
        let length = whole.chars().count();
        let (text, cited) = match (self.end.get("text"), self.ending.status.as_str()) {
            (Some(said), _) => (said.to_owned(), 0),
            (None, "refusal") => ("I'm sorry, I can't help with that.".to_owned(), 0),
            (None, "incomplete") => (whole.chars().take(length / 2).collect(), length / 2),
            _ => (whole, length),
        };
        citations.retain(|citation| citation.index <= cited);
        (text, citations)
    }
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
    let files = mock.store().files.clone();
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
