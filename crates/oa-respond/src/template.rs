//! The options as a template for bodies: files are read, JSON is checked, once.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::OnceLock;

use anyhow::{Context, anyhow, ensure};
use oa_core::{Error, Result};
use oa_kinds::limit::TEXT_CHARS;
use oa_pipe::local;
use oa_pipe::object::Object;
use oa_pipe::signal::Interrupt;

use crate::args::{Args, DEFAULT_MODEL};
use crate::layers::Layer;
use crate::request::Template;
use crate::search::FileSearch;
use crate::window::{OPTIONS, WINDOW};

/// Most bytes of a file with text: four to a character.
const TEXT_BYTES: u64 = 4 * TEXT_CHARS.limit;
/// Most bytes of a file with a request, in which files and pictures may lie as base64.
const REQUEST_BYTES: u64 = 1 << 30;

/// Reads what the options name.
pub(crate) fn read(args: &Args, interrupt: &Interrupt) -> Result<Template> {
    let model = match args.model.as_str() {
        "" => DEFAULT_MODEL.to_owned(),
        model => model.to_owned(),
    };
    Ok(Template {
        model,
        prompt: prompt(args, interrupt)?,
        instructions: match &args.instructions_file {
            Some(file) => Some(text(file, TEXT_BYTES, interrupt)?),
            None => args.instructions.clone(),
        },
        options: options(args, interrupt)?,
        layers: layers(args, interrupt)?,
        search: FileSearch::read(args)?,
        plain: OnceLock::new(),
    })
}

/// The options that stand in the body as they are.
fn options(args: &Args, interrupt: &Interrupt) -> Result<Object> {
    let mut body = Object::default();
    if let Some(path) = &args.schema {
        let format = format(path, interrupt)?.to_raw();
        body.put("text", &BTreeMap::from([("format", format)]));
    }
    if let Some(effort) = &args.reasoning_effort {
        body.put("reasoning", &BTreeMap::from([("effort", effort)]));
    }
    if let Some(count) = args.max_output_tokens {
        body.put("max_output_tokens", &count);
    }
    if args.include_results {
        body.put("include", &["file_search_call.results"]);
    }
    let background = args.background || args.window.is_some();
    let flags = [
        // Some projects keep the answer of a background response for minutes only unless they are told to.
        ("store", args.no_store || background, !args.no_store),
        ("background", background, true),
        ("stream", args.stream, true),
    ];
    for (key, _, value) in flags.iter().filter(|flag| flag.1) {
        body.put(key, value);
    }
    if let Some(window) = &args.window {
        body.put(OPTIONS, &BTreeMap::from([(WINDOW, window)]));
    }
    Ok(body)
}

/// The question: `-p`, a blank line, the file; a file's last newline is not part of it.
fn prompt(args: &Args, interrupt: &Interrupt) -> Result<Option<String>> {
    let file = args.prompt_file.as_deref();
    let file = file
        .map(|file| text(file, TEXT_BYTES, interrupt))
        .transpose()?;
    let file = file.map(|text| text.trim_end_matches(['\n', '\r']).to_owned());
    Ok(match (&args.prompt, file) {
        (Some(prompt), Some(file)) => Some(format!("{prompt}\n\n{file}")),
        (prompt, file) => prompt.clone().or(file),
    })
}

fn layers(args: &Args, interrupt: &Interrupt) -> Result<Vec<Object>> {
    let layers = args.layers.0.iter();
    layers
        .map(|layer| match layer {
            Layer::Json(json) => object(json, "--request").map_err(Error::usage),
            Layer::File(file) => {
                object(&text(file, REQUEST_BYTES, interrupt)?, file).map_err(Error::input)
            }
        })
        .collect()
}

fn object(text: &str, name: &str) -> std::result::Result<Object, String> {
    Object::parse(text.trim_start_matches('\u{feff}').trim())
        .map_err(|error| format!("{name}: not a JSON object: {error}"))
}

fn text(path: &str, most: u64, interrupt: &Interrupt) -> anyhow::Result<String> {
    let about = || match path {
        "-" => "stdin".to_owned(),
        path => path.to_owned(),
    };
    let fits = |bytes: u64| {
        let few = bytes <= most;
        few.then_some(())
            .with_context(|| format!("{}: more than {most} bytes", about()))
    };
    let local = local::take(path, most, interrupt)?;
    fits(local.bytes())?;
    let mut bytes = Vec::new();
    let file = local.reopen().with_context(about)?;
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .with_context(about)?;
    // What grows, or says that it is empty (/proc), shows its size when it is read.
    fits(bytes.len() as u64)?;
    String::from_utf8(bytes).map_err(|_| anyhow!("{}: is no UTF-8 text", about()))
}

/// The `text.format` of a schema file: the schema alone, or a whole format with its own name.
fn format(path: &str, interrupt: &Interrupt) -> Result<Object> {
    let schema = object(&text(path, TEXT_BYTES, interrupt)?, path).map_err(Error::input)?;
    schema.check_depth().with_context(|| path.to_owned())?;
    let mut format = Object::default();
    format.put("type", &"json_schema");
    if schema.get("schema").is_some() && schema.get("name").is_some() {
        for (key, value) in schema.entries().filter(|(key, _)| *key != "type") {
            format.set(&key, value.to_owned());
        }
        return Ok(format);
    }
    format.put("name", &name(path)?);
    format.put("strict", &true);
    format.set("schema", schema.to_raw());
    Ok(format)
}

/// The schema's name: the file's, in the characters that the API takes, at most 64.
fn name(path: &str) -> anyhow::Result<String> {
    let stem = std::path::Path::new(path).file_stem().unwrap_or_default();
    let other = |c: char| !c.is_ascii_alphanumeric() && c != '-';
    let name = stem.to_string_lossy().replace(other, "_");
    let name: String = name.chars().take(64).collect();
    ensure!(!name.is_empty(), "{path}: a schema's file needs a name");
    Ok(name)
}
