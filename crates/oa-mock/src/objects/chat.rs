//! A Chat Completions request: what is wrong with its attachments, and the same question as the Responses API asks it.

use crate::json::Json;
use crate::objects::data::Data;
use crate::objects::error::ApiError;
use crate::objects::value::missing;
use crate::state::file::Files;

const DOCUMENT: &str = "application/pdf";
const EXAMPLE: &str = "(e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ==')";
const IMAGES: &str = "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', 'gif', 'webp'].";
const NO_JSON: &str = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";

/// Members that only have another name there.
const RENAMED: [(&str, &str); 8] = [
    ("model", "model"),
    ("stream", "stream"),
    ("service_tier", "service_tier"),
    ("prompt_cache_key", "prompt_cache_key"),
    ("prompt_cache_options", "prompt_cache_options"),
    ("prompt_cache_retention", "prompt_cache_retention"),
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
];

/// The body of `POST /responses` that asks the same; files are looked up.
pub(crate) fn question(body: &Json, files: &Files) -> Result<Json, ApiError> {
    let mut question = Json::object([]);
    for (key, name) in RENAMED {
        if let Some(value) = body.get(key) {
            question.set(name, value.clone());
        }
    }
    let mut input = Vec::new();
    for (n, message) in body.elements_of("messages").iter().enumerate() {
        input.push(item(message, &format!("messages[{n}]"), files)?);
    }
    names_json(body)?;
    question.set("input", input);
    if let Some(format) = body.get("response_format") {
        let text = Json::object([("format", flat(format, "json_schema"))]);
        question.set("text", text);
    }
    if let Some(tools) = body.get("tools") {
        let tools = tools.elements().iter().map(|tool| flat(tool, "function"));
        question.set("tools", Json::list(tools));
    }
    if let Some(choice) = body.get("tool_choice") {
        question.set("tool_choice", flat(choice, "function"));
    }
    Ok(question)
}

/// `{"type":"function","function":{"name":…}}` without its inner object: `{"type":"function","name":…}`.
fn flat(nested: &Json, key: &str) -> Json {
    let mut flat = nested.clone();
    flat.remove(key);
    for (key, value) in nested.members_of(key) {
        flat.set(key, value.clone());
    }
    flat
}

/// A message; what a tool said is an item of another kind.
fn item(message: &Json, at: &str, files: &Files) -> Result<Json, ApiError> {
    let role = message.text_of("role").unwrap_or_default();
    let content = match message.get("content") {
        Some(Json::Array(parts)) => {
            let parts = parts.iter().enumerate();
            let each = parts.map(|(n, one)| part(one, role, &format!("{at}.content[{n}]"), files));
            Json::Array(each.collect::<Result<_, _>>()?)
        }
        Some(text) => text.clone(),
        None => "".into(),
    };
    if role == "tool" || role == "function" {
        let call = message.text_of("tool_call_id").unwrap_or(role);
        return Ok(Json::object([
            ("type", "function_call_output".into()),
            ("call_id", call.into()),
            ("output", content),
        ]));
    }
    Ok(Json::object([("role", role.into()), ("content", content)]))
}

fn part(part: &Json, role: &str, at: &str, files: &Files) -> Result<Json, ApiError> {
    let kind = part.text_of("type").unwrap_or_default();
    let inner = part.get(kind).unwrap_or(&Json::Null);
    let (name, keys): (&str, &[(&str, &str)]) = match kind {
        "text" if role == "assistant" => ("output_text", &[]),
        "text" => ("input_text", &[]),
        "image_url" => {
            image(inner)?;
            ("input_image", &[("image_url", "url"), ("detail", "detail")])
        }
        "file" => {
            file(inner, &format!("{at}.file"), files)?;
            if inner.get("file_id").is_some() {
                ("input_file", &[("file_id", "file_id")])
            } else {
                let keys = &[("file_data", "file_data"), ("filename", "filename")];
                ("input_file", keys)
            }
        }
        "refusal" => return Ok(part.clone()),
        _ => {
            let message = format!("Content of the type '{kind}' is not supported by this model.");
            let at = format!("{at}.type");
            return Err(ApiError::invalid("invalid_value", &at, message));
        }
    };
    let mut made = Json::object([("type", name.into())]);
    if kind == "text" {
        made.set("text", inner.clone());
    }
    for (key, from) in keys {
        if let Some(value) = inner.get(from) {
            made.set(key, value.clone());
        }
    }
    Ok(made)
}

/// Refuses what is no picture; nothing is fetched here.
fn image(image: &Json) -> Result<(), ApiError> {
    let url = image.text_of("url").unwrap_or_default();
    if !url.starts_with("data:") {
        return Ok(());
    }
    let pictures = ["image/png", "image/jpeg", "image/gif", "image/webp"];
    let data = Data::read(url);
    if data.is_some_and(|data| pictures.contains(&data.mime.as_str())) {
        return Ok(());
    }
    Err(ApiError::new(400, IMAGES).code("invalid_image_format"))
}

/// Refuses what is no PDF, the only kind of file that is taken here.
fn file(file: &Json, at: &str, files: &Files) -> Result<(), ApiError> {
    let refused = |name: &str, what: &str| {
        let message = format!("Invalid file data: '{name}'. Expected {what}.");
        Err(ApiError::invalid("invalid_value", name, message))
    };
    if let Some(id) = file.text_of("file_id") {
        let param = format!("{at}.file_id");
        let found = files(id).ok_or_else(|| ApiError::no_file(id, &param))?;
        let kind = mime(found.extension());
        if kind == DOCUMENT {
            return Ok(());
        }
        let what =
            format!("a file with an {DOCUMENT} MIME type, but got unsupported MIME type '{kind}'");
        return refused("file_id", &what);
    }
    let (Some(url), Some(_)) = (file.text_of("file_data"), file.text_of("filename")) else {
        return Err(missing(&format!("{at}.file_id")));
    };
    let got = match (url.starts_with("data:"), Data::read(url)) {
        (_, Some(data)) if data.mime == DOCUMENT => return Ok(()),
        (_, Some(data)) => format!("unsupported MIME type '{}'", data.mime),
        (false, None) => "a value without the 'data:' prefix".to_owned(),
        (true, None) => "a value that is not base64-encoded".to_owned(),
    };
    let what =
        format!("a base64-encoded data URL with an {DOCUMENT} MIME type {EXAMPLE}, but got {got}");
    refused(&format!("{at}.file_data"), &what)
}

/// What a stored file is called that is to be a document; of most names nothing is known.
fn mime(extension: &str) -> &'static str {
    match extension {
        ".pdf" => DOCUMENT,
        ".json" => "application/json",
        ".md" => "text/markdown",
        ".txt" => "text/plain",
        ".csv" => "text/csv",
        ".png" => "image/png",
        ".jpg" | ".jpeg" => "image/jpeg",
        _ => "None",
    }
}

/// A model that nobody tells of JSON may write blanks for ever.
fn names_json(body: &Json) -> Result<(), ApiError> {
    let format = body.get("response_format");
    if format.and_then(|format| format.text_of("type")) != Some("json_object") {
        return Ok(());
    }
    let mut messages = body.elements_of("messages").iter();
    let said = |message: &Json| {
        let content = message.get("content").map(Json::write);
        content.is_some_and(|text| text.to_ascii_lowercase().contains("json"))
    };
    if messages.any(said) {
        return Ok(());
    }
    Err(ApiError::new(400, NO_JSON).param("messages"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use super::question;
    use crate::json::Json;

    #[test]
    fn a_completion_is_asked_for_as_a_response_is() {
        let chat = r#"{"model":"m","max_tokens":9,"stream":true,"messages":[
            {"role":"system","content":"Be brief"},
            {"role":"user","content":[{"type":"text","text":"Why?"},
                {"type":"image_url","image_url":{"url":"https://example.com/a.png"}},
                {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}}]},
            {"role":"tool","tool_call_id":"call_1","content":"4"}],
            "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}}"#;
        let chat = Json::read(chat).expect("a body");
        let asked = question(&chat, &|_| None).map(|asked| asked.write());
        let wanted = concat!(
            r#"{"model":"m","stream":true,"max_output_tokens":9,"input":[{"role":"system","content":"Be brief"},"#,
            r#"{"role":"user","content":[{"type":"input_text","text":"Why?"},"#,
            r#"{"type":"input_image","image_url":"https://example.com/a.png"},"#,
            r#"{"type":"input_file","file_data":"data:application/pdf;base64,AAAA","filename":"a.pdf"}]},"#,
            r#"{"type":"function_call_output","call_id":"call_1","output":"4"}],"#,
            r#""text":{"format":{"type":"json_schema","name":"n","schema":{}}}}"#
        );
        assert_eq!(asked.as_deref(), Ok(wanted));
    }
}
