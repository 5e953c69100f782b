//! The answer's text, which proves what arrived and is the same for the same question.

use crate::json::Json;
use crate::objects::input::{Input, format};

/// Deeper schemas end in null: `$ref` may go round in circles.
const DEPTH: usize = 16;

/// The text that answers a question.
pub(crate) fn text(body: &Json, input: &Input) -> String {
    let format = format(body);
    match format.and_then(|format| format.text_of("type")) {
        Some("json_schema") => {
            let schema = format.and_then(|format| format.get("schema"));
            fitting(schema.unwrap_or(&Json::Null))
        }
        Some("json_object") => Json::object([
            ("model", body.text_of("model").into()),
            ("prompt", input.texts.join("\n").into()),
            ("attachments", Json::list(&input.attachments)),
        ])
        .write(),
        _ => proof(body, input),
    }
}

/// A document that fits a schema.
pub(crate) fn fitting(schema: &Json) -> String {
    example(schema, schema, 0).write()
}

/// Whether an answer may say what it likes.
pub(crate) fn is_prose(body: &Json) -> bool {
    let kind = format(body).and_then(|format| format.text_of("type"));
    kind.is_none_or(|kind| kind == "text")
}

fn proof(body: &Json, input: &Input) -> String {
    let quoted = |text: &str| Json::from(text).write();
    let model = body.text_of("model").unwrap_or_default();
    let asked = format!("{model} was asked {}", quoted(&input.texts.join("\n")));
    let instructions = body.text_of("instructions");
    let instructions = instructions.map(|text| format!("instructions {}", quoted(text)));
    let attachments = input.attachments.iter().cloned();
    let lines: Vec<String> = [asked]
        .into_iter()
        .chain(attachments)
        .chain(instructions)
        .collect();
    lines.join("\n")
}

/// A document that fits a schema, its keys in the schema's order.
fn example(schema: &Json, root: &Json, depth: usize) -> Json {
    if depth > DEPTH {
        return Json::Null;
    }
    if let Some(constant) = schema.member("const") {
        return constant.clone();
    }
    if let Some(first) = schema.elements_of("enum").first() {
        return first.clone();
    }
    if let Some(target) = schema.text_of("$ref") {
        return resolve(target, root).map_or(Json::Null, |schema| example(schema, root, depth + 1));
    }
    let choices = ["anyOf", "oneOf", "allOf"]
        .iter()
        .find_map(|key| schema.elements_of(key).first());
    if let Some(first) = choices {
        return example(first, root, depth + 1);
    }
    let kind = match schema.get("type") {
        Some(Json::Array(kinds)) => kinds.first().and_then(Json::text),
        kind => kind.and_then(Json::text),
    };
    match kind {
        Some("string") => "oa-mock".into(),
        Some("integer" | "number") => 0_u64.into(),
        Some("boolean") => true.into(),
        Some("array") => Json::Array(Vec::new()),
        Some("object") => object(schema, root, depth),
        _ if schema.get("properties").is_some() => object(schema, root, depth),
        _ => Json::Null,
    }
}

fn object(schema: &Json, root: &Json, depth: usize) -> Json {
    let properties = schema.members_of("properties").iter();
    let filled = properties.map(|(key, schema)| (key.clone(), example(schema, root, depth + 1)));
    Json::Object(filled.collect())
}

/// `#/$defs/step` within the document.
fn resolve<'a>(target: &str, root: &'a Json) -> Option<&'a Json> {
    let mut keys = target.strip_prefix('#')?.split('/').skip(1);
    keys.try_fold(root, |at, key| at.get(key))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use super::{example, text};
    use crate::json::Json;
    use crate::objects::input::Input;

    #[test]
    fn a_schema_is_filled_in_its_own_order() {
        let schema = r##"{"type":"object","properties":{"z":{"type":"string"},"a":{"type":["integer","null"]},
            "m":{"type":"object","properties":{"y":{"type":"array"},"b":{"type":"boolean"}}},
            "k":{"enum":["one","two"]},"r":{"$ref":"#/$defs/n"}},"$defs":{"n":{"anyOf":[{"type":"number"}]}}}"##;
        let schema = Json::read(schema).expect("a schema");
        let wanted = r#"{"z":"oa-mock","a":0,"m":{"y":[],"b":true},"k":"one","r":0}"#;
        assert_eq!(example(&schema, &schema, 0).write(), wanted);
    }

    #[test]
    fn a_schema_in_a_circle_ends() {
        let schema = r##"{"type":"object","properties":{"again":{"$ref":"#"}}}"##;
        let schema = Json::read(schema).expect("a schema");
        assert!(example(&schema, &schema, 0).write().contains("null"));
    }

    #[test]
    fn the_answer_quotes_the_question() {
        let body = Json::read(r#"{"model":"gpt-5.2","instructions":"Be brief"}"#).expect("a body");
        let input = Input {
            texts: vec!["one\ntwo".into()],
            attachments: vec!["input_file a 1 bytes sha256 x".into()],
            ..Input::default()
        };
        let wanted = "gpt-5.2 was asked \"one\\ntwo\"\ninput_file a 1 bytes sha256 x\ninstructions \"Be brief\"";
        assert_eq!(text(&body, &input), wanted);
    }
}
