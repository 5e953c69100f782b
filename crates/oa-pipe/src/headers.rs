//! Headers that the environment adds to every request.

use oa_core::{Error, Result};

/// Headers that say where a request ends, or whom it is for.
const FRAMING: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];

/// Headers that the environment adds to every request, names in lower case.
pub(crate) fn headers() -> Result<Vec<(String, String)>> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut headers = Vec::new();
    let scopes = [
        ("openai-organization", "OPENAI_ORG_ID"),
        ("openai-project", "OPENAI_PROJECT_ID"),
    ];
    for (header, name) in scopes {
        headers.extend(variable(name).map(|value| (header.to_owned(), value)));
    }
    let custom = variable("OPENAI_CUSTOM_HEADERS").unwrap_or_default();
    for line in custom.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Error::usage("OPENAI_CUSTOM_HEADERS: a line is not `Name: value`"))?;
        headers.push((name.trim().to_lowercase(), value.trim().to_owned()));
    }
    let mut names = headers.iter().map(|(name, _)| name.as_str());
    if let Some(name) = names.find(|name| FRAMING.contains(name)) {
        return Err(Error::usage(format!(
            "OPENAI_CUSTOM_HEADERS: `{name}` is set by the tool itself"
        )));
    }
    let proper = |text: &str| text.bytes().all(|byte| (32..127).contains(&byte));
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let token = |name: &str| !name.is_empty() && name.bytes().all(part);
    let sent = |(name, value): &&(String, String)| token(name) && proper(value);
    match headers.iter().find(|header| !sent(header)) {
        Some((name, _)) => Err(Error::usage(format!("header `{name}` cannot be sent"))),
        None => Ok(headers),
    }
}
