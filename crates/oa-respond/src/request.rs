//! The JSON body from options and record: layers merged one after the other, then the question.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use oa_core::body::{Body, Segment};
use oa_core::field::text_of;
use oa_core::form::random_word;
use oa_core::{Error, Id, Result};
use oa_pipe::object::{Object, raw, raw_array};
use oa_pipe::record::Record;
use oa_pipe::response::wants_json;
use serde_json::value::RawValue;

use crate::given::{is_silent, list, strings};
use crate::input::{Attachment, Inline, Parts};
use crate::part::Part;
use crate::search::FileSearch;
use crate::window::window;

/// What the options say about every body, read once.
#[derive(Default)]
pub(crate) struct Template {
    pub(crate) model: String,
    pub(crate) prompt: Option<String>,
    pub(crate) instructions: Option<String>,
    /// What else stands in it.
    pub(crate) options: Object,
    /// Merged over the above, in this order.
    pub(crate) layers: Vec<Object>,
    pub(crate) search: Option<FileSearch>,
    /// What they come to for a record that adds nothing to them.
    pub(crate) plain: OnceLock<Result<Draft>>,
}

/// A body whose layers are merged; a mark stands where the question goes.
#[derive(Clone)]
pub(crate) struct Draft {
    body: Object,
    mark: Box<RawValue>,
}

/// The only item of an input.
#[derive(serde::Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Part<'a>>,
}

/// A body that is ready to be sent.
pub(crate) struct Prepared {
    pub(crate) body: Object,
    pub(crate) inline: Vec<Inline>,
    pub(crate) background: bool,
    pub(crate) stream: bool,
    /// The answer must be JSON.
    pub(crate) json: bool,
}

impl Template {
    /// The body for one record; `previous` is the response to ask on, `search` the tool to search with.
    pub(crate) fn draft(
        &self,
        record: &Record,
        previous: Option<&Id>,
        search: Option<&Object>,
    ) -> Result<Draft> {
        let mut draft = match (previous, search) {
            (None, None) => self.plain.get_or_init(|| self.merged(None, None)).clone()?,
            _ => self.merged(previous, search)?,
        };
        if let Some(own) = record.request() {
            draft.merge(&own)?;
        }
        if draft.body.get("input").is_none() {
            return Err(Error::input("the request has no `input`").hint(
                "`\"input\":null` takes the question and its files away: leave it out, or write an input",
            ));
        }
        Ok(draft)
    }

    /// What the options say, and the layers that are merged over that.
    fn merged(&self, previous: Option<&Id>, search: Option<&Object>) -> Result<Draft> {
        let mark = raw(&random_word());
        let mut body = Object::default();
        body.put("model", &self.model);
        body.set("input", mark.clone());
        if let Some(instructions) = &self.instructions {
            body.put("instructions", instructions);
        }
        if let Some(id) = previous {
            body.put("previous_response_id", &id.as_str());
        }
        for (key, value) in self.options.entries() {
            body.set(&key, value.to_owned());
        }
        if let Some(tool) = search {
            body.set("tools", raw_array([tool.to_raw().as_ref()]));
        }
        let mut draft = Draft { body, mark };
        let mut layers = self.layers.iter();
        layers.try_for_each(|layer| draft.merge(layer))?;
        Ok(draft)
    }
}

impl Draft {
    fn merge(&mut self, layer: &Object) -> Result<()> {
        let merged = self.body.merge(layer);
        merged.map_err(|error| Error::input(format!("`request`: {error:#}")))
    }

    /// Whether a `request.input` took the place of the question and what goes with it.
    pub(crate) fn is_whole(&self) -> bool {
        let input = self.body.get("input").map(RawValue::get);
        input != Some(self.mark.get())
    }

    /// Whether it asks on from an earlier response.
    pub(crate) fn continues(&self) -> bool {
        self.body.get("previous_response_id").is_some()
    }

    /// The completion window that it asks for.
    pub(crate) fn window(&self) -> Option<String> {
        window(&self.body)
    }

    /// Stores of the tools that search files, a list for each tool.
    fn searched(&self) -> Vec<Vec<String>> {
        let tools = list(self.body.get("tools")).into_iter();
        let tools = tools.filter_map(|tool| Object::parse(tool.get()).ok());
        tools
            .filter(|tool| tool.text("type").as_deref() == Some("file_search"))
            .map(|tool| stores(&tool))
            .collect()
    }

    /// The stores that the options search and the body no longer does: a list in a layer replaces, as the rule
    /// of merging is, and does not add.
    pub(crate) fn unsearched(&self, tool: &Object) -> Vec<String> {
        let searched = self.searched().concat();
        let mut wanted = stores(tool);
        wanted.retain(|id| !searched.contains(id));
        wanted
    }

    /// The request with its own input; what that forgets would silently not be looked at.
    pub(crate) fn take(self, record: &Record, attachments: &[Attachment]) -> Result<Prepared> {
        if self.body.get("input").is_some_and(is_silent) {
            return Err(Error::input("`request.input` is empty")
                .hint("is a variable unset, or a file empty? Nothing was sent"));
        }
        let files = record.files();
        let exempt = self.continues() || !self.searched().is_empty();
        let uploaded = files.iter().filter(|_| !exempt);
        let mut unseen: BTreeMap<&str, String> = uploaded
            .filter_map(|file| Some((file.id.as_ref()?.as_str(), file)))
            .map(|(id, file)| (id, format!("{id} ({})", file.label())))
            .collect();
        unseen.extend(attachments.iter().map(Attachment::source));
        for text in self.body.get("input").into_iter().flat_map(strings) {
            unseen.remove(text.as_ref());
        }
        if let Some(what) = unseen.into_values().next() {
            return Err(Error::input(format!("`request.input` does not mention {what}"))
                .hint("the request's own input replaces the question and its files; name the file there, too"));
        }
        Ok(self.ready(Vec::new()))
    }

    /// The request that asks this about these parts. What stays the same comes first, so that the provider's
    /// cache holds it when the next question comes.
    pub(crate) fn ask<'a>(mut self, question: &'a str, parts: Parts<'a>) -> Prepared {
        let mut content = parts.list;
        let model = self.body.text("model").unwrap_or_default();
        if let Some(last) = content.last_mut().filter(|_| wants_breakpoints(&model)) {
            last.end_prefix();
        }
        content.push(Part::text(question));
        let role = "user";
        self.body.put("input", &[Message { role, content }]);
        self.ready(parts.inline)
    }

    fn ready(self, inline: Vec<Inline>) -> Prepared {
        let body = self.body;
        let is_true = |key: &str| body.get(key).is_some_and(|raw| raw.get() == "true");
        Prepared {
            background: is_true("background"),
            stream: is_true("stream"),
            json: wants_json(body.get("text")),
            inline,
            body,
        }
    }
}

/// The first model whose cache is found again at breakpoints only, of which there is but one at the very end unless
/// others are marked (API reference, `PromptCacheOptionsParam`: gpt-5.6 and later).
const BREAKPOINTS: (u32, u32) = (5, 6);

/// Whether a model has to be told what will come again.
fn wants_breakpoints(model: &str) -> bool {
    let version = model.strip_prefix("gpt-").unwrap_or_default();
    let version = version.split('-').next().unwrap_or_default();
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    match (major.parse(), minor.parse()) {
        (Ok(major), Ok(minor)) => (major, minor) >= BREAKPOINTS,
        _ => false,
    }
}

/// The stores that a tool searches.
fn stores(tool: &Object) -> Vec<String> {
    let ids = list(tool.get("vector_store_ids")).into_iter();
    ids.filter_map(text_of).collect()
}

impl Prepared {
    /// The bytes to send: the JSON, with base64 produced from the files where their place holders stand.
    pub(crate) fn bytes(&self) -> Body {
        self.filled(&self.body)
    }

    /// The same of a body that differs in what is no file.
    pub(crate) fn filled(&self, body: &Object) -> Body {
        let line = body.to_line();
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
        let draft = template.draft(&record, None, None);
        let request = draft.and_then(|draft| {
            if draft.is_whole() {
                return draft.take(&record, &[]);
            }
            Ok(draft.ask("p", Parts::default()))
        });
        match request {
            Ok(request) => request.body.to_line(),
            Err(error) => format!("! {}", error.message),
        }
    }

    #[test]
    fn models_since_gpt_5_6_are_told_what_will_come_again() {
        for (model, told) in [
            ("gpt-5.2", false),
            ("gpt-5.6", true),
            ("gpt-5.10-mini", true),
            ("gpt-6-luna", true),
            ("gpt-6.2-sol-2026-10-01", true),
            ("gpt-4o", false),
            ("o3", false),
            ("llama3:8b", false),
            ("gpt-oss-120b", false),
            ("", false),
        ] {
            assert_eq!(wants_breakpoints(model), told, "{model}");
        }
    }

    #[test]
    fn layers_are_merged_in_their_order_and_null_removes() {
        let layer = |text: &str| Object::parse(text).unwrap_or_default();
        let template = Template {
            model: "m".to_owned(),
            options: layer(r#"{"reasoning":{"effort":"low"}}"#),
            layers: vec![
                layer(r#"{"reasoning":null,"metadata":{"a":"1"}}"#),
                layer(r#"{"metadata":{"b":"2"},"reasoning":{"summary":"auto"}}"#),
            ],
            ..Template::default()
        };
        let input = r#""input":[{"role":"user","content":[{"type":"input_text","text":"p"}]}]"#;
        let reasoning = r#""reasoning":{"summary":"auto"}"#;
        assert_eq!(
            fill(&template, r#"{"request":{"metadata":{"a":null,"c":"3"}}}"#),
            format!(r#"{{"model":"m",{input},"metadata":{{"b":"2","c":"3"}},{reasoning}}}"#)
        );
        assert_eq!(
            fill(
                &template,
                r#"{"request":{"input":"x","model":"n","reasoning":null}}"#
            ),
            r#"{"model":"n","input":"x","metadata":{"a":"1","b":"2"}}"#
        );
        assert_eq!(
            fill(&template, r#"{"request":{"input":null}}"#),
            "! the request has no `input`"
        );
    }
}
