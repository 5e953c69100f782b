//! The Batch API: files of questions, and what became of them.

use crate::endpoints::page::Page;
use crate::endpoints::running;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::id::now;
use crate::json::Json;
use crate::limit::words;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::objects::task;
use crate::state::batch::{Batch, Course};
use crate::state::file::File;

/// The only endpoint whose requests are run here.
const ENDPOINT: &str = "/v1/responses";

/// Output files live so many seconds where nothing else was asked for.
const LIFE: u64 = 30 * 24 * 3600;

/// `POST /batches`: what is wrong with the requests is found out later, and said of the Batch.
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json(&mock.table, "POST /batches")?;
    let file = input(mock, &body)?;
    let endpoint = body.text_of("endpoint").unwrap_or_default();
    if endpoint != ENDPOINT {
        let message = format!("oa-mock runs requests to {ENDPOINT} only, not to {endpoint}");
        return Err(ApiError::new(400, message).param("endpoint"));
    }
    let mut checked = task::check(&mock.table, &file.content, endpoint, mock.settings.lenient);
    checked.errors.extend(failure(call));
    let tokens = match mock.settings.queue {
        Some(_) if checked.errors.is_empty() => running::tokens(mock, &file.content),
        _ => 0,
    };
    let mut batch = Batch {
        id: mock.ids.hex("batch_", 32),
        endpoint: endpoint.to_owned(),
        model: checked.model.take(),
        input_file_id: file.id,
        metadata: body.get("metadata").cloned().unwrap_or(Json::Null),
        life: life(&body),
        created_at: now(),
        total: checked.total as u64,
        tokens,
        errors: checked.errors,
        ends: ends(call).to_owned(),
        done: call.end.number("done"),
        requests: Some(file.content),
        course: Course::default(),
    };
    let mut store = mock.store();
    if let Some(full) = full(mock, &store.batches, &batch) {
        batch.errors.push(full);
        batch.tokens = 0;
    }
    let reply = Reply::json(&batch.json());
    store.batches.push(batch);
    Ok(reply)
}

/// Seconds that its output files live.
fn life(body: &Json) -> u64 {
    let after = body.get("output_expires_after");
    let seconds = after.and_then(|after| after.number_of("seconds"));
    seconds.unwrap_or(LIFE)
}

/// The file of the requests.
fn input(mock: &Mock, body: &Json) -> Result<File, ApiError> {
    let id = body.text_of("input_file_id").unwrap_or_default();
    let file = mock.store().file(id).cloned();
    let file = file.ok_or_else(|| ApiError::no_file(id, "input_file_id"))?;
    if file.purpose == "batch" {
        return Ok(file);
    }
    let message = format!(
        "Invalid file purpose: '{}'. The input file of a batch must have been uploaded with the purpose 'batch'.",
        file.purpose
    );
    Err(ApiError::invalid("invalid_value", "input_file_id", message))
}

/// How it ends; words that are none of Batches say nothing of it.
fn ends(call: &Call) -> &str {
    let said = call.end.get("status");
    said.filter(|said| ["expired", "cancelled", "in_progress"].contains(said))
        .unwrap_or("completed")
}

/// The error with which a rule lets it fail.
fn failure(call: &Call) -> Option<Json> {
    call.end
        .get("status")
        .filter(|status| *status == "failed")?;
    let code = call.end.get("code").unwrap_or("server_error");
    let standard = ApiError::standard(500, Some(code)).message;
    let message = call.end.get("message").unwrap_or(&standard);
    let line = call.end.number("line");
    Some(task::trouble(code, message, None, line))
}

/// The error of a Batch that its model's queue has no room for.
fn full(mock: &Mock, others: &[Batch], batch: &Batch) -> Option<Json> {
    let limit = mock.settings.queue?;
    let queued = others.iter();
    let queued = queued.filter(|other| other.model == batch.model && other.runs());
    let taken: u64 = queued.map(|other| other.tokens).sum();
    if taken + batch.tokens <= limit {
        return None;
    }
    let model = batch.model.as_deref().unwrap_or_default();
    let message = words::queue(model, limit);
    Some(task::trouble("token_limit_exceeded", &message, None, None))
}

/// `GET /batches`
pub(crate) fn list(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let page = Page::read(call, 20, 100)?;
    let all = mock.store().batches.iter().map(Batch::json).collect();
    let page = page.cut(all).map_err(|id| unknown(&id).param("after"))?;
    Ok(Reply::json(&page))
}

/// `GET /batches/{id}`: its requests are run at the look that finds them due.
pub(crate) fn retrieve(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let looked = |batch: &mut Batch| batch.look(mock.settings.looks);
    if let Some(work) = found(mock, &call.id, looked)? {
        let outcome = running::run(mock, &work);
        found(mock, &call.id, |batch| batch.settle(&work, outcome))?;
    }
    found(mock, &call.id, |batch| Reply::json(&batch.json()))
}

/// `POST /batches/{id}/cancel`
pub(crate) fn cancel(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    found(mock, &call.id, |batch| {
        let status = batch.status();
        if batch.cancel() {
            return Ok(Reply::json(&batch.json()));
        }
        let message = format!("Cannot cancel a batch with status '{status}'.");
        Err(ApiError::new(409, message))
    })?
}

/// What is done with the Batch of this id.
fn found<T>(mock: &Mock, id: &str, work: impl FnOnce(&mut Batch) -> T) -> Result<T, ApiError> {
    let mut store = mock.store();
    store.batch(id).map(work).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> ApiError {
    ApiError::new(404, format!("No batch found with id '{id}'."))
}
