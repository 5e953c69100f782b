//! What is to become of a record that came in.

use oa_core::field::{Fields, Look, text_of};
use oa_core::{Error, Id, Result};
use oa_pipe::batch::Batch;
use oa_pipe::question::is_blank;
use oa_pipe::record::Record;
use oa_pipe::response::Response;
use oa_pipe::settle::{forget, settle_own};
use serde_json::value::RawValue;

use crate::args::Args;
use crate::part::{LARGEST, size};

/// What is to become of a record.
pub(crate) enum Taken {
    /// It is passed on as it is.
    Passes,
    /// It waits for this Batch, whose requests are in this file.
    Waits(Id, Option<Id>),
    /// Its request is to be part of one: its model, and the bytes that it takes there.
    New(String, u64),
}

/// Looks at a record, and takes out of it what is no more true once it is worked on.
///
/// # Errors
/// `input`, with the way out; or the verdict on the answer that it has already.
pub(crate) fn take(record: &mut Record, problem: Option<Error>, args: &Args) -> Result<Taken> {
    let batch = record.awaited();
    if let Some(error) = record.error() {
        if batch.is_none() || !error.retryable {
            return Ok(Taken::Passes);
        }
        record.object_mut().remove("error");
    }
    problem.map_or(Ok(()), Err)?;
    if let Some(response) = record.response().map(Response::read) {
        if !response.is_final() {
            let id = response.name();
            let message = format!("the record's response {id} still runs");
            return Err(Error::input(message).hint("oa-poll waits for it"));
        }
        return settle_own(record, args.allow_incomplete).map(|()| Taken::Passes);
    }
    match batch {
        Some(batch) => waits(batch),
        None if args.cancel => Err(Error::input("the record waits for no Batch")
            .hint("--cancel is for what oa-batch --submit wrote")),
        None => {
            let (model, bytes) = check(record.object().get("request"))?;
            forget(record);
            Ok(Taken::New(model, bytes))
        }
    }
}

fn waits(batch: Batch) -> Result<Taken> {
    match (batch.id, batch.custom_id) {
        (Some(id), Some(_)) => Ok(Taken::Waits(id, batch.input_file_id)),
        (None, _) => Err(Error::input("the record's `batch` has no `id`")),
        (Some(id), None) => {
            let message = format!("the record's `batch` {id} has no `custom_id`");
            let hint = "nothing tells which of its answers is meant; feed in the records that oa-batch wrote";
            Err(Error::input(message).hint(hint))
        }
    }
}

/// What of a request a Batch does not take.
struct Asked {
    model: Option<String>,
    input: bool,
    /// What asks for an answer of another kind.
    foreign: Vec<&'static str>,
}

impl Look<'_> for Asked {
    const KEYS: &'static [&'static str] = &[
        "model",
        "input",
        "stream",
        "background",
        "background_options",
    ];

    fn look(fields: &Fields) -> Asked {
        let wanted = |key: &&&str| fields.raw(key).is_some_and(|raw| raw.get() != "false");
        Asked {
            model: fields.text("model").filter(|model| !model.is_empty()),
            input: fields.raw("input").is_some_and(asks),
            foreign: Self::KEYS[2..].iter().filter(wanted).copied().collect(),
        }
    }
}

/// Whether an input asks anything.
fn asks(input: &RawValue) -> bool {
    !matches!(input.get(), "[]" | "{}") && text_of(input).is_none_or(|text| !is_blank(&text))
}

/// Model and size of a request that can be part of a Batch.
fn check(request: Option<&RawValue>) -> Result<(String, u64)> {
    const WHOLE: &str = "oa-respond --dry-run writes the whole request";
    let Some(request) = request else {
        return Err(Error::input("the record has no `request`").hint(WHOLE));
    };
    let asked = Asked::read(request);
    if let Some(key) = asked.foreign.first() {
        let message = format!("`request` has `{key}`, which no Batch takes");
        let paths: Vec<String> = asked
            .foreign
            .iter()
            .map(|key| format!(".request.{key}"))
            .collect();
        return Err(Error::input(message).hint(format!("jq -c 'del({})'", paths.join(", "))));
    }
    let lacks = match (&asked.model, asked.input) {
        (None, _) => "model",
        (_, false) => "input",
        (Some(model), true) => {
            let bytes = size(request);
            if bytes > LARGEST {
                let message = format!("`request` has {bytes} bytes, and a Batch takes {LARGEST}");
                let hint = "upload what is attached (oa-upload) instead of sending it inline";
                return Err(Error::input(message).hint(hint));
            }
            return Ok((model.clone(), bytes));
        }
    };
    Err(Error::input(format!("`request` has no `{lacks}`, or an empty one")).hint(WHOLE))
}
