//! What a model reads, as tokens: in which order, and up to where it can be found again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::json::Json;
use crate::objects::model;

/// Shorter prompts are not kept.
const LEAST: u64 = 1024;
/// Up to GPT-5.5 what is the same is found in steps of so many tokens.
const STEP: u64 = 128;
/// From here on it is found at breakpoints only, and writing it costs.
const BREAKPOINTS: (u32, u32) = (5, 6);
/// From here on instructions are read last.
const INSTRUCTIONS_LAST: (u32, u32) = (6, 2);
/// Tokens of every attachment, beside those of its bytes.
const ATTACHMENT: u64 = 85;

const MINUTE: u64 = 60;

/// A stretch of what a model reads.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Whose words they are.
    role: String,
    /// The words, or the line that names an attachment.
    what: String,
    tokens: u64,
    attached: bool,
    /// A breakpoint stands behind it.
    ends: bool,
}

impl Piece {
    /// Words: a token for every four letters, about as many as the API would count.
    pub(crate) fn words(role: &str, words: &str) -> Piece {
        Piece {
            role: role.to_owned(),
            what: words.to_owned(),
            tokens: words.chars().count().div_ceil(4) as u64,
            attached: false,
            ends: false,
        }
    }

    /// An attachment that has so many bytes to be read.
    pub(crate) fn attachment(line: &str, detail: &str, bytes: usize) -> Piece {
        Piece {
            role: detail.to_owned(),
            what: line.to_owned(),
            tokens: ATTACHMENT + (bytes / 16) as u64,
            attached: true,
            ends: false,
        }
    }

    /// The same, with a breakpoint behind it if its part says so.
    pub(crate) fn of(mut self, part: &Json) -> Piece {
        self.ends = part.get("prompt_cache_breakpoint").is_some();
        self
    }
}

/// Everything that a model reads of a question.
#[derive(Debug)]
pub(crate) struct Prompt {
    /// What makes all of it another prompt.
    seed: String,
    pieces: Vec<Piece>,
    breakpoints: bool,
    /// How long it is kept.
    pub(crate) life: Duration,
}

/// The beginning of a prompt: its length, and a digest of all that stands in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Prefix {
    pub(crate) tokens: u64,
    pub(crate) digest: u64,
}

impl Prompt {
    /// What is read of a question in which all of this is `said`.
    pub(crate) fn new(body: &Json, said: &[Piece]) -> Prompt {
        let version = model::version(body);
        let spoken = |key: &str| body.text_of(key).map(|words| Piece::words(key, words));
        let written =
            |key: &str, value: Option<&Json>| value.map(|value| Piece::words(key, &value.write()));
        let text = body.get("text");
        let mut pieces: Vec<Piece> = written("tools", body.get("tools")).into_iter().collect();
        pieces.extend(written("format", text.and_then(|text| text.get("format"))));
        let last = version >= INSTRUCTIONS_LAST;
        pieces.extend(spoken("instructions").filter(|_| !last));
        pieces.extend(said.iter().cloned());
        pieces.extend(spoken("instructions").filter(|_| last));
        Prompt {
            seed: seed(body, version),
            pieces,
            breakpoints: version >= BREAKPOINTS,
            life: life(body),
        }
    }

    /// About as many tokens as the API would count.
    pub(crate) fn tokens(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.tokens).sum::<u64>() + 3
    }

    /// Whether what is the same is found at breakpoints only.
    pub(crate) fn has_breakpoints(&self) -> bool {
        self.breakpoints
    }

    /// Its beginnings that can be kept and found again, the shortest first.
    pub(crate) fn prefixes(&self) -> Vec<Prefix> {
        let mut walk = Walk {
            read: DefaultHasher::new(),
            tokens: 0,
            breakpoints: self.breakpoints,
            found: Vec::new(),
        };
        self.seed.hash(&mut walk.read);
        for piece in &self.pieces {
            walk.over(piece);
        }
        walk.found
    }
}

/// Everything that is said up to a question: what was said `before`, and its input. Where the question does not
/// forbid it, a breakpoint stands at the end.
pub(crate) fn said(body: &Json, before: Vec<Piece>, input: &[Piece]) -> Vec<Piece> {
    let options = body.get("prompt_cache_options");
    let explicit = options.and_then(|options| options.text_of("mode")) == Some("explicit");
    let mut said = before;
    said.extend(input.iter().cloned());
    if let Some(last) = said.last_mut() {
        last.ends |= !explicit;
    }
    said
}

/// What a cache keeps apart: models, keys, and where there are breakpoints how the answer is to be thought out.
fn seed(body: &Json, version: (u32, u32)) -> String {
    let text = |value: Option<&Json>, key: &str| {
        let text = value.and_then(|value| value.text_of(key));
        text.unwrap_or_default().to_owned()
    };
    let mut parts = vec![
        text(Some(body), "model"),
        text(Some(body), "prompt_cache_key"),
    ];
    if version >= BREAKPOINTS {
        parts.push(text(body.get("reasoning"), "effort"));
        parts.push(text(body.get("text"), "verbosity"));
        parts.push(text(Some(body), "service_tier"));
    }
    parts.join("\n")
}

fn life(body: &Json) -> Duration {
    let options = body.get("prompt_cache_options");
    let minutes = match (
        options.and_then(|options| options.text_of("ttl")),
        body.text_of("prompt_cache_retention"),
    ) {
        (_, Some("24h")) => 24 * 60,
        (Some("12h"), _) => 12 * 60,
        _ => 30,
    };
    Duration::from_secs(minutes * MINUTE)
}

/// A prompt that is read from its beginning.
struct Walk {
    read: DefaultHasher,
    tokens: u64,
    breakpoints: bool,
    found: Vec<Prefix>,
}

impl Walk {
    fn over(&mut self, piece: &Piece) {
        piece.role.hash(&mut self.read);
        if piece.attached {
            piece.what.hash(&mut self.read);
            for token in 1..=piece.tokens {
                self.step(token);
            }
        } else {
            for (n, letter) in piece.what.chars().enumerate() {
                letter.hash(&mut self.read);
                if n % 4 == 3 {
                    self.step(0);
                }
            }
            if !piece.what.chars().count().is_multiple_of(4) {
                self.step(0);
            }
        }
        if self.breakpoints && piece.ends && self.tokens >= LEAST {
            self.keep(0);
        }
    }

    /// One token further; `within` an attachment so many of it have been read.
    fn step(&mut self, within: u64) {
        self.tokens += 1;
        if !self.breakpoints && self.tokens >= LEAST && self.tokens.is_multiple_of(STEP) {
            self.keep(within);
        }
    }

    fn keep(&mut self, within: u64) {
        let mut read = self.read.clone();
        within.hash(&mut read);
        self.found.push(Prefix {
            tokens: self.tokens,
            digest: read.finish(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, Prefix, Prompt, said};
    use crate::json::Json;

    /// The prefixes of a question: a file of 20,000 bytes, and words before or behind it.
    fn prefixes(model: &str, first: bool, marked: bool, words: &str) -> Vec<Prefix> {
        let body = Json::object([("model", model.into())]);
        let mut part = Json::object([]);
        if marked {
            part.set("prompt_cache_breakpoint", Json::object([]));
        }
        let file = Piece::attachment("input_file a.pdf", "", 20_000).of(&part);
        let mut pieces = vec![file, Piece::words("user", words)];
        if !first {
            pieces.reverse();
        }
        Prompt::new(&body, &said(&body, Vec::new(), &pieces)).prefixes()
    }

    fn shared(one: &[Prefix], other: &[Prefix]) -> u64 {
        let both = one.iter().filter(|prefix| other.contains(prefix));
        both.map(|prefix| prefix.tokens).max().unwrap_or(0)
    }

    #[test]
    fn what_comes_first_is_shared_in_steps_of_128_tokens() {
        let of = |first, words| prefixes("gpt-5.2", first, false, words);
        // 85 and 20,000 / 16 tokens.
        assert_eq!(shared(&of(true, "one"), &of(true, "two")), 1280);
        assert_eq!(shared(&of(false, "one"), &of(false, "two")), 0);
        assert_eq!(
            of(true, "one").first().map(|first| first.tokens),
            Some(1024)
        );
    }

    #[test]
    fn newer_models_share_up_to_breakpoints_only() {
        let of = |marked, words| prefixes("gpt-6.2-sol", true, marked, words);
        assert_eq!(shared(&of(false, "one"), &of(false, "two")), 0);
        assert_eq!(shared(&of(true, "one"), &of(true, "two")), 1335);
        assert_eq!(shared(&of(false, "one"), &of(false, "one")), 1336);
    }

    #[test]
    fn words_are_shared_as_far_as_they_are_the_same() {
        let of = |last: &str| {
            let words = format!("{}{last}", "word ".repeat(1000));
            let body = Json::object([("model", "m".into())]);
            Prompt::new(&body, &[Piece::words("user", &words)]).prefixes()
        };
        assert_eq!(shared(&of("one"), &of("two")), 1152);
    }
}
