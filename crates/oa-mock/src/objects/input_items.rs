//! The input of a question as the API lists it later.

use crate::objects::data;
use crate::objects::json::Json;
use crate::objects::message::output_text;

/// The input as `GET …/input_items` lists it: every item with id, type and status.
pub(crate) fn items(body: &Json, mut id: impl FnMut() -> String) -> Vec<Json> {
    match body.get("input") {
        Some(Json::Text(text)) => vec![item(id(), "user", &Json::Text(text.clone()))],
        Some(Json::Array(items)) => items.iter().map(|given| listed(given, id())).collect(),
        _ => Vec::new(),
    }
}

fn listed(given: &Json, id: String) -> Json {
    if let (None | Some("message"), Some(role), Some(content)) = (
        given.text_of("type"),
        given.text_of("role"),
        given.get("content"),
    ) {
        return item(id, role, content);
    }
    let mut listed = data::shorten(given.clone());
    for (key, value) in [("id", Json::from(id)), ("status", "completed".into())] {
        if listed.get(key).is_none() {
            listed.set(key, value);
        }
    }
    listed
}

fn item(id: String, role: &str, content: &Json) -> Json {
    let parts = match content {
        Json::Text(text) if role == "assistant" => vec![output_text(text)],
        Json::Text(text) => {
            vec![Json::object([
                ("type", "input_text".into()),
                ("text", text.as_str().into()),
            ])]
        }
        parts => parts.elements().iter().cloned().map(part).collect(),
    };
    Json::object([
        ("id", id.into()),
        ("type", "message".into()),
        ("status", "completed".into()),
        ("role", role.into()),
        ("content", parts.into()),
    ])
}

fn part(mut part: Json) -> Json {
    if part.text_of("type") == Some("input_image") && part.get("detail").is_none() {
        part.set("detail", "auto".into());
    }
    data::shorten(part)
}
