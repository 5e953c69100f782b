//! What no table says of a question: members that need or exclude each other, and what some models refuse.

use crate::json::Json;
use crate::objects::choice;
use crate::objects::error::ApiError;
use crate::objects::model;
use crate::objects::strict;
use crate::objects::value::{self, missing};
use crate::state::store::Store;

/// From here on there is no sampling to be set, and always some reasoning.
const UNSAMPLED: (u32, u32) = (6, 2);

const NO_INPUT: &str =
    "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided.";

/// Refuses a question that is wrong as a whole.
pub(crate) fn check(body: &Json, store: &mut Store) -> Result<(), ApiError> {
    if body.get("input").is_none() && body.text_of("previous_response_id").is_none() {
        return Err(missing("input"));
    }
    if body.get("stream_options").is_some() && !body.flag("stream") {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(ApiError::new(400, message).param("stream_options"));
    }
    background(body)?;
    asked(body, store)?;
    sampling(body)
}

/// The same of a question that is only counted.
pub(crate) fn asked(body: &Json, store: &mut Store) -> Result<(), ApiError> {
    strict::check(body)?;
    choice::check(body)?;
    state(body, store)?;
    let empty = match body.get("input") {
        Some(Json::Text(text)) => text.is_empty(),
        Some(items) => items.elements().is_empty(),
        None => false,
    };
    if empty && body.get("previous_response_id").is_none() {
        return Err(ApiError::new(400, NO_INPUT).code("missing_required_parameter"));
    }
    items(body)
}

/// What a question says about its place among the items.
fn items(body: &Json) -> Result<(), ApiError> {
    let items = body.elements_of("input");
    for (n, item) in items.iter().enumerate() {
        let trigger = item.text_of("type") == Some("compaction_trigger");
        if trigger && n + 1 < items.len() {
            let at = format!("input[{n}]");
            let message = format!("Invalid '{at}': 'compaction_trigger' must be the last item.");
            return Err(ApiError::invalid("invalid_value", &at, message));
        }
        if item.member("phase").is_some() && item.text_of("role") != Some("assistant") {
            return Err(value::unknown(&format!("input[{n}].phase")));
        }
    }
    Ok(())
}

/// What runs in the background is stored; what waits for a window is neither streamed nor hurried.
fn background(body: &Json) -> Result<(), ApiError> {
    let refused = |param: &str, message: &str| Err(ApiError::new(400, message).param(param));
    let background = body.flag("background");
    if background && body.member("store") == Some(&Json::Bool(false)) {
        return refused("store", "Background mode requires 'store' to be true.");
    }
    if body.get("background_options").is_none() {
        return Ok(());
    }
    if !background {
        let message =
            "The 'background_options' parameter is only allowed when 'background' is enabled.";
        return refused("background_options", message);
    }
    let tier = body.text_of("service_tier").unwrap_or("auto");
    let window = body.get("background_options");
    let window = window.and_then(|options| options.text_of("completion_window"));
    let waits = window.is_some_and(|window| window != "soonest");
    if waits && (body.flag("stream") || !["auto", "default"].contains(&tier)) {
        let message =
            "A completion window is only allowed with standard processing and without 'stream'.";
        return refused("background_options.completion_window", message);
    }
    Ok(())
}

/// What a question goes on from. This server keeps neither conversations nor prompts.
fn state(body: &Json, store: &mut Store) -> Result<(), ApiError> {
    let previous = body.text_of("previous_response_id");
    let conversation = body.get("conversation");
    if previous.is_some() && conversation.is_some() {
        let keys = "previous_response_id conversation";
        value::one_of("previous_response_id", 2, keys)?;
    }
    let named = |value: &Json| value.text().or(value.text_of("id")).map(str::to_owned);
    for (what, value) in [
        ("Conversation", conversation),
        ("Prompt", body.get("prompt")),
    ] {
        if let Some(id) = value.and_then(named) {
            return Err(ApiError::new(
                404,
                format!("{what} with id '{id}' not found."),
            ));
        }
    }
    match previous {
        Some(id) if store.response(id).is_none() => Err(ApiError::invalid(
            "previous_response_not_found",
            "previous_response_id",
            format!("Previous response with id '{id}' not found."),
        )),
        _ => Ok(()),
    }
}

/// What newer models leave nobody to set.
fn sampling(body: &Json) -> Result<(), ApiError> {
    if model::version(body) < UNSAMPLED {
        return Ok(());
    }
    if let Some(key) = ["temperature", "top_p"]
        .iter()
        .find(|key| body.get(key).is_some())
    {
        let message = format!("Unsupported parameter: '{key}' is not supported with this model.");
        return Err(ApiError::new(400, message).param(key));
    }
    let effort = body.get("reasoning").and_then(|r| r.text_of("effort"));
    match effort {
        Some(word @ ("none" | "minimal")) => {
            let model = body.text_of("model").unwrap_or_default();
            let message = format!(
                "Unsupported value: '{word}' is not supported with the '{model}' model. Supported values are: 'low', 'medium', 'high', 'xhigh', and 'max'."
            );
            Err(ApiError::invalid(
                "unsupported_value",
                "reasoning.effort",
                message,
            ))
        }
        _ => Ok(()),
    }
}
