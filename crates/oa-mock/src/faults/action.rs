//! What a rule does to a request: a word, and the keys that say how.

use crate::faults::keys::Keys;
use crate::json::Json;

/// What happens to a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Action {
    /// One of the table; `NNN` is a status.
    pub(crate) word: &'static str,
    pub(crate) status: u16,
    pub(crate) keys: Keys,
}

/// Every action with the keys that it knows: `!` must be there, `=#` is a number, `={}` JSON, and `=a|b` one of these words.
const ACTIONS: &[(&str, &str)] = &[
    (
        "NNN",
        "code type message param retry-after retry-after-ms should-retry location header \
         body raw events then=cut|stall early",
    ),
    ("html", "status=#"),
    ("empty", ""),
    ("cut-json", ""),
    ("wrong-kind", ""),
    ("no-id", ""),
    ("huge", "!bytes=#"),
    ("delay", "!ms=#"),
    ("stall", "when=before|body|work|answer"),
    ("cut", "when=before|body|work|answer"),
    ("early", "status=#"),
    ("cut-stream", "!events=#"),
    (
        "end",
        "!status=completed|failed|incomplete|cancelled|expired|in_progress|refusal|empty|none \
         reason code message text commentary file done=# line=#",
    ),
    ("missing", ""),
    ("doubled", "in=output|error"),
    ("zero", ""),
    (
        "sse",
        "!dialect=done|nested-error|flat-error|crlf|comments|no-event-lines|no-final-blank|empty-output",
    ),
    (
        "but",
        "status=# type header before after patch={} then=close",
    ),
];

impl Action {
    /// Reads the word of a rule that names the action, with its keys.
    pub(crate) fn read(said: &str, keys: Keys) -> Result<Action, String> {
        let status = said.parse::<u16>().ok();
        let status = status.filter(|status| (200..1000).contains(status));
        let name = if status.is_some() { "NNN" } else { said };
        let row = ACTIONS.iter().find(|(action, _)| *action == name);
        let (word, known) = *row.ok_or_else(|| format!("unknown action '{said}'"))?;
        let known = known
            .split(' ')
            .map(|key| key.split_once('=').unwrap_or((key, "")));
        for (key, value) in &keys.0 {
            let row = known
                .clone()
                .find(|(name, _)| name.trim_start_matches('!') == key);
            let (_, kind) = row.ok_or_else(|| format!("{said} knows no {key}="))?;
            fits(kind, value).map_err(|why| format!("{key}={value}: {why}"))?;
        }
        let mut needed = known.filter_map(|(name, _)| name.strip_prefix('!'));
        if let Some(key) = needed.find(|key| keys.get(key).is_none()) {
            return Err(format!("{key}= is missing"));
        }
        Ok(Action {
            word,
            status: status.or(keys.number("status")).unwrap_or(200),
            keys,
        })
    }

    /// Whether it answers before the body is read, and with which status.
    pub(crate) fn early(&self) -> Option<u16> {
        match self.word {
            "early" => Some(self.keys.number("status").unwrap_or(413)),
            _ => (self.keys.get("early") == Some("true")).then_some(self.status),
        }
    }

    /// Whether it does so (`cut`, `stall`) at this moment.
    pub(crate) fn is(&self, word: &str, when: &str) -> bool {
        self.word == word && self.keys.get("when").unwrap_or("work") == when
    }
}

fn fits(kind: &str, value: &str) -> Result<(), String> {
    match kind {
        "#" if value.parse::<u64>().is_err() => Err("not a number".to_owned()),
        "{}" if Json::read(value).is_err() => Err("not JSON".to_owned()),
        "" | "#" | "{}" => Ok(()),
        words if words.split('|').any(|word| word == value) => Ok(()),
        words => Err(format!("one of {} is wanted", words.replace('|', ", "))),
    }
}
