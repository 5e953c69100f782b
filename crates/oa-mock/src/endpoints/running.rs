//! The requests of a Batch, run one after the other against this server, and the files of what they are answered.

use std::collections::HashMap;
use std::time::Instant;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::endpoints::question::Question;
use crate::faults::keys::Keys;
use crate::faults::rule::LINE;
use crate::faults::spoil;
use crate::http::call::{Call, Received};
use crate::http::reply::{Content, JSON, Reply};
use crate::id::{hex, now};
use crate::json::Json;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::objects::task::{Task, lines};
use crate::state::batch::{Outcome, Work};
use crate::state::file::File;

const EXPIRED: (&str, &str) = (
    "batch_expired",
    "This request could not be executed before the completion window expired.",
);
const BROKEN: (&str, &str) = (
    "server_error",
    "The server had an error while processing your request.",
);

/// Lines of a file, the last one first: no order is promised.
#[derive(Default)]
struct Lines {
    text: String,
    starts: Vec<usize>,
}

impl Lines {
    fn add(&mut self, line: &str) {
        self.starts.push(self.text.len());
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn whole(&self) -> String {
        let mut whole = String::with_capacity(self.text.len());
        let mut end = self.text.len();
        for start in self.starts.iter().rev() {
            whole.push_str(&self.text[*start..end]);
            end = *start;
        }
        whole
    }
}

/// A Batch whose requests are run.
struct Run<'a> {
    mock: &'a Mock,
    /// The files that were there when it began: looking for one of thousands takes no time.
    files: HashMap<String, File>,
    outputs: Lines,
    errors: Lines,
    outcome: Outcome,
}

impl<'a> Run<'a> {
    fn new(mock: &'a Mock) -> Run<'a> {
        let store = mock.store();
        let files = store.files.iter();
        let files = files.map(|file| (file.id.clone(), file.clone()));
        Run {
            mock,
            files: files.collect(),
            outputs: Lines::default(),
            errors: Lines::default(),
            outcome: Outcome::default(),
        }
    }
}

/// Runs requests, and keeps what came of them as files.
pub(crate) fn run(mock: &Mock, work: &Work) -> Outcome {
    let mut run = Run::new(mock);
    for (n, line) in lines(&work.requests).enumerate() {
        let Some(task) = Task::read(&line) else {
            continue;
        };
        if (n as u64) < work.done {
            run.task(&task);
        } else if work.expires {
            run.fail(&task, EXPIRED);
        }
    }
    let (outputs, errors) = (run.outputs.whole(), run.errors.whole());
    run.outcome.output = keep(mock, work, "output", outputs);
    run.outcome.error = keep(mock, work, "error", errors);
    run.outcome
}

/// About as many tokens as the model's queue counts for these requests; those that will be refused have none.
pub(crate) fn tokens(mock: &Mock, requests: &Bytes) -> u64 {
    let run = Run::new(mock);
    let tasks = lines(requests).filter_map(|line| Task::read(&line));
    let tokens = tasks.map(|task| {
        let call = question(task.body, Keys::default());
        let files = |id: &str| run.files.get(id).cloned();
        let question = Question::read(mock, &call, &files);
        question.map_or(0, |question| question.tokens())
    });
    tokens.sum()
}

/// A body as if it had come by itself.
fn question(body: Bytes, end: Keys) -> Call {
    Call {
        id: String::new(),
        part: String::new(),
        query: Vec::new(),
        received: Received::Bytes {
            content_type: JSON.to_owned(),
            bytes: body,
            at: Instant::now(),
        },
        end,
    }
}

impl Run<'_> {
    fn task(&mut self, task: &Task) {
        let rule = self.mock.rules().hit(LINE, "/responses");
        let action = rule.map(|rule| rule.action);
        let reply = spoil::around(action.as_ref(), |end| {
            let call = question(task.body.clone(), end);
            self.answer(&call).unwrap_or_else(Reply::from)
        });
        let status = reply.status;
        let word = action.as_ref().map(|action| action.word);
        let line = match word {
            Some("missing") => return,
            Some("zero") => self.line(task, r#"{"status_code":0,"request_id":"","body":null}"#),
            _ => self.line(task, &self.response(&reply, action.is_some())),
        };
        if status >= 400 {
            self.outcome.failed += 1;
            self.errors.add(&line);
            return;
        }
        self.outcome.completed += 1;
        self.outputs.add(&line);
        match action.filter(|action| action.word == "doubled") {
            Some(action) if action.keys.get("in") == Some("error") => self.fail(task, BROKEN),
            Some(_) => self.outputs.add(&line),
            None => {}
        }
    }

    /// What the model answers; its tokens are those of the Batch.
    fn answer(&mut self, call: &Call) -> Result<Reply, ApiError> {
        let files = |id: &str| self.files.get(id).cloned();
        let question = Question::read(self.mock, call, &files)?;
        if let Some(key) = question.awaits() {
            let message = format!("'{key}' is not supported in the Batch API.");
            return Err(ApiError::new(400, message).param(key));
        }
        let response = question.answered()?.json();
        let usage = response.get("usage");
        let tokens = |key: &str| usage.and_then(|usage| usage.number_of::<u64>(key));
        self.outcome.usage.input += tokens("input_tokens").unwrap_or_default();
        self.outcome.usage.output += tokens("output_tokens").unwrap_or_default();
        Ok(Reply::json(&response))
    }

    /// The member `response` of a line; what a rule has `changed` may be no JSON, or stand on many lines.
    fn response(&self, reply: &Reply, changed: bool) -> String {
        let text = match &reply.content {
            Content::Bytes(bytes) => String::from_utf8_lossy(bytes),
            _ => "".into(),
        };
        let body = if changed {
            let body = Json::read(&text).unwrap_or_else(|_| Json::from(&*text));
            body.write().into()
        } else {
            text
        };
        let request = self.mock.ids.hex("req_", 32);
        let status = reply.status;
        format!(r#"{{"status_code":{status},"request_id":"{request}","body":{body}}}"#)
    }

    fn line(&self, task: &Task, response: &str) -> String {
        self.ended(task, response, &Json::Null)
    }

    /// A request that got no answer.
    fn fail(&mut self, task: &Task, (code, message): (&str, &str)) {
        let error = Json::object([("code", code.into()), ("message", message.into())]);
        let line = self.ended(task, "null", &error);
        self.outcome.failed += 1;
        self.errors.add(&line);
    }

    fn ended(&self, task: &Task, response: &str, error: &Json) -> String {
        let id = self.mock.ids.hex("batch_req_", 32);
        let custom_id = Json::from(&task.custom_id).write();
        let error = error.write();
        format!(r#"{{"id":"{id}","custom_id":{custom_id},"response":{response},"error":{error}}}"#)
    }
}

/// Keeps lines as a file; none make no file.
fn keep(mock: &Mock, work: &Work, what: &str, lines: String) -> Option<String> {
    let created_at = now();
    let file = File {
        id: mock.ids.file(),
        name: format!("{}_{what}.jsonl", work.batch),
        bytes: lines.len() as u64,
        sha256: hex(&Sha256::digest(&lines)),
        content: lines.into(),
        purpose: "batch_output".to_owned(),
        created_at,
        expires_at: Some(created_at + work.life),
    };
    if file.content.is_empty() {
        return None;
    }
    let id = file.id.clone();
    mock.store().files.push(file);
    Some(id)
}
