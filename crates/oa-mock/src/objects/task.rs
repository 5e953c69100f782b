//! The lines of a Batch's input file: the requests that they are, and what is wrong with those that are none.

use std::collections::HashSet;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::json::{Json, Members};
use crate::objects::error::ApiError;
use crate::objects::table::Table;
use crate::objects::{model, value};

/// Requests of one Batch.
const MOST: usize = 50_000;

const NO_JSON: &str = "This line is not parseable as valid JSON.";
const DUPLICATE: &str = "The custom_id for this request is a duplicate of another request. The custom_id parameter must be unique for each request in a batch.";
const OTHER_URL: &str = "The URL provided for this request does not match the batch endpoint.";
const OTHER_MODEL: &str = "The model for this request does not match the rest of the batch. Each batch must contain requests for a single model.";
const EMPTY: &str = "The input file is empty. Please provide a batch input file that contains at least one request.";

/// One request.
pub(crate) struct Task {
    pub(crate) custom_id: String,
    /// The body as it stands in the file.
    pub(crate) body: Bytes,
}

impl Task {
    /// Reads a line that was found to be good.
    pub(crate) fn read(line: &Bytes) -> Option<Task> {
        let text = std::str::from_utf8(line).ok()?;
        let Members(members) = serde_json::from_str::<Members<&RawValue>>(text).ok()?;
        let member = |name: &str| {
            let found = members.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.get())
        };
        Some(Task {
            custom_id: serde_json::from_str(member("custom_id")?).ok()?,
            body: line.slice_ref(member("body")?.as_bytes()),
        })
    }
}

/// The lines of a file; a line break at its end begins no other.
pub(crate) fn lines(content: &Bytes) -> impl Iterator<Item = Bytes> {
    let whole = content.strip_suffix(b"\n").unwrap_or(content);
    let lines = whole.split(|byte| *byte == b'\n');
    lines
        .map(|line| content.slice_ref(line))
        .filter(|_| !content.is_empty())
}

/// What a file holds.
#[derive(Default)]
pub(crate) struct Checked {
    /// The model of all of its requests.
    pub(crate) model: Option<String>,
    pub(crate) total: usize,
    /// What is wrong, as a Batch names it.
    pub(crate) errors: Vec<Json>,
}

/// An error of a Batch, about a line or about all of it.
pub(crate) fn trouble(code: &str, message: &str, param: Option<&str>, line: Option<usize>) -> Json {
    Json::object([
        ("code", code.into()),
        ("message", message.into()),
        ("param", param.into()),
        ("line", line.into()),
    ])
}

/// Reads all lines as requests to one endpoint.
pub(crate) fn check(table: &Table, content: &Bytes, endpoint: &str, lenient: bool) -> Checked {
    let mut checked = Checked {
        total: lines(content).count(),
        ..Checked::default()
    };
    let whole = match checked.total {
        0 => Some(("empty_file", EMPTY.to_owned())),
        n if n > MOST => {
            let message = format!(
                "The input file has too many requests: it has {n}, and a batch may have {MOST}."
            );
            Some(("too_many_tasks", message))
        }
        _ => None,
    };
    if let Some((code, message)) = whole {
        checked.errors.push(trouble(code, &message, None, None));
        return checked;
    }
    let mut seen = HashSet::new();
    for (n, line) in lines(content).enumerate() {
        if let Err(error) = checked.line(table, &line, endpoint, lenient, &mut seen) {
            let code = error.code.as_deref().unwrap_or("invalid_request");
            let param = error.param.as_deref();
            let error = trouble(code, &error.message, param, Some(n + 1));
            checked.errors.push(error);
        }
    }
    checked
}

impl Checked {
    fn line(
        &mut self,
        table: &Table,
        line: &[u8],
        endpoint: &str,
        lenient: bool,
        seen: &mut HashSet<String>,
    ) -> Result<(), ApiError> {
        let wrong = |code: &str, message: &str| Err(ApiError::new(400, message).code(code));
        let read = std::str::from_utf8(line)
            .ok()
            .and_then(|text| Json::read(text).ok());
        let read = read.filter(|line| matches!(line, Json::Object(_)));
        let Some(read) = read else {
            return wrong("invalid_json_line", NO_JSON);
        };
        table.check("a line of a batch", &read, "")?;
        if read.text_of("url") != Some(endpoint) {
            return wrong("url_mismatch", OTHER_URL);
        }
        let id = read.text_of("custom_id").unwrap_or_default();
        if !seen.insert(id.to_owned()) {
            return wrong("duplicate_custom_id", DUPLICATE);
        }
        let body = read.get("body").unwrap_or(&Json::Null);
        let name = body.text_of("model");
        let name = name.ok_or_else(|| value::missing("body.model"))?;
        let of_all = self.model.get_or_insert_with(|| name.to_owned());
        if name != of_all {
            return wrong("model_mismatch", OTHER_MODEL);
        }
        model::check(body, lenient).map_err(|error| error.param("body.model"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use bytes::Bytes;

    use super::{Task, check, lines};
    use crate::objects::table::Table;

    fn line(id: &str, url: &str, model: &str) -> String {
        format!(
            r#"{{"custom_id":"{id}","method":"POST","url":"{url}","body":{{"model":"{model}"}}}}"#
        )
    }

    #[test]
    fn every_line_that_is_no_request_of_the_batch_is_named() {
        let table = Table::read(false, false).expect("the table");
        let content = [
            line("1", "/v1/responses", "m"),
            "{".to_owned(),
            line("1", "/v1/responses", "m"),
            line("2", "/v1/embeddings", "m"),
            line("3", "/v1/responses", "n"),
            String::new(),
            r#"{"method":"POST","url":"/v1/responses","body":{}}"#.to_owned(),
            r#"{"custom_id":"4","method":"POST","url":"/v1/responses","body":{}}"#.to_owned(),
            line("5", "/v1/responses", "m"),
        ];
        let content = Bytes::from(content.join("\n") + "\n");
        let checked = check(&table, &content, "/v1/responses", false);
        assert_eq!((checked.total, checked.model.as_deref()), (9, Some("m")));
        let errors = checked.errors.iter();
        let errors: Vec<_> = errors
            .map(|error| {
                let line: usize = error.number_of("line").expect("a line");
                (line, error.text_of("code").expect("a code"))
            })
            .collect();
        let wanted = [
            (2, "invalid_json_line"),
            (3, "duplicate_custom_id"),
            (4, "url_mismatch"),
            (5, "model_mismatch"),
            (6, "invalid_json_line"),
            (7, "missing_required_parameter"),
            (8, "missing_required_parameter"),
        ];
        assert_eq!(errors, wanted);
    }

    #[test]
    fn a_file_has_the_lines_between_its_breaks() {
        for (text, count) in [("", 0), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n", 1)] {
            let content = Bytes::from(text);
            assert_eq!(lines(&content).count(), count, "{text:?}");
        }
    }

    #[test]
    fn a_body_is_taken_as_it_stands() {
        let text = r#"{ "custom_id": "\u0061", "x": 1, "body": {"n": 1e2 } }"#;
        let task = Task::read(&Bytes::from(text)).expect(text);
        assert_eq!(task.custom_id, "a");
        assert_eq!(task.body, r#"{"n": 1e2 }"#);
    }
}
