//! The input of a question as `GET …/input_items` lists it.

use crate::json::Json;
use crate::objects::data;
use crate::state::item::output_text;

/// Every item with id, type and status.
pub(crate) fn items(body: &Json, mut id: impl FnMut() -> String) -> Vec<Json> {
    match body.get("input") {
        Some(Json::Text(text)) => vec![item(id(), "user", &Json::Text(text.clone()))],
        Some(Json::Array(items)) => items.iter().map(|given| listed(given, id())).collect(),
        _ => Vec::new(),
    }
}

fn listed(given: &Json, id: String) -> Json {
    let (kind, role) = (given.text_of("type"), given.text_of("role"));
    if let (None | Some("message"), Some(role), Some(content)) = (kind, role, given.get("content"))
    {
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
            let part = [("type", "input_text".into()), ("text", text.into())];
            vec![Json::object(part)]
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
        part.set("detail", "auto");
    }
    data::shorten(part)
}
