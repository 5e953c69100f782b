//! A streamed answer put together again: items, their text, what it cites, as far as they came.

use std::collections::BTreeMap;

use oa_core::answer::is_answer;
use oa_core::object::{Object, raw_array};
use serde_json::value::RawValue;

/// One item of the output.
#[derive(Default)]
struct Item {
    phase: Option<String>,
    text: String,
    notes: Vec<Box<RawValue>>,
    /// The item as its last event gave it.
    done: Option<Box<RawValue>>,
}

/// What has come of an answer.
#[derive(Default)]
pub(crate) struct Assembly {
    items: BTreeMap<u64, Item>,
}

impl Assembly {
    /// Takes what an event adds; the text that can be shown at once, if any.
    pub(crate) fn take(&mut self, kind: &str, event: &Object) -> Option<String> {
        match kind {
            "response.output_item.added" => {
                let added = event.get("item").and_then(parse)?;
                self.item(event).phase = added.text("phase");
                None
            }
            "response.output_item.done" => {
                let done = event.get("item")?.to_owned();
                self.item(event).done = Some(done);
                None
            }
            "response.output_text.delta" => {
                let delta = event.text("delta")?;
                self.item(event).add(delta)
            }
            // Some servers send the text only once it is whole.
            "response.output_text.done" => {
                let text = event.text("text")?;
                let item = self.item(event);
                item.text.is_empty().then(|| item.add(text))?
            }
            "response.output_text.annotation.added" => {
                let note = event.get("annotation")?.to_owned();
                self.item(event).notes.push(note);
                None
            }
            _ => None,
        }
    }

    /// Whether nothing of an answer has come.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.values().all(|item| item.object().is_none())
    }

    fn item(&mut self, event: &Object) -> &mut Item {
        let index = event.get("output_index");
        let index = index.and_then(|raw| raw.get().parse().ok()).unwrap_or(0);
        self.items.entry(index).or_default()
    }

    /// A Response of what has come, with this status.
    pub(crate) fn response(&self, begun: Option<&RawValue>, status: &str) -> Box<RawValue> {
        let mut response = begun.and_then(parse).unwrap_or_default();
        response.put("status", &status);
        let items: Vec<Box<RawValue>> = self.items.values().filter_map(Item::object).collect();
        response.set("output", raw_array(items.iter().map(AsRef::as_ref)));
        response.to_raw()
    }
}

impl Item {
    /// Adds text; gives it back where it is part of the answer.
    fn add(&mut self, text: String) -> Option<String> {
        self.text.push_str(&text);
        is_answer(self.phase.as_deref()).then_some(text)
    }

    /// The item as it ended, or as far as it came; none where that is nothing.
    fn object(&self) -> Option<Box<RawValue>> {
        if self.done.is_some() || self.text.is_empty() {
            return self.done.clone();
        }
        let mut part = Object::default();
        part.put("type", &"output_text");
        part.put("text", &self.text);
        let notes = self.notes.iter().map(AsRef::as_ref);
        part.set("annotations", raw_array(notes));
        let mut item = Object::default();
        item.put("type", &"message");
        if let Some(phase) = &self.phase {
            item.put("phase", phase);
        }
        item.set("content", raw_array([part.to_raw().as_ref()]));
        Some(item.to_raw())
    }
}

fn parse(raw: &RawValue) -> Option<Object> {
    Object::parse(raw.get()).ok()
}
