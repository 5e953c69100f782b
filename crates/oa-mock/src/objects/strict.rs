//! Structured outputs: what the API wants of a name, and of a schema that is to be followed strictly.

use crate::json::Json;
use crate::objects::error::ApiError;
use crate::objects::input;

/// Refuses a format or a function whose schema cannot be followed.
pub(crate) fn check(body: &Json) -> Result<(), ApiError> {
    if let Some(format) = input::format(body)
        && let Some(name) = format.text_of("name")
    {
        named("text.format.name", name)?;
        followed(format, "schema", &format!("response_format '{name}'")).map_err(|error| {
            error
                .code("invalid_json_schema")
                .param("text.format.schema")
        })?;
    }
    for (n, tool) in body.elements_of("tools").iter().enumerate() {
        if tool.text_of("type") != Some("function") {
            continue;
        }
        let name = tool.text_of("name").unwrap_or_default();
        named(&format!("tools[{n}].name"), name)?;
        followed(tool, "parameters", &format!("function '{name}'")).map_err(|error| {
            let param = format!("tools[{n}].parameters");
            error.code("invalid_function_parameters").param(&param)
        })?;
    }
    Ok(())
}

fn named(path: &str, name: &str) -> Result<(), ApiError> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.chars().all(good) && !name.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Invalid '{path}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
    );
    Err(ApiError::invalid("invalid_value", path, message))
}

fn followed(object: &Json, key: &str, what: &str) -> Result<(), ApiError> {
    match object.get(key) {
        Some(schema) if object.flag("strict") => closed(schema, &mut Vec::new())
            .map_err(|why| ApiError::new(400, format!("Invalid schema for {what}: {why}"))),
        _ => Ok(()),
    }
}

/// Every object in a schema names all that it may hold, and holds all of it.
fn closed(schema: &Json, place: &mut Vec<String>) -> Result<(), String> {
    if schema.text_of("type") == Some("object") || schema.get("properties").is_some() {
        let context = || format!("In context=({})", listed(place));
        if schema.member("additionalProperties") != Some(&Json::Bool(false)) {
            let why = "'additionalProperties' is required to be supplied and to be false.";
            return Err(format!("{}, {why}", context()));
        }
        let required = schema.elements_of("required");
        let mut keys = schema.members_of("properties").iter().map(|(key, _)| key);
        let stated = |key: &String| required.iter().any(|one| one.text() == Some(key));
        if let Some(key) = keys.find(|key| !stated(key)) {
            let why = "'required' is required to be supplied and to be an array including every key in properties.";
            return Err(format!("{}, {why} Missing '{key}'.", context()));
        }
    }
    for key in ["properties", "$defs", "definitions"] {
        for (name, inner) in schema.members_of(key) {
            within(inner, [key, name], place)?;
        }
    }
    if let Some(inner) = schema.get("items") {
        within(inner, ["items"], place)?;
    }
    for (n, inner) in schema.elements_of("anyOf").iter().enumerate() {
        within(inner, ["anyOf", &n.to_string()], place)?;
    }
    Ok(())
}

fn within<const N: usize>(
    schema: &Json,
    steps: [&str; N],
    place: &mut Vec<String>,
) -> Result<(), String> {
    let depth = place.len();
    place.extend(steps.map(|step| format!("'{step}'")));
    closed(schema, place)?;
    place.truncate(depth);
    Ok(())
}

/// A place as Python writes a tuple.
fn listed(place: &[String]) -> String {
    match place {
        [one] => format!("{one},"),
        all => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use super::check;
    use crate::json::Json;

    fn refused(schema: &str) -> Option<String> {
        let format = format!(
            r#"{{"text":{{"format":{{"type":"json_schema","name":"n","strict":true,"schema":{schema}}}}}}}"#
        );
        let body = Json::read(&format).expect(schema);
        check(&body).err().map(|error| error.message)
    }

    #[test]
    fn every_object_of_a_strict_schema_is_closed_and_whole() {
        let leaf = r#"{"type":"object","properties":{"a":{"type":"string"}}"#;
        let good = format!(r#"{leaf},"required":["a"],"additionalProperties":false}}"#);
        assert_eq!(refused(&good), None);
        let open = format!(r#"{leaf},"required":["a"]}}"#);
        let within = |inner: &str| {
            format!(
                r#"{{"type":"object","properties":{{"l":{{"type":["array","null"],"items":{inner}}}}},"required":["l"],"additionalProperties":false}}"#
            )
        };
        assert_eq!(refused(&within(&good)), None);
        let wanted = "Invalid schema for response_format 'n': In context=('properties', 'l', 'items'), 'additionalProperties' is required to be supplied and to be false.";
        assert_eq!(refused(&within(&open)).as_deref(), Some(wanted));
        let partial = format!(r#"{leaf},"additionalProperties":false}}"#);
        let wanted = "Invalid schema for response_format 'n': In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing 'a'.";
        assert_eq!(refused(&partial).as_deref(), Some(wanted));
    }
}
