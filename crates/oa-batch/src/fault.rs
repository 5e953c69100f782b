//! Why a Batch failed, and what follows.

use oa_core::field::{Fields, each};
use oa_core::{Error, Kind};
use serde_json::value::RawValue;

/// What says that money is the matter, in an error's `code`.
const MONEY: [&str; 3] = ["billing", "quota", "account deactivated"];

/// What follows from the failure of a Batch.
#[derive(Debug)]
pub(crate) enum Fault {
    /// These lines of its file, from 0, cannot be taken.
    Lines(Vec<(usize, Error)>),
    /// The model's queue has no room for it now.
    Full(Error),
    /// Its file is not known everywhere yet.
    Unseen(Error),
    /// Nothing of it can be taken.
    Whole(Error),
}

impl Fault {
    /// Reads the errors of a Batch.
    pub(crate) fn read(batch: &RawValue) -> Fault {
        let (mut lines, mut whole) = (Vec::new(), None);
        let errors = Fields::of(batch, &["errors"]).raw("errors");
        let list = errors
            .and_then(|errors| Fields::of(errors, &["data"]).raw("data"))
            .or(errors);
        if let Some(list) = list {
            each(list, |raw| {
                let fields = Fields::of(raw, &["code", "message", "param", "line"]);
                let code = fields.word("code");
                let message = fields.word("message").or_else(|| code.clone());
                let mut error = Error::new(Kind::Refused, message.unwrap_or_default());
                error.param = fields.word("param");
                error.code = code;
                let line = fields
                    .get::<usize>("line")
                    .and_then(|line| line.checked_sub(1));
                match line {
                    Some(line) => lines.push((line, error)),
                    None => drop(whole.get_or_insert(error)),
                }
            });
        }
        if !lines.is_empty() {
            return Fault::Lines(lines);
        }
        Fault::of(whole.unwrap_or_else(|| Error::new(Kind::Refused, "the Batch failed")))
    }

    /// What happened, in one error.
    pub(crate) fn error(self) -> Error {
        match self {
            Fault::Full(error) | Fault::Unseen(error) | Fault::Whole(error) => error,
            Fault::Lines(mut lines) => {
                let (line, error) = lines.swap_remove(0);
                error.about(&format!("line {}", line + 1))
            }
        }
    }

    fn of(error: Error) -> Fault {
        let code = error.code.clone().unwrap_or_default();
        let said = format!("{code} {}", error.message)
            .to_lowercase()
            .replace('_', " ");
        if code == "token_limit_exceeded" || said.contains("enqueued token") {
            return Fault::Full(error);
        }
        if MONEY.iter().any(|word| said.contains(word)) {
            return Fault::Whole(error.as_kind(Kind::Quota));
        }
        if is_unseen(&said) {
            return Fault::Unseen(error);
        }
        Fault::Whole(error)
    }
}

/// Whether an answer says of a file that it is not there.
fn is_unseen(said: &str) -> bool {
    said.contains("file") && (said.contains("not found") || said.contains("no such"))
}

/// Whether the creation of a Batch was refused because its file is not known yet.
pub(crate) fn speaks_of_file(error: &Error) -> bool {
    let said = error.message.to_lowercase();
    error.status == Some(404) || (error.status == Some(400) && is_unseen(&said))
}

/// The tokens that a queue holds, where its message says so.
fn limit(message: &str) -> Option<u64> {
    let behind = message.split("imit: ").nth(1)?;
    let number: String = behind
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(char::is_ascii_digit)
        .collect();
    number.parse().ok()
}

/// Whether a request is larger than the whole queue, so that no waiting helps: a word is a token at least.
pub(crate) fn never_fits(request: &RawValue, message: &str) -> bool {
    let words = request.get().split_whitespace().count() as u64;
    limit(message).is_some_and(|limit| words > limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(errors: &str) -> Fault {
        let batch = format!(r#"{{"status":"failed","errors":{errors}}}"#);
        let batch: Box<RawValue> = serde_json::from_str(&batch).unwrap_or_default();
        Fault::read(&batch)
    }

    #[test]
    fn a_failure_is_told_by_its_errors_whatever_holds_them() {
        let one = |code: &str| {
            format!(r#"{{"object":"list","data":[{{"code":"{code}","message":"m"}}]}}"#)
        };
        assert!(matches!(read(&one("token_limit_exceeded")), Fault::Full(_)));
        assert!(matches!(read(&one("file_not_found")), Fault::Unseen(_)));
        for code in ["billing_hard_limit_reached", "insufficient_quota"] {
            let Fault::Whole(error) = read(&one(code)) else {
                panic!("{code}");
            };
            assert_eq!(
                (error.kind, error.code.as_deref()),
                (Kind::Quota, Some(code))
            );
        }
        for errors in [one("too_many_tasks"), "null".to_owned(), "[]".to_owned()] {
            let fault = read(&errors);
            let Fault::Whole(error) = fault else {
                panic!("{errors}");
            };
            assert_eq!(error.kind, Kind::Refused);
        }
        let bare = r#"[{"code":"invalid_json_line","line":2},{"code":"x","message":"whole"}]"#;
        let Fault::Lines(lines) = read(bare) else {
            panic!("{bare}");
        };
        assert_eq!((lines.len(), lines[0].0), (1, 1));
    }

    #[test]
    fn what_is_larger_than_the_queue_never_fits() {
        let request: Box<RawValue> =
            serde_json::from_str(r#"{"input":"one two three four"}"#).unwrap_or_default();
        let message =
            |limit: &str| format!("Enqueued token limit reached. Limit: {limit} enqueued tokens.");
        assert!(never_fits(&request, &message("3")));
        assert!(!never_fits(&request, &message("90,000")));
        assert!(!never_fits(&request, "Enqueued token limit reached."));
    }
}
