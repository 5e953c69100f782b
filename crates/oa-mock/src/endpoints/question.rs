//! A question: what is read for it, and what it is answered.

use std::time::Instant;

use crate::http::call::Call;
use crate::id::now;
use crate::json::Json;
use crate::limit::limiter::Wish;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::objects::input::Input;
use crate::objects::prompt::{self, Piece, Prompt};
use crate::objects::{answer, choice, items, model, terms};
use crate::search::tool;
use crate::state::file::Files;
use crate::state::item::{Citation, Item, Message, SearchCall};
use crate::state::response::{Ending, Phase, Read, Stored};

/// Models say first what they are about to do, from here on.
const COMMENTS: (u32, u32) = (6, 0);
const COMMENTARY: &str = "Let me look at what was sent.";

/// What is said up to a question, what it goes on from included.
pub(crate) fn said(mock: &Mock, body: &Json, input: &Input) -> Vec<Piece> {
    let previous = body.text_of("previous_response_id").unwrap_or_default();
    let before = mock.store().response(previous).map(|found| found.said());
    prompt::said(body, before.unwrap_or_default(), &input.pieces)
}

/// Tokens of a question that had been read before, when it came.
pub(crate) fn known(mock: &Mock, response: &Stored, came: Instant) -> u64 {
    let store = mock.store();
    store.prompts.read(&response.read.prefixes, came)
}

/// What is read for an answer is found by others from this moment on, in which it begins.
pub(crate) fn begin(mock: &Mock, response: &mut Stored, at: Instant) {
    let read = std::mem::take(&mut response.read.prefixes);
    let mut store = mock.store();
    store.prompts.write(&read, at, response.read.life);
}

/// A question, and how its answer has to end.
pub(crate) struct Question<'a> {
    mock: &'a Mock,
    call: &'a Call,
    ending: Ending,
    body: Json,
    input: Input,
    said: Vec<Piece>,
    prompt: Prompt,
}

impl<'a> Question<'a> {
    /// Reads a question, and refuses what the API refuses.
    pub(crate) fn read(
        mock: &'a Mock,
        call: &'a Call,
        files: &Files,
    ) -> Result<Question<'a>, ApiError> {
        let body = call.json(&mock.table, "POST /responses")?;
        model::check(&body, mock.settings.lenient)?;
        terms::check(&body, &mut mock.store())?;
        Question::of(mock, call, body, files)
    }

    /// A question whose members were checked, wherever they came from.
    pub(crate) fn of(
        mock: &'a Mock,
        call: &'a Call,
        body: Json,
        files: &Files,
    ) -> Result<Question<'a>, ApiError> {
        let input = Input::read(&body, files)?;
        let said = said(mock, &body, &input);
        Ok(Question {
            mock,
            call,
            ending: Ending::read(&call.end),
            prompt: Prompt::new(&body, &said),
            body,
            input,
            said,
        })
    }

    /// What it counts for: what it holds, and what its answer may hold.
    pub(crate) fn wish(&self) -> Wish<'_> {
        let answer: Option<u32> = self.body.number_of("max_output_tokens");
        let answer = answer.unwrap_or_default().into();
        Wish::Question {
            model: self.body.text_of("model").unwrap_or_default(),
            tokens: self.prompt.tokens().saturating_add(answer),
        }
    }

    /// What it asks for that somebody would have to wait for.
    pub(crate) fn awaits(&self) -> Option<&'static str> {
        let keys = ["stream", "background"];
        keys.into_iter().find(|key| self.body.flag(key))
    }

    /// Tokens that are read for its answer.
    pub(crate) fn tokens(&self) -> u64 {
        self.prompt.tokens()
    }

    /// The Response: final, unless it is one of the background.
    pub(crate) fn answered(self) -> Result<Stored, ApiError> {
        let searches = tool::calls(self.mock, &self.body, &self.input.texts.join("\n"))?;
        let read = Read::of(&self.prompt);
        let phase = match (self.body.flag("background"), self.ending.status.as_str()) {
            (true, _) => Phase::Queued,
            (false, "in_progress") => Phase::InProgress,
            (false, _) => Phase::Final,
        };
        let items = items::items(&self.body, || self.mock.ids.hex("msg_", 48));
        let output = self.output(searches);
        let mut request = self.body;
        request.remove("input");
        Ok(Stored {
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
        })
    }

    /// What a response holds: a commentary if a rule says so, searches, then the answer or the call of a function.
    fn output(&self, searches: Vec<SearchCall>) -> Vec<Item> {
        let comments = (model::version(&self.body) >= COMMENTS).then_some(COMMENTARY);
        let commentary = self.call.end.get("commentary").or(comments);
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
        let (text, cited) = match (self.call.end.get("text"), self.ending.status.as_str()) {
            (Some(said), _) => (said.to_owned(), 0),
            (None, "refusal") => ("I'm sorry, I can't help with that.".to_owned(), 0),
            (None, "incomplete") => (whole.chars().take(length / 2).collect(), length / 2),
            _ => (whole, length),
        };
        citations.retain(|citation| citation.index <= cited);
        (text, citations)
    }
}
