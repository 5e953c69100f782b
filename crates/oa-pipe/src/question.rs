//! The question of a record: its own, else the one that the options say.

use oa_core::error::{Error, Result};

use crate::record::Record;

/// The question that would be sent for this record; its own `prompt` wins, also an empty one.
///
/// # Errors
/// `input` where there is none, or none that asks anything.
pub fn question(record: &Record, given: Option<&str>) -> Result<String> {
    let own = record.prompt();
    let (question, whose) = match (own, given) {
        (Some(own), _) => (own, "the record's `prompt`"),
        (None, Some(given)) => (given.to_owned(), "the question"),
        (None, None) => {
            return Err(Error::input("there is no question")
                .hint("say it with -p, or give the record a `prompt`"));
        }
    };
    if is_blank(&question) {
        return Err(Error::input(format!("{whose} is empty"))
            .hint("is a variable unset, or a file empty? Nothing was sent"));
    }
    Ok(question)
}

/// Whether a text asks nothing: white space, and the mark that some editors put before a text.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Object;

    #[test]
    fn the_records_own_question_wins_and_an_empty_one_is_none() {
        for (record, given, question) in [
            (r#"{"prompt":"own"}"#, Some("given"), Ok("own")),
            (r#"{"prompt":null}"#, Some("given"), Ok("given")),
            ("{}", Some(" x "), Ok(" x ")),
            ("{}", None, Err("there is no question")),
            ("{}", Some(""), Err("the question is empty")),
            (
                "{}",
                Some("\u{feff}\r\n\u{a0}\t"),
                Err("the question is empty"),
            ),
            (
                r#"{"prompt":" \n"}"#,
                Some("given"),
                Err("the record's `prompt` is empty"),
            ),
        ] {
            let record = Record::new(Object::parse(record).unwrap_or_default());
            let said = super::question(&record, given).map_err(|error| error.message.clone());
            assert_eq!(said.as_deref().map_err(String::as_str), question);
        }
    }
}
