//! The JSON body from options and record.

use oa_core::body::{Body, Segment};
use oa_core::limit::TEXT_CHARS;
use oa_core::object::{Object, raw_array};
use oa_core::record::Record;
use oa_core::{Error, Result};
use serde_json::value::RawValue;

use crate::input::{Inline, Parts};
use crate::search::FileSearch;

/// What the options say about every body, read once.
#[derive(Default)]
pub(crate) struct Template {
    pub(crate) model: String,
    pub(crate) prompt: Option<String>,
    pub(crate) instructions: Option<String>,
    pub(crate) format: Option<Object>,
    pub(crate) effort: Option<String>,
    pub(crate) max_output_tokens: Option<u64>,
    pub(crate) store: bool,
    pub(crate) background: bool,
    pub(crate) stream: bool,
    /// Merged over the above, in this order.
    pub(crate) patches: Vec<Object>,
    pub(crate) search: Option<FileSearch>,
}

/// A body that is ready to be sent.
pub(crate) struct Request {
    pub(crate) body: Object,
    pub(crate) inline: Vec<Inline>,
    pub(crate) background: bool,
    pub(crate) stream: bool,
}

impl Template {
    /// The body for one record; `previous` is the response to ask on, `search` the tool to search with.
    pub(crate) fn fill(
        &self,
        record: &Record,
        parts: Parts,
        previous: Option<&str>,
        search: Option<Object>,
    ) -> Result<Request> {
        let own = record.request();
        let mut patch = Object::default();
        for layer in self.patches.iter().chain(own.as_ref()) {
            join(&mut patch, layer)?;
        }
        let replaced = patch.get("input").is_some();
        let prompt = record.prompt().or_else(|| self.prompt.clone());
        let mut body = Object::default();
        body.put("model", &self.model);
        if !replaced {
            let prompt = prompt.ok_or_else(|| {
                Error::input("there is no question").hint(
                    "say it with -p, or give the record a `prompt` or a `request` with `input`",
                )
            })?;
            if let Some(text) = TEXT_CHARS.exceeded("the question", prompt.chars().count() as u64) {
                return Err(Error::input(text).hint(TEXT_CHARS.way_out));
            }
            body.set("input", message(&prompt, &parts));
        }
        self.options(&mut body, previous);
        if let Some(tool) = search {
            body.set("tools", raw_array([tool.to_raw().as_ref()]));
        }
        merge(&mut body, &patch)?;
        let is_true = |key: &str| body.get(key).is_some_and(|raw| raw.get() == "true");
        let (background, stream) = (is_true("background"), is_true("stream"));
        if replaced {
            nothing_dropped(&body, &parts)?;
        }
        Ok(Request {
            inline: if replaced { Vec::new() } else { parts.inline },
            background,
            stream,
            body,
        })
    }

    fn options(&self, body: &mut Object, previous: Option<&str>) {
        if let Some(instructions) = &self.instructions {
            body.put("instructions", instructions);
        }
        if let Some(id) = previous {
            body.put("previous_response_id", &id);
        }
        if let Some(format) = &self.format {
            let mut text = Object::default();
            text.set("format", format.to_raw());
            body.set("text", text.to_raw());
        }
        if let Some(effort) = &self.effort {
            let mut reasoning = Object::default();
            reasoning.put("effort", effort);
            body.set("reasoning", reasoning.to_raw());
        }
        if let Some(count) = self.max_output_tokens {
            body.put("max_output_tokens", &count);
        }
        if self
            .search
            .as_ref()
            .is_some_and(|search| search.include_results)
        {
            body.put("include", &["file_search_call.results"]);
        }
        let flags = [
            ("store", !self.store, false),
            ("background", self.background, true),
            ("stream", self.stream, true),
        ];
        for (key, _, value) in flags.iter().filter(|flag| flag.1) {
            body.put(key, value);
        }
    }
}

/// Lays one patch over another so that a later `null` still removes.
fn join(patch: &mut Object, layer: &Object) -> Result<()> {
    for (key, value) in layer.entries() {
        let below = patch
            .get(key)
            .map(RawValue::get)
            .filter(|old| old.starts_with('{'));
        match (below, value.get().starts_with('{')) {
            (Some(below), true) => {
                let mut below = Object::parse(below).map_err(|error| not_json(&error))?;
                join(
                    &mut below,
                    &Object::parse(value.get()).map_err(|error| not_json(&error))?,
                )?;
                patch.set(key, below.to_raw());
            }
            _ => patch.set(key, value.to_owned()),
        }
    }
    Ok(())
}

fn not_json(error: &serde_json::Error) -> Error {
    Error::input(format!("request: {error}"))
}

fn merge(body: &mut Object, patch: &Object) -> Result<()> {
    body.merge(patch)
        .map_err(|error| Error::input(format!("request: {error:#}")))
}

/// One user message: the question first, then what it is about.
fn message(prompt: &str, parts: &Parts) -> Box<RawValue> {
    let mut text = Object::default();
    text.put("type", &"input_text");
    text.put("text", &prompt);
    let objects: Vec<Box<RawValue>> = [&text]
        .into_iter()
        .chain(&parts.objects)
        .map(Object::to_raw)
        .collect();
    let mut message = Object::default();
    message.put("role", &"user");
    message.set("content", raw_array(objects.iter().map(AsRef::as_ref)));
    raw_array([message.to_raw().as_ref()])
}

/// A `request.input` takes the place of the question and its parts; a file that it forgets would silently
/// not be looked at.
fn nothing_dropped(body: &Object, parts: &Parts) -> Result<()> {
    let searches = body
        .get("tools")
        .is_some_and(|tools| tools.get().contains("\"file_search\""));
    if searches || body.get("previous_response_id").is_some() {
        return Ok(());
    }
    let input = body.get("input").map(RawValue::get).unwrap_or_default();
    for part in &parts.objects {
        let named = [
            "file_id",
            "image_file_id",
            "file_url",
            "image_url",
            "file_data",
        ];
        let source = named.iter().find_map(|key| part.get(key));
        let there = source.is_some_and(|source| input.contains(source.get()));
        if !there {
            let name = source.map(RawValue::get).unwrap_or_default();
            let name: String = name.chars().take(60).collect();
            return Err(Error::input(format!("`request.input` does not mention {name}"))
                .hint("the request's own input replaces the question and its files; name the file there, too"));
        }
    }
    Ok(())
}

impl Request {
    /// The bytes to send: the JSON, with base64 produced from the files where their place holders stand.
    pub(crate) fn bytes(&self) -> Body {
        let line = self.body.to_line();
        let mut rest = line.as_str();
        let mut segments = Vec::new();
        for file in &self.inline {
            let Some((before, after)) = rest.split_once(&file.place) else {
                continue;
            };
            segments.push(Segment::text(before));
            segments.push(Segment::Base64(file.local.clone()));
            rest = after;
        }
        segments.push(Segment::text(rest));
        Body::new(segments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &Template, record: &str) -> String {
        let record = Record::new(Object::parse(record).unwrap_or_default());
        match template.fill(&record, Parts::default(), None, None) {
            Ok(request) => request.body.to_line(),
            Err(error) => format!("! {}", error.message),
        }
    }

    #[test]
    fn layers_are_merged_in_their_order_and_null_removes() {
        let patch = |text: &str| Object::parse(text).unwrap_or_default();
        let template = Template {
            model: "m".to_owned(),
            prompt: Some("p".to_owned()),
            store: true,
            effort: Some("low".to_owned()),
            patches: vec![patch(
                r#"{"metadata":{"a":"1","b":"2"},"reasoning":{"summary":"auto"}}"#,
            )],
            ..Template::default()
        };
        let input = r#""input":[{"role":"user","content":[{"type":"input_text","text":"p"}]}]"#;
        assert_eq!(
            fill(
                &template,
                r#"{"request":{"metadata":{"a":null,"c":"3"},"reasoning":null}}"#
            ),
            format!(r#"{{"model":"m",{input},"metadata":{{"b":"2","c":"3"}}}}"#)
        );
        assert_eq!(
            fill(&template, r#"{"request":{"input":"x","model":"n"}}"#),
            r#"{"model":"n","reasoning":{"effort":"low","summary":"auto"},"metadata":{"a":"1","b":"2"},"input":"x"}"#
        );
    }

    #[test]
    fn a_record_without_a_question_is_an_input_error() {
        let template = Template::default();
        assert_eq!(fill(&template, "{}"), "! there is no question");
    }
}
