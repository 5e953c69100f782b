//! The Vector stores API: many files added at once.

use crate::endpoints::adding::{member, wanted};
use crate::endpoints::members;
use crate::endpoints::stores::{alive, begins, find, polled};
use crate::faults::keys::Keys;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::id::now;
use crate::json::Json;
use crate::mock::Mock;
use crate::objects::error::ApiError;
use crate::objects::value;
use crate::state::member::{Member, Wanted};
use crate::state::vector_store::{FileBatch, VectorStore};

/// `POST /vector_stores/{id}/file_batches`
pub(crate) fn create(mock: &Mock, call: &Call) -> Result<Reply, ApiError> {
    let body = call.json(&mock.table, "POST /vector_stores/*/file_batches")?;
    let files = files(&body)?;
    let mut store = mock.store();
    alive(&mut store, &call.id)?;
    let add =
        |(id, path, wanted): &(String, String, Wanted)| member(&store, id, wanted, call, path);
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
        ends: ends(&call.end),
    });
    batch(found, &id).map(|batch| Reply::json(&batch))
}

/// The files of a request: the id, where it stands, and how each is to be added.
fn files(body: &Json) -> Result<Vec<(String, String, Wanted)>, ApiError> {
    let (ids, files) = (body.get("file_ids"), body.get("files"));
    let given = [ids, files].iter().flatten().count();
    value::one_of("file_ids", given, "file_ids files")?;
    let of_all = wanted(body, "")?;
    let ids = body.elements_of("file_ids").iter().enumerate();
    let ids = ids.map(|(n, id)| {
        let id = id.text().unwrap_or_default().to_owned();
        Ok((id, format!("file_ids[{n}]"), of_all.clone()))
    });
    let files = body.elements_of("files").iter().enumerate();
    let files = files.map(|(n, file)| {
        let path = format!("files[{n}]");
        let id = file.text_of("file_id").unwrap_or_default().to_owned();
        let wanted = wanted(file, &path)?;
        Ok((id, path + ".file_id", wanted))
    });
    ids.chain(files).collect()
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
    batch(found, &call.part).map(|batch| polled(&batch))
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
    batch(found, &call.part).map(|batch| Reply::json(&batch))
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
