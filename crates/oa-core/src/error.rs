//! What can go wrong, in the words of the pipe: kinds, messages, hints and exit statuses.

use std::ops::{Deref, DerefMut};
use std::time::Duration;
use std::{fmt, io};

use serde_json::value::RawValue;

use crate::machine;

/// Why a record failed; one kind for each branch that a script may want to take.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Kind {
    /// Bad options, nothing to do, a terminal where data was expected.
    Usage,
    /// Something local that was found wrong before anything was sent.
    Input,
    /// No key, or one that the server does not take (401, 403).
    Auth,
    /// 429: too much at once.
    RateLimit,
    /// 429 that needs a human: credit or a spend limit.
    Quota,
    /// No connection, a time-out, a reply that is not the API's, or a machine without what it takes.
    Network,
    /// The API said no.
    #[default]
    Refused,
    /// The response ended without an answer.
    Failed,
    /// The response ended early; its partial text is in `output_text`.
    Incomplete,
    /// A request that may have been paid for was sent whole, and no answer came.
    UnknownOutcome,
    /// `--fail-fast` stopped before this record.
    Skipped,
    /// `--deadline` ran out.
    Deadline,
    /// A signal stopped the work.
    Interrupted,
}

/// Name and number of the signals that the tools handle (POSIX).
const SIGNALS: [(&str, i32); 3] = [("SIGHUP", 1), ("SIGINT", 2), ("SIGTERM", 15)];

/// The word for every kind, as it stands in a record's `error.kind`.
const WORDS: [(Kind, &str); 13] = [
    (Kind::Usage, "usage"),
    (Kind::Input, "input"),
    (Kind::Auth, "auth"),
    (Kind::RateLimit, "rate_limit"),
    (Kind::Quota, "quota"),
    (Kind::Network, "network"),
    (Kind::Refused, "refused"),
    (Kind::Failed, "failed"),
    (Kind::Incomplete, "incomplete"),
    (Kind::UnknownOutcome, "unknown_outcome"),
    (Kind::Skipped, "skipped"),
    (Kind::Deadline, "deadline"),
    (Kind::Interrupted, "interrupted"),
];

impl Kind {
    /// The word in `error.kind`.
    #[must_use]
    pub fn word(self) -> &'static str {
        WORDS
            .iter()
            .find(|row| row.0 == self)
            .map_or("refused", |row| row.1)
    }

    /// The kind that a word names; an unknown word counts as `refused`.
    #[must_use]
    pub fn of_word(word: &str) -> Kind {
        WORDS
            .iter()
            .find(|row| row.1 == word)
            .map_or(Kind::Refused, |row| row.0)
    }
}

/// The number of a signal's name, as it stands in `error.signal`.
#[must_use]
pub fn signal_number(name: &str) -> Option<i32> {
    SIGNALS.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// The name of a signal, as it stands in `error.signal`.
#[must_use]
pub fn signal_name(number: i32) -> &'static str {
    SIGNALS
        .iter()
        .find(|row| row.1 == number)
        .map_or("SIGTERM", |row| row.0)
}

/// A failure as it travels in a record's `error`. It is boxed, because results carry it everywhere.
#[derive(Clone, Debug)]
pub struct Error {
    facts: Box<Facts>,
}

/// Everything that is known of a failure.
#[derive(Clone, Default, Debug)]
pub struct Facts {
    /// The branch that a script takes.
    pub kind: Kind,
    /// What happened; the server's own sentence wherever it gave one.
    pub message: String,
    /// HTTP status.
    pub status: Option<u16>,
    /// The API's `code`.
    pub code: Option<String>,
    /// The API's `param`: the field that it complains about.
    pub param: Option<String>,
    /// The API's `x-request-id`.
    pub request_id: Option<String>,
    /// Whether the same record may be fed in again without paying twice.
    pub retryable: bool,
    /// One sentence that says what to do.
    pub hint: Option<String>,
    /// Number of the signal, for `interrupted`.
    pub signal: Option<i32>,
    /// A reply that may have been paid for and was not understood, as it came.
    pub body: Option<String>,
    /// What came of an object before the reply that may have made it broke off; it does not travel in `error`.
    pub part: Option<Box<RawValue>>,
    /// An attempt before the last one may have done what was asked for; it does not travel with the record.
    pub repeated: bool,
    /// How long the server asks to wait before it is asked again; it does not travel with the record.
    pub wait: Option<Duration>,
}

/// What fails, fails with an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure of this kind with this message.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        let facts = Facts {
            kind,
            message: message.into(),
            retryable: matches!(
                kind,
                Kind::RateLimit
                    | Kind::Network
                    | Kind::Skipped
                    | Kind::Deadline
                    | Kind::Interrupted
            ),
            ..Facts::default()
        };
        Error {
            facts: Box::new(facts),
        }
    }

    /// Bad options or nothing to do.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Error {
        Error::new(Kind::Usage, message)
    }

    /// Something local that is wrong.
    #[must_use]
    pub fn input(message: impl Into<String>) -> Error {
        Error::new(Kind::Input, message)
    }

    /// Trouble with something local: it is wrong, unless it is the machine that lacks what it takes to look at it.
    #[must_use]
    pub fn local(message: impl Into<String>) -> Error {
        if machine::lacks_descriptors() {
            return Error::scarce(message);
        }
        Error::input(message)
    }

    /// Trouble with something local, of which the system gave this account.
    pub fn of_io(message: impl Into<String>, error: &io::Error) -> Error {
        if machine::is_scarce(error) {
            return Error::scarce(message);
        }
        Error::input(message)
    }

    /// The machine lacks what it takes just now.
    #[must_use]
    pub fn scarce(message: impl Into<String>) -> Error {
        let hint =
            "the machine has no more just now: try again later, or raise its limits (ulimit)";
        Error::new(Kind::Network, message).hint(hint)
    }

    /// Work that a signal stopped.
    #[must_use]
    pub fn interrupted(signal: i32) -> Error {
        let mut error = Error::new(
            Kind::Interrupted,
            format!("interrupted by {}", signal_name(signal)),
        );
        error.signal = Some(signal);
        error
    }

    /// Whether the API itself says that there is no such thing; a gateway's 404 says nothing.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.kind == Kind::Refused && self.status == Some(404)
    }

    /// The same failure with the sentence that says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure as one of another kind, unless a signal caused it.
    #[must_use]
    pub fn as_kind(mut self, kind: Kind) -> Error {
        if self.kind != Kind::Interrupted {
            self.kind = kind;
        }
        self
    }

    /// The same failure, named after what it happened to: `report.pdf: …`.
    #[must_use]
    pub fn about(mut self, what: &str) -> Error {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl Deref for Error {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.facts
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let facts: Vec<String> = [
            self.status.map(|status| match &self.code {
                Some(code) => format!("{status} {code}"),
                None => status.to_string(),
            }),
            self.request_id.clone(),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !facts.is_empty() {
            write!(f, " ({})", facts.join(", "))?;
        }
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Local trouble told with context is `input`: it was found before anything was sent.
impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Error {
        let told = |error: anyhow::Error| Error::local(format!("{error:#}"));
        error.downcast().unwrap_or_else(told)
    }
}

/// The system's words for a trouble, without their number.
#[must_use]
pub fn plain(error: &dyn fmt::Display) -> String {
    let text = error.to_string();
    let words = text.trim_start_matches("io: ");
    let words = words.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
