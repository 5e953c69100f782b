//! The Vector stores API: many files added at once.

use crate::endpoints::members;
use crate::endpoints::stores::{self, alive, begins, find};
use crate::faults::action::Keys;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::objects::error::ApiError;
use crate::objects::id::now;
use crate::objects::json::Json;
use crate::objects::member::{Member, Wanted};
use crate::objects::store::{FileBatch, VectorStore};
use crate::schema::store as schema;
use crate::state::mock::Mock;

/// `POST /vector_stores/{id}/file_batches`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json()?;
    mock.check().object(schema::FILE_BATCH, &body, "")?;
    let files = files(&body)?;
    let mut store = mock.store();
    alive(&mut store, &call.id)?;
    let add = |(id, path, wanted): &(String, String, Wanted)| {
        stores::member(&store, id, wanted, call, path)
    };
    let added: Vec<_> = files.iter().map(add).collect::<Result<_, _>>()?;
    let id = mock.ids.hex("vsfb_", 32);
    let found = alive(&mut store, &call.id)?;
    for mut member in added {
        member.batch = Some(id.clone());
        found.attach(member);
    }
    found.touch();
    found.batches.push(FileBatch {
        id: id.clone(),
        created_at: now(),
        ends: call.end.as_ref().map_or("completed", ends),
    });
    batch(found, &id).map(|batch| Reply::json(200, &batch))
}

const BOTH: &str = "Mutually exclusive parameters: 'file_ids'. Ensure you are only providing one of: 'file_ids' or 'files'.";
const NEITHER: &str = "Missing mutually exclusive parameters: 'file_ids'. Ensure you are providing exactly one of: 'file_ids' or 'files'.";

/// The files of a request: the id, where it stands, and how each is to be added.
fn files(body: &Json) -> Result<Vec<(String, String, Wanted)>, ApiError> {
    let text = |id: Option<&Json>| id.and_then(Json::text).unwrap_or_default().to_owned();
    match (body.get("file_ids"), body.get("files")) {
        (Some(_), Some(_)) => Err(ApiError::invalid(
            "mutually_exclusive_parameters",
            "file_ids",
            BOTH,
        )),
        (None, None) => Err(ApiError::invalid(
            "missing_mutually_exclusive_parameters",
            "file_ids",
            NEITHER,
        )),
        (Some(ids), None) => {
            let wanted = Wanted::read(body, "")?;
            let ids = ids.elements().iter().enumerate();
            let ids = ids.map(|(n, id)| (text(Some(id)), format!("file_ids[{n}]"), wanted.clone()));
            Ok(ids.collect())
        }
        (None, Some(files)) => {
            let files = files.elements().iter().enumerate();
            let read = |(n, file): (usize, &Json)| {
                let path = format!("files[{n}]");
                let wanted = Wanted::read(file, &path)?;
                Ok((text(file.get("file_id")), path + ".file_id", wanted))
            };
            files.map(read).collect()
        }
    }
}

/// A rule that names files ends those; one that names none ends the batch.
fn ends(keys: &Keys) -> &'static str {
    match (keys.get("file"), keys.get("status")) {
        (None, Some("failed")) => "failed",
        (None, Some("cancelled")) => "cancelled",
        _ => "completed",
    }
}

/// `GET /vector_stores/{id}/file_batches/{batch_id}`
pub(crate) fn retrieve(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    let found = find(&mut store, &call.id)?;
    found.look_at(&call.part, mock.settings.looks);
    batch(found, &call.part).map(|batch| stores::polled(&batch))
}

/// `POST /vector_stores/{id}/file_batches/{batch_id}/cancel`
pub(crate) fn cancel(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    let found = find(&mut store, &call.id)?;
    let works = batch(found, &call.part)?.text_of("status") == Some("in_progress");
    let those = found.members.iter_mut();
    let those = those.filter(|member| member.batch.as_ref() == Some(&call.part));
    those.for_each(Member::cancel);
    if let Some(batch) = found.batches.iter_mut().find(|b| b.id == call.part)
        && works
    {
        batch.ends = "cancelled";
    }
    batch(found, &call.part).map(|batch| Reply::json(200, &batch))
}

/// `GET /vector_stores/{id}/file_batches/{batch_id}/files`
pub(crate) fn list(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let mut store = mock.store();
    let found = find(&mut store, &call.id)?;
    batch(found, &call.part)?;
    found.look_at(&call.part, mock.settings.looks);
    members::page(call, found, found.of_batch(&call.part))
}

fn batch(store: &VectorStore, id: &str) -> Result<Json, ApiError> {
    begins("batch_id", id, "vsfb")?;
    store.batch(id).ok_or_else(|| {
        let message = format!(
            "No file batch found with id '{id}' in vector store '{}'.",
            store.id
        );
        ApiError::new(404, message).param("batch_id")
    })
}
