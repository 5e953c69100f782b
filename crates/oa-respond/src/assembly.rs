//! A streamed answer put together again: items, their text, what it cites, as far as they came.

use std::collections::BTreeMap;

use oa_core::field::Fields;
use oa_pipe::object::{Object, compacted, raw, raw_array};
use oa_pipe::output::is_answer;
use serde_json::value::RawValue;

/// Bytes that are collected at most, and what each piece counts for beside its own.
const MOST: usize = 256 << 20;
const PIECE: usize = 64;

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
    /// Bytes that were collected.
    size: usize,
}

impl Assembly {
    /// Takes what an event adds; the text that can be shown at once, if any.
    pub(crate) fn take(&mut self, kind: &str, event: &Fields) -> Option<String> {
        match kind {
            "response.output_item.added" => {
                let added = Fields::of(event.raw("item")?, &["phase"]);
                self.item(event, 0).phase = added.text("phase");
                None
            }
            "response.output_item.done" => {
                let done = compacted(event.raw("item")?);
                let told = self.item(event, done.get().len()).end(done);
                self.size = self.size.saturating_sub(told);
                None
            }
            "response.output_text.delta" => {
                let delta = event.text("delta")?;
                self.item(event, delta.len()).add(delta)
            }
            // Some servers send the text only once it is whole.
            "response.output_text.done" if self.item(event, 0).text.is_empty() => {
                let text = event.text("text")?;
                self.item(event, text.len()).add(text)
            }
            "response.output_text.annotation.added" => {
                let note = compacted(event.raw("annotation")?);
                self.item(event, note.get().len() + PIECE).notes.push(note);
                None
            }
            _ => None,
        }
    }

    /// Whether more was collected than an answer can have.
    pub(crate) fn is_full(&self) -> bool {
        self.size > MOST
    }

    /// Whether nothing of an answer has come.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.values().all(Item::is_empty)
    }

    /// The item that an event is about, which brings so many bytes.
    fn item(&mut self, event: &Fields, bytes: usize) -> &mut Item {
        let index = event.get("output_index").unwrap_or(0);
        let new = !self.items.contains_key(&index);
        self.size += bytes + if new { PIECE * 4 } else { 0 };
        self.items.entry(index).or_default()
    }

    /// A Response of what has come, with this status.
    pub(crate) fn response(self, begun: Option<&RawValue>, status: &str) -> Box<RawValue> {
        let mut response = begun.map(Object::of).unwrap_or_default();
        response.put("status", &status);
        let mut output = String::from("[");
        for item in self.items.into_values().filter(|item| !item.is_empty()) {
            output.push_str(if output.len() > 1 { "," } else { "" });
            item.write(&mut output);
        }
        output.push(']');
        response.set("output", RawValue::from_string(output).unwrap_or_default());
        response.to_raw()
    }
}

impl Item {
    /// The item as a whole takes the place of its pieces; the bytes that they had.
    fn end(&mut self, done: Box<RawValue>) -> usize {
        let old = self.done.replace(done).map_or(0, |old| old.get().len());
        self.notes = Vec::new();
        old + std::mem::take(&mut self.text).len()
    }

    /// Adds text; gives it back where it is part of the answer.
    fn add(&mut self, text: String) -> Option<String> {
        self.text.push_str(&text);
        is_answer(self.phase.as_deref()).then_some(text)
    }

    fn is_empty(&self) -> bool {
        self.done.is_none() && self.text.is_empty()
    }

    /// Writes the item as it ended, or as far as it came.
    fn write(self, out: &mut String) {
        if let Some(done) = self.done {
            out.push_str(done.get());
            return;
        }
        out.push_str("{\"type\":\"message\",");
        if let Some(phase) = &self.phase {
            out.push_str("\"phase\":");
            out.push_str(raw(phase).get());
            out.push(',');
        }
        let text = raw(&self.text);
        drop(self.text);
        out.push_str("\"content\":[{\"type\":\"output_text\",\"text\":");
        out.push_str(text.get());
        out.push_str(",\"annotations\":");
        let notes = self.notes.iter().map(AsRef::as_ref);
        out.push_str(raw_array(notes).get());
        out.push_str("}]}");
    }
}
