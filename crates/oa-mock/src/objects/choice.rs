//! `tool_choice`: which tool a question forces, and the call of a function that answers it.

use crate::id::Ids;
use crate::json::Json;
use crate::objects::answer;
use crate::objects::error::ApiError;
use crate::state::item::FunctionCall;

/// The call that a question forces, if it forces that of a function.
pub(crate) fn forced(body: &Json, ids: &Ids) -> Option<FunctionCall> {
    let tool = function(body)?;
    let parameters = tool.get("parameters");
    Some(FunctionCall {
        id: ids.hex("fc_", 48),
        call_id: ids.hex("call_", 24),
        name: tool.text_of("name").unwrap_or_default().to_owned(),
        arguments: parameters.map_or_else(|| "{}".to_owned(), answer::fitting),
    })
}

/// The function that has to be called. Where a search would do as well, the model searches.
fn function(body: &Json) -> Option<&Json> {
    let tools = body.elements_of("tools");
    let choice = body.get("tool_choice")?;
    let must = choice.text() == Some("required") || choice.text_of("mode") == Some("required");
    let allowed = match choice.text_of("type") {
        Some("allowed_tools") => wanted(choice),
        Some(_) => std::slice::from_ref(choice),
        None => tools,
    };
    let named = is(choice, "function");
    if !named && (!must || allowed.iter().any(|tool| is(tool, "file_search"))) {
        return None;
    }
    let one = allowed.iter().find(|tool| is(tool, "function"))?;
    tools.iter().find(|tool| same(one, tool))
}

fn is(tool: &Json, kind: &str) -> bool {
    tool.text_of("type") == Some(kind)
}

/// Refuses a choice that the tools of the question do not offer.
pub(crate) fn check(body: &Json) -> Result<(), ApiError> {
    let Some(choice) = body.get("tool_choice") else {
        return Ok(());
    };
    let refused = |message: String| Err(ApiError::new(400, message).param("tool_choice"));
    let tools = body.elements_of("tools");
    if choice.text() == Some("required") && tools.is_empty() {
        let message = "Tool choice 'required' must be specified with 'tools' parameter.";
        return refused(message.to_owned());
    }
    let missing = wanted(choice)
        .iter()
        .find(|one| !tools.iter().any(|tool| same(one, tool)));
    let Some(kind) = missing.map(|one| one.text_of("type").unwrap_or_default()) else {
        return Ok(());
    };
    refused(format!(
        "Tool choice '{kind}' not found in 'tools' parameter."
    ))
}

/// The tools that a choice names.
fn wanted(choice: &Json) -> &[Json] {
    match (choice, choice.text_of("type")) {
        (_, Some("allowed_tools")) => choice.elements_of("tools"),
        (Json::Object(_), _) => std::slice::from_ref(choice),
        _ => &[],
    }
}

/// Whether a choice means a tool: by its type, and by its name or label where the choice has one. Dated
/// types (`web_search_preview_2025_03_11`) are the same tool.
fn same(choice: &Json, tool: &Json) -> bool {
    let family = |one: &Json| {
        let kind = one.text_of("type").unwrap_or_default();
        let mut dated = ["web_search", "computer"].into_iter();
        let dated = dated.find(|family| kind.starts_with(family));
        dated.unwrap_or(kind).to_owned()
    };
    let agree = |key: &str| choice.get(key).is_none() || choice.get(key) == tool.get(key);
    let server = is(choice, "mcp");
    family(choice) == family(tool) && agree("server_label") && (server || agree("name"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use super::{check, function};
    use crate::json::Json;

    fn body(choice: &str) -> Json {
        let tools = r#"[{"type":"web_search"},{"type":"function","name":"a"},{"type":"function","name":"b"}]"#;
        let body = format!(r#"{{"tool_choice":{choice},"tools":{tools}}}"#);
        Json::read(&body).expect(&body)
    }

    #[test]
    fn choices_lead_to_functions() {
        let rows = [
            ("null", None),
            (r#""auto""#, None),
            (r#""none""#, None),
            (r#""required""#, Some("a")),
            (r#"{"type":"function","name":"b"}"#, Some("b")),
            (
                r#"{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"b"}]}"#,
                None,
            ),
            (
                r#"{"type":"allowed_tools","mode":"required","tools":[{"type":"web_search"},{"type":"function","name":"b"}]}"#,
                Some("b"),
            ),
            (r#"{"type":"web_search_preview"}"#, None),
        ];
        for (choice, wanted) in rows {
            let body = body(choice);
            assert_eq!(check(&body), Ok(()), "{choice}");
            let name = function(&body).and_then(|tool| tool.text_of("name"));
            assert_eq!(name, wanted, "{choice}");
        }
    }

    #[test]
    fn what_the_tools_do_not_offer_is_refused() {
        for (choice, kind) in [
            (r#"{"type":"function","name":"c"}"#, "function"),
            (r#"{"type":"file_search"}"#, "file_search"),
            (
                r#"{"type":"allowed_tools","mode":"auto","tools":[{"type":"web_search"},{"type":"custom","name":"a"}]}"#,
                "custom",
            ),
        ] {
            let wanted = format!("Tool choice '{kind}' not found in 'tools' parameter.");
            let message = check(&body(choice)).map_err(|error| error.message);
            assert_eq!(message, Err(wanted), "{choice}");
        }
    }
}
