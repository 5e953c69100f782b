//! What a rule does to a request, and the keys that say how.

use std::str::FromStr;

use crate::objects::json::Json;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// A status with the API's own error body for it, or with the body that the rule writes.
    Status {
        status: u16,
        early: bool,
        keys: Keys,
    },
    Html {
        status: u16,
    },
    Empty,
    CutJson,
    WrongKind,
    NoId,
    Huge {
        bytes: u64,
    },
    Delay {
        ms: u64,
    },
    /// No answer, or none before all rules are removed.
    Stall(Moment),
    Cut(Moment),
    CutStream {
        events: usize,
    },
    End(Keys),
    Sse(Dialect),
    /// The true answer, changed in what the keys say.
    But(Keys),
}

/// When a connection is cut, or falls silent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Moment {
    Before,
    Body,
    Work,
    Answer,
}

/// A way of writing server-sent events that is not the API's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Dialect {
    Done,
    NestedError,
    FlatError,
    Crlf,
    Comments,
    NoEventLines,
    NoFinalBlank,
    EmptyOutput,
}

/// The `key=value` pairs of a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Keys(Vec<(String, String)>);

impl Keys {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(name, _)| name == key)?;
        Some(&pair.1)
    }

    /// Every value of a key that may stand more than once.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter().filter(move |(name, _)| name == key);
        pairs.map(|(_, value)| value.as_str())
    }

    /// Adds a pair.
    pub(crate) fn push(&mut self, key: &str, value: &str) {
        self.0.push((key.to_owned(), value.to_owned()));
    }

    /// A value that is a number.
    pub(crate) fn number<T: FromStr>(&self, key: &str) -> Result<Option<T>, String> {
        let parse = |value: &str| {
            value
                .parse()
                .map_err(|_| format!("{key}={value}: not a number"))
        };
        self.get(key).map(parse).transpose()
    }

    fn needed<T: FromStr>(&self, key: &str) -> Result<T, String> {
        let number = self.number(key)?;
        number.ok_or_else(|| format!("{key}= is missing"))
    }

    /// A value that is one of some words.
    fn among(&self, key: &str, words: &str) -> Result<Option<()>, String> {
        let words: Vec<_> = words.split(' ').map(|word| (word, ())).collect();
        self.one_of(key, &words)
    }

    fn one_of<T: Copy>(&self, key: &str, table: &[(&str, T)]) -> Result<Option<T>, String> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let found = table.iter().find(|(name, _)| *name == value);
        let names: Vec<_> = table.iter().map(|(name, _)| *name).collect();
        let wrong = || format!("{key}={value}: one of {} is wanted", names.join(", "));
        found.map(|(_, item)| Some(*item)).ok_or_else(wrong)
    }
}

/// Every action with the keys that it knows.
const ACTIONS: &[(&str, &str)] = &[
    (
        "NNN",
        "code type message param retry-after retry-after-ms should-retry location header body raw events then early",
    ),
    ("html", "status"),
    ("empty", ""),
    ("cut-json", ""),
    ("wrong-kind", ""),
    ("no-id", ""),
    ("huge", "bytes"),
    ("delay", "ms"),
    ("stall", "when"),
    ("cut", "when"),
    ("early", "status"),
    ("cut-stream", "events"),
    ("end", "status reason code message text commentary file"),
    ("sse", "dialect"),
    ("but", "status type header before after patch then"),
];

const MOMENTS: &[(&str, Moment)] = &[
    ("before", Moment::Before),
    ("body", Moment::Body),
    ("work", Moment::Work),
    ("answer", Moment::Answer),
];

const DIALECTS: &[(&str, Dialect)] = &[
    ("done", Dialect::Done),
    ("nested-error", Dialect::NestedError),
    ("flat-error", Dialect::FlatError),
    ("crlf", Dialect::Crlf),
    ("comments", Dialect::Comments),
    ("no-event-lines", Dialect::NoEventLines),
    ("no-final-blank", Dialect::NoFinalBlank),
    ("empty-output", Dialect::EmptyOutput),
];

/// What may follow a body that a rule writes, in place of its end.
const BREAKS: &str = "cut stall";

/// How a response may end, or the indexing of files in a vector store.
const ENDS: &str = "completed failed incomplete cancelled expired in_progress refusal empty none";

impl Action {
    /// Reads the word of a rule that names the action, with its keys.
    pub(crate) fn read(word: &str, keys: Keys) -> Result<Action, String> {
        let status: Option<u16> = word
            .parse()
            .ok()
            .filter(|status| (200..1000).contains(status));
        let name = if status.is_some() { "NNN" } else { word };
        let row = ACTIONS.iter().find(|(action, _)| *action == name);
        let known = row.ok_or_else(|| format!("unknown action '{word}'"))?.1;
        if let Some((key, _)) = keys
            .0
            .iter()
            .find(|(key, _)| !known.split(' ').any(|one| one == key))
        {
            return Err(format!("{word} knows no {key}="));
        }
        Action::build(name, status.unwrap_or(500), keys)
    }

    fn build(name: &str, status: u16, keys: Keys) -> Result<Action, String> {
        Ok(match name {
            "html" => Action::Html {
                status: keys.number("status")?.unwrap_or(200),
            },
            "empty" => Action::Empty,
            "cut-json" => Action::CutJson,
            "wrong-kind" => Action::WrongKind,
            "no-id" => Action::NoId,
            "huge" => Action::Huge {
                bytes: keys.needed("bytes")?,
            },
            "delay" => Action::Delay {
                ms: keys.needed("ms")?,
            },
            "stall" => Action::Stall(keys.one_of("when", MOMENTS)?.unwrap_or(Moment::Work)),
            "cut" => Action::Cut(keys.one_of("when", MOMENTS)?.unwrap_or(Moment::Work)),
            "early" => Action::Status {
                status: keys.number("status")?.unwrap_or(413),
                early: true,
                keys: Keys::default(),
            },
            "cut-stream" => Action::CutStream {
                events: keys.needed("events")?,
            },
            "end" => {
                keys.among("status", ENDS)?.ok_or("status= is missing")?;
                Action::End(keys)
            }
            "sse" => Action::Sse(
                keys.one_of("dialect", DIALECTS)?
                    .ok_or("dialect= is missing")?,
            ),
            "but" => Action::but(keys)?,
            _ => Action::status(status, keys)?,
        })
    }

    fn status(status: u16, keys: Keys) -> Result<Action, String> {
        keys.among("then", BREAKS)?;
        Ok(Action::Status {
            status,
            early: keys.get("early") == Some("true"),
            keys,
        })
    }

    fn but(keys: Keys) -> Result<Action, String> {
        keys.number::<u16>("status")?;
        keys.among("then", "close")?;
        match keys.get("patch") {
            Some(patch) if Json::read(patch).is_err() => Err(format!("patch={patch}: not JSON")),
            _ => Ok(Action::But(keys)),
        }
    }
}
